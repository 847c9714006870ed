"""Rows that could have been: near their parents, made of values that there are, and the same for a seed."""

import numpy as np
import pytest

from twofold.core.control import Problem
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.hybrids.distilling.munge import Munge, munge_matrix, munge_table

N = 400
SCHEMA = Schema(
    (Column("x", "number"), Column("n", "number"), Column("town", "category"), Column("note", "text"))
)


@pytest.fixture(scope="module")
def table():
    g = np.random.default_rng(0)
    side = g.integers(0, 2, N)  # two clusters, far apart
    town = np.where(side == 1, "Bern", "Oslo").astype(object)
    town[:5] = None
    x = np.where(side == 1, 10.0, -10.0) + g.normal(size=N)
    x[5:9] = np.nan
    note = np.array([f"note {row}" for row in range(N)], dtype=object)
    return Table({"x": x, "n": g.integers(0, 4, N).astype(float), "town": town, "note": note}, N)


def test_made_up_values_are_values_that_the_columns_have(table):
    made = munge_table(table, SCHEMA, 3 * N, seed=1)
    assert made.n_rows == 3 * N
    for name, values in table.columns.items():
        if values.dtype == object:
            assert set(made.columns[name].tolist()) <= set(values.tolist())
        else:
            assert set(made.columns[name][~np.isnan(made.columns[name])]) <= set(values)
            assert np.isnan(made.columns[name]).any() == np.isnan(values).any()


def test_made_up_rows_stay_in_the_cluster_of_their_parents(table):
    made = munge_table(table, SCHEMA, 3 * N, seed=1).columns
    known = np.isfinite(made["x"]) & (made["town"] != None)  # noqa: E711
    assert np.mean((made["x"] > 0)[known] == (made["town"] == "Bern")[known]) > 0.99


def test_they_are_new_and_every_row_is_a_parent_equally_often(table):
    made = munge_table(table, SCHEMA, 2 * N, seed=1).columns
    _, counts = np.unique(made["note"].astype(str), return_counts=True)  # text stays with the first parent
    assert counts.tolist() == [2] * N
    g = np.random.default_rng(0)
    numbers = Table({name: g.normal(size=N) for name in "abcd"}, N)
    made = munge_table(numbers, Schema(tuple(Column(name, "number") for name in "abcd")), N, seed=1)
    real = set(zip(*(values.tolist() for values in numbers.columns.values()), strict=True))
    again = [row in real for row in zip(*(v.tolist() for v in made.columns.values()), strict=True)]
    assert np.mean(again) < 0.15, "one in sixteen swaps nothing"


def test_without_swaps_the_rows_are_their_parents(table):
    made = munge_table(table, SCHEMA, N, seed=1, how=Munge(swap=0.0)).columns
    row = {note: at for at, note in enumerate(table.columns["note"].tolist())}
    parents = np.array([row[note] for note in made["note"].tolist()])
    np.testing.assert_array_equal(made["x"], table.columns["x"][parents])
    assert sorted(parents.tolist()) == list(range(N))


def test_the_same_seed_makes_the_same_rows_and_another_one_others(table):
    first, same, other = (munge_table(table, SCHEMA, N, seed).columns["x"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_where_nothing_can_be_mixed_nothing_is_made(table):
    assert munge_table(table, Schema((Column("note", "text"),)), 9, seed=0).n_rows == 0
    assert munge_table(table.take(np.arange(1)), SCHEMA, 9, seed=0).n_rows == 0
    assert munge_table(table, SCHEMA, 0, seed=0).n_rows == 0


def test_a_matrix_keeps_its_codes_and_one_hot_columns_whole():
    g = np.random.default_rng(0)
    hot = np.eye(3, dtype=np.float32)[g.integers(0, 3, N)]
    X = np.hstack([g.normal(size=(N, 2)), hot, g.integers(0, 9, size=(N, 1))]).astype(np.float32)
    made = munge_matrix(X, Problem("binary", 2, (9,), 3), 2 * N, seed=0)
    assert made.shape == (2 * N, 6)
    np.testing.assert_array_equal(made[:, 2:5].sum(axis=1), 1.0)
    assert set(made[:, 5].tolist()) <= set(range(9))
    for place in (0, 1):
        assert np.isin(made[:, place], X[:, place]).all()
    moved = (made[:, None, 2:5] == X[None, :, 2:5]).all(axis=2).any(axis=1)
    assert moved.all()

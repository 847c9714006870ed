"""Rows that could have been: values of near rows mixed into each other ("munge").

The method of Bucilă, Caruana and Niculescu-Mizil (2006): a row meets a near one; with some probability a
number is drawn around the other's, as far as the two lie apart, and a category is taken from the other. Two
changes: the other row is drawn from several near ones, as in SMOTE (Chawla, Bowyer, Hall and Kegelmeyer
2002), so that no row is made twice; and a drawn number becomes the nearest value that the column has, so
that whole numbers stay whole and columns that are mostly zero stay mostly zero.

When it helps: a teacher can answer such rows, and a student that has few real ones learns from the answers.
When not: the columns depend on each other so strictly that mixed rows are nonsense. Cost: a search for near
rows; FAST-DAD (Fakoor et al. 2020) draws better rows by a network that has to be trained first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.core.random import make_generator
from twofold.core.schema import Schema
from twofold.core.table import Table

MOST_SEARCHED = 10_000
"""Rows among which near ones are looked for; more are drawn at random."""
MOST_LEVELS = 20
"""Levels of a category that count when near rows are looked for."""


@dataclass(frozen=True)
class Munge:
    """How far new rows lie from the rows that they are made of.

    Parameters
    ----------
    swap : float
        Probability that a value comes from the other row.
    spread : float
        Numbers are drawn with a standard deviation of ``spread * |difference of the two rows|``.
    near : int
        How many near rows the other one is drawn from.
    """

    swap: float = 0.5
    spread: float = 1.0
    near: int = 5


@dataclass(frozen=True)
class Pairs:
    """For each new row the row that it is made of, and the near one: integer arrays of shape (n_new,)."""

    first: NDArray[np.intp]
    other: NDArray[np.intp]


def pair_up(points: NDArray[np.float32], n_new: int, how: Munge, generator: np.random.Generator) -> Pairs:
    """Pair rows with near ones; every row is used as often as the others, give or take one.

    Parameters
    ----------
    points : float32 array of shape (n, d)
        Rows as they are measured, without missing values.
    n_new : int
    how : Munge
    generator : numpy.random.Generator

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [9.0], [9.1]], dtype=np.float32)
    >>> pairs = pair_up(points, 4, Munge(near=1), np.random.default_rng(0))
    >>> sorted(zip(pairs.first.tolist(), pairs.other.tolist()))
    [(0, 1), (1, 0), (2, 3), (3, 2)]
    """
    from sklearn.neighbors import NearestNeighbors

    n = len(points)
    first = np.concatenate([generator.permutation(n) for _ in range(-(-n_new // n))])[:n_new]
    searched = generator.permutation(n)[:MOST_SEARCHED]
    k = min(how.near + 1, len(searched))
    asked = np.unique(first)
    found = (
        NearestNeighbors(n_neighbors=k).fit(points[searched]).kneighbors(points[asked], return_distance=False)
    )
    near = searched[found]
    itself = near == asked[:, None]
    order = np.argsort(itself, axis=1, kind="stable")  # a row that finds itself puts it last
    near = np.take_along_axis(near, order, axis=1)[:, : max(1, k - 1)]
    drawn = generator.integers(0, near.shape[1], len(first))
    return Pairs(first, near[np.searchsorted(asked, first), drawn])


def mix_numbers(
    values: NDArray[Any], pairs: Pairs, how: Munge, generator: np.random.Generator
) -> NDArray[Any]:
    """Return the numbers of new rows: only such as the column has, or missing."""
    own, other = (np.asarray(values[rows], dtype=np.float64) for rows in (pairs.first, pairs.other))
    drawn = other + how.spread * np.abs(own - other) * generator.standard_normal(len(own))
    drawn = np.where(np.isnan(own), other, drawn)
    known = np.unique(values[~np.isnan(values)])
    if len(known):
        drawn = np.where(np.isnan(drawn), np.nan, nearest_known(known, drawn))
    taken = generator.random(len(own)) < how.swap
    return np.asarray(np.where(taken, drawn, own), dtype=values.dtype)


def nearest_known(known: NDArray[Any], drawn: NDArray[Any]) -> NDArray[Any]:
    """Return for each number the nearest of those that are known, which ascend.

    Examples
    --------
    >>> nearest_known(np.array([0.0, 1.0, 5.0]), np.array([-2.0, 0.6, 4.0])).tolist()
    [0.0, 1.0, 5.0]
    """
    place = np.clip(np.searchsorted(known, drawn), 1, max(1, len(known) - 1))
    low, high = known[place - 1], known[np.minimum(place, len(known) - 1)]
    return np.asarray(np.where(drawn - low <= high - drawn, low, high))


def _mix_others(
    values: NDArray[Any], pairs: Pairs, how: Munge, generator: np.random.Generator
) -> NDArray[Any]:
    """Return the values of new rows where they cannot be between others: a column, or several together."""
    taken = generator.random(len(pairs.first)) < how.swap
    return np.asarray(values[np.where(taken, pairs.other, pairs.first)])


def munge_table(table: Table, schema: Schema, n_new: int, seed: int, how: Munge | None = None) -> Table:
    """Make new rows from those of a table.

    Numbers, dates and categories are mixed; text, pictures, clips and series stay with their row.

    Parameters
    ----------
    table : Table of at least 2 rows
    schema : Schema
    n_new : int
    seed : int
    how : Munge or None

    Returns
    -------
    Table of `n_new` rows; of none where no column can be mixed

    Examples
    --------
    >>> from twofold.core.schema import Column
    >>> table = Table({"age": np.array([30.0, 32.0, 60.0, np.nan])}, 4)
    >>> munge_table(table, Schema((Column("age", "number"),)), 6, seed=0).n_rows
    6
    """
    numbers, categories = schema.of_kind("number", "date"), schema.of_kind("category")
    generator, how = make_generator(seed, "munge"), how or Munge()
    if table.n_rows < 2 or n_new < 1 or not (numbers or categories):
        return table.take(np.empty(0, dtype=np.intp))
    parts = [_standard(table.columns[name]) for name in numbers]
    parts += [_indicators(table.columns[name]) for name in categories]
    pairs = pair_up(np.hstack(parts), n_new, how, generator)
    columns: dict[str, NDArray[Any]] = {}
    for name, values in table.columns.items():
        if name in numbers:
            columns[name] = mix_numbers(values, pairs, how, generator)
        elif name in categories:
            columns[name] = _mix_others(values, pairs, how, generator)
        else:
            columns[name] = values[pairs.first]
    return Table(columns, n_new)


def _standard(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return a column of numbers on the scale of its spread, zeros where nothing is known."""
    known = ~np.isnan(values)
    centre = float(values[known].mean()) if known.any() else 0.0
    spread = float(values[known].std()) if known.any() else 1.0
    return np.nan_to_num((values - centre) / (spread or 1.0), nan=0.0).astype(np.float32)[:, None]


def _indicators(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the most frequent levels as columns; two rows of different levels are 1 apart."""
    from collections import Counter

    levels = [level for level, _ in Counter(values.tolist()).most_common(MOST_LEVELS)]
    place = {level: position for position, level in enumerate(levels)}
    code = np.fromiter((place.get(value, len(levels)) for value in values.tolist()), np.int64, len(values))
    return np.asarray(np.sqrt(0.5) * np.eye(len(levels) + 1)[code], dtype=np.float32)


def munge_matrix(
    X: NDArray[np.float32], problem: Problem, n_new: int, seed: int, how: Munge | None = None
) -> NDArray[np.float32]:
    """Make new rows from those of a matrix as networks see it.

    Parameters
    ----------
    X : float32 array of shape (n, d)
        Numbers first, then `problem.plain` columns and the codes. Columns of zeros and ones that stand for
        one category are taken over together.
    problem : Problem
    n_new : int
    seed : int
    how : Munge or None

    Returns
    -------
    float32 array of shape (n_new, d)
    """
    generator, how = make_generator(seed, "munge"), how or Munge()
    if len(X) < 2 or n_new < 1:
        return X[:0]
    n_numbers = X.shape[1] - problem.plain - len(problem.categories)
    codes = X[:, X.shape[1] - len(problem.categories) :]
    parts = [X[:, : n_numbers + problem.plain], *(_indicators(column) for column in codes.T)]
    pairs = pair_up(np.hstack(parts), n_new, how, generator)
    out = X[pairs.first]
    for place in range(n_numbers):
        out[:, place] = mix_numbers(X[:, place], pairs, how, generator)
    for columns in units_of(X, n_numbers, problem.plain):
        out[:, columns] = _mix_others(X[:, columns], pairs, how, generator)
    for place in range(n_numbers + problem.plain, X.shape[1]):
        out[:, place] = _mix_others(X[:, place], pairs, how, generator)
    return out


def units_of(X: NDArray[np.float32], first: int, n: int) -> Sequence[NDArray[np.intp]]:
    """Return which plain columns go together: neighbours of which one is 1 and the others are 0.

    Columns that belong to no such group are components of something else, and go together as well.

    Examples
    --------
    >>> X = np.array([[0, 1, 0.3], [1, 0, 0.2]], dtype=np.float32)
    >>> [unit.tolist() for unit in units_of(X, 0, 3)]
    [[0, 1], [2]]
    """
    units, start, total = [], first, np.zeros(len(X), dtype=np.float32)
    plain = ((X[:, first : first + n] == 0) | (X[:, first : first + n] == 1)).all(axis=0)
    for place in range(first, first + n):
        if not plain[place - first]:
            break
        total = total + X[:, place]
        if (total == 1).all():
            units.append(np.arange(start, place + 1))
            start, total = place + 1, np.zeros(len(X), dtype=np.float32)
    rest = np.arange(start, first + n)
    return [*units, rest] if len(rest) else units

"""The rows to label next are those that tell most, far from each other, and of every kind."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from twofold.cli import app
from twofold.core.budget import Budget
from twofold.core.errors import InputError
from twofold.data.partly_labelled import partly_labelled
from twofold.hybrids.active import (
    deep_features,
    disagreement,
    draw_apart,
    next_rows,
    scores,
    unsureness,
)
from twofold.hybrids.pair import Means, Pair, fit_pair
from twofold.workflow.plan import Plan

PAIR = Pair(Plan("trees", "extra_trees"), Plan("lines", "linear"))


def test_disagreement_is_nothing_between_equals_and_one_between_opposites():
    p = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    np.testing.assert_allclose(disagreement(np.stack([p, p])), 0.0, atol=1e-9)
    apart = np.zeros((3, 1, 3))
    apart[np.arange(3), 0, np.arange(3)] = 1.0
    np.testing.assert_allclose(disagreement(apart), 1.0)
    both = np.stack([p, p[::-1]])
    assert ((disagreement(both) >= 0) & (disagreement(both) <= 1)).all()
    np.testing.assert_allclose(disagreement(both), disagreement(both[::-1]))


def test_disagreement_is_the_distance_of_jensen_and_shannon():
    from scipy.spatial.distance import jensenshannon

    g = np.random.default_rng(1)
    a, b = g.dirichlet(np.ones(5), 30), g.dirichlet(np.ones(5), 30)
    expected = jensenshannon(a, b, base=2, axis=1) ** 2
    np.testing.assert_allclose(disagreement(np.stack([a, b])), expected, atol=1e-9)


def test_values_are_compared_with_their_spread():
    a, b = np.array([0.0, 10.0, 20.0]), np.array([0.0, 10.0, 26.0])
    found = disagreement(np.stack([a, b])[:, :, None])
    np.testing.assert_allclose(found, [0, 0, 3 / np.std([0, 10, 23])])
    np.testing.assert_allclose(disagreement(10 * np.stack([a, b])[:, :, None]), found)


def test_a_score_grows_with_doubt_and_with_disagreement():
    sure, unsure = [0.99, 0.01], [0.52, 0.48]
    p = np.array([[sure, unsure, [0.99, 0.01]], [sure, unsure, [0.01, 0.99]]])
    found = scores(p)
    assert found[0] < found[1] < found[2]
    assert unsureness(p[0])[0] < 0.05


def test_rows_are_drawn_once_each_and_from_every_corner():
    g = np.random.default_rng(0)
    corner = np.arange(300) % 3
    deep = (8 * np.eye(3)[corner] + 0.05 * g.normal(size=(300, 3))).astype(np.float32)
    gap = np.tile([[-0.5, 0.5]], (300, 1))
    score = np.ones(300)
    first = draw_apart(gap, deep, score, 3, 0)
    assert set(corner[first]) == {0, 1, 2}
    whole = draw_apart(gap, deep, score, 400, 0)
    assert sorted(whole) == list(range(300))
    np.testing.assert_array_equal(whole[:3], first)
    never = np.where(corner == 2, 0.0, 1.0)
    assert not (corner[draw_apart(gap, deep, never, 50, 0)] == 2).any()


def test_the_products_that_are_never_written_out_are_those_of_gradient_and_features():
    g = np.random.default_rng(2)
    gap, deep = g.normal(size=(40, 3)), g.normal(size=(40, 5)).astype(np.float32)
    whole = (gap[:, :, None] * deep[:, None, :]).reshape(40, 15)
    picked = draw_apart(gap, deep, np.ones(40), 2, 0)
    assert picked[0] == np.argmax((whole**2).sum(axis=1))
    one = draw_apart(np.ones((40, 1)), whole.astype(np.float32), np.ones(40), 12, 0)
    np.testing.assert_array_equal(draw_apart(gap, deep, np.ones(40), 12, 0), one)


def test_rows_that_nothing_tells_apart_are_drawn_at_random():
    picked = draw_apart(np.zeros((20, 2)), np.zeros((20, 3), dtype=np.float32), np.zeros(20), 20, 0)
    assert sorted(picked) == list(range(20))


def towns(n=200, labelled=40, seed=0):
    """Rows of three towns: two are known, of the third nobody has named a row but one or two."""
    g = np.random.default_rng(seed)
    town = np.where(g.random(n) < 0.1, 2, g.integers(0, 2, n))
    town[:4] = [0, 0, 1, 2]
    town[4:labelled] %= 2
    frame = pd.DataFrame({"east": 4.0 * town + g.normal(size=n), "north": g.normal(size=n) - town})
    names = np.array(["Bern", "Oslo", "Rome"])[town]
    frame["town"] = np.where(np.arange(n) < labelled, names, None)
    return frame, names


def test_a_rare_class_is_asked_for_more_often_than_chance_would():
    frame, names = towns()
    data = partly_labelled(frame, "town")
    batch = next_rows(PAIR, data, 15, Means(Budget(cores=1)))
    assert len(set(batch.rows)) == 15
    assert set(batch.rows) <= set(data.unlabelled)
    assert batch.predictions.shape == (2, 15, 3)
    assert (names[batch.rows] == "Rome").mean() > 1.5 * (names[data.unlabelled] == "Rome").mean()
    again = next_rows(PAIR, data, 15, Means(Budget(cores=1)))
    np.testing.assert_array_equal(again.rows, batch.rows)


def test_values_can_be_asked_for_too():
    frame, _ = towns(120)
    frame["town"] = np.where(np.arange(120) < 40, frame["east"] ** 2, np.nan)
    batch = next_rows(PAIR, partly_labelled(frame, "town"), 10, Means(Budget(cores=1)))
    assert np.isnan(batch.unsure).all()
    assert ((batch.apart >= 0) & (batch.apart <= 1)).all()
    assert batch.predictions.shape == (2, 10, 1)


def test_deep_features_have_one_scale_and_no_gap():
    frame, _ = towns(120)
    frame.loc[50:60, "east"] = np.nan
    data = partly_labelled(frame, "town")
    fitted = fit_pair(PAIR, [data.dataset] * 2, [data.labelled] * 2, Means(), 0)
    deep = deep_features(fitted[1].graph, data)
    assert np.isfinite(deep).all()
    assert (deep.std(axis=0) < 1.01).all()


def labels(*words):
    return CliRunner().invoke(app, ["labels", *map(str, words)])


def test_the_command_writes_the_rows_to_ask_for(tmp_path):
    pytest.importorskip("torch")
    frame, _ = towns(120)
    frame.to_csv(tmp_path / "towns.csv", index=False)
    out = tmp_path / "next.csv"
    options = ("--target", "town", "--n", "12", "--out", out, "--budget", "15s", "--json")
    done = labels("next", tmp_path / "towns.csv", *options)
    assert done.exit_code == 0, done.output
    data, asked = json.loads(done.output), pd.read_csv(out)
    assert data["rows"] == asked["row"].tolist()
    assert len(asked) == 12
    assert asked["town"].isna().all()
    assert set(asked["ml answers"]) <= {"Bern", "Oslo", "Rome"}
    np.testing.assert_allclose(asked["east"], frame["east"].iloc[asked["row"] - 1])


def test_what_cannot_be_asked_for_is_told_in_three_parts():
    frame, names = towns(60)
    with pytest.raises(InputError, match="Every row has a value of 'town'"):
        next_rows(PAIR, partly_labelled(frame.assign(town=names), "town"), 5)
    with pytest.raises(InputError, match="0 rows are wanted"):
        next_rows(PAIR, partly_labelled(frame, "town"), 0)

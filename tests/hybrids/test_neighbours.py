"""Neighbours in a network: no row looks itself up; copies of a row are found; the step answers like torch."""

import numpy as np
import pytest

from tests.models.test_every_model import TASKS, halves
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.hybrids.neighbours import NeighboursNetwork
from twofold.steps.neighbours import find_nearest

torch = pytest.importorskip("torch")
NAME = "twofold.hybrids.neighbours:NeighboursNetwork"


def fit(X, y, problem=None, rounds=3, **params):
    control = Control(Budget(cores=1), 3, rounds=rounds)
    return NeighboursNetwork(epochs=rounds, **params).fit(X, y, problem=problem, control=control)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_the_steps_answer_like_the_module(task):
    (X, y), watched, problem = halves(NAME, task)
    model = fit(X, y, problem, near=7)
    rows = np.column_stack([watched.X, np.zeros(len(watched.X))]).astype(np.float32)
    embedded = model.run_module(model.module_.embed, rows).astype(np.float64)
    np.testing.assert_allclose(model.output(watched.X), model._head().run(embedded), rtol=1e-4, atol=1e-5)


def test_a_training_row_never_looks_itself_up():
    (X, y), _, problem = halves(NAME, "binary")
    module = fit(X, y, problem).module_
    rows = torch.from_numpy(X)
    with torch.no_grad():
        keys = module.keys(rows)
        own = torch.arange(len(X))
        apart = module._nearest(keys, own)
        alike = module._nearest(keys, torch.full((len(X),), -1))
    assert not (apart == own[:, None]).any()
    assert (alike == own[:, None]).any(dim=1).all(), "a new row that is alike is found"


def test_the_target_of_a_training_row_tells_others_of_it_but_not_itself():
    (X, y), _, problem = halves(NAME, "regression")
    model = fit(X, y, problem)
    known = np.column_stack([X, 1 + np.arange(len(X))]).astype(np.float32)
    before = model.run_module(model.module_.embed, known)
    model.module_.told[7] += 10.0
    changed = np.abs(model.run_module(model.module_.embed, known) - before).max(axis=1) > 1e-4
    assert not changed[7]
    assert changed.any()


def test_the_order_of_the_known_rows_changes_nothing():
    (X, y), watched, problem = halves(NAME, "regression")
    model = fit(X, y, problem)
    keys, look_up, *_ = model.lower().nodes
    step, order = look_up.step, np.random.default_rng(0).permutation(len(X))
    turned = type(step)(step.rows[order], step.brought[order], step.first, step.bias, step.second, step.near)
    known = keys.step.run(watched.X)
    np.testing.assert_allclose(turned.run(known), step.run(known), rtol=1e-5, atol=1e-5)


def test_the_nearest_rows_are_those_of_scikit_learn():
    from sklearn.neighbors import NearestNeighbors

    g = np.random.default_rng(0)
    rows, X = (g.normal(size=(n, 5)).astype(np.float32) for n in (200, 30))
    near, distance = find_nearest(X, rows, np.einsum("ij,ij->i", rows, rows), 9)
    wanted, places = NearestNeighbors(n_neighbors=9).fit(rows).kneighbors(X)
    np.testing.assert_array_equal(near, places)
    np.testing.assert_allclose(distance, wanted, rtol=1e-6)
    near, _ = find_nearest(X, rows[:3], np.zeros(3, np.float32), 9)
    assert near.shape == (30, 3)


def test_two_rows_are_enough():
    model = fit(np.array([[0.0], [1.0]], np.float32), np.array([0, 1]), rounds=2)
    assert np.isfinite(model.output(np.array([[0.4]], np.float32))).all()


def test_what_is_not_allowed_is_told_in_three_parts():
    with pytest.raises(InputError, match="near is 0") as told:
        NeighboursNetwork(near=0).fit(np.zeros((9, 1), np.float32), np.arange(9) % 2)
    assert "1 or more" in told.value.allowed
    assert told.value.todo


@pytest.mark.slow
def test_it_is_tried_in_a_run_and_bundled(tmp_path):
    import pandas as pd

    import twofold

    (X, y), _, _ = halves(NAME, "binary")
    frame = pd.DataFrame(X[:160], columns=[f"x{at}" for at in range(X.shape[1])]).assign(y=y[:160])
    model = twofold.fit(frame, target="y", candidates=["neighbours"], max_trials=1, folds=2, n_jobs=1)
    tried = model.leaderboard().set_index("model").loc["neighbours"]
    assert (tried["family"], tried["status"]) == ("hybrid", "complete")
    answers = model.predict_proba(frame.drop(columns="y"))
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame.drop(columns="y")), answers, atol=1e-6)

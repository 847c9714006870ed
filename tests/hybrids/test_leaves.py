"""Leaves as tokens: rows are read with leaves that never saw them; a silent network leaves the trees."""

import numpy as np
import pytest

from tests.models.test_every_model import TASKS, halves
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.hybrids import leaves
from twofold.hybrids.leaves import Leaves, first_vectors
from twofold.steps.links import apply_link

torch = pytest.importorskip("torch")
NAME = "twofold.hybrids.leaves:Leaves"
LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr(leaves, "ROUNDS", 20)


def fit(X, y, problem, epochs=2, weight=None, **params):
    control = Control(Budget(cores=1), 3, rounds=epochs)
    return Leaves(epochs=epochs, **params).fit(X, y, weight, problem=problem, control=control)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_where_the_network_is_silent_the_trees_answer(task):
    (X, y), watched, problem = halves(NAME, task)
    model = fit(X, y, problem)
    module = model.network_.module_
    with torch.no_grad():
        module.inner.last.zero_(), module.inner.last_bias.zero_(), module.trust.fill_(1.0)
    scores = np.mean([forest.scores(watched.X) for forest in model.forests_], axis=0)
    trees = apply_link(LINKS[task], scores * model.scale_ + model.centre_)
    np.testing.assert_allclose(model.output(watched.X), trees, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_all_parts_are_lowered_as_they_answer(monkeypatch, task):
    (X, y), watched, problem = halves(NAME, task)
    monkeypatch.setattr(leaves, "ROWS_A_VECTOR", 1)
    model = fit(X, y, problem, forests=3, groups=2, width=3)
    assert model.forests_[0].n_trees > 2
    native = model.output(watched.X)
    np.testing.assert_allclose(model.lower().run({"features": watched.X}), native, rtol=1e-5, atol=1e-5)


def test_training_rows_are_read_with_leaves_that_have_not_seen_them(monkeypatch):
    (X, _), _, problem = halves(NAME, "regression")
    noise = np.random.default_rng(0).normal(size=len(X))
    read = Leaves._read
    seen = []

    def remember(self, X, part):
        seen.append(read(self, X, part))
        return seen[-1]

    monkeypatch.setattr(Leaves, "_read", remember)
    model = fit(X, noise, problem)
    width = (seen[0].shape[1] - X.shape[1] - 2) // model.forests
    read_with = (seen[0][:, X.shape[1] : -2].reshape(len(X), model.forests, width) > 0).any(axis=2)
    assert (read_with.sum(axis=1) == 1).all(), "each with one forest"
    scores = seen[0][:, -1]
    assert abs(np.corrcoef(scores, noise)[0, 1]) < 0.2, "their own targets would shine through"
    both = [np.corrcoef(forest.scores(X)[:, 0], noise)[0, 1] for forest in model.forests_]
    assert min(both) > 0.3, "forests know the rows that they grew on"


def test_leaves_are_numbered_through_all_forests_and_each_falls_into_its_tree():
    (X, y), _, problem = halves(NAME, "multiclass")
    model = fit(X, y, problem)
    start = 1
    for forest in model.forests_:
        found = forest.leaves(X)
        assert found.shape == (len(X), forest.n_trees)
        np.testing.assert_array_equal(
            forest.tree_of_leaf[found - start], np.tile(np.arange(forest.n_trees), (len(X), 1))
        )
        start += forest.n_leaves
    vectors = first_vectors(model.forests_, groups=4, width=2, seed=0)
    assert vectors.shape == (start, 2)
    assert not vectors[0].any(), "no leaf has no vector"


def test_a_target_that_is_constant_grows_no_trees_and_is_told():
    X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    model = Leaves(epochs=3).fit(X, np.full(80, 7.0))
    np.testing.assert_allclose(model.output(X), 7.0, atol=0.05)
    np.testing.assert_allclose(model.lower().run({"features": X}), model.output(X), atol=1e-4)


def test_what_is_not_allowed_is_told_in_three_parts():
    with pytest.raises(InputError, match="forests is 1") as told:
        Leaves(forests=1).fit(np.zeros((9, 1), np.float32), np.arange(9) % 2)
    assert "2 or more" in told.value.allowed
    assert told.value.todo


@pytest.mark.slow
def test_it_is_tried_in_a_run_and_bundled(tmp_path):
    import pandas as pd

    import twofold

    (X, y), _, _ = halves(NAME, "binary")
    frame = pd.DataFrame(X[:160], columns=[f"x{at}" for at in range(X.shape[1])]).assign(y=y[:160])
    model = twofold.fit(frame, target="y", candidates=["leaves"], max_trials=1, folds=2, n_jobs=1)
    tried = model.leaderboard().set_index("model").loc["leaves"]
    assert (tried["family"], tried["status"]) == ("hybrid", "complete")
    answers = model.predict_proba(frame.drop(columns="y"))
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame.drop(columns="y")), answers, atol=1e-6)

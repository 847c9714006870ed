"""One model corrects the other: without a correction the first stands; the second goes on from its scores."""

import numpy as np
import pytest

from tests.models.test_every_model import TASKS, halves
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.random import deal_evenly, make_generator
from twofold.hybrids import residual
from twofold.hybrids.correction import TreesCorrection
from twofold.hybrids.residual import Residual
from twofold.models.lightgbm import LightGBM
from twofold.steps.log_scores import STEEP, LogScores

pytest.importorskip("torch")
NAME = "twofold.hybrids.residual:Residual"


def fit(task, first="trees", seed=3, **rules):
    (X, y), watched, problem = halves(NAME, task)
    control = Control(Budget(cores=1), seed, validation=watched, **rules)
    return Residual(first, folds=2, epochs=12).fit(X, y, problem=problem, control=control), watched


@pytest.mark.parametrize("task", sorted(TASKS))
@pytest.mark.parametrize("first", residual.FIRST)
def test_with_no_correction_the_first_model_stands(task, first):
    model, watched = fit(task, first)
    model.factor_ = 0.0
    np.testing.assert_array_equal(model.output(watched.X), model.first_.output(watched.X))
    assert [node.step.kind for node in model.lower().nodes] == [
        node.step.kind for node in model.first_.lower().nodes
    ]


@pytest.mark.parametrize("task", sorted(TASKS))
@pytest.mark.parametrize("first", residual.FIRST)
def test_a_full_correction_is_lowered_as_it_answers(task, first):
    model, watched = fit(task, first)
    model.factor_ = 1.0
    lowered = model.lower().run({"features": watched.X})
    np.testing.assert_allclose(lowered, model.output(watched.X), rtol=1e-5, atol=1e-5)
    assert np.abs(lowered - model.first_.output(watched.X)).max() > 1e-6


def test_boosting_goes_on_from_the_scores_it_is_given():
    g = np.random.default_rng(0)
    X = g.normal(size=(500, 3)).astype(np.float32)
    p = 1 / (1 + np.exp(-3 * X[:, :1]))
    y = (g.random(500) < p[:, 0]).astype(int)
    scores = LogScores().run(np.hstack([1 - p, p]))
    np.testing.assert_allclose(STEEP * scores, 3 * X[:, :1], rtol=1e-3, atol=1e-4)
    rows = np.hstack([scores, X])
    told = TreesCorrection().fit(rows, y, control=Control(rounds=5)).output(rows)[:, 1]
    untold = LightGBM().fit(rows, y, control=Control(rounds=5)).output(rows)[:, 1]
    assert np.abs(told - 0.5).mean() < 0.5 * np.abs(untold - 0.5).mean(), "little is left to correct"


def test_the_second_model_learns_from_answers_out_of_fold(monkeypatch):
    (X, _), _, problem = halves(NAME, "regression")
    noise = np.random.default_rng(0).normal(size=len(X))
    seen = []

    def remember(self, learn, watch, control):
        seen.append(learn)
        self.factor_ = 0.0

    monkeypatch.setattr(Residual, "_correct", remember)
    (_, watched, _) = halves(NAME, "regression")
    Residual("trees", folds=3).fit(
        X, noise, problem=problem, control=Control(validation=watched, rounds=None)
    )
    rows, answers = seen[0]
    assert abs(np.corrcoef(rows.y, answers[:, 0])[0, 1]) < 0.2, "their own targets would shine through"


def test_every_row_is_dealt_once_and_classes_evenly():
    y = np.repeat([0, 1, 2], [90, 30, 6])
    fold = deal_evenly(y, 3, make_generator(0, "deal"))
    for part in range(3):
        assert np.bincount(y[fold == part]).tolist() == [30, 10, 2]


def test_what_is_not_allowed_is_told_in_three_parts():
    X, y = np.zeros((9, 1), np.float32), np.arange(9) % 2
    with pytest.raises(InputError, match="first is 'forest'") as told:
        Residual("forest").fit(X, y)
    assert "trees, network" in told.value.allowed
    assert told.value.todo
    with pytest.raises(InputError, match="folds is 1"):
        Residual(folds=1).fit(X, y)


@pytest.mark.parametrize("first", residual.FIRST)
def test_classes_that_are_too_sure_are_made_milder(first):
    g = np.random.default_rng(0)
    X = g.normal(size=(400, 4)).astype(np.float32)
    y = (g.random(400) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    model = Residual(first, folds=2, epochs=30).fit(X, y)
    weight = float(model.settled_.weights[0])
    assert 0 < weight < 1.1, "what is learned by heart is not believed"


@pytest.mark.slow
def test_it_is_tried_in_a_run_and_bundled(tmp_path):
    import pandas as pd

    import twofold

    (X, y), _, _ = halves(NAME, "binary")
    frame = pd.DataFrame(X[:160], columns=[f"x{at}" for at in range(X.shape[1])]).assign(y=y[:160])
    model = twofold.fit(frame, target="y", candidates=["residual"], max_trials=1, folds=2, n_jobs=1)
    tried = model.leaderboard().set_index("model").loc["residual"]
    assert (tried["family"], tried["status"]) == ("hybrid", "complete")
    answers = model.predict_proba(frame.drop(columns="y"))
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame.drop(columns="y")), answers, atol=1e-6)


def test_the_clock_is_obeyed():
    import time

    (X, y), watched, problem = halves(NAME, "binary")
    X, y = np.tile(X, (8, 1)), np.tile(y, 8)
    Residual(epochs=1).fit(X[:60], y[:60], problem=problem)  # imports are not what is timed
    began = time.monotonic()
    control = Control(Budget(2.0, cores=1), validation=watched)
    Residual().fit(X, y, problem=problem, control=control)
    assert time.monotonic() - began < 5.0

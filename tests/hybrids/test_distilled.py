"""Small trees taught by a pair: without trust they are trees on labels; no answer was learned by heart."""

import time

import numpy as np
import pytest

from tests.models.test_every_model import TASKS, halves
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.hybrids.distilled import DistilledTrees
from twofold.hybrids.distilling.soft_trees import SoftTrees
from twofold.hybrids.distilling.teach import as_answers

pytest.importorskip("torch")
NAME = "twofold.hybrids.distilled:DistilledTrees"


def fit(task, rounds=None, **options):
    (X, y), watched, problem = halves(NAME, task)
    control = Control(Budget(cores=1), 3, rounds, watched)
    return DistilledTrees(folds=2, epochs=8, **options).fit(X, y, problem=problem, control=control), watched


@pytest.mark.parametrize("task", sorted(TASKS))
def test_without_trust_and_made_up_rows_the_student_learns_labels_alone(task):
    model, watched = fit(task, rounds=30, trust=0.0, augment=0.0)
    (X, y), _, problem = halves(NAME, task)
    alone = SoftTrees().fit(
        X, as_answers(y, problem.n_classes), problem=problem, control=Control(Budget(cores=1), 3, 30)
    )
    np.testing.assert_allclose(model.output(watched.X), alone.output(watched.X), rtol=1e-9)
    assert model.rounds_ == 30


def test_no_row_is_taught_by_a_teacher_that_has_learned_from_it(monkeypatch):
    (X, _), watched, problem = halves(NAME, "regression")
    noise = np.random.default_rng(0).normal(size=len(X))
    seen = {}

    def remember(self, X, y, weight=None, **rest):
        seen.update(X=X, y=y, weight=weight)
        self.rounds_ = 1
        return self

    monkeypatch.setattr(SoftTrees, "fit", remember)
    control = Control(validation=watched)
    DistilledTrees(folds=2, epochs=8, trust=1.0).fit(X, noise, problem=problem, control=control)
    assert len(seen["X"]) == 2 * len(X), "a row is made up for each"
    np.testing.assert_array_equal(seen["X"][: len(X)], X)
    assert abs(np.corrcoef(seen["y"][: len(X), 0], noise)[0, 1]) < 0.25, (
        "their own targets would shine through"
    )


def test_the_bundle_holds_small_trees_alone():
    model, watched = fit("binary")
    kinds = [node.step.kind for node in model.lower().nodes]
    assert kinds == [node.step.kind for node in model.student_.lower().nodes]
    assert model.rounds_ <= model.max_rounds
    assert model.output(watched.X).shape == (100, 2)


def test_what_is_not_allowed_is_told_in_three_parts():
    X, y = np.zeros((9, 1), np.float32), np.arange(9) % 2
    for options in ({"folds": 1}, {"trust": 2.0}, {"augment": -1.0}):
        (name, value), *_ = options.items()
        with pytest.raises(InputError, match=f"{name} is {value}") as told:
            DistilledTrees(**options).fit(X, y)
        assert told.value.allowed
        assert told.value.todo


def test_the_clock_is_obeyed():
    (X, y), watched, problem = halves(NAME, "binary")
    X, y = np.tile(X, (8, 1)), np.tile(y, 8)
    DistilledTrees(epochs=1).fit(X[:60], y[:60], problem=problem)  # imports are not what is timed
    began = time.monotonic()
    control = Control(Budget(3.0, cores=1), validation=watched)
    DistilledTrees().fit(X, y, problem=problem, control=control)
    assert time.monotonic() - began < 6.0


@pytest.mark.slow
def test_it_is_tried_in_a_run_and_bundled(tmp_path):
    import pandas as pd

    import twofold

    (X, y), _, _ = halves(NAME, "binary")
    frame = pd.DataFrame(X[:160], columns=[f"x{at}" for at in range(X.shape[1])]).assign(y=y[:160])
    model = twofold.fit(frame, target="y", candidates=["distilled"], max_trials=1, folds=2, n_jobs=1)
    tried = model.leaderboard().set_index("model").loc["distilled"]
    assert (tried["family"], tried["status"]) == ("hybrid", "complete")
    answers = model.predict_proba(frame.drop(columns="y"))
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame.drop(columns="y")), answers, atol=1e-6)

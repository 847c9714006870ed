"""A search spends its budget, finishes what it began, and takes up again where it was killed."""

import shutil
import time

import numpy as np
import pandas as pd
import pytest

from twofold.core.budget import Budget
from twofold.data.split import make_folds
from twofold.data.store import save_dataset
from twofold.data.target import make_dataset
from twofold.metrics.losses import LOG_LOSS
from twofold.search.pool import WorkerPool
from twofold.search.portfolio import make_portfolio
from twofold.search.progress import Silent
from twofold.search.run_folder import RunFolder
from twofold.search.runner import Search
from twofold.search.settings import Settings
from twofold.search.trials import make_baseline


@pytest.fixture(scope="module")
def dataset():
    g = np.random.default_rng(0)
    X = pd.DataFrame({"a": g.normal(size=400), "b": g.normal(size=400), "c": g.choice(list("xyz"), 400)})
    return make_dataset(X, (X["a"] * X["b"] + (X["c"] == "x") + g.normal(size=400) > 0.3).astype(int))


def search(dataset, path, settings, candidates=()):
    folds = make_folds(dataset, 3, seed=0)
    run = RunFolder(path)
    if not run.data.exists():
        save_dataset(dataset, folds, run.data)
        run.write_settings({})
    budget = Budget(settings.seconds)
    found = Search(
        dataset,
        folds,
        settings,
        LOG_LOSS,
        budget,
        lambda done: 0.0,
        run,
        Silent(),
        baseline=LOG_LOSS.gain(dataset.y, make_baseline(dataset, folds).predictions),
    )
    portfolio = make_portfolio(
        dataset, settings.seconds, candidates=candidates, max_trials=settings.max_trials
    )
    with WorkerPool(2, 1) as pool:
        trials = found.execute(portfolio, pool)
    return trials, found


def test_the_portfolio_is_finished_and_beats_the_baseline(dataset, tmp_path):
    trials, found = search(dataset, tmp_path, Settings(seconds=120, max_trials=2))
    assert [trial.status for trial in trials.values()] == ["complete", "complete"], found.events
    for trial in trials.values():
        assert np.isfinite(trial.predictions).all()
        assert LOG_LOSS.gain(dataset.y, trial.predictions) > found.baseline


def test_what_is_finished_is_not_done_again_and_the_rest_gives_the_same(dataset, tmp_path):
    first, _ = search(dataset, tmp_path, Settings(seconds=120, max_trials=2))
    kept = (tmp_path / "trials" / "linear" / "0" / "result.json").stat().st_mtime_ns
    shutil.rmtree(tmp_path / "trials" / "lightgbm" / "1")
    again, _ = search(dataset, tmp_path, Settings(seconds=120, max_trials=2))
    assert (tmp_path / "trials" / "linear" / "0" / "result.json").stat().st_mtime_ns == kept
    for name, trial in first.items():
        np.testing.assert_array_equal(trial.predictions, again[name].predictions)


def test_a_timed_search_ends_in_time_and_tries_tuned_variants(dataset, tmp_path):
    began = time.monotonic()
    trials, _ = search(dataset, tmp_path, Settings(seconds=15))
    assert time.monotonic() - began < 15 * 1.05 + 2
    assert any("~" in name for name in trials)


def test_a_candidate_that_hangs_is_stopped_and_the_others_finish(dataset, tmp_path):
    named = ("linear", "tests.test_search:Hangs")
    trials, found = search(dataset, tmp_path, Settings(seconds=10, candidates=named), named)
    assert trials["linear"].status == "complete", found.events
    assert trials["tests.test_search.Hangs"].status == "stopped"
    assert trials["tests.test_search.Hangs"].reason


def test_without_time_for_all_folds_the_finished_ones_have_to_do(dataset, tmp_path):
    search(dataset, tmp_path, Settings(seconds=120, max_trials=1), candidates=("linear",))
    shutil.rmtree(tmp_path / "trials" / "linear" / "1")
    trials, found = search(dataset, tmp_path, Settings(seconds=0.01), candidates=("linear",))
    assert trials["linear"].status == "complete"
    assert [fold.index for fold in found.folds] == [0, 2]
    known = np.isfinite(trials["linear"].predictions).all(axis=1)
    np.testing.assert_array_equal(
        np.flatnonzero(known), np.sort(np.concatenate([f.test for f in found.folds]))
    )
    assert any("2 of 3 have to do" in sentence for _, sentence in found.events)

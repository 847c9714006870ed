"""The loop over worker processes: folds come back whole, what fails or hangs is stopped with a reason."""

import time

import numpy as np
import pandas as pd
import pytest

from twofold.core.budget import Budget
from twofold.data.split import make_folds
from twofold.data.store import save_dataset
from twofold.data.target import make_dataset
from twofold.models.baseline import Baseline
from twofold.search.jobs import Job
from twofold.search.pool import WorkerPool
from twofold.search.run_folder import RunFolder
from twofold.workflow.plan import Plan


class Raises(Baseline):
    def fit(self, *args, **kwargs):
        raise ValueError("no such luck")


class Hangs(Baseline):
    def fit(self, *args, **kwargs):
        time.sleep(60)


class Dies(Baseline):
    def fit(self, *args, **kwargs):
        import os

        os._exit(9)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    g = np.random.default_rng(0)
    X = pd.DataFrame({"a": g.normal(size=200), "c": g.choice(list("xyz"), 200)})
    dataset = make_dataset(X, (X["a"] + g.normal(size=200) > 0).astype(int))
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    save_dataset(dataset, make_folds(dataset, 3, seed=0), folder.data)
    folder.write_settings({})
    return folder, dataset


def jobs(folder, model, parts=("0",)):
    return [Job(str(folder.path), Plan(model.split(":")[-1], model), part, 30.0, 1, 0) for part in parts]


def finish(pool, count, seconds=60):
    budget, events = Budget(seconds), []
    while len(events) < count and not budget.expired:
        events += pool.wait(1.0)
    return events


def test_folds_are_fitted_in_workers_and_predict_what_the_graph_predicts(run):
    folder, dataset = run
    with WorkerPool(2, 1) as pool:
        for job in jobs(folder, "linear", ("0", "1")):
            pool.submit(job.to_json(), 60.0)
        events = finish(pool, 2)
    assert [event.outcome for event in events] == ["done", "done"], [event.payload for event in events]
    folds = make_folds(dataset, 3, seed=0)
    for part in (0, 1):
        test = dataset.table.take(folds[part].test)
        graph = folder.graph("linear", part)
        np.testing.assert_array_equal(graph.run({"table": test}), folder.prediction("linear", part))
        assert folder.result("linear", part).mismatch < 1e-9


@pytest.mark.parametrize(
    ("model", "limit", "outcome", "reason"),
    [
        ("tests.test_search:Raises", 60.0, "failed", "ValueError: no such luck"),
        ("tests.test_search:Hangs", 4.0, "overdue", "longer than its share of 4.0 s"),
        ("tests.test_search:Dies", 60.0, "died", "ended with code 9"),
    ],
)
def test_a_candidate_that_fails_is_reported_and_takes_nothing_with_it(run, model, limit, outcome, reason):
    folder, _ = run
    with WorkerPool(1, 1) as pool:
        pool.submit(jobs(folder, model)[0].to_json(), limit)
        event = finish(pool, 1)[0]
        assert event.outcome == outcome
        assert reason in event.payload["reason"]
        pool.submit(jobs(folder, "linear", ("2",))[0].to_json(), 60.0)
        assert finish(pool, 1)[0].outcome == "done"
    assert folder.result(model.split(":")[-1], "0") is None
    assert not list(folder.path.rglob("*.tmp"))

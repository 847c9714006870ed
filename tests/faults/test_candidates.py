"""A candidate that raises, hangs, eats memory or is killed costs only itself, and the reason is told."""

import os
import signal
import sys
import time

import numpy as np
import pytest

import twofold
from tests.faults.conftest import make_table
from twofold.models.baseline import Baseline


class Raises(Baseline):
    def fit(self, *args, **kwargs):
        raise ValueError("no such luck")


class Hangs(Baseline):
    def fit(self, *args, **kwargs):
        time.sleep(300)


class Eats(Baseline):
    def fit(self, *args, **kwargs):
        kept = []
        while True:
            kept.append(np.ones(2_000_000))
            time.sleep(0.01)


class Asks(Baseline):
    def fit(self, *args, **kwargs):
        raise MemoryError


class Killed(Baseline):
    def fit(self, *args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)


class Leaves(Baseline):
    def fit(self, *args, **kwargs):
        raise SystemExit(3)


class Chatters(Baseline):
    def fit(self, *args, **kwargs):
        sys.stdout.write("{'ok': nonsense}\n" * 10_000)
        os.write(1, b"\xff\xfe\n" * 10_000)
        raise ValueError("much ado")


FAULTS = {
    Raises: ("failed", "ValueError: no such luck", {}),
    Asks: ("failed", "ran out of memory", {}),
    Killed: ("failed", "its process ended with code -9", {}),
    Leaves: ("failed", "its process ended with code 3", {}),
    Chatters: ("failed", "ValueError: much ado", {}),
    Eats: ("stopped", "GB are allowed", {"memory": "1.2GB"}),
    Hangs: ("stopped", "was stopped", {"max_trials": None, "budget": 20, "n_jobs": 2}),
}
OTHERS = ["linear", "knn", "naive_bayes", "tree"]
"""Beside them: where there are only two, each may take half of the time."""


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, marks=pytest.mark.slow) if fault in {Hangs, Leaves} else fault for fault in FAULTS],
    ids=[fault.__name__ for fault in FAULTS],
)
def test_a_candidate_with_a_fault_costs_only_itself(fault, tmp_path):
    status, reason, more = FAULTS[fault]
    options = {"max_trials": 2, "folds": 2, "n_jobs": 1, "run_dir": str(tmp_path / "run"), **more}
    name = f"tests.faults.test_candidates:{fault.__name__}"
    began = time.monotonic()
    model = twofold.fit(make_table(), target="sold", candidates=[name, *OTHERS], **options)
    seconds = options.get("budget", 12)
    assert time.monotonic() - began < seconds * 1.05 + 2 + (5 if options["max_trials"] else 0)
    board = model.leaderboard().set_index("model")
    lost = board.loc[name.replace(":", ".")]
    assert lost["status"] == status
    assert reason in lost["reason"]
    assert any(reason in sentence for _, sentence in model.result_.events)
    assert board.loc["linear", "status"] == "complete"
    assert model.result_.choice.name != "baseline"
    assert not list((tmp_path / "run").rglob("*.tmp"))


def test_when_every_candidate_fails_the_baseline_is_kept_and_said(shell, train):
    names = ",".join(f"tests.faults.test_candidates:{fault.__name__}" for fault in (Raises, Killed))
    done = shell("fit", "train.csv", "--target", "sold", "--candidates", names, "--max-trials", "2")
    done.went_well()
    assert "Kept: 'baseline'" in done.out
    assert "no such luck" in done.err
    assert "trivial baseline" in done.out


@pytest.mark.parametrize("budget", ["0.001", "0.2s"])
def test_a_budget_too_small_for_anything_keeps_the_baseline_and_says_so(budget, shell, train):
    done = shell("fit", "train.csv", "--target", "sold", "--budget", budget).went_well()
    assert "Kept: 'baseline'" in done.out
    assert "trivial baseline" in done.out
    answers = shell("predict", "twofold-out", "train.csv", "--out", "answers.csv").went_well()
    assert "120 rows predicted" in answers.out


def test_memory_too_small_for_anything_keeps_the_baseline_and_says_so(shell, train):
    done = shell("fit", "train.csv", "--target", "sold", "--max-trials", "1", "--memory", "1MB").went_well()
    assert "Kept: 'baseline'" in done.out
    assert "GB are allowed" in done.err


@pytest.mark.parametrize("name", ["os:system", "twofold.models.base:Model", "none.such:Model", "luck", ","])
def test_what_is_no_model_is_refused(name, shell, train):
    done = shell("fit", "train.csv", "--target", "sold", "--candidates", name, "--max-trials", "1")
    done.refused(2, "'")

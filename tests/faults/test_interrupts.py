"""Ctrl-C in every phase: the best so far is kept and said, or nothing is left and that is said."""

import signal

import pytest

from tests.faults.conftest import QUICK
from twofold import load
from twofold.search import evidence, finish, pool, refit, run
from twofold.search.runner import Search

FIT = ("fit", "train.csv", "--target", "sold", *QUICK)


def press(monkeypatch, place, name, after=False):
    """Press Ctrl-C once, when the function is called (or when it has ended)."""
    original = getattr(place, name)
    presses = []

    def pressed(*args, **kwargs):
        value = original(*args, **kwargs) if after else None
        if not presses:
            presses.append(name)
            signal.raise_signal(signal.SIGINT)
        return value if after else original(*args, **kwargs)

    monkeypatch.setattr(place, name, pressed)
    return presses


def early():
    from twofold.estimators import table

    return {
        "reading": (table, "read_table"),
        "asking what the columns are": (table, "dataset_from_frame"),
        "dividing the rows": (run, "make_folds"),
        "writing the data": (run, "save_dataset"),
    }


@pytest.mark.parametrize("phase", early())
@pytest.mark.parametrize("after", [False, True])
def test_before_there_is_a_model_nothing_is_left(phase, after, shell, train, monkeypatch):
    assert not press(monkeypatch, *early()[phase], after)
    done = shell(*FIT)
    done.refused(130, "Stopped before there was a model to keep")


LATE = {
    "searching": (Search, "_take"),
    "weighing": (run, "weigh"),
    "resampling": (evidence, "resample"),
    "refitting": (refit.Refit, "fit"),
    "waiting for a refit": (pool.WorkerPool, "wait"),
    "checking": (finish, "check_parity"),
    "asking what the columns are worth": (run, "permutation_importance"),
}


@pytest.mark.parametrize("phase", LATE)
def test_once_there_are_models_the_best_is_kept_and_said(phase, shell, train, monkeypatch):
    place, name = LATE[phase]
    if phase == "waiting for a refit":
        monkeypatch.setattr(place, name, impatient(place.wait))
    else:
        press(monkeypatch, place, name)
    done = shell(*FIT)
    assert done.code == 130, done.err
    assert "Stopped by the user: the best model so far is kept." in done.err
    assert "Traceback" not in done.err
    assert load("twofold-out/model").predict(train).shape == (len(train),)
    assert "Kept: " in done.out


def impatient(wait):
    """Press Ctrl-C while a job on all rows runs."""
    presses = []

    def waiting(self, seconds):
        if not presses and any(job["part"] == "all" for job in self.running):
            presses.append(1)
            signal.raise_signal(signal.SIGINT)
        return wait(self, seconds)

    return waiting


def test_while_it_is_saved_the_model_becomes_whole_and_ctrl_c_is_heard_then(shell, train, monkeypatch):
    from twofold.estimators import estimator

    press(monkeypatch, estimator, "save")
    done = shell(*FIT)
    assert done.code == 130, done.err
    assert load("twofold-out/model").predict(train).shape == (len(train),)
    assert "Kept: " in done.out


def test_a_second_ctrl_c_ends_it_at_once_and_the_run_can_be_taken_up(shell, train, monkeypatch):
    press(monkeypatch, Search, "_take")
    original = run.weigh

    def again(*args):
        signal.raise_signal(signal.SIGINT)
        return original(*args)

    monkeypatch.setattr(run, "weigh", again)
    done = shell(*FIT)
    assert done.code == 130
    assert "goes on with --resume" in done.err
    monkeypatch.setattr(run, "weigh", original)
    shell(*FIT, "--resume").went_well()

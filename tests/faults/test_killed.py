"""A process that is killed takes its workers with it, spoils nothing, and its run is taken up again."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.faults.conftest import QUICK, make_table, state
from twofold.core.errors import InputError
from twofold.search.run_folder import RunFolder
from twofold.search.run_lock import locked, sweep_abandoned

FIT = ("fit", "train.csv", "--target", "sold", *QUICK, "--out", "house")
KILLER = """
import os, signal, sys
from {module} import {place}
from twofold import cli
original = {place}.{name}
def killed(*args, **kwargs):
    if {after}:
        original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
{place}.{name} = killed
sys.argv = ["twofold", *{words!r}]
cli.main()
"""


def kill_at(module, place, name, folder, *, after=False):
    code = KILLER.format(module=module, place=place, name=name, after=after, words=list(FIT))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


MOMENTS = {
    "before the data are written": ("twofold.search", "run", "save_dataset", False),
    "after the data are written": ("twofold.search", "run", "save_dataset", True),
    "as the evidence begins": ("twofold.search", "run", "weigh", False),
    "as the result is saved": ("twofold.estimators", "estimator", "save_result", False),
    "as the model is saved": ("twofold.bundle", "save", "write_file", False),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_was_killed_at_an_awkward_moment_is_taken_up(moment, shell, train, tmp_path):
    module, place, name, after = MOMENTS[moment]
    kill_at(module, place, name, tmp_path, after=after)
    shell(*FIT, "--resume").went_well()
    shell("predict", "house", "train.csv", "--out", "answers.csv").went_well()
    assert not list((tmp_path / "house" / "run").rglob("*.tmp"))


def test_workers_die_with_a_killed_parent_in_the_middle_of_a_fit(tmp_path):
    make_table().to_csv(tmp_path / "train.csv", index=False)
    sleeper = "tests.faults.test_candidates:Hangs"
    words = ["fit", "train.csv", "--target", "sold", "--candidates", sleeper, *QUICK, "--out", "house"]
    process = subprocess.Popen(
        [sys.executable, "-m", "twofold", *words],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(tmp_path)},
    )
    parent, until = psutil.Process(process.pid), time.monotonic() + 60
    views = tmp_path / "house" / "run" / "views"
    while time.monotonic() < until and not views.exists():  # its worker is about to hang
        time.sleep(0.05)
    workers = parent.children(recursive=True)
    assert workers
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert {path.name for path in tmp_path.iterdir()} == {"train.csv", "house"}


def test_a_run_that_was_killed_while_its_data_were_written_begins_again(shell, train, tmp_path):
    run = RunFolder(tmp_path / "house" / "run")
    (run.data / ".half.tmp").mkdir(parents=True)
    (run.data / "column-0.npy").write_bytes(b"half")
    shell(*FIT).refused(2, "holds something that is no run")
    (run.path / "lock").touch()
    shell(*FIT, "--resume").went_well()
    assert not list(run.path.rglob("*.tmp"))


def test_two_fits_at_once_do_not_share_a_run(shell, train, house, tmp_path):
    import shutil

    shutil.copytree(house, tmp_path / "house")
    with locked(tmp_path / "house" / "run"):
        done = shell(*FIT, "--resume")
    done.refused(2, "Another fit works in")
    shell(*FIT, "--resume").went_well()


def test_a_fit_that_begins_while_another_writes_its_data_takes_nothing_away(shell, train, tmp_path):
    run = RunFolder(tmp_path / "house" / "run")
    with run.begun(), locked(run.path):
        before = state(tmp_path)
        shell(*FIT).refused(2, "Another fit works in")
        assert state(tmp_path) == before


def test_the_lock_is_for_threads_too(tmp_path):
    answers = []

    def enter():
        try:
            with locked(tmp_path):
                answers.append("in")
        except InputError as error:
            answers.append(error.came)

    with locked(tmp_path):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert "Another fit" in answers[0]


def test_temporary_runs_of_killed_processes_are_swept(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("twofold-dead", "twofold-held", "twofold-young", "twofold-other", "mine"):
        (tmp_path / name).mkdir()
        if name != "twofold-other":
            (tmp_path / name / "lock").touch()
            os.utime(tmp_path / name / "lock", (1, 1) if name != "twofold-young" else None)
    with locked(tmp_path / "twofold-held"):
        sweep_abandoned()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"twofold-held", "twofold-young", "twofold-other", "mine"}

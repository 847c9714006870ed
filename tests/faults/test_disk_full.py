"""A disk that fills up: what was there stays whole, and it is said in three parts."""

import errno
import shutil
import subprocess

import numpy as np
import pytest

from tests.faults.conftest import QUICK, state
from twofold import load
from twofold.search import result_files, run_folder

FIT = ("fit", "train.csv", "--target", "sold", *QUICK, "--out", "house")


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


WRITES = {
    "the data": (np, "save"),
    "the settings": (run_folder, "write_json"),
    "the result": (result_files, "write_json"),
}


@pytest.mark.parametrize(
    "what", ["the data", "the result", pytest.param("the settings", marks=pytest.mark.slow)]
)
def test_a_disk_that_fills_while_the_run_is_written(what, shell, train, monkeypatch):
    before = getattr(*WRITES[what])
    monkeypatch.setattr(*WRITES[what], full)
    done = shell(*FIT)
    assert done.code == 2
    assert "error:" in done.err
    assert "allowed:" in done.err
    assert "to do:" in done.err
    assert "Traceback" not in done.err
    assert not [path for path in done.new if "model" in path]
    if what != "the result":
        assert not done.new
    monkeypatch.setattr(*WRITES[what], before)
    if what == "the result":
        shell(*FIT, "--resume").went_well()


def test_a_disk_that_fills_while_the_model_is_saved_leaves_the_old_one(
    shell, train, house, tmp_path, monkeypatch
):
    shutil.copytree(house, tmp_path / "house")
    shutil.rmtree(tmp_path / "house" / "run")
    before, answers = state(tmp_path / "house" / "model"), load(house / "model").predict_proba(train)
    monkeypatch.setattr("twofold.bundle.save.write_file", full)
    done = shell("fit", "train.csv", "--target", "sold", *QUICK, "--seed", "7", "--out", "house")
    assert done.code == 4, done.err
    assert "Writing the bundle" in done.err
    assert "what was there before is unchanged" in done.err
    assert state(tmp_path / "house" / "model") == before
    np.testing.assert_array_equal(load(tmp_path / "house" / "model").predict_proba(train), answers)


def test_a_disk_that_fills_while_answers_are_written_leaves_the_old_ones(shell, train, house, monkeypatch):
    predict = ("predict", house, "train.csv", "--out", "answers.csv")
    shell(*predict).went_well()
    monkeypatch.setattr("pandas.DataFrame.to_csv", full)
    shell(*predict).refused(2, "'answers.csv' cannot be written: No space left")


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [0.02, 0.2, 0.4, 0.8, 1.6])
def test_a_real_disk_that_fills_at_any_moment(megabytes, shell, train, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = f"size={int(megabytes * 1e6)}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("only root may make a small disk")
    try:
        done = shell(*FIT[:-1], "disk/house")
        assert "Traceback" not in done.err
        if done.code == 0:
            load("disk/house/model").predict(train)
        else:
            assert done.code in {2, 4}, done.err
            assert "to do:" in done.err
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)

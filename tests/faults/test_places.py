"""Where a run lies: one process may fit again and again, from any folder, and never mixes runs up."""

import shutil

import numpy as np
import pandas as pd

import twofold
from twofold.search.run_folder import RunFolder

QUICK = {"max_trials": 2, "folds": 2, "n_jobs": 1}


def table(n, seed=0):
    g = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": g.normal(size=n), "b": g.choice(list("xyz"), n)})
    return frame.assign(y=(frame["a"] + (frame["b"] == "x") + g.normal(size=n) > 0).astype(int))


def test_a_relative_run_folder_follows_the_caller_and_not_the_worker(tmp_path, monkeypatch):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        board = twofold.fit(table(90), target="y", run_dir="run", **QUICK).leaderboard()
        assert set(board["status"]) <= {"complete"}, board[["model", "status", "reason"]]
        assert (tmp_path / place / "run" / "run.json").exists()


def test_other_data_in_the_place_of_a_removed_run_is_read_again(tmp_path):
    for n in (80, 130):
        model = twofold.fit(table(n), target="y", run_dir=str(tmp_path / "run"), **QUICK)
        assert len(model.result_.choice.predictions) == n
        assert set(model.leaderboard()["status"]) <= {"complete"}
        shutil.rmtree(tmp_path / "run")


def test_trees_are_refitted_on_all_rows_of_a_small_table(tmp_path):
    names = ["lightgbm", "extra_trees", "catboost"]
    for name in names:
        folder = tmp_path / name
        options = {**QUICK, "max_trials": 1, "candidates": [name], "run_dir": str(folder)}
        model = twofold.fit(table(120, seed=1), target="y", **options)
        assert not [words for _, words in model.result_.events if "not refitted" in words]
        assert RunFolder(folder).result(name, "all") is not None

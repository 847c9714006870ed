"""Where a run lies: one process may fit again and again, from any folder, and never mixes runs up."""

import shutil

import numpy as np
import pandas as pd
import pytest

import twofold
from twofold.search.run_folder import RunFolder

WORDS = ("--max-trials", "2", "--folds", "2", "--jobs", "1")
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


@pytest.mark.parametrize(
    "name",
    ["lightgbm", *(pytest.param(name, marks=pytest.mark.slow) for name in ("extra_trees", "catboost"))],
)
def test_trees_are_refitted_on_all_rows_of_a_small_table(name, tmp_path):
    options = {**QUICK, "max_trials": 1, "candidates": [name], "run_dir": str(tmp_path)}
    model = twofold.fit(table(120, seed=1), target="y", **options)
    assert not [words for _, words in model.result_.events if "not refitted" in words]
    assert RunFolder(tmp_path).result(name, "all") is not None


TAKEN = {
    "a file": lambda place: place.write_text("mine"),
    "under a file": lambda place: place.parent.write_text("mine"),
    "a model that is none": lambda place: put(place / "model" / "mine"),
    "a run that is none": lambda place: put(place / "run" / "mine"),
    "a run that is a file": lambda place: put(place / "run"),
}


def put(path):
    path.parent.mkdir(parents=True)
    path.write_text("mine")


@pytest.mark.parametrize("what", TAKEN)
def test_a_place_that_is_taken_is_refused_before_anything_is_written(what, shell, train, tmp_path):
    place = tmp_path / "deep" / "house" if "under" in what else tmp_path / "house"
    TAKEN[what](place)
    code = 4 if "model" in what else 2
    shell("fit", "train.csv", "--target", "sold", "--max-trials", "1", "--out", place).refused(code)


def test_a_name_that_is_too_long_is_refused(shell, train):
    for words in (("fit", "train.csv", "--target", "sold", "--out", "x" * 300), ("inspect", "x" * 300)):
        shell(*words).refused(2, "File name too long")


BAD = {
    "jobs": ["0", "-5", "x"],
    "max-trials": ["0", "-1", "1.5"],
    "folds": ["0", "-2", "1000", "x"],
    "budget": ["0", "-1", "nan", "1ms", "inf", "", "5.5.5", "1x"],
    "memory": ["0", "nan", "-3GB", "much", "3 XB"],
    "prefer": ["", "beauty"],
    "metric": ["luck", "rmse"],
    "task": ["luck"],
    "seed": ["1.5", "x"],
    "weight": ["none", "town", "sold"],
    "groups": ["none", "sold"],
    "time": ["none", "town", "sold"],
    "schema": ["none.yaml", ".", "train.csv"],
    "target": ["none", ""],
    "none": ["1"],
}


@pytest.mark.parametrize(
    ("option", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_options_that_cannot_be_are_refused_and_leave_nothing(option, value, shell, train):
    told = {"target": "sold", "max-trials": "1", "folds": "2", option: value}
    if option == "budget":
        del told["max-trials"]
    words = [word for name, word in told.items() for word in (f"--{name}", word)]
    shell("fit", "train.csv", *words).refused(2)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "size", "size: 5", "size: luck", "size: image", "none: number", "{size", "town: number"],
)
def test_schemas_that_cannot_be_are_refused_and_leave_nothing(text, shell, train, tmp_path):
    (tmp_path / "s.yaml").write_text(text)
    fit = ("fit", "train.csv", "--target", "sold", "--max-trials", "1", "--schema", "s.yaml")
    shell(*fit).refused(2)


def test_a_run_is_taken_up_with_its_own_data_alone(shell, train, house, tmp_path):
    shutil.copytree(house, tmp_path / "house")
    fit = ("fit", "train.csv", "--max-trials", "2", "--jobs", "1", "--out", "house")
    shell(*fit, "--target", "sold", "--folds", "2").refused(2, "holds an earlier run")
    shell(*fit, "--target", "town", "--folds", "2", "--resume").refused(2, "of other data, folds or seed")
    shell(*fit, "--target", "sold", "--folds", "3", "--resume").refused(2, "of other data, folds or seed")
    train.iloc[1:].to_csv("train.csv", index=False)
    shell(*fit, "--target", "sold", "--folds", "2", "--resume").refused(2, "of other data, folds or seed")


def test_a_damaged_run_is_refused(shell, train, house, tmp_path):
    run = tmp_path / "house" / "run"
    shutil.copytree(house, tmp_path / "house")
    fit = ("fit", "train.csv", "--target", "sold", *WORDS, "--out", "house", "--resume")
    column = next((run / "data").glob("column-*.npy"))
    column.write_bytes(column.read_bytes()[:50])
    shell(*fit).refused(2, "are damaged")
    shell("replay", "house").refused(2, "are damaged")
    (run / "run.json").write_text("{")
    shell(*fit).refused(2, "holds no run of twofold")
    (run / "result.json").write_text("[]")
    for command in ("leaderboard", "report"):
        shell(command, "house").refused(2, "holds no finished run")


@pytest.mark.parametrize("command", ["leaderboard", "report", "replay"])
@pytest.mark.parametrize("place", ["none", "train.csv", "."])
def test_a_folder_without_a_run_is_refused(command, place, shell, train):
    shell(command, place).refused(2, "holds no")

"""The commands beside the main job, given what they cannot use: refused at once, and nothing is left."""

import signal

import numpy as np
import pandas as pd
import pytest

from tests.faults.conftest import make_table
from twofold.cli.app import ORDER, app
from twofold.core.errors import InputError
from twofold.data.partly_labelled import partly_labelled
from twofold.hybrids.clusters import fit_clusters


def test_every_command_has_its_place_in_the_list_of_commands(shell):
    said = shell("--help").went_well().out.partition("Commands:")[2]
    listed = [line.split()[0] for line in said.splitlines() if line.startswith("  ") and line[2] != " "]
    assert listed[: len(ORDER)] == list(ORDER)
    commands = {one.name or one.callback.__name__ for one in app.registered_commands}
    assert commands | {group.name for group in app.registered_groups} == set(ORDER)


@pytest.mark.parametrize(
    "words",
    [
        ("labels", "spread", "train.csv", "--target", "sold", "--least"),
        ("rules", "learn", "house", "--confidence"),
        ("rules", "learn", "house", "--precision"),
        ("recommend", "train.csv", "--user", "town", "--item", "sold", "--rating", "size", "--liked"),
        ("anomalies", "train.csv", "--out", "a.csv", "--share"),
        ("detect", "train.csv", "--target", "sold", "--level"),
    ],
)
def test_what_is_no_number_is_refused(words, shell, train):
    shell(*words, "nan").refused(2)


@pytest.mark.parametrize(
    "words",
    [
        ("anomalies", "train.csv", "--out", "a.csv"),
        ("cluster", "train.csv", "--out", "groups"),
        ("labels", "spread", "train.csv", "--target", "sold"),
        ("labels", "next", "train.csv", "--target", "sold"),
    ],
)
def test_infinite_numbers_are_refused_wherever_they_stand(words, shell, train, tmp_path):
    train.loc[:9, "sold"] = None
    train.loc[0, "size"] = np.inf
    train.to_csv(tmp_path / "train.csv", index=False)
    shell(*words).refused(2, "'size' holds 1 infinite value(s)")


@pytest.mark.parametrize(
    "words",
    [
        ("anomalies", "train.csv", "--out"),
        ("labels", "check", "train.csv", "--target", "sold", "--out"),
        ("labels", "check", "train.csv", "--target", "sold", "--clean"),
        ("labels", "spread", "train.csv", "--target", "sold", "--out"),
        ("labels", "next", "train.csv", "--target", "sold", "--out"),
        ("predict", "house", "train.csv", "--out"),
        ("rules", "explain", "house", "train.csv", "--out"),
    ],
)
def test_a_table_is_not_overwritten_by_what_is_made_of_it(words, shell, train, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("mine")
    shell(*words, "train.csv").refused(2, "would take the place of another table that is read")
    shell(*words, "folder.csv").refused(2, "is a folder")
    shell(*words, "file/a.csv").refused(2, "is a file")
    shell(*words, "a.txt").refused(2, "ends in '.txt'")


def test_two_tables_that_are_written_have_two_places(shell, train):
    check = ("labels", "check", "train.csv", "--target", "sold", "--out", "a.csv", "--clean", "a.csv")
    shell(*check).refused(2, "another table that is written")
    explain = ("predict", "house", "train.csv", "--out", "a.csv", "--explain", "a.csv")
    shell(*explain).refused(2, "another table that is written")


MAKING = {
    "cluster": ("cluster", "train.csv"),
    "detect": ("detect", "train.csv", "--target", "sold"),
    "recommend": ("recommend", "train.csv", "--user", "size", "--item", "town"),
    "distill": ("distill", "house", "train.csv"),
    "anomalies": ("anomalies", "train.csv", "--out", "a.csv", "--model"),
    "update": ("update", "house", "train.csv"),
}


@pytest.mark.parametrize("name", MAKING)
def test_a_file_where_a_folder_is_wanted_is_refused_before_the_work(name, shell, train, tmp_path):
    (tmp_path / "file").write_text("mine")
    words = MAKING[name]
    out = () if words[-1] == "--model" else ("--out",)
    shell(*words, *out, "file/deep").refused(2, "'file' is a file")


def test_a_key_that_is_not_there_is_told_before_the_work(shell, train, house):
    shell("update", house, "train.csv", "--out", "new", "--sign", "none").refused(2, "key file 'none'")


@pytest.mark.parametrize(
    "command", ["distill house train.csv", "recommend train.csv --user size --item town"]
)
def test_no_threads_are_refused(command, shell, train):
    shell(*command.split(), "--jobs", "0").refused(2, "jobs")


def test_ctrl_c_promises_only_what_the_command_keeps(shell, train, monkeypatch):
    from twofold.data import read

    monkeypatch.setattr(read, "read_table", lambda data: signal.raise_signal(signal.SIGINT))
    done = shell("anomalies", "train.csv", "--out", "a.csv")
    done.refused(130, "'anomalies' was stopped before it was done")
    assert "best so far" not in done.err


@pytest.mark.parametrize("labels", ["", "yes"])
def test_rows_of_which_few_have_a_label_are_watched_without_their_errors(labels, shell, house, tmp_path):
    frame = make_table(200, seed=1).assign(sold=None)
    frame.loc[:5, "sold"] = labels or None
    frame.to_csv(tmp_path / "new.csv", index=False)
    said = shell("watch", house, "new.csv").went_well().out
    assert "Errors are not watched: fewer than 20 rows have a value of 'sold'." in said
    shell("watch", house, "new.csv", "--target", "sold").refused(2, "row(s) of the table have a label")


def test_classes_that_are_numbers_can_be_told_to_be_classes(shell, train, tmp_path):
    train.assign(sold=np.arange(len(train)) % 40 + 0.5).to_csv(tmp_path / "train.csv", index=False)
    detect = ("detect", "train.csv", "--target", "sold", "--out", "new")
    shell(*detect).refused(2, "task='multiclass'")
    shell(*detect, "--task", "multiclass", "--level", "0.01").refused(2, "rows are spared for p-values")


def test_a_target_that_is_infinite_is_no_class():
    frame = pd.DataFrame({"size": np.arange(30) / 7, "rank": [1.0, 2.0, np.inf] * 10})
    frame.loc[:9, "rank"] = np.nan
    with pytest.raises(InputError):
        partly_labelled(frame, "rank")


def test_so_many_clusters_are_tried_as_a_short_table_can_have():
    from twofold.data.unlabelled import unlabelled_rows

    frame = pd.DataFrame({"size": np.r_[np.zeros(10), np.ones(10)] + np.arange(20) / 100})
    found = fit_clusters(unlabelled_rows(frame), space="columns")
    assert [one.clusters for one in found.evidence] == [2, 3, 4, 5]

"""Odd tables to predict: answered the same as always, answered with a word, or refused in three parts."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from tests.faults.conftest import make_table
from twofold import load
from twofold.core.errors import ReadError, SchemaError
from twofold.data.read import read_table

X = make_table().drop(columns="sold")


@pytest.fixture
def answer(shell, house, tmp_path):
    """Predict a frame through the shell; return the answers and what was said."""

    def answer(frame, name="new.csv"):
        frame.to_csv(name, index=False) if name.endswith("csv") else frame.to_parquet(name)
        done = shell("predict", house, name, "--out", "answers.csv", "--json").went_well()
        return pd.read_csv("answers.csv"), json.loads(done.out)

    return answer


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"size,town\n", "no row below its header"),
        (b"size\n1\n", "The data lacks 1 column(s): 'town'"),
        (b"Size,Town\n1,Rome\n", "The data lacks 2 column(s)"),
        (b"size,size,town\n1,2,Rome\n", "has the column 'size' 2 times"),
        (b"size,town\n1,\xe9\n", "not UTF-8"),
        (b"size,town\n1,Rome,3\n2,Rome,3\n", "more fields (3) than its header (2)"),
        (None, "does not exist"),
    ],
)
def test_tables_that_cannot_be_answered_are_refused(content, words, shell, house, tmp_path):
    if content is not None:
        (tmp_path / "new.csv").write_bytes(content)
    shell("predict", house, "new.csv", "--out", "answers.csv").refused(2, words)


def test_a_missing_column_is_named_in_python(house):
    with pytest.raises(SchemaError) as error:
        load(house / "model").predict(X.drop(columns="town"))
    assert "'town'" in error.value.came
    assert error.value.allowed
    assert error.value.todo


@pytest.mark.parametrize(
    "frame",
    [X[["town", "size"]], X.assign(more=1, prediction=2, table=3), X.assign(size=X["size"].astype(str))],
    ids=["reordered", "more columns", "numbers as text"],
)
@pytest.mark.parametrize("name", ["new.csv", "new.parquet"])
def test_the_same_rows_in_other_clothes_get_the_same_answers(frame, name, answer):
    plain, _ = answer(X)
    told, _ = answer(frame, name)
    pd.testing.assert_frame_equal(told, plain)


@pytest.mark.parametrize(
    "change",
    [
        {"size": "hello"},
        {"size": np.inf},
        {"size": [-np.inf, "soon"] * 60},
    ],
    ids=["words", "infinite", "both"],
)
def test_what_is_no_number_counts_as_missing_and_is_said(change, answer, shell, house):
    told, data = answer(X.assign(**change))
    missing, nothing = answer(X.assign(size=np.nan))
    pd.testing.assert_frame_equal(told, missing)
    assert data["taken_as_missing"] == {"size": 120}
    assert nothing["taken_as_missing"] == {}
    X.assign(**change).to_csv("new.csv", index=False)
    done = shell("predict", house, "new.csv", "--out", "answers.csv").went_well()
    assert "120 value(s) of 'size' are no finite number and were taken as missing" in done.out


def test_a_category_never_seen_one_row_and_nothing_known_are_answered(answer):
    for frame in (X.assign(town="Atlantis 🎉"), X.iloc[:1], X.assign(size=np.nan, town=None)):
        told, _ = answer(frame)
        assert len(told) == len(frame)
        np.testing.assert_allclose(told[["proba_no", "proba_yes"]].sum(axis=1), 1.0)


def test_odd_types_in_parquet_are_answered(answer):
    n = len(X)
    for change in (
        {"size": pd.array([1, None] * (n // 2), dtype="Int64")},
        {"size": [[1]] * n},
        {"town": [{"k": 1}] * n},
        {"town": [b"\xff\0"] * n},
        {"town": pd.Categorical(X["town"])},
    ):
        assert len(answer(X.assign(**change), "new.parquet")[0]) == n


@pytest.mark.parametrize("out", ["answers.txt", "answers", "folder.csv", "train.csv/answers.csv"])
def test_places_that_cannot_be_written_are_refused(out, shell, train, house, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    shell("predict", house, "train.csv", "--out", out).refused(2, out.split("/")[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ReadError, match="is a pipe or a device"):
        read_table(tmp_path / "pipe.csv")

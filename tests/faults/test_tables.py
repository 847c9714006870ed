"""Odd and broken tables: read as they are meant, or refused in three parts; never misread in silence."""

import gzip
import time

import duckdb
import numpy as np
import pandas as pd
import pytest

from twofold.core.errors import InputError, ReadError, TargetError
from twofold.data.read import read_table
from twofold.data.split import make_folds
from twofold.data.target import Extras, Roles, dataset_from_frame, make_dataset
from twofold.search.portfolio import make_portfolio

HEADER, ROW = "a,b,y\n", "1,2,0\n"


def refused(error, words):
    """All three parts are said, and the first holds the words."""
    assert words in error.value.came, error.value.came
    assert error.value.allowed
    assert error.value.todo
    assert error.value.exit_code == 2


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('"x\ny","q "",""",z\n1,2,3\n', ["x\ny", 'q ","', "z"]),
        ("\n\na,b\n1,2\n", ["a", "b"]),
        ("a;b, c;d\n1;2;3\n", ["a", "b, c", "d"]),
        ('"a;b","c;d"\n1,2\n', ["a;b", "c;d"]),
        ("größe 🎉\t名前\n1\t2\n", ["größe 🎉", "名前"]),
        ("a|b\n1|2\n", ["a", "b"]),
        ("alone\n1\n2\n", ["alone"]),
    ],
)
def test_headers_are_read_as_they_are_meant(text, columns, write):
    assert read_table(write(text)).columns.tolist() == columns


def test_a_header_longer_than_any_buffer_is_no_doubled_header(write):
    names = [f"column_{j}" for j in range(9_000)]
    frame = read_table(write(",".join(names) + "\n" + ",".join("1" * len(names)) + "\n"))
    assert frame.columns.tolist() == names


def test_fields_may_be_as_long_as_they_are(write):
    long = "x" * 300_000
    for text in (f"a,b\n{long},2\n", f"a;b\n1;{long}\n", f"{long},b\n1,2\n"):
        assert read_table(write(text)).shape == (1, 2)


def test_gzip_and_byte_order_marks_change_nothing(write):
    plain = read_table(write(HEADER + ROW))
    for content, name in (
        (gzip.compress((HEADER + ROW).encode(), mtime=0), "t.csv.gz"),
        ((HEADER + ROW).encode("utf-8-sig"), "t.txt"),
        ((HEADER + ROW).encode("utf-16"), "u.csv"),
        ((HEADER + ROW).replace(",", "\t").encode(), "t.tsv"),
    ):
        pd.testing.assert_frame_equal(read_table(write(content, name)), plain)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (HEADER + "1,2,0,\n" * 3, "t.csv", "more fields (4) than its header (3)"),
        (HEADER + ROW + "1,2,3,4\n", "t.csv", "Expected 3 fields in line 3, saw 4"),
        (HEADER + '1,"2,0\n' + ROW, "t.csv", "cannot be read as a table"),
        ('"a,1","a,1",b\n1,2,3\n', "t.csv", "has the column 'a,1' 2 times"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "t.csv.gz", "cannot be read as a table"),
        (b"a,b\n1,2\n", "t.csv.gz", "Not a gzipped file"),
        (b"{}\nx", "t.jsonl", "cannot be read as a table"),
        (b"none", "t.duckdb", "cannot be read as a table"),
        (b"none", "t.parquet", "cannot be read as a table"),
        (b" \n ", "t.csv", "is empty"),
        (HEADER + "1,\u00e9,0\n" * 9_000 + "1,\u00e9,0\n", "t.csv", ""),
    ],
)
def test_broken_files_are_refused_in_three_parts(content, name, words, write):
    if not words:  # the byte that is no UTF-8 may stand far behind the header
        content, words = content.encode()[:-5] + b"\xe9,0\n", "not UTF-8 text (it holds the byte 0xe9)"
    with pytest.raises(ReadError) as error:
        read_table(write(content, name))
    refused(error, words)


@pytest.mark.parametrize("query", ["duckdb:", "duckdb:#", "duckdb:#SELECT nope", "duckdb:none.db#FROM t"])
def test_queries_that_fail_are_refused_in_three_parts(query):
    with pytest.raises(ReadError) as error:
        read_table(query)
    refused(error, "")


def test_every_way_to_bring_a_table_brings_the_same(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    frame.to_json(tmp_path / "t.jsonl", lines=True, orient="records")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM frame")
    for source in (*tmp_path.iterdir(), f"duckdb:#FROM '{tmp_path / 't.parquet'}'", frame.to_dict("list")):
        read = read_table(source if isinstance(source, dict) else str(source))
        assert read.columns.tolist() == ["a", "b"]
        assert read["a"].tolist() == [1, 2, 3]
        assert pd.isna(read["b"]).tolist() == [False, True, False]


def frame(n=60, **columns):
    return pd.DataFrame({"a": np.arange(n) * 0.5 % 7, "b": list("xyz") * (n // 3), "y": [0, 1] * (n // 2)})


@pytest.mark.parametrize(
    "roles",
    [
        Roles("y", weight="y"),
        Roles("y", groups="y"),
        Roles("y", time="y"),
        Roles("y", weight="a", groups="a"),
    ],
)
def test_no_column_plays_two_parts(roles):
    with pytest.raises(InputError) as error:
        dataset_from_frame(frame(), roles)
    refused(error, "is named as the")


def test_a_day_may_be_group_and_time():
    day = np.arange(60) // 6
    dataset = dataset_from_frame(frame().assign(day=day), Roles("y", groups="day", time="day"))
    assert dataset.groups is not None
    assert dataset.time is not None


def test_rows_of_weight_zero_are_not_there():
    table, weight = frame().assign(w=np.arange(60) % 3), np.arange(60) % 3
    dataset = dataset_from_frame(table, Roles("y", weight="w"))
    kept = make_dataset(table.loc[weight > 0, ["a", "b"]], table["y"][weight > 0])
    np.testing.assert_array_equal(dataset.y, kept.y)
    assert dataset.weight is not None
    assert (dataset.weight > 0).all()
    assert "zero_weight" in {finding.code for finding in dataset.findings}
    with pytest.raises(TargetError, match="one class only"):
        dataset_from_frame(table.assign(w=table["y"]), Roles("y", weight="w"))


@pytest.mark.parametrize("role", ["weight", "groups", "time"])
def test_extras_of_another_length_are_refused(role):
    table = frame()
    with pytest.raises(InputError) as error:
        make_dataset(table[["a", "b"]], table["y"], Extras(**{role: np.ones(59)}))
    refused(error, f"The {role} has the shape (59,)")


@pytest.mark.parametrize(
    ("roles", "values", "words"),
    [
        (Roles("y", groups="g"), 1, "cannot be divided"),
        (Roles("y", time="g"), 1, "All rows have the same time"),
        (Roles("y", time="g"), [*["2020-01-01"] * 59, ""], "1 value(s) of the time"),
        (Roles("y", weight="g"), -1, "negative, missing or only zero"),
        (Roles("y", weight="g"), [*[1] * 59, None], "negative, missing or only zero"),
        (Roles("y", weight="g"), 0, "negative, missing or only zero"),
    ],
)
def test_roles_that_cannot_be_played_are_refused(roles, values, words):
    with pytest.raises(InputError) as error:
        make_folds(dataset_from_frame(frame().assign(g=values), roles), 3, 0)
    refused(error, words)


def test_a_table_of_the_target_alone_is_refused():
    with pytest.raises(InputError) as error:
        dataset_from_frame(frame()[["y"]], Roles("y"))
    refused(error, "no column besides the target")


def test_columns_that_tell_nothing_are_learned_from_by_nobody():
    portfolio = make_portfolio(make_dataset(frame()[["a"]] * 0, frame()["y"]), 60.0)
    assert not portfolio.plans
    assert {reason for _, reason in portfolio.skipped} == {"no column tells anything"}


def test_books_in_cells_are_told_from_numbers_at_once():
    table = frame(60).assign(s=["word " * 200_000 + str(i) for i in range(30)] * 2)
    began = time.monotonic()
    assert dataset_from_frame(table, Roles("y")).schema["s"].kind == "text"
    assert time.monotonic() - began < 15

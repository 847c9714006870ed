"""What people bring is understood, or refused with what came, what is allowed and what to do."""

import numpy as np
import pandas as pd
import pytest

from twofold.core.errors import InputError, ReadError, SchemaError, TargetError
from twofold.data.infer import infer_schema
from twofold.data.read import read_table
from twofold.data.target import Extras, Roles, dataset_from_frame, make_dataset
from twofold.steps.conform import columns_of, conform


def kinds(**columns):
    return {c.name: (c.kind, bool(c.unused)) for c in infer_schema(pd.DataFrame(columns)).columns}


def test_kinds_are_inferred():
    n = 60
    generator = np.random.default_rng(0)
    found = kinds(
        price=[f"{v:,}" for v in generator.integers(900, 90_000, n)],
        gaps=["?" if i % 7 == 0 else str(i * 0.5) for i in range(n)],
        day=[f"{1 + i % 12}/{1 + i % 28}/1990 0:00:00" for i in range(n)],
        row=range(n),
        same=["x"] * n,
        empty=[None] * n,
        note=[f"the bird number {i} was seen near the runway at dawn" for i in range(n)],
        town=generator.choice(["Bern", "Rome"], n),
    )
    assert found == {
        "price": ("number", False),
        "gaps": ("number", False),
        "day": ("date", False),
        "row": ("id", True),
        "same": ("category", True),
        "empty": ("category", True),
        "note": ("text", False),
        "town": ("category", False),
    }


def test_a_repeated_column_is_left_out():
    assert kinds(a=[1.5, 2.5, 3.0], b=[1.5, 2.5, 3.0])["b"] == ("number", True)


def test_the_same_category_from_integers_floats_and_text():
    schema = infer_schema(pd.DataFrame({"c": ["3", "4", "x"] * 10}), {"c": "category"})
    for values in (np.array([3, 4]), np.array([3.0, np.nan]), ["3", None]):
        assert conform({"c": values}, schema).columns["c"][0] == "3"


def test_rows_as_dicts_frames_and_arrays_agree():
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [5.0, 6.0, 9.0]})
    schema = infer_schema(frame)
    for data in (frame, frame.to_dict("records"), frame.to_numpy(), frame[["b", "a"]]):
        table = conform(columns_of(data, schema.names), schema)
        np.testing.assert_array_equal(table.columns["b"], frame["b"])


def test_a_missing_column_is_named():
    schema = infer_schema(pd.DataFrame({"a": [1.0, 2.0], "b": [1.5, 2.5]}))
    with pytest.raises(SchemaError, match=r"lacks 1 column.*'b'.*Add them"):
        conform({"a": [1.0]}, schema)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "no row below its header"),
        (b"a,a\n1,2\n", "the column 'a' 2 times"),
        (b"a,b\n1,\xe9\n", "not UTF-8 text.*iconv"),
        (b"a\0b,c\n1,2\n", "binary data"),
    ],
)
def test_bad_files_are_refused(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=message):
        read_table(path)


def test_a_truncated_parquet_file_and_a_missing_file_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": range(100)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReadError, match="cannot be read as a table"):
        read_table(path)
    with pytest.raises(ReadError, match="does not exist"):
        read_table(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (["a"] * 30, "one class only"),
        ([None] * 30, "Every value of the target"),
        ([1.5, np.inf] * 15, "not finite"),
    ],
)
def test_targets_that_cannot_be_learned(target, message):
    frame = pd.DataFrame({"x": np.arange(30) * 0.5, "t": target})
    with pytest.raises(TargetError, match=message):
        dataset_from_frame(frame, Roles("t"))


def test_a_missing_target_and_a_single_row():
    frame = pd.DataFrame({"x": [1.0], "t": ["a"]})
    with pytest.raises(TargetError, match="0 times"):
        dataset_from_frame(frame, Roles("y"))
    with pytest.raises(TargetError, match="1 sample"):
        dataset_from_frame(frame, Roles("t"))


def test_infinite_values_and_bad_weights_are_refused():
    X = pd.DataFrame({"x": [1.0, np.inf, 2.0, 3.0]})
    with pytest.raises(InputError, match="infinite"):
        make_dataset(X, ["a", "b", "a", "b"])
    with pytest.raises(InputError, match="negative"):
        make_dataset(X.fillna(0).clip(upper=9), list("abab"), Extras(weight=[1, -1, 1, 1]))


@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (["+", "-"], ("+", "-")),
        (["some", "none"], ("none", "some")),
        (["+", "-", "0"], ("+", "-", "0")),
        (["yes", "no", "?"], ("no", "yes")),
    ],
)
def test_a_mark_for_missing_is_a_class_where_it_has_to_be_one(words, classes):
    y = np.array(words * 20, dtype=object)
    frame = pd.DataFrame({"x": np.arange(len(y)) % 7})
    assert make_dataset(frame, pd.Series(y)).classes == classes

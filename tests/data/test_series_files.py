"""Series come from .ts files and long frames as written; what breaks the format is named by its line."""

import numpy as np
import pandas as pd
import pytest

from twofold.core.errors import ReadError
from twofold.data.read import read_table
from twofold.data.series_files import from_long, read_ts

TWO = """# a comment
@problemName Example
@timeStamps false
@univariate false
@dimensions 2
@equalLength true
@seriesLength 3
@classLabel true walk run

@data
1,2,3:4,5,6:walk
1,?,3:4,5,NaN:run
"""


def written(tmp_path, text):
    path = tmp_path / "example.ts"
    path.write_text(text)
    return path


def test_a_ts_file_has_series_and_classes(tmp_path):
    frame = read_ts(written(tmp_path, TWO))
    assert frame["target"].tolist() == ["walk", "run"]
    np.testing.assert_array_equal(frame["series"][0], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(frame["series"][1], [[1, np.nan, 3], [4, 5, np.nan]])
    assert frame["series"][0].dtype == np.float32


def test_a_table_may_be_a_ts_file(tmp_path):
    frame = read_table(written(tmp_path, TWO))
    assert frame.columns.tolist() == ["series", "target"]


def test_lengths_may_differ_and_targets_be_values_or_absent(tmp_path):
    values = "@univariate true\n@equalLength false\n@targetLabel true\n@data\n1,2:0.5\n1,2,3:?\n"
    frame = read_ts(written(tmp_path, values))
    assert [one.shape for one in frame["series"]] == [(1, 2), (1, 3)]
    np.testing.assert_array_equal(frame["target"], [0.5, np.nan])
    frame = read_ts(written(tmp_path, "@classLabel false\n@DATA\n1,2:3,4,5\n"))
    assert frame.columns.tolist() == ["series"]
    np.testing.assert_array_equal(frame["series"][0], [[1, 2, np.nan], [3, 4, 5]])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1,2,3:4", "1,two,3:4", "Line 11 of .* holds a word that is no number"),
        (":walk\n", ":swim\n", "Line 11 of .* ends in the class 'swim', which '@classLabel' does not list"),
        ("1,2,3:4,5,6:walk", "1,2,3:walk", "Line 11 of .* has 1 channels where the header says 2"),
        ("1,2,3:4,5,6:walk", "walk", "Line 11 of .* has no series before"),
        ("1,2,3:4,5,6", "1,2,3,4:4,5,6,7", "Line 11 of .* has 4 time points where the header says 3"),
        ("1,2,3:4,5,6", "(0,1),(1,2):(0,1),(1,2)", "Line 11 of .* has time stamps"),
        ("@timeStamps false", "@timeStamps true", "Line 3 of .* announces time stamps"),
        ("@dimensions 2", "@dimensions two", "says '@dimensions two'"),
        ("@data", "data", "Line 10 of .* is no header line"),
        ("@data\n1,2,3:4,5,6:walk\n1,?,3:4,5,NaN:run\n", "", "has no line '@data'"),
        ("1,2,3:4,5,6:walk\n1,?,3:4,5,NaN:run\n", "", "has no series behind '@data'"),
        (
            "@classLabel true walk run",
            "@targetLabel true",
            "Line 11 of .* ends in 'walk', which is no number",
        ),
    ],
)
def test_a_broken_ts_file_is_named_by_its_line(tmp_path, old, new, words):
    assert old in TWO
    with pytest.raises(ReadError, match=words) as caught:
        read_ts(written(tmp_path, TWO.replace(old, new)))
    assert caught.value.allowed
    assert caught.value.todo


def test_no_file_and_no_text_are_named(tmp_path):
    with pytest.raises(ReadError, match="no such file"):
        read_ts(tmp_path / "absent.ts")
    (tmp_path / "binary.ts").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ReadError, match="is not UTF-8 text"):
        read_ts(tmp_path / "binary.ts")


def long_frame():
    """Two channels of three series, in any order."""
    rows = [
        (who, time, channel, 100 * who + 10 * time + (channel == "y"), "ab"[who % 2], who * time)
        for who in (3, 1, 2)
        for time in range(who + 2)
        for channel in "xy"
    ]
    frame = pd.DataFrame(rows, columns=["who", "time", "channel", "v", "label", "other"])
    return frame.sample(frac=1, random_state=0)


def test_a_long_frame_becomes_one_row_a_series():
    frame = long_frame()
    wide = from_long(frame, id="who", time="time", value="v", channel="channel")
    assert wide.columns.tolist() == ["who", "label", "series"]
    assert wide["who"].tolist() == list(dict.fromkeys(frame["who"]))
    for who, label, series in wide.itertuples(index=False):
        time = np.arange(who + 2)
        np.testing.assert_array_equal(series, [100 * who + 10 * time, 100 * who + 10 * time + 1])
        assert label == "ab"[who % 2]


def test_several_value_columns_are_channels():
    frame = long_frame().pivot(index=["who", "time", "label"], columns="channel", values="v").reset_index()
    wide = from_long(frame, id="who", time="time", value=["x", "y"])
    expected = from_long(long_frame(), id="who", time="time", value="v", channel="channel")
    ours = dict(zip(wide["who"], wide["series"], strict=True))
    for who, series in zip(expected["who"], expected["series"], strict=True):
        np.testing.assert_array_equal(ours[who], series)


def test_without_time_rows_keep_their_order():
    frame = pd.DataFrame({"who": ["b", "a", "b", None, "a"], "v": [1, 2, None, 4, 5]})
    wide = from_long(frame, id="who", value="v")
    assert wide["who"].tolist() == ["b", "a"]
    np.testing.assert_array_equal(wide["series"][0], [[1, np.nan]])
    np.testing.assert_array_equal(wide["series"][1], [[2, 5]])
    frame = frame.assign(part=["x", "x", "y", "x", "x"])
    wide = from_long(frame, id="who", value="v", channel="part")
    np.testing.assert_array_equal(wide["series"][0], [[1], [np.nan]])
    np.testing.assert_array_equal(wide["series"][1], [[2, 5], [np.nan, np.nan]])


def test_an_empty_long_frame_is_an_empty_frame():
    frame = pd.DataFrame({"who": [], "v": [], "c": []})
    assert from_long(frame, id="who", value="v").columns.tolist() == ["who", "c", "series"]
    assert len(from_long(frame, id="who", value="v", channel="c")) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"id": "nobody", "value": "v"}, "There is no column 'nobody'"),
        ({"id": "who", "value": ["v", "other"], "channel": "channel"}, "2 columns of values and a column"),
        ({"id": "who", "value": "label"}, "The column 'label' holds values that are no numbers"),
        ({"id": "who", "value": "v", "time": "who", "channel": "channel"}, "two values of one channel"),
    ],
)
def test_a_long_frame_that_cannot_be_gathered_says_why(arguments, words):
    with pytest.raises(ReadError, match=words):
        from_long(long_frame(), **arguments)


def test_a_column_of_the_name_of_the_result_is_refused():
    with pytest.raises(ReadError, match="a column 'series' of its own"):
        from_long(long_frame().assign(series=1), id="who", value="v")

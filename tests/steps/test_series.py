"""Series of every shape are read, brought to one length, and make finite features; bad cells are named."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bundle.test_encode import through
from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.steps.cells import pack_array, unpack_array
from twofold.steps.minirocket import MiniRocket
from twofold.steps.series import decode, regular, series_cell

NAMES = ("minirocket", "quant", "series_summary", "regular_series")
VALUES = st.floats(-1e6, 1e6, width=32) | st.just(float("nan")) | st.just(float("inf"))
LISTS = st.lists(st.none() | st.lists(VALUES, min_size=1, max_size=25), min_size=1, max_size=8)


def table_of(series):
    cells = np.empty(len(series), dtype=object)
    cells[:] = [series_cell(one) for one in series]
    return Table({"x": cells}, len(series), {})


def walks(*shape, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=shape), axis=-1).astype(np.float32)


@pytest.mark.parametrize(
    "value",
    [
        [1, 2.5, None],
        (1, 2.5, float("nan")),
        np.array([1, 2.5, np.nan]),
        pd.Series([1, 2.5, None], index=[7, 8, 9]),
        pd.Series([1.0, 2.5, pd.NA], dtype="Float64"),
        [["1", "2.5", "nan"]],
        "1 2.5 nan",
        "1, 2.5, ?",
        "1;2.5;",
        " [1. 2.5 nan] ",
        "[1, 2.5, null]",
        np.array([[1, 2.5, np.nan]], dtype=object),
        pack_array(np.array([1, 2.5, np.nan])),
        pd.DataFrame({"a": [1, 2.5, None]}),
    ],
)
def test_whatever_people_write_is_the_same_series(value):
    found = decode(table_of([value]), "x").values
    np.testing.assert_array_equal(found, np.array([1, 2.5, np.nan], dtype=np.float32))


@pytest.mark.parametrize(
    "value", [None, float("nan"), pd.NA, pd.NaT, "", " ", "?", "nan", [], np.empty(0), b""]
)
def test_nothing_is_nothing(value):
    assert series_cell(value) is None


def test_channels_stand_below_each_other_and_short_ones_end_in_gaps():
    wanted = [[1, 2, 3], [4, 5, np.nan]]
    for value in ([[1, 2, 3], [4, 5]], "[[1, 2, 3], [4, 5]]", np.array(wanted), pd.DataFrame(wanted).T):
        np.testing.assert_array_equal(unpack_array(series_cell(value)), wanted)


def test_files_are_read_by_their_path(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1, 2], [3, 4]]))
    (tmp_path / "b.csv").write_text("left,right\n1,3\n2,4\n")
    (tmp_path / "c.csv").write_text("1,2,3\n")
    (tmp_path / "d.csv").write_text("1\n\n2\n")
    paths = [tmp_path / name for name in ("a.npy", "b.csv", "c.csv", "d.csv")]
    series = decode(table_of([*map(str, paths[:3]), paths[3]]), "x")
    np.testing.assert_array_equal(series.values, [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 1, 2])
    assert series.channels.tolist() == [2, 2, 1, 1]


def too_many_values():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(10_000_001, dtype=np.int8))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (too_many_values(), "10,000,001 values are more than the 10,000,000"),
        (np.zeros((1001, 2)), r"1,001 channels are more than the 1,000.*\(channels, length\)"),
        (np.zeros((2, 2, 2)), r"its shape is \(2, 2, 2\)"),
        ({"a": 1}, "it is no series; allowed are numbers in a row"),
        (object(), "it is no series"),
        ("hello world", "it is no series"),
        (["a", "b"], "it is no series"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "it is no series"),
        (np.array([1j]), "it is no series"),
        ("absent.npy", "no such file"),
        (b"abc", "no array in the .npy form"),
        (pack_array(np.arange(20.0, dtype=np.float32)[None])[:-4], "no whole array"),
        (pack_array(np.arange(20.0))[:-4], "no whole array"),
        (pack_array(np.array(["a"])), "of the type <U1"),
        ("[[1, 2], [", "it is no series"),
        ("[" * 100_000, "it is no series"),
    ],
)
def test_what_is_no_series_is_named_and_counts_as_missing(value, words):
    table = table_of([[1, 2, 3], value])
    features = make_extractor("regular_series").make("x", table, 0).run(table)
    assert np.isnan(features[1]).all()
    assert np.isfinite(features[0]).all()
    (complaint,) = table.complaints
    assert (complaint.column, complaint.row) == ("x", 1)
    assert re.search(words, complaint.reason)


def test_a_csv_with_a_word_or_a_short_row_is_named(tmp_path):
    (tmp_path / "word.csv").write_text("1\n2\nthree\n")
    (tmp_path / "short.csv").write_text("1,2\n3\n")
    (tmp_path / "none.csv").write_text("only a header\n")
    table = table_of([str(tmp_path / name) for name in ("word.csv", "short.csv", "none.csv")])
    assert not decode(table, "x").present.any()
    reasons = [complaint.reason for complaint in table.complaints]
    assert reasons[0].startswith("line 3 holds a word that is no number")
    assert reasons[1] == "row 2 has 1 numbers where the first has 2"
    assert reasons[2].startswith("it holds no numbers")


@given(LISTS, st.integers(1, 30))
@settings(deadline=None, max_examples=60)
def test_a_common_length_is_what_interpolation_gives(series, length):
    made = regular(decode(table_of(series), "x"), 1, length)
    for row, values in enumerate(series):
        x = np.array([] if values is None else values, dtype=np.float64)
        known = np.isfinite(x)
        if not known.any():
            expected = np.zeros(length)
        else:
            filled = np.interp(np.arange(len(x)), np.flatnonzero(known), x[known])
            expected = np.interp(np.linspace(0, len(x) - 1, length), np.arange(len(x)), filled)
        np.testing.assert_allclose(made[row, 0], expected, rtol=1e-5, atol=0.5)


ODD = [
    walks(3, 40),
    np.full((3, 40), 7.0),
    [[1.0]],
    walks(2, 25, seed=1),
    None,
    [[1.0, np.nan, 3.0] * 5, [np.nan] * 15, [np.inf, 2.0, -1.0] * 5],
    [np.nan, np.nan],
    walks(5, 300, seed=2),
    walks(1, 2, seed=3),
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_series_make_finite_features_and_missing_ones_a_row_of_nan(name):
    table = table_of(ODD)
    extractor = make_extractor(name)
    step = extractor.make("x", table, 0)
    made = step.run(table)
    assert made.dtype == np.float32
    assert made.shape == (len(ODD), step.width)
    missing = [one is None or row == 6 for row, one in enumerate(ODD)]
    assert np.isnan(made[missing]).all()
    assert np.isfinite(made[np.logical_not(missing)]).all()
    assert table.complaints == ()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_as_many_as_features_and_all_different(name):
    table = table_of(walks(3, 2, 50))
    extractor = make_extractor(name)
    step = extractor.make("x", table, 0)
    names = extractor.names(step)
    assert len(names) == step.width
    assert len(set(names)) > 0.9 * len(names)  # thresholds and intervals may coincide once rounded


@pytest.mark.parametrize("name", NAMES)
def test_a_row_has_the_same_features_alone_and_in_any_order(name):
    table = table_of(ODD)
    step = make_extractor(name).make("x", table, 0)
    made = step.run(table)
    order = np.random.default_rng(0).permutation(len(ODD))
    np.testing.assert_allclose(step.run(table.take(order)), made[order], rtol=1e-5, atol=1e-5)
    for row in range(len(ODD)):
        np.testing.assert_allclose(step.run(table.take(np.array([row])))[0], made[row], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("series", [[], [None], [None, None, float("nan")]])
def test_nothing_to_learn_from_and_nothing_to_answer(name, series):
    table = table_of(series)
    step = make_extractor(name).make("x", table, 0)
    made = step.run(table)
    assert made.shape == (len(series), step.width)
    assert np.isnan(made).all()
    later = table_of(walks(2, 1, 30))
    assert np.isfinite(step.run(later)).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_extractor_learns_the_same_from_the_same_seed(name):
    table = table_of(walks(6, 2, 40))
    first, again = (make_extractor(name).make("x", table, 3) for _ in range(2))
    assert first.key == again.key


@pytest.mark.parametrize("name", NAMES)
def test_a_step_answers_alike_after_it_was_written_and_read(name):
    table = table_of(walks(4, 2, 30))
    step = make_extractor(name).make("x", table, 0)
    again = through(step)
    assert again.key == step.key
    np.testing.assert_array_equal(again.extract(table), step.extract(table))


def test_patterns_and_raw_series_do_not_see_the_unit_of_a_channel():
    X = walks(6, 2, 50)
    moved = X * np.array([1024.0, 0.25], np.float32)[:, None] + np.array([4096.0, -8.0], np.float32)[:, None]
    for name, atol in (("minirocket", 0.1), ("regular_series", 1e-4)):
        made = [make_extractor(name).make("x", t, 0).run(t) for t in (table_of(X), table_of(moved))]
        gap = np.abs(made[0] - made[1])
        assert gap.max() < atol
        assert gap.mean() < 1e-4


def test_quantiles_and_the_summary_follow_the_unit():
    X = walks(6, 1, 50)
    quant = [make_extractor("quant").make("x", t, 0).run(t) for t in (table_of(X), table_of(X * 4))]
    np.testing.assert_allclose(quant[1], quant[0] * 4, rtol=1e-6)
    extractor = make_extractor("series_summary")
    step = extractor.make("x", table_of(X), 0)
    plain, larger = step.run(table_of(X)), step.run(table_of(X * 4 + 1))
    for place, word in enumerate(extractor.names(step)):
        expected = plain[:, place]
        if word.startswith(("mean", "quantile")) and word != "mean frequency":
            expected = expected * 4 + 1
        elif word in {"standard deviation", "rise of the fitted line"}:
            expected = expected * 4
        np.testing.assert_allclose(larger[:, place], expected, rtol=1e-3, atol=1e-4, err_msg=word)


def test_the_shape_of_raw_series_is_that_of_their_rows():
    X = walks(5, 3, 20)
    table = table_of(X)
    step = make_extractor("regular_series").make("x", table, 0)
    assert step.shape == (3, 20)
    made = step.run(table).reshape(5, *step.shape)
    np.testing.assert_allclose(made.mean(axis=(0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(made.std(axis=(0, 2)), 1, atol=1e-5)
    np.testing.assert_allclose(made * step.scale[:, None] + step.mean[:, None], X, atol=1e-4)


def test_a_size_is_the_number_of_time_points():
    table = table_of(walks(4, 1, 300))
    assert make_extractor("minirocket@100").make("x", table, 0).length == 100
    assert make_extractor("quant@500").make("x", table, 0).length == 300
    assert make_extractor("quant").make("x", table_of(walks(2, 1, 5_000)), 0).length == 1_000


def test_many_channels_do_not_blow_up_the_features():
    table = table_of(walks(2, 200, 64))
    assert make_extractor("quant").make("x", table, 0).width <= 20_000
    assert make_extractor("minirocket").make("x", table, 0).width == 9_996
    assert make_extractor("regular_series").make("x", table_of(walks(2, 900, 500)), 0).width <= 100_000


def test_a_pattern_counts_each_time_point_of_long_series():
    X = walks(3, 1, 1_000)
    step = make_extractor("minirocket").make("x", table_of(X), 0)
    assert isinstance(step, MiniRocket)
    place = step.width - 1  # the last pattern of the largest dilation, points 6, 7 and 8
    number = len(step.dilations) - 1
    dilation = int(step.dilations[-1])
    x = (X[:, 0] - step.mean) / step.scale
    padded = np.pad(x, [(0, 0), (4 * dilation, 4 * dilation)])
    parts = [padded[:, k * dilation : k * dilation + 1_000] for k in range(9)]
    found = 3 * (parts[6] + parts[7] + parts[8]) - sum(parts)
    if (number + 83) % 2:
        found = found[:, 4 * dilation : -4 * dilation]
    shares = (found > step.biases[place]).mean(axis=1)
    np.testing.assert_allclose(step.run(table_of(X))[:, place], shares, atol=2e-3)

"""What scikit-learn's door is given by mistake: refused in three parts, or understood."""

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import twofold
from tests.faults.conftest import make_table
from twofold import TwofoldClassifier, TwofoldRegressor
from twofold.core.errors import InputError, TargetError

FRAME = make_table(80)
X, Y = FRAME[["size", "town"]], (FRAME["sold"] == "yes").to_numpy().astype(int)
N = len(Y)


def fails(error, words=""):
    assert words in error.value.came, error.value.came
    assert error.value.allowed, error.value
    assert error.value.todo, error.value
    assert error.value.exit_code == 2


LABELS = {
    "bytes": np.array([b"u", b"v"])[Y],
    "dates": np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]")[Y],
    "durations": Y.astype("m8[s]"),
    "tuples": pd.Series([(1, 2) if v else (3, 4) for v in Y]),
    "lists": pd.Series([[1] if v else [2] for v in Y]),
    "dicts": pd.Series([{} if v else {"a": 1} for v in Y]),
    "one for each row": np.array([f"u{i}" for i in range(N)]),
    "nothing": None,
    "too few": Y[:-1],
    "one class beside missing ones": pd.array([True, None] * (N // 2), dtype="boolean"),
}


@pytest.mark.parametrize("what", LABELS)
def test_labels_that_cannot_be_written_down_are_refused(what):
    with pytest.raises(InputError) as error:
        TwofoldClassifier(max_trials=1).fit(X, LABELS[what])
    fails(error)
    if what not in {"nothing", "too few"}:
        assert isinstance(error.value, TargetError)
        with pytest.raises(InputError):
            twofold.fit(X.assign(y=pd.Series(LABELS[what])), target="y", max_trials=1)


GOOD = {
    "nullable booleans": (
        pd.Series(pd.array([True, None, False, False] * 20, dtype="boolean")),
        {True, False},
    ),
    "objects of numpy": (np.array(list(Y), dtype=object), {0, 1}),
    "mixed types": (np.array([1, "x"], dtype=object)[Y], {1, "x"}),
    "decimals": (np.array([decimal.Decimal("1.5"), decimal.Decimal("2")], dtype=object)[Y], {1.5, 2.0}),
    "text of numpy": (np.array(["u ", "v"])[Y], {"u", "v"}),
    "few bits": (Y.astype(np.int8), {0, 1}),
    "a category never used": (
        pd.Categorical(np.array(["u", "v"])[Y], categories=["w", "v", "u"]),
        {"u", "v"},
    ),
}


@pytest.mark.parametrize("what", GOOD)
def test_labels_come_back_as_they_were_meant(what, tmp_path):
    labels, classes = GOOD[what]
    model = TwofoldClassifier(max_trials=1, folds=2, n_jobs=1, candidates=["tree"]).fit(X, labels)
    assert set(model.classes_.tolist()) == classes
    loaded = twofold.load(model.save(tmp_path / "m"))
    assert loaded.predict(X).tolist() == model.predict(X).tolist()
    assert set(loaded.predict(X).tolist()) <= classes


@pytest.mark.parametrize(
    "table",
    [
        X.set_axis(["a", "a"], axis=1),
        X.set_axis([1, "1"], axis=1),
        X[[]],
        X.iloc[:0],
        X.iloc[:1],
        X.assign(size=[np.inf, *X["size"][1:]]),
    ],
    ids=["doubled", "doubled as text", "no column", "no row", "one row", "infinite"],
)
def test_tables_that_cannot_be_learned_are_refused(table):
    with pytest.raises(InputError) as error:
        TwofoldClassifier(max_trials=1).fit(table, Y[: len(table)])
    fails(error)


def test_doubled_columns_are_no_fault_of_the_model():
    model = TwofoldClassifier(max_trials=1, folds=2, candidates=["tree"]).fit(X, Y)
    for ask in (model.predict, model.predictor_.predict):
        with pytest.raises(InputError) as error:
            ask(pd.concat([X, X], axis=1))
        fails(error)


def test_arrow_and_dicts_keep_their_names():
    model = TwofoldClassifier(max_trials=1, folds=2, candidates=["tree"]).fit(pa.Table.from_pandas(X), Y)
    assert model.feature_names_in_.tolist() == ["size", "town"]
    for same in (X[["town", "size"]], X.to_dict("list"), pa.Table.from_pandas(X)):
        np.testing.assert_array_equal(model.predict_proba(same), model.predict_proba(X))


def test_odd_names_are_names_like_others(tmp_path):
    names = ["table", "features", "prediction", "embedding", "größe 🎉", 'q",\n{[:]}', "x" * 3_000, ""]
    g = np.random.default_rng(0)
    frame = pd.DataFrame(g.normal(size=(80, len(names))), columns=names)
    model = TwofoldClassifier(max_trials=2, folds=2, n_jobs=1).fit(frame, Y)
    answers = twofold.load(model.save(tmp_path / "m")).predict_proba(frame)
    np.testing.assert_allclose(answers, model.predict_proba(frame), atol=1e-12)


OPTIONS = {
    "folds": ["3", 1.5, 0, True],
    "n_jobs": ["2", 0, -5],
    "max_trials": ["2", 0, 1.5],
    "budget": [None, [1], True, "soon", float("nan"), -1],
    "memory": [[1], "much"],
    "prefer": [None, "beauty"],
    "candidates": [3, [3], {"tree": 1}, ["luck"]],
    "metric": [3, "luck", [[0, 1]], [[0, np.nan], [1, 0]], lambda y, p: 1 / 0, lambda y, p: "x"],
    "schema": [["size"], 3, {"size": 3}, {"none": "number"}],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in OPTIONS.items() for value in values]
)
def test_options_of_another_type_are_refused(name, value):
    with pytest.raises(InputError) as error:
        TwofoldClassifier(**{"max_trials": 1, "folds": 2, name: value}).fit(X, Y)
    fails(error)


@pytest.mark.parametrize("role", ["sample_weight", "groups", "time"])
@pytest.mark.parametrize("value", [3, [1], np.ones((N, 2)), ["a"] * N], ids=["one", "short", "wide", "words"])
def test_extras_of_another_shape_are_refused(role, value):
    if role == "groups" and len(np.shape(value)) == 1 and len(value) == N:
        value = ["a"] * N  # one group for all
    with pytest.raises(InputError) as error:
        TwofoldClassifier(max_trials=1, folds=2).fit(X, Y, **{role: value})
    fails(error)


@pytest.mark.parametrize("target", [["u", "v"] * 40, np.where(Y, np.inf, 1.0), X["town"]])
def test_values_that_are_no_finite_numbers_are_refused(target):
    with pytest.raises(TargetError) as error:
        TwofoldRegressor(max_trials=1).fit(X, target)
    fails(error)


@pytest.mark.parametrize("data", [None, 3, {"a": [1], "y": [1, 2]}, object()])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(InputError) as error:
        twofold.fit(data, target="y")
    fails(error)

"""A loaded model answers alike for every form of table, from every thread, without the training stack."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.bundle.build import SCHEMA, columns, encoder_nodes, make_bundle
from twofold.bundle import predictor as module
from twofold.bundle.about import About
from twofold.bundle.predictor import Predictor, load
from twofold.bundle.save import save
from twofold.core.errors import BundleError, InputError, SchemaError
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.steps.base import Graph, Node, Step
from twofold.steps.constant import Constant
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers


def predictor(task="binary", **about):
    bundle = make_bundle(task, **about)
    return Predictor(bundle.about, bundle.graph)


FORMS = {
    "dict of arrays": lambda c: c,
    "dict of lists": lambda c: {name: list(values) for name, values in c.items()},
    "list of dicts": lambda c: [dict(zip(c, row, strict=True)) for row in zip(*c.values(), strict=True)],
    "pandas": pd.DataFrame,
    "pandas with other index": lambda c: pd.DataFrame(c, index=np.arange(50) + 7),
    "pandas with further columns, reordered": lambda c: pd.DataFrame(
        {"more": 1, **dict(reversed(c.items()))}
    ),
    "pandas with category columns": lambda c: pd.DataFrame(c).astype({"job": "category"}),
    "arrow": lambda c: pa.table({name: list(values) for name, values in c.items()}),
    "array": lambda c: np.array(list(zip(*c.values(), strict=True)), dtype=object),
    "nested list": lambda c: [list(row) for row in zip(*c.values(), strict=True)],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_table_gets_the_same_answers(form):
    model = predictor()
    np.testing.assert_array_equal(model.output(FORMS[form](columns())), model.output(columns()))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_rows_do_not_depend_on_each_other(task):
    model = predictor(task)
    whole = model.output(columns())
    rows = FORMS["list of dicts"](columns())
    alone = np.vstack([model.output([row]) for row in rows])
    np.testing.assert_allclose(alone, whole, rtol=1e-12)
    np.testing.assert_allclose(model.output(rows[::-1]), whole[::-1], rtol=1e-12)


@pytest.mark.parametrize("form", ["dict of arrays", "pandas", "arrow", "list of dicts"])
def test_large_data_goes_through_in_chunks_and_comes_out_the_same(form, monkeypatch):
    whole = predictor("multiclass").output(columns())
    sizes = []
    run = Graph.run
    monkeypatch.setattr(module, "CHUNK", 16)
    model = predictor("multiclass")
    monkeypatch.setattr(Graph, "run", lambda self, x: sizes.append(x["table"].n_rows) or run(self, x))
    np.testing.assert_allclose(model.output(FORMS[form](columns())), whole, rtol=1e-12)
    assert sizes == [16, 16, 16, 2]


def test_no_rows_get_no_answers():
    for task, kind in (("binary", object), ("regression", np.float64)):
        model = predictor(task)
        answer = model.predict(pd.DataFrame(columns())[:0])
        assert answer.shape == (0,)
        assert answer.dtype == kind
        assert model.output(pd.DataFrame(columns())[:0]).shape == (0, model._width)


def test_probabilities_belong_to_classes():
    model = predictor("multiclass")
    proba = model.predict_proba(columns())
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert model.predict(columns()).tolist() == [model.classes_[k] for k in proba.argmax(axis=1)]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.1])
def test_the_threshold_decides(threshold):
    model = predictor(threshold=threshold)
    expected = np.where(model.predict_proba(columns())[:, 1] >= threshold, "yes", "no")
    assert model.labels(model.predict_proba(columns())).tolist() == expected.tolist()
    assert model.predict(columns()).tolist() == expected.tolist()


def test_regression_gives_values_and_has_no_probabilities():
    model = predictor("regression")
    assert model.predict(columns()).shape == (50,)
    assert model.classes_.shape == (0,)
    assert not model.capabilities.probabilities
    with pytest.raises(InputError, match="Only classification has probabilities"):
        model.predict_proba(columns())


def test_batches_are_answered_one_after_the_other():
    model = predictor()
    seen = []

    def batches():
        for start in (0, 25):
            seen.append(start)
            yield pd.DataFrame(columns())[start : start + 25]

    answers = model.predict_batches(batches())
    first = next(answers)
    assert seen == [0]
    assert np.concatenate([first, *answers]).tolist() == model.predict(columns()).tolist()


def test_missing_columns_are_named():
    with pytest.raises(SchemaError, match="'wage'"):
        predictor().predict({"age": [1.0], "job": ["cook"]})


def test_one_dict_of_values_is_explained():
    with pytest.raises(InputError, match=r"write predict\(\[row\]\)"):
        predictor().predict({"age": 1.0, "wage": None, "job": "cook"})


@pytest.mark.parametrize("data", [None, 3, "a", np.zeros(3), np.zeros((2, 2)), np.zeros((2, 3, 4)), []])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(InputError):
        predictor().predict(data)


@dataclass(frozen=True)
class Breaks(Step):
    kind = "breaks"

    def run(self, *inputs):
        raise RuntimeError("inside of a library")


@pytest.mark.parametrize(
    ("step", "match"),
    [
        (Breaks(), "RuntimeError: inside of a library"),
        (Constant(np.ones(5)), r"shape \(50, 5\)"),
        (Linear(np.ones((1, 99)), np.zeros(1), "sigmoid"), "ValueError"),
        (Linear(np.ones((1, 8)), np.zeros(1), "no link"), "is not a link"),
    ],
)
def test_a_step_that_fails_is_told_as_a_fault_of_the_bundle(step, match):
    about = make_bundle().about
    graph = Graph((*encoder_nodes(), Node(step, ("features",), "prediction")))
    with pytest.raises(BundleError, match=match):
        Predictor(about, graph).predict(columns())
    with pytest.raises(BundleError):
        Predictor(about, graph).check()


def test_threads_share_a_model(tmp_path):
    model = load(save(make_bundle("multiclass", onnx=True), tmp_path / "m"))
    expected = model.output(columns())
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: model.output(columns()), range(80)))
    assert all(np.array_equal(answer, expected) for answer in answers)


def test_it_says_what_it_is():
    model = predictor()
    assert (model.task, model.schema, model.metadata) == ("binary", SCHEMA, None)
    assert model.capabilities.kinds == {"number", "category"}
    assert not model.capabilities.update
    assert repr(model) == "Predictor(task='binary', target='answer', columns=3, model='linear')"


LIGHT = """
import sys
for name in ("torch", "sklearn", "pandas", "onnx", "lightgbm", "catboost", "matplotlib", "optuna", "pyarrow",
             "duckdb", "scipy", "psutil", "typer", "rich", "jinja2", "yaml"):
    sys.modules[name] = None
from twofold.bundle.predictor import load
model = load(sys.argv[1])
row = {"age": 31.0, "wage": None, "job": "cook"}
print(model.predict([row])[0], repr(float(model.predict_proba([row])[0, 1])))
heavy = {name.split(".")[0] for name, module in sys.modules.items() if module is not None}
print(sorted(heavy & {"torch", "sklearn", "pandas", "onnx", "lightgbm", "scipy"}))
"""


def test_prediction_needs_numpy_and_onnxruntime_alone(tmp_path):
    place = save(make_bundle(onnx=True), tmp_path / "m")
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(place)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    row = {"age": 31.0, "wage": None, "job": "cook"}
    proba = load(place).predict_proba([row])[0, 1]
    assert done.stdout.split("\n")[:2] == [f"{load(place).predict([row])[0]} {float(proba)!r}", "[]"]


def test_the_predictor_adds_little_to_its_steps():
    names = tuple(f"c{i}" for i in range(20))
    about = About("regression", "y", (), Schema(tuple(Column(name, "number") for name in names)))
    graph = Graph(
        (
            Node(Numbers(names), ("table",), "X"),
            Node(Linear(np.ones((1, 20)), np.zeros(1), "identity"), ("X",), "prediction"),
        )
    )
    model = Predictor(about, graph)
    table = Table({name: np.ones(1) for name in names}, 1)

    def fastest(call):
        times = []
        for _ in range(300):
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        return min(times)

    columns = dict(table.columns)
    through = fastest(lambda: model.output(columns))
    steps = fastest(lambda: graph.run({"table": table}))
    assert through - steps < 0.0003

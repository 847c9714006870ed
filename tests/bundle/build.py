"""Small models for the tests of this folder."""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from twofold.bundle.about import About, Bundle
from twofold.bundle.parity import Parity
from twofold.bundle.signature import hash_of
from twofold.core.schema import Column, Schema
from twofold.steps.base import Graph, Node
from twofold.steps.codes import Codes, OneHot
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers, Scale
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.stack_columns import StackColumns

SCHEMA = Schema((Column("age", "number"), Column("wage", "number"), Column("job", "category")))
LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


def columns(n=50, seed=0):
    rng = np.random.default_rng(seed)
    job = rng.choice(np.array(["cook", "smith", "né\0e", None], dtype=object), n)
    return {"age": rng.normal(40, 9, n), "wage": np.where(rng.random(n) < 0.2, np.nan, 1.0), "job": job}


def encoder_nodes():
    scale = Scale(np.array([40.0, 1.0]), np.array([40.0, 1.0]), np.ones(2), np.array([1]), 3.0)
    return (
        Node(Numbers(("age", "wage")), ("table",), "numbers"),
        Node(scale, ("numbers",), "scaled"),
        Node(Codes(("job",), (np.array(["cook", "smith", "né"]),)), ("table",), "codes"),
        Node(OneHot(np.array([5]), False), ("codes",), "hot"),
        Node(StackColumns(), ("scaled", "hot"), "features"),
    )


def gemm(weights, bias, **changes):
    """Write a linear map as an ONNX model; `changes` are applied to the message before it is serialised."""
    tensors = [
        numpy_helper.from_array(np.asarray(weights.T, dtype=np.float32), "w"),
        numpy_helper.from_array(np.asarray(bias, dtype=np.float32), "b"),
    ]
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"])
    shapes = [("x", [None, weights.shape[1]]), ("y", [None, weights.shape[0]])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes)
    graph = helper.make_graph([node], "g", [x], [y], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    for change in changes.values():
        change(model)
    return model.SerializeToString()


def make_bundle(task="binary", *, onnx=False, seed=0, **about):
    rng = np.random.default_rng(seed)
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    k = {"binary": 1, "multiclass": 3, "regression": 1}[task]
    weights, bias = rng.normal(size=(k, 8)), rng.normal(size=k)
    head = OnnxGraph(gemm(weights, bias), "y", LINKS[task]) if onnx else Linear(weights, bias, LINKS[task])
    graph = Graph((*encoder_nodes(), Node(head, ("features",), "prediction")))
    facts = {
        "task": task,
        "target": "answer",
        "classes": classes,
        "schema": SCHEMA,
        "created": "2026-01-01T00:00:00Z",
        "model": "linear",
        "family": "ml",
        "metrics": {"roc_auc": 0.9, "f1": float("nan")},
        "parity": Parity(2000, 1.0, 1e-9),
        "examples": ({"age": 31.0, "wage": None, "job": "cook"}, {"age": 5.5, "wage": 1, "job": "né"}),
    }
    return Bundle(About(**{**facts, **about}), graph)


def contents(folder):
    """Return every file of a folder by its path within it."""
    folder = Path(folder)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def edit(folder, change):
    """Change the manifest of a bundle as an attacker would: with its own hash made good again."""
    path = Path(folder) / "manifest.json"
    data = json.loads(path.read_text())
    change(data)
    data["sha256"] = hash_of(data)
    path.write_text(json.dumps(data))


def assert_three_parts(error):
    assert error.came, error
    assert error.allowed, error
    assert error.todo, error

"""Write the sample bundles that later versions have to be able to read.

Run once for a new format, never again for an old one: ``python -m tests.bundle.make_samples``.
"""

import json
from pathlib import Path

import numpy as np

from tests.bundle.build import gemm
from twofold.bundle.about import About, Bundle
from twofold.bundle.manifest import FORMAT
from twofold.bundle.parity import Parity
from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.core.schema import Column, Schema
from twofold.steps.base import Graph, Node
from twofold.steps.blend import WeightedMean
from twofold.steps.codes import Codes, OneHot
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers, Scale
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.stack_columns import StackColumns

SAMPLES = Path(__file__).parent / "samples"
KEY = "the key of the samples"


def sample():
    """Make a model of three classes with the steps that every format has had."""
    rng = np.random.default_rng(2026)
    schema = Schema(
        (
            Column("height", "number", "numbers", format="thousands,", missing=0.1, unique=90),
            Column("colour", "category", "few strings", unique=3),
            Column("row", "id", "a number for each row", unused="an id", unique=100),
        )
    )
    scale = Scale(np.array([10.0]), np.array([10.0]), np.array([2.5]), np.array([0]), 3.0)
    weights = rng.normal(size=(3, 7))
    nodes = (
        Node(Numbers(("height",)), ("table",), "numbers"),
        Node(scale, ("numbers",), "scaled"),
        Node(Codes(("colour",), (np.array(["red", "grün", "蓝"]),)), ("table",), "codes"),
        Node(OneHot(np.array([5]), False), ("codes",), "hot"),
        Node(StackColumns(), ("scaled", "hot"), "features"),
        Node(Linear(weights, rng.normal(size=3), "softmax"), ("features",), "by_hand"),
        Node(OnnxGraph(gemm(weights, np.zeros(3)), "y", "softmax"), ("features",), "by_onnx"),
        Node(WeightedMean(np.array([0.25, 0.75])), ("by_hand", "by_onnx"), "prediction"),
    )
    about = About(
        task="multiclass",
        target="bird",
        classes=(1, 2, 30),
        schema=schema,
        created="2026-01-01T00:00:00Z",
        model="blend",
        family="ml",
        verdict="Not compared.",
        metrics={"log_loss": 0.5, "roc_auc": float("nan")},
        parity=Parity(2000, 1.0, 1e-8, 1e-9),
        cold_start=0.2,
        examples=({"height": "1,234.5", "colour": "red", "row": 1},),
    )
    return Bundle(about, Graph(nodes))


def rows():
    """Return rows with missing, unseen and extreme values."""
    heights = ["1,234.5", None, "?", "-7", 12, 1e300, float("nan")]
    colours = ["red", "grün", "蓝", "unseen", None, "", "red"]
    return [{"height": h, "colour": c} for h, c in zip(heights, colours, strict=True)]


def main():
    """Write the sample of this version's format."""
    folder = SAMPLES / f"format-{FORMAT}"
    bundle = sample()
    save(bundle, folder / "model", sign=KEY)
    save(bundle, folder / "model.zip", sign=KEY)
    answers = Predictor(bundle.about, bundle.graph).predict_proba(rows())
    (folder / "expected.json").write_text(
        json.dumps({"rows": rows(), "probabilities": answers.tolist()}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()

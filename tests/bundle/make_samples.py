"""Write the sample bundles that later versions have to be able to read.

Run once for a new format, never again for an old one: ``python -m tests.bundle.make_samples``.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from tests.bundle.build import gemm
from twofold.bundle.about import About, Bundle
from twofold.bundle.elsewhere import STORE
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
from twofold.steps.word_numbers import WordNumbers

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


def slim_sample():
    """Make the same model with a column of text, whose words a slim bundle holds elsewhere."""
    bundle = sample()
    schema = Schema((*bundle.about.schema.columns, Column("song", "text", "long strings", unique=90)))
    words = WordNumbers("song", np.array(["tirili", "zilp", "zalp", "göck"]), 3)
    fill = Scale(np.full(3, 2.0), np.zeros(3), np.full(3, 4.0), np.zeros(0, dtype=np.int64), 0.0)
    by_song = Linear(np.random.default_rng(7).normal(size=(3, 3)), np.zeros(3), "softmax")
    nodes = (
        *(
            replace(node, output="by_sight") if node.output == "prediction" else node
            for node in bundle.graph.nodes
        ),
        Node(words, ("table",), "words"),
        Node(fill, ("words",), "filled"),
        Node(by_song, ("filled",), "by_song"),
        Node(WeightedMean(np.array([0.5, 0.5])), ("by_sight", "by_song"), "prediction"),
    )
    return Bundle(replace(bundle.about, schema=schema), Graph(nodes))


def slim_rows():
    """Return the same rows with songs."""
    songs = ["Zilp, zalp! Zilp.", None, "", "unheard", "GÖCK 🐦 tirili", "zilp " * 50, "tirili"]
    return [{**row, "song": song} for row, song in zip(rows(), songs, strict=True)]


def rows():
    """Return rows with missing, unseen and extreme values."""
    heights = ["1,234.5", None, "?", "-7", 12, 1e300, float("nan")]
    colours = ["red", "grün", "蓝", "unseen", None, "", "red"]
    return [{"height": h, "colour": c} for h, c in zip(heights, colours, strict=True)]


def main():
    """Write the sample of this version's format."""
    folder = SAMPLES / f"format-{FORMAT}"
    bundle = slim_sample()
    store = mock.patch.dict(os.environ, {STORE: str(folder / "store")})
    with store, mock.patch("twofold.bundle.save.LARGE", 0):  # samples are small, so are their blobs
        save(bundle, folder / "model", sign=KEY, slim=True)
        save(bundle, folder / "model.zip", sign=KEY, slim=True)
    answers = Predictor(bundle.about, bundle.graph).predict_proba(slim_rows())
    (folder / "expected.json").write_text(
        json.dumps({"rows": slim_rows(), "probabilities": answers.tolist()}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()

"""The prediction kernels: pure functions of arrays, and the closed list of their kinds.

Every kind of step that a bundle may hold stands in `STEPS`; a loader looks kinds up here and nowhere
else, so a file can never name code of its own.
"""

from __future__ import annotations

from twofold.core.registry import Registry
from twofold.steps.base import EMBEDDING, FEATURES, INPUT, PREDICTION, Graph, Node, Step

STEPS = Registry(
    "twofold.steps",
    {
        "calendar": "twofold.steps.calendar:Calendar",
        "cascade": "twofold.steps.cascade:Cascade",
        "code_tables": "twofold.steps.codes:CodeTables",
        "codes": "twofold.steps.codes:Codes",
        "constant": "twofold.steps.constant:Constant",
        "gaussian_bayes": "twofold.steps.gaussian_bayes:GaussianBayes",
        "hinges": "twofold.steps.numbers:Hinges",
        "isotonic": "twofold.steps.calibrate:Isotonic",
        "kernel_machine": "twofold.steps.kernel_machine:KernelMachine",
        "letters": "twofold.steps.tfidf:Letters",
        "known": "twofold.steps.extraction:Known",
        "lexical": "twofold.steps.tfidf:Lexical",
        "linear": "twofold.steps.linear:Linear",
        "minirocket": "twofold.steps.minirocket:MiniRocket",
        "native_catboost": "twofold.steps.native_catboost:NativeCatBoost",
        "native_lightgbm": "twofold.steps.native_lightgbm:NativeLightGBM",
        "neighbours": "twofold.steps.neighbours:Neighbours",
        "numbers": "twofold.steps.numbers:Numbers",
        "one_hot": "twofold.steps.codes:OneHot",
        "onnx": "twofold.steps.onnx_graph:OnnxGraph",
        "pick": "twofold.steps.numbers:Pick",
        "pool": "twofold.steps.pool:Pool",
        "project": "twofold.steps.tfidf:Project",
        "quant": "twofold.steps.quant:Quant",
        "regular_series": "twofold.steps.regular_series:RegularSeries",
        "scale": "twofold.steps.numbers:Scale",
        "sentence_network": "twofold.steps.sentences:SentenceNetwork",
        "series_summary": "twofold.steps.series_summary:SeriesSummary",
        "stack_columns": "twofold.steps.stack_columns:StackColumns",
        "temperature": "twofold.steps.calibrate:Temperature",
        "weighted_mean": "twofold.steps.blend:WeightedMean",
        "word_vectors": "twofold.steps.word_vectors:WordVectors",
        "words": "twofold.steps.tfidf:Words",
    },
    closed=True,
)

__all__ = ["EMBEDDING", "FEATURES", "INPUT", "PREDICTION", "STEPS", "Graph", "Node", "Step"]

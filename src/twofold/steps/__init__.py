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
        "linear": "twofold.steps.linear:Linear",
        "onnx": "twofold.steps.onnx_graph:OnnxGraph",
    },
    closed=True,
)

__all__ = ["EMBEDDING", "FEATURES", "INPUT", "PREDICTION", "STEPS", "Graph", "Node", "Step"]

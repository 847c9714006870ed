"""Any ensemble of trees as one ONNX graph that decides exactly as the trees do.

Features are float32, so ``x <= t`` for a double threshold t equals ``x <= t32`` where t32 is the largest
float32 not above t. Rounding thresholds down therefore keeps every decision, without double arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph

SCORES = "tree scores"


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees, one entry a node; the root of each tree is its node 0.

    Parameters
    ----------
    tree, node : integer arrays of shape (m,)
    feature : integer array
        -1 at leaves.
    threshold : float64 array
        Left when the feature is at most this.
    left, right : integer arrays
        Node numbers within the tree; 0 at leaves.
    missing_left : boolean array
        Where NaN goes.
    value, target : arrays
        What a leaf adds, and to which output.
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    target: NDArray[np.int64]


def round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each value."""
    near = values.astype(np.float32)
    above = near.astype(np.float64) > values
    near[above] = np.nextafter(near[above], np.float32(-np.inf))
    return near


def lower_trees(trees: Trees, n_features: int, n_outputs: int, link: str) -> Graph:
    """Return the steps from ``features`` to ``prediction``: leaf sums by onnxruntime, then the link."""
    from onnx import TensorProto, helper

    leaf = trees.feature < 0
    attributes = {
        "n_targets": n_outputs,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "nodes_treeids": trees.tree.tolist(),
        "nodes_nodeids": trees.node.tolist(),
        "nodes_featureids": np.where(leaf, 0, trees.feature).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": np.where(leaf, np.float32(0), round_down(trees.threshold)).tolist(),
        "nodes_truenodeids": trees.left.tolist(),
        "nodes_falsenodeids": trees.right.tolist(),
        "nodes_missing_value_tracks_true": trees.missing_left.astype(int).tolist(),
        "target_treeids": trees.tree[leaf].tolist(),
        "target_nodeids": trees.node[leaf].tolist(),
        "target_ids": trees.target[leaf].tolist(),
        "target_weights": trees.value[leaf].tolist(),
    }
    node = helper.make_node("TreeEnsembleRegressor", ["X"], ["scores"], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, n_features])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, n_outputs])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    sums = Node(OnnxGraph(model.SerializeToString(), "scores"), (FEATURES,), SCORES)
    linked = Linear(np.eye(n_outputs), np.zeros(n_outputs), link)
    return Graph((sums, Node(linked, (SCORES,), PREDICTION)))

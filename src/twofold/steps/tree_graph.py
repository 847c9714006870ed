"""Any ensemble of trees as one ONNX graph that decides, and adds up, exactly as the trees do.

Thresholds and leaves are kept in float64 and the graph reads float64, so that every comparison of a
float32 feature is the one that was trained. A leaf of one number becomes a ``TreeEnsemble`` (ai.onnx.ml 5,
about 17 bytes a node); leaves of several numbers need the older ``TreeEnsembleRegressor`` (version 3).
Writing needs the package ``onnx``; running does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph

SCORES = "tree scores"
STRETCH = 50_000
"""Numbers that are Python objects at once."""


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees in flat arrays, and what their leaves hold.

    A row goes left where its feature is at most the threshold.

    Parameters
    ----------
    roots : integer array of shape (t,)
        The node each tree begins with, ascending; a tree's nodes follow its root.
    feature : integer array of shape (m,)
        -1 at leaves.
    threshold : float64 array of shape (m,)
    left, right : integer arrays of shape (m,)
        Nodes; anything at leaves.
    missing_left : boolean array of shape (m,)
        Whether NaN goes left.
    leaf, output, value : arrays of shape (e,)
        The node `leaf` adds `value` to the output of that number. Zeros may be left out.
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    leaf: NDArray[np.int64]
    output: NDArray[np.int64]
    value: NDArray[np.float64]


def join_trees(parts: Sequence[Trees]) -> Trees:
    """Put ensembles one behind the other; their answers add up."""
    sizes = np.array([len(part.feature) for part in parts])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def joined(name: str, *, shifted: bool = False) -> NDArray[Any]:
        arrays = [getattr(part, name) for part in parts]
        return np.concatenate(
            [array + start * shifted for array, start in zip(arrays, starts, strict=True)]
            if shifted
            else arrays
        )

    return Trees(
        joined("roots", shifted=True),
        joined("feature"),
        joined("threshold"),
        joined("left", shifted=True),
        joined("right", shifted=True),
        joined("missing_left"),
        joined("leaf", shifted=True),
        joined("output"),
        joined("value"),
    )


def lower_trees(trees: Trees, n_features: int, head: Linear) -> Graph:
    """Return the steps from ``features`` to ``prediction``.

    Parameters
    ----------
    trees : Trees
    n_features : int
    head : Linear
        What becomes of the sums of the leaves, of shape (n, k): base scores, scale, and the link.
        k is ``head.weights.shape[1]``.
    """
    from onnx import TensorProto, helper

    n_outputs = head.weights.shape[1]
    single = len(np.unique(trees.leaf)) == len(trees.leaf) == int((trees.feature < 0).sum())
    write, version, kind = (_single, 5, "DOUBLE") if single else (_several, 3, "FLOAT")
    name = "TreeEnsemble" if single else "TreeEnsembleRegressor"
    node = helper.make_node(name, ["X"], ["scores"], domain="ai.onnx.ml", n_targets=n_outputs)
    for key, value in write(trees).items():
        if isinstance(value, np.ndarray):
            _fill(node.attribute.add(name=key), value)
        else:
            node.attribute.append(helper.make_attribute(key, value))
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("X", TensorProto.DOUBLE, [None, n_features])],
        [helper.make_tensor_value_info("scores", getattr(TensorProto, kind), [None, n_outputs])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    sums = OnnxGraph(model.SerializeToString(), "scores", dtype="float64")
    return Graph((Node(sums, (FEATURES,), SCORES), Node(head, (SCORES,), PREDICTION)))


def _fill(attribute: Any, values: NDArray[Any]) -> None:
    """Write integers or strings; by stretches, since lists of numbers take five times the room of arrays."""
    strings = values.dtype == object
    attribute.type = attribute.STRINGS if strings else attribute.INTS
    place = attribute.strings if strings else attribute.ints
    for start in range(0, len(values), STRETCH):
        place.extend(values[start : start + STRETCH].tolist())


def _single(trees: Trees) -> dict[str, Any]:
    """Write leaves of one number: splits and leaves are counted apart.

    The operator has no root that is a leaf; such a tree gets a split whose both sides are that leaf.
    """
    from onnx.numpy_helper import from_array

    leaf = trees.feature < 0
    split = ~leaf
    split[trees.roots] = True
    place = np.where(split, np.cumsum(split), np.cumsum(leaf)) - 1
    place_of_leaf = np.cumsum(leaf) - 1
    kept = np.flatnonzero(split)
    stump = leaf[kept]
    sides = [np.where(stump, kept, side[kept]) for side in (trees.left, trees.right)]
    to_leaf = [leaf[side] for side in sides]
    children = [
        np.where(ends, place_of_leaf[side], place[side]) for ends, side in zip(to_leaf, sides, strict=True)
    ]
    order = np.argsort(trees.leaf)
    return {
        "aggregate_function": 1,
        "nodes_featureids": np.where(stump, 0, trees.feature[kept]),
        "nodes_splits": from_array(np.where(stump, 0.0, trees.threshold[kept])),
        "nodes_modes": from_array(np.zeros(len(kept), dtype=np.uint8)),
        "nodes_truenodeids": children[0],
        "nodes_falsenodeids": children[1],
        "nodes_trueleafs": to_leaf[0].astype(int),
        "nodes_falseleafs": to_leaf[1].astype(int),
        "nodes_missing_value_tracks_true": trees.missing_left[kept].astype(int),
        "leaf_targetids": trees.output[order],
        "leaf_weights": from_array(trees.value[order]),
        "tree_roots": place[trees.roots],
    }


def _several(trees: Trees) -> dict[str, Any]:
    """Write leaves of several numbers: nodes are counted within their tree."""
    from onnx.numpy_helper import from_array

    leaf = trees.feature < 0
    nodes = np.arange(len(leaf))
    tree = np.searchsorted(trees.roots, nodes, side="right") - 1
    start = trees.roots[tree]
    return {
        "aggregate_function": "SUM",
        "nodes_treeids": tree,
        "nodes_nodeids": (nodes - start),
        "nodes_featureids": np.where(leaf, 0, trees.feature),
        "nodes_modes": np.array([b"BRANCH_LEQ", b"LEAF"], dtype=object)[
            leaf.astype(int)
        ],  # two strings in all
        "nodes_values_as_tensor": from_array(np.where(leaf, 0.0, trees.threshold)),
        "nodes_truenodeids": np.where(leaf, 0, trees.left - start),
        "nodes_falsenodeids": np.where(leaf, 0, trees.right - start),
        "nodes_missing_value_tracks_true": trees.missing_left.astype(int),
        "target_treeids": tree[trees.leaf],
        "target_nodeids": (trees.leaf - start[trees.leaf]),
        "target_ids": trees.output,
        "target_weights_as_tensor": from_array(trees.value),
    }

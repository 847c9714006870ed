"""What an ONNX model holds and computes: counted node by node, for one row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ASSUMED = 32
"""What an axis of unknown length counts: about the tokens of a short text."""
FRAMES = 100
"""What the first axis counts where it holds no rows: hops of 10 ms in a second of sound."""
TREES = frozenset({"TreeEnsemble", "TreeEnsembleRegressor", "TreeEnsembleClassifier"})
_WORDS = {
    "Conv": "convolution",
    "ConvInteger": "convolution",
    "Gemm": "dense layer",
    "MatMul": "dense layer",
    "MatMulInteger": "dense layer",
    "QGemm": "dense layer",
    "GRU": "GRU",
    "LSTM": "LSTM",
    "Gather": "look-up",
    "TreeEnsemble": "tree ensemble",
    "TreeEnsembleRegressor": "tree ensemble",
    "TreeEnsembleClassifier": "tree ensemble",
}


@dataclass(frozen=True)
class Layer:
    """An operator that holds weights.

    Parameters
    ----------
    word : str
        What it is, for a person.
    output : str
        Its name in the model.
    shape : tuple of int
        Of what it gives for one row; empty where that is not known.
    parameters : int
    multiply_adds : int
        For one row; comparisons, for trees.
    """

    word: str
    output: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class ModelCosts:
    """A model in numbers.

    Parameters
    ----------
    layers : tuple of Layer
        With weights, in running order.
    parameters : int
        Numbers stored: all weights, and of trees thresholds and leaves.
    multiply_adds : int
        For one row: convolutions, products, recurrences; comparisons, for trees.
    trees : bool
    estimated : bool
        Whether the length of an axis was assumed, or an operator has an unknown shape.
    """

    layers: tuple[Layer, ...]
    parameters: int
    multiply_adds: int
    trees: bool
    estimated: bool


@lru_cache(maxsize=32)
def model_costs(model: bytes, side: int = 0) -> ModelCosts:
    """Count the weights and the work of a model.

    Parameters
    ----------
    model : bytes
    side : int
        Length of the unknown axes of its input, such as the side of a picture; 0 assumes `ASSUMED`.
    """
    import onnx

    proto = onnx.load_model_from_string(model)
    unknown = _fix_axes(proto, 1, side or ASSUMED)
    shapes = _shapes(proto)
    if any(axis < 0 for shape in shapes.values() for axis in shape):  # one row is too short for its windows
        proto, unknown = onnx.load_model_from_string(model), True
        _fix_axes(proto, FRAMES, side or ASSUMED)
        shapes = _shapes(proto)
    weights = {item.name: item for item in proto.graph.initializer if _is_weight(item)}
    layers, total, lost = [], 0, False
    unused = dict(weights)
    for node in proto.graph.node:
        own = sum(math.prod(unused.pop(name).dims) for name in node.input if name in unused)
        if node.op_type in TREES:
            stored, work = _trees(node)
            own, shape = own + stored, shapes.get(node.output[0], ())
        else:
            shape = shapes.get(node.output[0], ())
            found = _work(node, shapes)
            lost |= found is None
            work = found or 0
        total += work
        if node.op_type in _WORDS and own:
            layers.append(Layer(_WORDS[node.op_type], node.output[0], shape, own, work))
    trees = any(node.op_type in TREES for node in proto.graph.node)
    stored = sum(math.prod(item.dims) for item in weights.values())
    stored += sum(_trees(node)[0] for node in proto.graph.node if node.op_type in TREES)
    return ModelCosts(tuple(layers), stored, total, trees, lost or (unknown and not side))


def _fix_axes(proto: Any, rows: int, side: int) -> bool:
    """Give every unknown axis of the inputs a length, and say whether there were any but the first."""
    unknown = False
    for item in proto.graph.input:
        for position, axis in enumerate(item.type.tensor_type.shape.dim):
            if not axis.dim_value:
                axis.dim_value = side if position else rows
                unknown |= position > 0
    for item in proto.graph.output:  # would contradict what is inferred now
        item.type.tensor_type.ClearField("shape")
    del proto.graph.value_info[:]
    return unknown


def _is_weight(item: Any) -> bool:
    """Whether an initializer holds weights: numbers in a row, and no shapes, places or single constants."""
    from onnx import TensorProto

    kinds = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.UINT8}
    return len(item.dims) > 0 and item.data_type in kinds


def _shapes(proto: Any) -> dict[str, tuple[int, ...]]:
    from onnx import shape_inference

    inferred = shape_inference.infer_shapes(proto, data_prop=True)
    found = {item.name: tuple(item.dims) for item in proto.graph.initializer}
    for item in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        axes = item.type.tensor_type.shape.dim
        if item.type.tensor_type.HasField("shape") and all(axis.HasField("dim_value") for axis in axes):
            found[item.name] = tuple(int(axis.dim_value) for axis in axes)
    return found


def _work(node: Any, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Return the multiply-adds of a node; None when its shapes are not known."""
    kind = node.op_type
    if kind in {"Conv", "ConvInteger"}:
        out, weight = shapes.get(node.output[0]), shapes.get(node.input[1])
        return math.prod(out) * math.prod(weight[1:]) if out and weight else None
    if kind in {"MatMul", "MatMulInteger", "Gemm", "QGemm"}:
        out, left = shapes.get(node.output[0]), shapes.get(node.input[0])
        if out is None or not left:
            return None
        turned = any(item.name == "transA" and item.i for item in node.attribute)
        return math.prod(out) * left[0 if turned else -1]
    if kind in {"GRU", "LSTM"}:
        x, weight, hidden = (shapes.get(name) for name in node.input[:3])
        if not x or not weight or not hidden:
            return None
        return x[0] * x[1] * (math.prod(weight) + math.prod(hidden))
    return 0


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper, numpy_helper

    found = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    return {
        name: numpy_helper.to_array(value) if hasattr(value, "dims") else value
        for name, value in found.items()
    }


def _trees(node: Any) -> tuple[int, int]:
    """Return the numbers that an ensemble stores, and how many comparisons a row takes on the average.

    A row is taken to end in every leaf of a tree equally often.
    """
    found = _attributes(node)
    if "tree_roots" in found:
        return _flat_trees(found)
    modes = np.array([mode == b"LEAF" for mode in found["nodes_modes"]])
    tree, place = np.asarray(found["nodes_treeids"]), np.asarray(found["nodes_nodeids"])
    roots = np.flatnonzero(place == 0)
    first = roots[np.searchsorted(tree[roots], tree)]
    left = first + np.asarray(found["nodes_truenodeids"])
    right = first + np.asarray(found["nodes_falsenodeids"])
    sides = [np.where(modes, -1, side) for side in (left, right)]
    leaves = len(found.get("target_ids", found.get("class_ids", ())))
    return 2 * int((~modes).sum()) + leaves, _mean_depths(roots, sides, modes, tree)


def _flat_trees(found: Mapping[str, Any]) -> tuple[int, int]:
    n_splits, n_leaves = len(found["nodes_splits"]), len(found["leaf_weights"])
    roots = np.asarray(found["tree_roots"])
    children = [np.asarray(found[name]) for name in ("nodes_truenodeids", "nodes_falsenodeids")]
    ends = [np.asarray(found[name], dtype=bool) for name in ("nodes_trueleafs", "nodes_falseleafs")]
    sides = [np.where(end, child + n_splits, child) for child, end in zip(children, ends, strict=True)]
    sides = [np.concatenate([side, np.full(n_leaves, -1)]) for side in sides]
    leaf = np.arange(n_splits + n_leaves) >= n_splits
    tree = np.zeros(len(leaf), dtype=np.int64)
    return 2 * n_splits + n_leaves, _mean_depths(roots, sides, leaf, tree)


def _mean_depths(
    roots: NDArray[Any], sides: list[NDArray[Any]], leaf: NDArray[np.bool_], tree: NDArray[Any]
) -> int:
    """Return the sum over all trees of the mean depth of a tree's leaves."""
    del tree
    owner, at, depth = np.arange(len(roots)), np.asarray(roots), 0
    sums, counts = np.zeros(len(roots)), np.zeros(len(roots))
    while len(at):
        ends = leaf[at]
        np.add.at(sums, owner[ends], depth)
        np.add.at(counts, owner[ends], 1)
        owner, at = owner[~ends], at[~ends]
        owner, at = np.concatenate([owner, owner]), np.concatenate([side[at] for side in sides])
        depth += 1
    return round(float((sums / np.maximum(counts, 1)).sum()))

"""What happens inside a network: the outputs of single layers for one row, from a copy of its model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.onnx_costs import model_costs
from twofold.steps.onnx_session import open_session

ACTIVE = frozenset({"Relu", "Clip", "Sigmoid", "Tanh", "Gelu", "LeakyRelu", "HardSwish"})
"""Operators that decide what of a layer's output goes on; shown in its place where one follows."""


@dataclass(frozen=True)
class Activation:
    """What a layer gives for one row.

    Parameters
    ----------
    word : str
        What the layer is.
    place : int
        Among the weighted layers, counted from 1.
    of : int
        Number of weighted layers.
    values : array
        Without the axis of rows: (channels, h, w), (channels, length) or (d,).
    """

    word: str
    place: int
    of: int
    values: NDArray[Any]


def first_and_middle(model: bytes, feed: dict[str, NDArray[Any]], side: int = 0) -> tuple[Activation, ...]:
    """Return what the first and a middle layer of a network give for one row.

    Parameters
    ----------
    model : bytes
    feed : mapping of str to array
        The model's inputs, for one row.
    side : int
        As of `model_costs`.
    """
    layers = [layer for layer in model_costs(model, side).layers if layer.word != "look-up"]
    if not layers:
        return ()
    places = sorted({0, len(layers) // 2})
    names = tuple(_behind(model, layers[place].output) for place in places)
    found = _session(model, names).run(list(names), feed)
    return tuple(
        Activation(layers[place].word, place + 1, len(layers), np.asarray(values)[0])
        for place, values in zip(places, found, strict=True)
    )


def _behind(model: bytes, name: str) -> str:
    """Return the output of the activation function that follows a layer, or the layer's own."""
    import onnx

    for node in onnx.load_model_from_string(model).graph.node:
        if name in node.input and node.op_type in ACTIVE:
            return str(node.output[0])
    return name


@lru_cache(maxsize=8)
def _session(model: bytes, names: tuple[str, ...]) -> Any:
    import onnx

    proto = onnx.load_model_from_string(model)
    there = {item.name for item in proto.graph.output}
    for name in names:
        if name not in there:
            proto.graph.output.append(onnx.ValueInfoProto(name=name))
    return open_session(proto.SerializeToString())


def strongest(maps: NDArray[Any], most: int = 8) -> NDArray[Any]:
    """Return the maps that vary most, of shape (k, ...), in their own order.

    Examples
    --------
    >>> strongest(np.array([[[0.0, 0.0]], [[0.0, 1.0]], [[0.0, 3.0]]]), most=2)[:, 0, 1].tolist()
    [1.0, 3.0]
    """
    spread = maps.reshape(len(maps), -1).std(axis=1)
    chosen: NDArray[Any] = maps[np.sort(np.argsort(-spread, kind="stable")[:most])]
    return chosen

"""A translator as two ONNX graphs: one reads a sentence, one writes the next token and keeps its memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from twofold.nn.onnx_layers import write_linear, write_norm
from twofold.nn.onnx_writer import OPSET, OnnxWriter
from twofold.nn.translator import FAR, HEADS, PAD, Attention, TranslatorNetwork


class TokenWriter(OnnxWriter):
    """Collects nodes of a graph with several named inputs and outputs."""

    def __init__(self) -> None:
        super().__init__(0)

    def model(self, inputs: dict[str, tuple[int, int]], outputs: dict[str, tuple[str, int]]) -> bytes:
        """Return the model.

        Parameters
        ----------
        inputs : dict of str to (type, rank)
        outputs : dict of str to (inner name, rank)
        """
        from onnx import TensorProto, helper

        for name, (inner, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [inner], [name]))
        free = [None] * 8
        taken = [
            helper.make_tensor_value_info(name, kind, free[:rank]) for name, (kind, rank) in inputs.items()
        ]
        given = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, free[:rank])
            for name, (_, rank) in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, "translator", taken, given, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        return bytes(model.SerializeToString())


def _numbers(writer: OnnxWriter, *values: int) -> str:
    return writer.constant(np.array(values, dtype=np.int64))


def _heads(writer: OnnxWriter, x: str, width: int) -> str:
    """Turn (n, t, width) into (n, HEADS, t, width / HEADS)."""
    shape = _numbers(writer, 0, -1, HEADS, width // HEADS)
    return writer.add("Transpose", writer.add("Reshape", x, shape), perm=[0, 2, 1, 3])


def _attend(
    writer: OnnxWriter, x: str, layer: Attention, memory: tuple[str, str], bias: str = ""
) -> tuple[str, str]:
    """Write attention; return its answer, and the shares (n, HEADS, t, s) of what it looked at."""
    query = _heads(writer, write_linear(writer, x, layer.asked), layer.width)
    scores = writer.add("MatMul", query, writer.add("Transpose", memory[0], perm=[0, 1, 3, 2]))
    scores = writer.add("Mul", scores, writer.constant(np.float32(1 / math.sqrt(layer.width // HEADS))))
    scores = writer.add("Add", scores, bias) if bias else scores
    shares = writer.add("Softmax", scores, axis=-1)
    seen = writer.add("Transpose", writer.add("MatMul", shares, memory[1]), perm=[0, 2, 1, 3])
    flat = writer.add("Reshape", seen, _numbers(writer, 0, -1, layer.width))
    return write_linear(writer, flat, layer.mixed), shares


def _remember(writer: OnnxWriter, x: str, layer: Attention) -> tuple[str, str]:
    key, value = (write_linear(writer, x, part) for part in (layer.key, layer.value))
    return _heads(writer, key, layer.width), _heads(writer, value, layer.width)


def _deep(writer: OnnxWriter, x: str, layer: Any) -> str:
    return write_linear(writer, writer.add("Relu", write_linear(writer, x, layer.wide)), layer.narrow)


def _stack(writer: OnnxWriter, parts: list[str]) -> str:
    first = _numbers(writer, 0)
    return writer.add("Concat", *(writer.add("Unsqueeze", part, first) for part in parts), axis=0)


def write_reader(network: TranslatorNetwork) -> bytes:
    """Write what reads a source.

    Returns
    -------
    bytes
        A graph from ``source`` (n, s), int64, to ``keys`` and ``values`` (layers, n, HEADS, s, d) of what
        each writing layer attends to, and ``bias`` (n, 1, 1, s).
    """
    from onnx import TensorProto

    writer = TokenWriter()
    empty = writer.add("Equal", "source", _numbers(writer, PAD))
    bias = writer.add("Mul", writer.add("Cast", empty, to=1), writer.constant(np.float32(FAR)))
    bias = writer.add("Unsqueeze", bias, _numbers(writer, 1, 2))
    scale = math.sqrt(network.sizes.width)
    x = writer.add("Gather", writer.constant(scale * network.table.weight), "source", axis=0)
    length = writer.add("Shape", "source", start=1, end=2)
    ends = _numbers(writer, 0), length, _numbers(writer, 0)
    x = writer.add("Add", x, writer.add("Slice", writer.constant(network.places[0]), *ends))
    for layer in network.readers:
        inner = write_norm(writer, x, layer.norms[0])
        seen, _ = _attend(writer, inner, layer.own, _remember(writer, inner, layer.own), bias)
        x = writer.add("Add", x, seen)
        x = writer.add("Add", x, _deep(writer, write_norm(writer, x, layer.norms[1]), layer.deep))
    read = write_norm(writer, x, network.norms[0])
    memory = [_remember(writer, read, layer.other) for layer in network.writers]
    keys, values = (_stack(writer, [pair[side] for pair in memory]) for side in (0, 1))
    outputs = {"keys": (keys, 5), "values": (values, 5), "bias": (bias, 4)}
    return writer.model({"source": (TensorProto.INT64, 2)}, outputs)


def write_next(network: TranslatorNetwork) -> bytes:
    """Write what writes the next token.

    Returns
    -------
    bytes
        A graph from ``token`` (n, 1) and ``place`` (1,), int64, ``keys``, ``values`` and ``bias`` as read,
        and ``past_keys`` and ``past_values`` (layers, n, HEADS, t, d) of what is written, to ``chances``
        (n, tokens) as logarithms, ``shares`` (n, s) of the source's tokens in the last layer's attention, and
        ``new_keys`` and ``new_values`` with t + 1 places.
    """
    from onnx import TensorProto

    writer = TokenWriter()
    table = writer.constant(network.table.weight)
    scale = writer.constant(np.float32(math.sqrt(network.sizes.width)))
    x = writer.add("Mul", writer.add("Gather", table, "token", axis=0), scale)
    x = writer.add("Add", x, writer.add("Gather", writer.constant(network.places[1]), "place", axis=0))
    kept: list[tuple[str, str]] = []
    shares = ""
    for place, layer in enumerate(network.writers):
        at = writer.constant(np.int64(place))
        inner = write_norm(writer, x, layer.norms[0])
        own = _remember(writer, inner, layer.own)
        past = (writer.add("Gather", name, at, axis=0) for name in ("past_keys", "past_values"))
        key, value = (writer.add("Concat", old, new, axis=2) for old, new in zip(past, own, strict=True))
        kept.append((key, value))
        x = writer.add("Add", x, _attend(writer, inner, layer.own, (key, value))[0])
        inner = write_norm(writer, x, layer.norms[1])
        read = writer.add("Gather", "keys", at, axis=0), writer.add("Gather", "values", at, axis=0)
        seen, shares = _attend(writer, inner, layer.other, read, "bias")
        x = writer.add("Add", x, seen)
        x = writer.add("Add", x, _deep(writer, write_norm(writer, x, layer.norms[2]), layer.deep))
    last = writer.add("Reshape", write_norm(writer, x, network.norms[1]), _numbers(writer, 0, -1))
    scores = writer.add("MatMul", last, writer.add("Transpose", table, perm=[1, 0]))
    scores = writer.add("Add", scores, writer.constant(network.shift))
    mean = writer.add("ReduceMean", shares, _numbers(writer, 1, 2), keepdims=0)
    outputs = {
        "chances": (writer.add("LogSoftmax", scores, axis=-1), 2),
        "shares": (mean, 2),
        "new_keys": (_stack(writer, [pair[0] for pair in kept]), 5),
        "new_values": (_stack(writer, [pair[1] for pair in kept]), 5),
    }
    tokens = {"token": (TensorProto.INT64, 2), "place": (TensorProto.INT64, 1)}
    arrays = dict.fromkeys(("keys", "values", "past_keys", "past_values"), (TensorProto.FLOAT, 5))
    return writer.model({**tokens, "bias": (TensorProto.FLOAT, 4), **arrays}, outputs)

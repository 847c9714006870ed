"""Torch layers as nodes of an ONNX graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from twofold.nn.onnx_writer import OnnxWriter

_GATES = {"GRU": (1, 0, 2), "LSTM": (0, 3, 1, 2)}
"""Places of ONNX's gates (update, reset, new; input, output, forget, cell) in torch's order of gates."""


def write_linear(writer: OnnxWriter, x: str, layer: Any) -> str:
    """Write a linear layer over the last axis."""
    return writer.linear(x, layer.weight.detach().numpy().T, layer.bias.detach().numpy())


def write_norm(writer: OnnxWriter, x: str, norm: Any) -> str:
    """Write a layer norm over the last axis."""
    scale, shift = writer.constant(norm.weight), writer.constant(norm.bias)
    return writer.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=float(norm.eps))


def write_slice(writer: OnnxWriter, x: str, start: int, stop: int, axis: int) -> str:
    """Take neighbouring places along an axis."""
    places = (writer.constant(np.array([place], dtype=np.int64)) for place in (start, stop, axis))
    return writer.add("Slice", x, *places)


def write_convolution(writer: OnnxWriter, x: str, layer: Any, norm: Any = None) -> str:
    """Write a convolution; a batch norm behind it is folded into its weights."""
    weight = layer.weight.detach().numpy()
    bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.detach().numpy()
    if norm is not None:
        scale = norm.weight.detach().numpy() / np.sqrt(norm.running_var.numpy() + norm.eps)
        weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        bias = norm.bias.detach().numpy() + scale * (bias - norm.running_mean.numpy())
    return writer.add(
        "Conv",
        x,
        writer.constant(weight),
        writer.constant(bias),
        strides=list(layer.stride),
        pads=[*layer.padding, *layer.padding],
        group=layer.groups,
    )


def write_mean(writer: OnnxWriter, x: str, *axes: int) -> str:
    """Average over axes, which vanish."""
    return writer.add("ReduceMean", x, writer.constant(np.array(axes, dtype=np.int64)), keepdims=0)


def write_maximum(writer: OnnxWriter, x: str, *axes: int) -> str:
    """Take the largest along axes, which vanish."""
    return writer.add("ReduceMax", x, writer.constant(np.array(axes, dtype=np.int64)), keepdims=0)


def write_recurrent(writer: OnnxWriter, x: str, layer: Any) -> str:
    """Write one layer of a GRU or LSTM that reads both ways.

    Parameters
    ----------
    writer : OnnxWriter
    x : str
        Of shape (steps, n, d).
    layer : torch.nn.GRU or torch.nn.LSTM

    Returns
    -------
    str
        Of shape (steps, 2, n, hidden): what the layer gives at each step, in each direction.
    """
    kind = layer.mode
    order = list(_GATES[kind])

    def gates(name: str) -> Any:
        """Both directions of a parameter, the gates in ONNX's order."""
        both = [getattr(layer, f"{name}_l0{way}").detach().numpy() for way in ("", "_reverse")]
        by_gate = np.stack(both).reshape(2, len(order), layer.hidden_size, -1)
        return by_gate[:, order].reshape(2, len(order) * layer.hidden_size, -1)

    bias = np.concatenate([gates("bias_ih"), gates("bias_hh")], axis=1)[..., 0]
    inputs = [x, writer.constant(gates("weight_ih")), writer.constant(gates("weight_hh"))]
    rules: dict[str, Any] = {"linear_before_reset": 1} if kind == "GRU" else {}
    return writer.add(
        kind,
        *inputs,
        writer.constant(bias),
        hidden_size=layer.hidden_size,
        direction="bidirectional",
        **rules,
    )

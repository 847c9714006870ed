"""A network that tells speakers apart, from the weights of its authors to ONNX."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from twofold.nn.onnx_writer import OnnxWriter

LAYERS = 3
_GATES = (0, 3, 1, 2)
"""Where ONNX's gates, input, output, forget, cell, stand among torch's."""


def read_speaker_weights(file: bytes) -> dict[str, Any]:
    """Return the arrays of a checkpoint; none of its code is run."""
    saved = torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
    return {name: values.numpy() for name, values in saved["model_state"].items()}


def write_speaker_network(weights: Mapping[str, Any], frames: int, bands: int) -> bytes:
    """Write LSTM layers, one upon the other, and what a layer makes of the last step, of length 1.

    Parameters
    ----------
    weights : mapping of str to array
        ``lstm.weight_ih_l0`` and so on, and those of ``linear``, as torch names them.
    frames, bands : int
        A row of the input holds so many of them, frame by frame.
    """
    writer = OnnxWriter(frames * bands)
    x = writer.add("Transpose", writer.reshape(writer.x, -1, frames, bands), perm=[1, 0, 2])
    one = writer.constant(np.array([1], dtype=np.int64))
    for layer in range(LAYERS):
        w, r, b, c = (
            _by_gate(weights[f"lstm.{name}_l{layer}"])
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        parts = (w, r, np.concatenate([b, c], axis=1))
        steps = writer.add("LSTM", x, *map(writer.constant, parts), hidden_size=r.shape[-1])
        x = writer.add("Squeeze", steps, one)
    last = writer.add("Gather", x, writer.constant(np.array(-1, dtype=np.int64)), axis=0)
    raw = writer.add("Relu", writer.linear(last, weights["linear.weight"].T, weights["linear.bias"]))
    length = writer.add("ReduceL2", raw, one, keepdims=1)
    least = writer.constant(np.array(1e-12, dtype=np.float32))
    found = writer.add("Div", raw, writer.add("Max", length, least))
    return writer.finish({"embedding": (found, len(weights["linear.bias"]))})


def _by_gate(values: Any) -> Any:
    """Return a parameter of all four gates in ONNX's order, with an axis for the one direction."""
    return values.reshape(4, -1, *values.shape[1:])[list(_GATES)].reshape(1, *values.shape)

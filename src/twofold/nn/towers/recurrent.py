"""A recurrent layer that reads both ways, summed up over its steps."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from twofold.nn.onnx_layers import write_maximum, write_mean, write_recurrent
from twofold.nn.onnx_writer import OnnxWriter

_LAYERS = {"gru": nn.GRU, "lstm": nn.LSTM}


class Recurrent(nn.Module):  # type: ignore[misc]
    """GRU (Cho et al. 2014) or LSTM (Hochreiter and Schmidhuber 1997); mean and maximum over the steps.

    - Input: (n, d, steps). Output: (n, 4 * hidden).

    Parameters
    ----------
    kind : str
        ``gru`` or ``lstm``.
    d, hidden : int
    """

    def __init__(self, kind: str, d: int, hidden: int) -> None:
        super().__init__()
        self.layer = _LAYERS[kind](d, hidden, bidirectional=True)
        self.width = 4 * hidden

    def forward(self, x: Any) -> Any:
        steps = self.layer(x.permute(2, 0, 1))[0]
        return torch.cat([steps.mean(dim=0), steps.amax(dim=0)], dim=1)

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write it for x (n, d, steps)."""
        steps = write_recurrent(writer, writer.add("Transpose", x, perm=[2, 0, 1]), self.layer)
        parts = []
        for pooled in (write_mean(writer, steps, 0), write_maximum(writer, steps, 0)):
            by_row = writer.add("Transpose", pooled, perm=[1, 0, 2])
            parts.append(writer.reshape(by_row, -1, self.width // 2))
        return writer.add("Concat", *parts, axis=1)

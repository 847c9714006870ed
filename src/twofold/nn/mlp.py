"""The multilayer perceptron with the tricks that make it a strong default on tables."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.dropout import Dropout
from twofold.nn.inputs import EmbeddedColumns, Layout
from twofold.nn.onnx_writer import OnnxWriter


class RealMLPNetwork(nn.Module):  # type: ignore[misc]
    """RealMLP (Holzmüller, Grinsztajn and Steinwart 2024).

    Numbers through periodic embeddings, a learned scale for each input, then hidden layers whose weights
    are divided by the root of their width ("neural tangent" parametrisation), so that one learning rate
    suits every width.

    - Input: (n, numbers + plain + codes). Output: scores (n, q).

    Parameters
    ----------
    layout : Layout
    n_outputs : int
    hidden : tuple of int
    dropout : float
    smooth : bool
        SiLU (for values) instead of SELU (for classes). The authors take Mish, to which SiLU is close and
        four times quicker on a CPU.
    """

    def __init__(
        self,
        layout: Layout,
        n_outputs: int,
        hidden: tuple[int, ...],
        dropout: float,
        smooth: bool,
    ) -> None:
        super().__init__()
        self.dropout, self.smooth = Dropout(dropout), smooth
        self.columns = EmbeddedColumns(layout)
        self.scale = nn.Parameter(torch.ones(self.columns.width))
        widths = (self.columns.width, *hidden)
        pairs = list(pairwise(widths))
        self.weights = nn.ParameterList(nn.Parameter(torch.randn(a, b)) for a, b in pairs)
        self.biases = nn.ParameterList(nn.Parameter(torch.randn(b)) for _, b in pairs)
        self.last = nn.Parameter(torch.zeros(hidden[-1], n_outputs))
        self.last_bias = nn.Parameter(torch.zeros(n_outputs))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Rates of their own for scales, biases and embeddings, as the authors tuned them."""
        weights, numbers, codes = [*self.weights, self.last], self.columns.numbers, self.columns.codes
        if codes:
            weights += list(codes.parameters())
        groups: list[dict[str, Any]] = [
            {"params": weights},
            {"params": [self.scale], "factor": 6.0},
            {"params": [*self.biases, self.last_bias], "factor": 0.1, "weight_decay": 0.0},
        ]
        if numbers:
            groups.append({"params": list(numbers.parameters()), "factor": 0.1, "weight_decay": 0.0})
        return groups

    def embed(self, X: Any) -> Any:
        """Return the last hidden layer, (n, hidden[-1])."""
        x = self.columns(X) * self.scale
        for weight, bias in zip(self.weights, self.biases, strict=True):
            x = x @ (weight / math.sqrt(weight.shape[0])) + bias
            x = self.dropout(F.silu(x) if self.smooth else F.selu(x))
        return x

    def forward(self, X: Any) -> Any:
        return self.embed(X) @ (self.last / math.sqrt(self.last.shape[0])) + self.last_bias

    def answer(self, scores: Any) -> Any:
        """Return scores as they are judged."""
        return scores

    def head(self) -> tuple[Any, Any]:
        """Return the last layer as weights (q, h) and bias (q,)."""
        weight = self.last / math.sqrt(self.last.shape[0])
        return weight.detach().numpy().T, self.last_bias.detach().numpy()

    def write(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the embedding; return its name and width."""
        x = self.columns.write(writer)
        scale = self.scale.detach().numpy()
        for weight, bias in zip(self.weights, self.biases, strict=True):
            matrix = weight.detach().numpy() / math.sqrt(weight.shape[0])
            x = writer.linear(x, matrix if scale is None else scale[:, None] * matrix, bias.detach().numpy())
            scale = None
            x = writer.add("Mul", x, writer.add("Sigmoid", x)) if self.smooth else writer.add("Selu", x)
        return x, int(self.last.shape[0])

"""A transformer whose tokens are the columns (Gorishniy, Rubachev, Khrulkov and Babenko 2021)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.dropout import Dropout
from twofold.nn.inputs import Layout
from twofold.nn.onnx_layers import write_linear, write_norm
from twofold.nn.onnx_writer import OnnxWriter

HEADS = 4
MOST_SHARED = 16
"""Tokens that plain columns share at most."""


class FTTransformerNetwork(nn.Module):  # type: ignore[misc]
    """A token for each column and one for the answer, through blocks of attention.

    Eight neighbouring plain columns share a token (more, when they are many): attention costs the square
    of the tokens.

    - Input: (n, numbers + plain + codes). Output: scores (n, q).

    Parameters
    ----------
    layout : Layout
    n_outputs : int
    width : int
        Of a token; a multiple of 4, the number of heads.
    blocks : int
    dropout : float
        In the attention's and the feed-forward layers' answers.
    """

    def __init__(self, layout: Layout, n_outputs: int, width: int, blocks: int, dropout: float) -> None:
        super().__init__()
        d = layout.numbers
        self.d, self.layout, self.width = d, layout, width
        bound = 1 / math.sqrt(width)
        self.slope = nn.Parameter(bound * (2 * torch.rand(d, width) - 1))
        self.shift = nn.Parameter(bound * (2 * torch.rand(d + 1, width) - 1))
        groups = min(MOST_SHARED, math.ceil(layout.plain / 8))
        self.shared = nn.ModuleList(
            nn.Linear(len(part), width)
            for part in np.array_split(np.arange(layout.plain), max(groups, 1))
            if len(part)
        )
        self.tables = nn.ModuleList(nn.Embedding(size, width) for size in layout.categories)
        for table in self.tables:
            nn.init.uniform_(table.weight, -bound, bound)
        self.blocks = nn.ModuleList(Block(width, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, n_outputs)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights of layers decay; tokens, biases and norms do not."""
        layers = [m.weight for m in self.modules() if isinstance(m, nn.Linear)]
        known = {id(weight) for weight in layers}
        others = [p for p in self.parameters() if id(p) not in known]
        return [{"params": layers}, {"params": others, "weight_decay": 0.0}]

    def embed(self, X: Any) -> Any:
        """Return the answer's token after the last block, (n, width)."""
        numbers = X[:, : self.d, None] * self.slope
        first = torch.zeros(len(X), 1, self.width)
        tokens = torch.cat([first, numbers], dim=1) + self.shift
        found = [layer(X[:, start:stop])[:, None] for layer, start, stop in self._stretches()]
        first_code = self.layout.codes
        found += [table(X[:, first_code + place].long())[:, None] for place, table in enumerate(self.tables)]
        x = torch.cat([tokens, *found], dim=1) if found else tokens
        for block in self.blocks:
            x = block(x)
        return F.relu(self.norm(x[:, 0]))

    def _stretches(self) -> Iterator[tuple[Any, int, int]]:
        """Yield the layers of the plain columns with the columns that each reads."""
        start = self.d
        for layer in self.shared:
            yield layer, start, start + layer.in_features
            start += layer.in_features

    def forward(self, X: Any) -> Any:
        return self.last(self.embed(X))

    def answer(self, scores: Any) -> Any:
        """Return scores as they are judged."""
        return scores

    def head(self) -> tuple[Any, Any]:
        """Return the last layer as weights (q, width) and bias (q,)."""
        return self.last.weight.detach().numpy(), self.last.bias.detach().numpy()

    def write(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the embedding; return its name and width."""
        # a column of ones times the shift, so that the answer's token needs no number
        numbers = writer.reshape(writer.columns(0, self.d), -1, self.d, 1) if self.d else ""
        ones = writer.add("Mul", writer.columns(0, 1), writer.constant(np.zeros(1)))
        zero = writer.add("Mul", writer.reshape(ones, -1, 1, 1), writer.constant(np.zeros((1, self.width))))
        parts = [zero]
        if self.d:
            parts.append(writer.add("Mul", numbers, writer.constant(self.slope)))
        joined = writer.add("Concat", *parts, axis=1) if self.d else zero
        tokens = [writer.add("Add", joined, writer.constant(self.shift))]
        for layer, start, stop in self._stretches():
            made = write_linear(writer, writer.columns(start, stop), layer)
            tokens.append(writer.reshape(made, -1, 1, self.width))
        for place, table in enumerate(self.tables):
            column = writer.columns(self.layout.codes + place, self.layout.codes + place + 1)
            code = writer.add("Cast", column, to=7)
            tokens.append(writer.add("Gather", writer.constant(table.weight), code, axis=0))
        x = tokens[0] if len(tokens) == 1 else writer.add("Concat", *tokens, axis=1)
        for block in self.blocks:
            x = block.write(writer, x)
        first = writer.add("Gather", x, writer.constant(np.int64(0)), axis=1)
        return writer.add("Relu", write_norm(writer, first, self.norm)), self.width


class Block(nn.Module):  # type: ignore[misc]
    """Attention among tokens, then a gated feed-forward layer; both beside a shortcut.

    - Input and output: (n, tokens, width). `bias` (n, 1, 1, tokens), where given, is added to the scores
      of attention, for instance a large negative number for padding.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.asked = nn.Linear(width, 3 * width)
        self.mixed = nn.Linear(width, width)
        hidden = int(4 * width / 3)
        self.wide = nn.Linear(width, 2 * hidden)
        self.narrow = nn.Linear(hidden, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Any, bias: Any = None) -> Any:
        n, tokens, width = x.shape
        parts = self.asked(self.norms[0](x)).reshape(n, tokens, 3, HEADS, width // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.dropout(self.mixed(seen.transpose(1, 2).reshape(n, tokens, width)))
        gate, signal = self.wide(self.norms[1](x)).chunk(2, dim=-1)
        return x + self.dropout(self.narrow(F.relu(gate) * signal))

    def write(self, writer: OnnxWriter, x: str, bias: str = "") -> str:
        """Write it for tokens x; the graph's `bias` has the shape (1, n, 1, tokens)."""
        width, size = self.width, self.width // HEADS
        asked = write_linear(writer, write_norm(writer, x, self.norms[0]), self.asked)
        shape = writer.constant(np.array([0, 0, 3 * HEADS, size], dtype=np.int64))  # 0 keeps a length
        heads = writer.add("Transpose", writer.add("Reshape", asked, shape), perm=[2, 0, 1, 3])
        query, key, value = (
            writer.add("Gather", heads, writer.constant(np.arange(i * HEADS, (i + 1) * HEADS)), axis=0)
            for i in range(3)
        )
        key = writer.add("Transpose", key, perm=[0, 1, 3, 2])
        scores = writer.add("MatMul", query, key)
        scores = writer.add("Mul", scores, writer.constant(np.float32(1 / math.sqrt(size))))
        scores = writer.add("Add", scores, bias) if bias else scores
        seen = writer.add("MatMul", writer.add("Softmax", scores, axis=-1), value)
        back = writer.add("Transpose", seen, perm=[1, 2, 0, 3])
        flat = writer.add("Reshape", back, writer.constant(np.array([0, 0, width], dtype=np.int64)))
        x = writer.add("Add", x, write_linear(writer, flat, self.mixed))
        wide = write_linear(writer, write_norm(writer, x, self.norms[1]), self.wide)
        hidden = self.narrow.in_features
        gate = writer.add("Gather", wide, writer.constant(np.arange(hidden)), axis=2)
        signal = writer.add("Gather", wide, writer.constant(np.arange(hidden, 2 * hidden)), axis=2)
        gated = writer.add("Mul", writer.add("Relu", gate), signal)
        return writer.add("Add", x, write_linear(writer, gated, self.narrow))

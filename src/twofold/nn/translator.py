"""A transformer that reads one sentence and writes another (Vaswani et al. 2017).

Norms stand before the layers, so that it learns within a CPU's minutes (Xiong et al. 2020), and one table of
subwords serves both languages and the answer (Press and Wolf 2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.dropout import Dropout

PAD, UNKNOWN, BEGIN, END = 0, 1, 2, 3
"""Numbers of the tokens that stand for no letters."""
HEADS = 4
FAR = -1e4
"""Added to the scores of padding."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a translator.

    Parameters
    ----------
    tokens : int
        Of both languages together.
    width : int
        Of a token; a multiple of `HEADS`.
    layers : int
        That read, and as many that write.
    places : int
        The most tokens of a sentence.
    dropout : float
    """

    tokens: int
    width: int = 128
    layers: int = 2
    places: int = 80
    dropout: float = 0.05


class Attention(nn.Module):  # type: ignore[misc]
    """Attention of the tokens of one sentence to those of another, or to themselves.

    - Input: (n, t, width) and what `remember` made of (n, s, width). Output: (n, t, width).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.asked, self.mixed = nn.Linear(width, width), nn.Linear(width, width)
        self.key, self.value = nn.Linear(width, width), nn.Linear(width, width)

    def heads(self, x: Any) -> Any:
        """Return (n, t, width) as (n, HEADS, t, width / HEADS)."""
        n, t, width = x.shape
        return x.reshape(n, t, HEADS, width // HEADS).transpose(1, 2)

    def remember(self, x: Any) -> tuple[Any, Any]:
        """Return the keys and values of tokens."""
        return self.heads(self.key(x)), self.heads(self.value(x))

    def forward(self, x: Any, memory: tuple[Any, Any], bias: Any = None, causal: bool = False) -> Any:
        seen = F.scaled_dot_product_attention(
            self.heads(self.asked(x)), *memory, attn_mask=bias, is_causal=causal
        )
        return self.mixed(seen.transpose(1, 2).flatten(2))


class Forward(nn.Module):  # type: ignore[misc]
    """Two linear layers over each token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Any) -> Any:
        return self.narrow(F.relu(self.wide(x)))


class Reading(nn.Module):  # type: ignore[misc]
    """One layer that reads: attention to the whole sentence, and a forward layer."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.own, self.deep, self.dropout = Attention(width), Forward(width), Dropout(dropout)

    def forward(self, x: Any, bias: Any) -> Any:
        inner = self.norms[0](x)
        x = x + self.dropout(self.own(inner, self.own.remember(inner), bias))
        return x + self.dropout(self.deep(self.norms[1](x)))


class Writing(nn.Module):  # type: ignore[misc]
    """One layer that writes: attention to what is written, to what was read, and a forward layer."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own, self.other = Attention(width), Attention(width)
        self.deep, self.dropout = Forward(width), Dropout(dropout)

    def forward(self, x: Any, read: Any, bias: Any) -> Any:
        inner = self.norms[0](x)
        x = x + self.dropout(self.own(inner, self.own.remember(inner), causal=True))
        x = x + self.dropout(self.other(self.norms[1](x), self.other.remember(read), bias))
        return x + self.dropout(self.deep(self.norms[2](x)))


class TranslatorNetwork(nn.Module):  # type: ignore[misc]
    """An encoder and a decoder.

    - Input: source tokens (n, s) and written tokens (n, t), `PAD` behind. Output: scores (n, t, tokens) of
      the next token.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.table = nn.Embedding(sizes.tokens, sizes.width)
        nn.init.normal_(self.table.weight, std=sizes.width**-0.5)
        self.places = nn.Parameter(0.02 * torch.randn(2, sizes.places, sizes.width))
        layers = range(sizes.layers)
        self.readers = nn.ModuleList(Reading(sizes.width, sizes.dropout) for _ in layers)
        self.writers = nn.ModuleList(Writing(sizes.width, sizes.dropout) for _ in layers)
        self.norms = nn.ModuleList(nn.LayerNorm(sizes.width) for _ in range(2))
        self.shift = nn.Parameter(torch.zeros(sizes.tokens))
        self.dropout = Dropout(sizes.dropout)

    def enter(self, tokens: Any, side: int) -> Any:
        """Return the vectors of tokens at their places; side 0 is read, 1 is written."""
        scale = math.sqrt(self.sizes.width)
        return self.dropout(self.table(tokens) * scale + self.places[side, : tokens.shape[1]])

    def read(self, source: Any) -> tuple[Any, Any]:
        """Return what is known of a source (n, s, width), and the bias (n, 1, 1, s) of its padding."""
        bias = torch.where(source == PAD, FAR, 0.0)[:, None, None]
        x = self.enter(source, 0)
        for layer in self.readers:
            x = layer(x, bias)
        return self.norms[0](x), bias

    def forward(self, source: Any, written: Any) -> Any:
        read, bias = self.read(source)
        x = self.enter(written, 1)
        for layer in self.writers:
            x = layer(x, read, bias)
        return self.norms[1](x) @ self.table.weight.T + self.shift

"""Series read as a sequence of patches: by a recurrent layer, or by attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.onnx_layers import write_mean, write_norm
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.towers.recurrent import Recurrent
from twofold.nn.towers.residual import ConvNorm
from twofold.nn.transformer import Block

WIDTH = 64
MOST_STEPS, MOST_TOKENS = 64, 32
"""Patches of a series: steps cost their number, tokens the square of it."""


class Patches(nn.Module):  # type: ignore[misc]
    """Neighbouring values as one vector; patches overlap by half.

    - Input: (n, channels * length). Output: (n, WIDTH, steps).
    """

    def __init__(self, shape: tuple[int, ...], most: int) -> None:
        super().__init__()
        self.shape = shape
        pace = -(-shape[1] // most)
        self.layer = ConvNorm(shape[0], WIDTH, (1, 2 * pace + 1), (1, pace))
        self.steps = -(-shape[1] // pace)

    def forward(self, cells: Any) -> Any:
        return F.relu(self.layer(cells.reshape(-1, self.shape[0], 1, self.shape[1])))[:, :, 0]

    def write(self, writer: OnnxWriter, cells: str) -> str:
        """Write it for cells."""
        series = writer.reshape(cells, -1, self.shape[0], 1, self.shape[1])
        patches = writer.add("Relu", self.layer.write(writer, series))
        return writer.reshape(patches, -1, WIDTH, self.steps)


class RecurrentSeriesTower(TowerNetwork):
    """A GRU or LSTM over patches.

    - Input: (n, channels * length). Output: (n, 4 * hidden).

    Parameters
    ----------
    shape : tuple (channels, length)
    kind : str
        ``gru`` or ``lstm``.
    hidden : int
    """

    def __init__(self, shape: tuple[int, ...], kind: str, hidden: int = 48) -> None:
        super().__init__()
        self.patches = Patches(shape, MOST_STEPS)
        self.recurrent = Recurrent(kind, WIDTH, hidden)
        self.width = self.recurrent.width

    def forward(self, cells: Any) -> Any:
        return self.recurrent(self.patches(cells))

    def write(self, writer: OnnxWriter, cells: str) -> str:
        return self.recurrent.write(writer, self.patches.write(writer, cells))


class SeriesTransformerTower(TowerNetwork):
    """Attention among patches with learned places (Vaswani et al. 2017; patches after Nie et al. 2023).

    - Input: (n, channels * length). Output: (n, WIDTH).

    Parameters
    ----------
    shape : tuple (channels, length)
    blocks : int
    dropout : float
    """

    def __init__(self, shape: tuple[int, ...], blocks: int = 2, dropout: float = 0.1) -> None:
        super().__init__()
        self.patches = Patches(shape, MOST_TOKENS)
        self.places = nn.Parameter(0.02 * torch.randn(self.patches.steps, WIDTH))
        self.blocks = nn.ModuleList(Block(WIDTH, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(WIDTH)
        self.width = WIDTH

    def forward(self, cells: Any) -> Any:
        x = self.patches(cells).transpose(1, 2) + self.places
        for block in self.blocks:
            x = block(x)
        return self.norm(x).mean(dim=1)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        tokens = writer.add("Transpose", self.patches.write(writer, cells), perm=[0, 2, 1])
        x = writer.add("Add", tokens, writer.constant(self.places))
        for block in self.blocks:
            x = block.write(writer, x)
        return write_mean(writer, write_norm(writer, x, self.norm), 1)

"""InceptionTime for series (Ismail Fawaz et al. 2020), narrower and less deep, for a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.onnx_layers import write_convolution, write_mean
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.towers.residual import ConvNorm

MOST_STEPS = 256
"""Longer series are shortened by their first convolution."""


class InceptionTower(TowerNetwork):
    """A first convolution, then modules of several lengths of them, with a shortcut past every two.

    The authors stack six modules of four times 32 filters and average five networks.

    - Input: (n, channels * length). Output: (n, 4 * filters).

    Parameters
    ----------
    shape : tuple (channels, length)
    filters : int
        Of each length of convolution.
    modules : int
        Even.
    """

    def __init__(self, shape: tuple[int, ...], filters: int = 16, modules: int = 4) -> None:
        super().__init__()
        self.shape = shape
        channels, length = shape
        pace = -(-length // MOST_STEPS)
        self.stem = ConvNorm(channels, filters, (1, 2 * pace + 1), (1, pace))
        self.width = 4 * filters
        steps = -(-length // pace)
        widths = [filters] + [self.width] * modules
        self.stages = nn.ModuleList(_Module(width, filters, steps) for width in widths[:-1])
        self.shortcuts = nn.ModuleList(ConvNorm(width, self.width, (1, 1), (1, 1)) for width in widths[:-1:2])
        self.to(memory_format=torch.channels_last)

    def forward(self, cells: Any) -> Any:
        x = cells.reshape(-1, self.shape[0], 1, self.shape[1]).contiguous(memory_format=torch.channels_last)
        x = F.relu(self.stem(x))
        for place, shortcut in enumerate(self.shortcuts):
            beside = shortcut(x)
            x = F.relu(beside + self.stages[2 * place + 1](self.stages[2 * place](x)))
        return F.adaptive_avg_pool2d(x, 1).flatten(1)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        x = writer.reshape(cells, -1, self.shape[0], 1, self.shape[1])
        x = writer.add("Relu", self.stem.write(writer, x))
        for place, shortcut in enumerate(self.shortcuts):
            beside = shortcut.write(writer, x)
            x = self.stages[2 * place + 1].write(writer, self.stages[2 * place].write(writer, x))
            x = writer.add("Relu", writer.add("Add", beside, x))
        return write_mean(writer, x, 2, 3)


class _Module(nn.Module):  # type: ignore[misc]
    """Convolutions of three lengths and a maximum of three steps, side by side.

    - Input: (n, inner, 1, steps). Output: (n, 4 * filters, 1, steps).
    """

    def __init__(self, inner: int, filters: int, steps: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inner, filters, 1, bias=False)
        kernels = [min(kernel, 2 * (steps // 2) + 1) for kernel in (39, 19, 9)]
        self.branches = nn.ModuleList(
            nn.Conv2d(filters, filters, (1, kernel), padding=(0, kernel // 2), bias=False)
            for kernel in kernels
        )
        self.pooled = nn.Conv2d(inner, filters, 1, bias=False)
        self.norm = nn.BatchNorm2d(4 * filters)

    def forward(self, x: Any) -> Any:
        narrow = self.narrow(x)
        parts = [branch(narrow) for branch in self.branches]
        parts.append(self.pooled(F.max_pool2d(x, (1, 3), 1, (0, 1))))
        return F.relu(self.norm(torch.cat(parts, dim=1)))

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write it for x."""
        narrow = write_convolution(writer, x, self.narrow)
        parts = [write_convolution(writer, narrow, branch) for branch in self.branches]
        pooled = writer.add("MaxPool", x, kernel_shape=[1, 3], strides=[1, 1], pads=[0, 1, 0, 1])
        parts.append(write_convolution(writer, pooled, self.pooled))
        joined = writer.add("Concat", *parts, axis=1)
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        shift = self.norm.bias - scale * self.norm.running_mean
        scaled = writer.add("Mul", joined, writer.constant(scale[:, None, None]))
        return writer.add("Relu", writer.add("Add", scaled, writer.constant(shift[:, None, None])))

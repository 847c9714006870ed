"""Residual convolutions over two axes (He, Zhang, Ren and Sun 2016), small enough for one core."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.onnx_layers import write_convolution
from twofold.nn.onnx_writer import OnnxWriter

MOST_PLACES = 800
"""A larger map is halved before the blocks see it."""


class ConvNorm(nn.Module):  # type: ignore[misc]
    """A convolution without bias and a batch norm (Ioffe and Szegedy 2015).

    Series have a height of 1: over two axes with the channels last, convolutions run twice as quickly as
    torch's own over one axis.

    Parameters
    ----------
    inner, outer : int
        Channels.
    kernel : tuple (height, width)
        Odd, so that a stride of 1 keeps the size.
    stride : tuple (down, right)
    """

    def __init__(self, inner: int, outer: int, kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        around = kernel[0] // 2, kernel[1] // 2
        self.convolution = nn.Conv2d(inner, outer, kernel, stride, around, bias=False)
        self.norm = nn.BatchNorm2d(outer)

    def forward(self, x: Any) -> Any:
        return self.norm(self.convolution(x))

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write both as one convolution."""
        return write_convolution(writer, x, self.convolution, self.norm)


class ResidualBlock(nn.Module):  # type: ignore[misc]
    """Two convolutions beside a shortcut.

    - Input: (n, inner, h, w). Output: (n, outer, h / stride, w / stride), rounded up.
    """

    def __init__(self, inner: int, outer: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.first = ConvNorm(inner, outer, (3, 3), stride)
        self.second = ConvNorm(outer, outer, (3, 3), (1, 1))
        same = inner == outer and stride == (1, 1)
        self.shortcut = None if same else ConvNorm(inner, outer, (1, 1), stride)

    def forward(self, x: Any) -> Any:
        beside = self.shortcut(x) if self.shortcut else x
        return F.relu(beside + self.second(F.relu(self.first(x))))

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write it for maps x."""
        beside = self.shortcut.write(writer, x) if self.shortcut else x
        inner = writer.add("Relu", self.first.write(writer, x))
        return writer.add("Relu", writer.add("Add", beside, self.second.write(writer, inner)))


class ResidualTrunk(nn.Module):  # type: ignore[misc]
    """A first convolution, halvings while the map is large, then one block for each width.

    - Input: (n, channels, h, w). Output: (n, widths[-1], h', w').

    Parameters
    ----------
    channels : int
    size : tuple (h, w)
    widths : tuple of int
        Channels of the blocks; the first convolution has the first.
    stride : tuple of int
        Of the blocks after the first; (2, 1) keeps the second axis long.
    """

    def __init__(
        self, channels: int, size: tuple[int, int], widths: tuple[int, ...], stride: tuple[int, int] = (2, 2)
    ) -> None:
        super().__init__()
        # the full size costs four times as much as half of it, and gains less than four times the epochs
        pace = _pace(size[0]), _pace(size[1])
        kernel = 7 if max(pace) == 4 else 5
        self.stem = ConvNorm(channels, widths[0], (kernel, kernel), pace)
        height, width = (-(-side // step) for side, step in zip(size, pace, strict=True))
        self.pools: list[tuple[int, int]] = []
        while height * width > MOST_PLACES:
            self.pools.append((min(2, height), min(2, width)))
            height, width = height // self.pools[-1][0], width // self.pools[-1][1]
        strides = [(1, 1)] + [stride] * (len(widths) - 1)
        pairs = pairwise((widths[0], *widths))
        self.blocks = nn.ModuleList(ResidualBlock(a, b, s) for (a, b), s in zip(pairs, strides, strict=True))
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.stem(x.contiguous(memory_format=torch.channels_last)))
        for pool in self.pools:
            x = F.max_pool2d(x, pool)
        for block in self.blocks:
            x = block(x)
        return x

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write it for maps x."""
        x = writer.add("Relu", self.stem.write(writer, x))
        for pool in self.pools:
            x = writer.add("MaxPool", x, kernel_shape=list(pool), strides=list(pool))
        for block in self.blocks:
            x = block.write(writer, x)
        return x


def _pace(side: int) -> int:
    return 1 if side < 24 else 2 if side < 96 else 4

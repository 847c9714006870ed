"""A small residual network for pictures, and the changes that its training pictures undergo."""

from __future__ import annotations

from typing import Any

import torch

from twofold.nn.onnx_layers import write_mean
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.towers.residual import ResidualTrunk

MIDDLE, SPREAD = 120.0, 64.0
"""Rough mean and deviation of the values of photographs."""


class ImageTower(TowerNetwork):
    """Residual blocks, then the mean over all places (He, Zhang, Ren and Sun 2016).

    - Input: (n, 3 * side * side), values 0..255. Output: (n, widths[-1]).

    Parameters
    ----------
    shape : tuple (3, side, side)
    widths : tuple of int
        Channels of the blocks.
    """

    def __init__(self, shape: tuple[int, ...], widths: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        self.shape = shape
        self.trunk = ResidualTrunk(shape[0], (shape[1], shape[2]), widths)
        self.width = widths[-1]

    def forward(self, cells: Any) -> Any:
        return self.trunk((cells.reshape(-1, *self.shape) - MIDDLE) / SPREAD).mean(dim=(2, 3))

    def augment(self, cells: Any, generator: Any) -> Any:
        return changed_pictures(cells.reshape(-1, *self.shape), generator, mirror=self.mirror).flatten(1)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        pictures = writer.reshape(cells, -1, *self.shape)
        centred = writer.add("Sub", pictures, writer.constant(torch.tensor(MIDDLE)))
        scaled = writer.add("Div", centred, writer.constant(torch.tensor(SPREAD)))
        return write_mean(writer, self.trunk.write(writer, scaled), 2, 3)


def changed_pictures(pictures: Any, generator: Any, *, mirror: bool) -> Any:
    """Shift by up to an eighth, mirror half of the pictures, and blank a square of a quarter's side in half.

    What a shift uncovers is filled by reflection; blanks are "cutout" (DeVries and Taylor 2017).

    Parameters
    ----------
    pictures : tensor (n, channels, height, width)
    generator : torch.Generator
    mirror : bool
        Letters and digits, for instance, are not to be mirrored.

    Returns
    -------
    tensor of the same shape
    """
    n, channels, height, width = pictures.shape
    rows, columns = (_shifted(n, side, generator) for side in (height, width))
    if mirror:
        mirrored = torch.rand(n, generator=generator) < 0.5
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    places = (rows[:, :, None] * width + columns[:, None, :]).reshape(n, 1, -1)
    moved = pictures.flatten(2).gather(2, places.expand(-1, channels, -1)).reshape(pictures.shape)
    blank = _stretch(n, height, height // 4, generator)[:, :, None]
    blank = blank & _stretch(n, width, width // 4, generator)[:, None, :]
    blank &= (torch.rand(n, generator=generator) < 0.5)[:, None, None]
    return moved.masked_fill_(blank[:, None], MIDDLE)


def _shifted(n: int, side: int, generator: Any) -> Any:
    """Return places (n, side) to read from after a random shift, reflected at the edges."""
    most = side // 8
    shift = torch.randint(-most, most + 1, (n, 1), generator=generator)
    places = (torch.arange(side) + shift).abs()
    return torch.where(places >= side, 2 * (side - 1) - places, places)


def _stretch(n: int, side: int, length: int, generator: Any) -> Any:
    """Return a mask (n, side) of one stretch of `length` at a random place in each row."""
    start = torch.randint(0, side - length + 1, (n, 1), generator=generator)
    places = torch.arange(side)
    return (places >= start) & (places < start + length)

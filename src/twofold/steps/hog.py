"""Histograms of oriented gradients (Dalal and Triggs 2005)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twofold.steps.picture_features import PictureFeatures, tile_histograms

BLOCK = 2
"""Cells along a side of a block."""
MOST = 0.2
"""Where a normalised block is cut off, before it is normalised again (L2-Hys)."""
TINY = 1e-5
_STEEPEST = 255


@dataclass(frozen=True)
class Hog(PictureFeatures):
    """Which way edges run in each cell of a picture, compared within overlapping blocks of 2 x 2 cells.

    The gradient of a pixel is that of its colour channel with the strongest one; it votes for one
    orientation (0 to 180 degrees) with its length. Blocks are normalised by L2-Hys.

    Parameters
    ----------
    column : str
    side : int
        Pixels.
    cells : int
        Cells along a side of the picture, at least 2.
    orientations : int
        Bins of the half circle.
    """

    kind = "hog"
    cells: int = 4
    orientations: int = 9

    @property
    def width(self) -> int:
        return (self.cells - BLOCK + 1) ** 2 * BLOCK**2 * self.orientations

    @cached_property
    def _bins(self) -> NDArray[np.int8]:
        """The bin of every possible gradient, by ``vertical + 255`` and ``horizontal + 255``."""
        steps = np.arange(-_STEEPEST, _STEEPEST + 1, dtype=np.float64)
        angle = np.rad2deg(np.arctan2(steps[:, None], steps)) % 180
        return np.minimum(angle * self.orientations / 180, self.orientations - 1).astype(np.int8)

    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        length = max(1, self.side // self.cells)
        used = min(self.side, length * self.cells)
        across, down = _strongest(pixels)
        across, down = across[:, :used, :used], down[:, :used, :used]
        bins = self._bins[down + _STEEPEST, across + _STEEPEST]
        strength = np.sqrt((across * across + down * down).astype(np.float32))
        cells = tile_histograms(bins, self.orientations, self.cells, strength)
        return self._blocks(cells.reshape(len(pixels), self.cells, self.cells, self.orientations))

    def _blocks(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normalised blocks, (n, width), of cells of shape (n, cells, cells, orientations)."""
        windows = np.lib.stride_tricks.sliding_window_view(cells, (BLOCK, BLOCK), axis=(1, 2))
        blocks = windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(cells), -1, BLOCK**2 * self.orientations)
        blocks = np.minimum(_normalised(blocks), np.float32(MOST))
        return _normalised(blocks).reshape(len(cells), self.width)


def _normalised(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.sqrt(np.square(blocks).sum(axis=-1, keepdims=True) + np.float32(TINY**2))
    return np.asarray(blocks / length)


def _strongest(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return horizontal and vertical differences in the channel where they are longest, (n, side, side)."""
    shape = pixels.shape[:3]
    across, down = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    longest = np.full(shape, -1, dtype=np.int32)
    for channel in range(pixels.shape[3]):
        values = pixels[..., channel].astype(np.int32)
        x, y = np.zeros_like(values), np.zeros_like(values)
        x[:, :, 1:-1] = values[:, :, 2:] - values[:, :, :-2]
        y[:, 1:-1] = values[:, 2:] - values[:, :-2]
        square = x * x + y * y
        longer = square > longest
        np.copyto(across, x, where=longer)
        np.copyto(down, y, where=longer)
        np.copyto(longest, square, where=longer)
    return across, down

"""What the steps that describe pictures by hand-made features share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.extraction import Extraction
from twofold.steps.pictures import decode

AT_ONCE = 2**16
"""Pixels that are described in one go: what they need in between stays in the caches of the processor."""


@dataclass(frozen=True)
class PictureFeatures(Extraction):
    """Numbers that describe each picture of a column by itself.

    Parameters
    ----------
    column : str
    side : int
        Pixels to which pictures are brought before they are described.
    """

    requires = ("PIL",)
    side: int

    @abstractmethod
    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, `width`) features of pictures of shape (n, side, side, 3)."""

    def extract(self, table: Table) -> NDArray[np.float32]:
        pixels, present = decode(table, self.column, self.side)
        out = np.full((table.n_rows, self.width), np.nan, dtype=np.float32)
        rows = np.flatnonzero(present)
        at_once = max(1, AT_ONCE // self.side**2)
        for start in range(0, len(rows), at_once):
            chosen = rows[start : start + at_once]
            out[chosen] = self.describe(pixels[chosen])
        return out


def tiles(side: int, grid: int) -> tuple[NDArray[np.intp], int]:
    """Return which tile of a square grid each pixel lies in, shape (side, side), and the pixels of a side.

    Pixels at the right and at the bottom that fill no whole tile belong to the last ones.

    Examples
    --------
    >>> tiles(4, 2)[0].tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    """
    length = max(1, side // grid)
    place = np.minimum(np.arange(side) // length, grid - 1)
    return place[:, None] * grid + place, length


def tile_histograms(
    codes: NDArray[np.integer], n_codes: int, grid: int, weights: NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    """Count codes in each tile of pictures.

    Parameters
    ----------
    codes : integer array of shape (n, side, side)
        From 0 to ``n_codes - 1``.
    n_codes, grid : int
    weights : array of shape (n, side, side) or None
        What each pixel counts; 1 if not given.

    Returns
    -------
    float32 array of shape (n, grid * grid, n_codes)
        Means over the pixels of a tile.
    """
    n, side = codes.shape[:2]
    tile, _ = tiles(side, grid)
    n_bins = grid * grid * n_codes
    place = np.arange(n)[:, None, None] * n_bins + tile * n_codes + codes
    sums = np.bincount(place.ravel(), None if weights is None else weights.ravel(), n * n_bins)
    pixels = np.bincount(tile.ravel(), minlength=grid * grid)
    means = sums.reshape(n, grid * grid, n_codes) / np.maximum(pixels, 1)[:, None]
    return np.asarray(means, dtype=np.float32)


def tile_means(values: NDArray[np.float32], grid: int) -> NDArray[np.float32]:
    """Return means over tiles; (n, side, side, k) becomes (n, grid * grid, k)."""
    n, side, _, k = values.shape
    tile, length = tiles(side, grid)
    if length * grid == side:
        split = values.reshape(n, grid, length, grid, length, k)
        return np.asarray(split.mean(axis=(2, 4)).reshape(n, grid * grid, k))
    member = np.eye(grid * grid, dtype=np.float32)[tile.ravel()]
    member /= np.maximum(member.sum(axis=0), 1)
    return np.asarray(np.einsum("npk,pt->ntk", values.reshape(n, side * side, k), member))


def tile_words(grid: int) -> tuple[str, ...]:
    """Return names of tiles for a person.

    Examples
    --------
    >>> tile_words(2)
    ('top left', 'top right', 'bottom left', 'bottom right')
    >>> tile_words(4)[5]
    'row 2, column 2'
    """
    if grid == 1:
        return ("whole",)
    if grid == 2:
        return ("top left", "top right", "bottom left", "bottom right")
    return tuple(f"row {row + 1}, column {column + 1}" for row in range(grid) for column in range(grid))

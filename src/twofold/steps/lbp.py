"""Local binary patterns: fine texture as the order of neighbouring pixels (Ojala et al. 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twofold.steps.picture_features import PictureFeatures, tile_histograms
from twofold.steps.pictures import grey

POINTS = 8
ROUND = POINTS * (POINTS - 1) + 3
"""Patterns with at most two changes around the circle, and one code for all others."""
DIAGONAL = np.float32(0.70711)
"""How far the points between the axes lie along each axis, on a circle of radius 1."""


@dataclass(frozen=True)
class LocalPatterns(PictureFeatures):
    """How often each small pattern of brighter and darker neighbours occurs in each tile of a picture.

    Eight points on a circle of radius 1 around a pixel are compared with it. Of the 256 answers, the 58
    with at most two changes around the circle (edges, corners, spots, lines) have a code each, and share
    one for the rest; or, `turned` alike, one code for each number of brighter points, ten in all.

    Parameters
    ----------
    column : str
    side : int
        Pixels.
    grid : int
        Tiles along a side of the picture.
    turned : bool
        Whether patterns that are turned into each other are the same.
    """

    kind = "lbp"
    grid: int = 2
    turned: bool = False

    @property
    def n_codes(self) -> int:
        """Number of different patterns."""
        return POINTS + 2 if self.turned else ROUND

    @property
    def width(self) -> int:
        return self.grid**2 * self.n_codes

    @property
    def pattern_words(self) -> tuple[str, ...]:
        """What each pattern is, for a person."""
        if self.turned:
            return (*(f"of {ones} brighter points in a row" for ones in range(POINTS + 1)), "of no order")
        arcs = [
            f"of {ones} brighter points in a row, turn {turn}"
            for ones in range(1, POINTS)
            for turn in range(POINTS)
        ]
        return ("of a bright spot", *arcs, "of even ground or a dark spot", "of no order")

    @cached_property
    def _codes(self) -> NDArray[np.uint8]:
        return _code_table(turned=self.turned)

    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        levels = np.floor(grey(pixels) + np.float32(0.5))
        codes = self._codes[brighter_points(levels)]
        return tile_histograms(codes, self.n_codes, self.grid).reshape(len(pixels), self.width)


def _code_table(*, turned: bool) -> NDArray[np.uint8]:
    """Return the code of each of the 256 answers; bit k is the point k steps against the clock from east."""
    bits = np.arange(2**POINTS)[:, None] >> np.arange(POINTS) & 1
    ones = bits.sum(axis=1)
    even = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    if turned:
        return np.where(even, ones, POINTS + 1).astype(np.uint8)
    first_one, first_zero = bits.argmax(axis=1), bits.argmin(axis=1)
    start = np.where(first_one == 0, ones - first_zero, POINTS - first_one)
    code = 1 + (ones - 1) * POINTS + start
    code = np.where(ones == 0, 0, np.where(ones == POINTS, ROUND - 2, code))
    return np.where(even, code, ROUND - 1).astype(np.uint8)


def brighter_points(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Tell which of eight points around each pixel are at least as bright, as bits.

    Points between the axes are interpolated from the four pixels around them; beyond the border all is
    black.

    Parameters
    ----------
    levels : float32 array of shape (n, side, side)
        Whole grey levels.

    Returns
    -------
    uint8 array of shape (n, side, side)
    """
    n, height, width = levels.shape
    wide = np.zeros((n, height + 2, width + 2), dtype=np.float32)
    wide[:, 1:-1, 1:-1] = levels

    def beside(down: int, right: int) -> NDArray[np.float32]:
        """Return how much brighter the neighbour is: exactly 0 on even ground, whatever the weights."""
        return wide[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width] - levels

    far, near = DIAGONAL, np.float32(1) - DIAGONAL
    out = np.zeros(levels.shape, dtype=np.uint8)
    straight = [beside(0, 1), beside(-1, 0), beside(0, -1), beside(1, 0)]
    for quarter, (down, right) in enumerate([(-1, 1), (-1, -1), (1, -1), (1, 1)]):
        first, second = straight[quarter], straight[(quarter + 1) % 4]
        between = far * near * (first + second) + far * far * beside(down, right)
        out |= (first >= 0).astype(np.uint8) << np.uint8(2 * quarter)
        out |= (between >= 0).astype(np.uint8) << np.uint8(2 * quarter + 1)
    return out

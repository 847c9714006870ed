"""Edges of a picture: how many, how strong, and which way they run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.steps.picture_features import PictureFeatures, tile_histograms, tile_means
from twofold.steps.pictures import grey

STATISTICS = ("mean", "deviation", "median", "90 % quantile", "largest", "density")
"""What is said of the edges of the whole picture."""
EDGE = 0.1
"""A pixel whose Sobel magnitude is larger lies on an edge."""


@dataclass(frozen=True)
class Edges(PictureFeatures):
    """Sobel magnitudes of a picture: statistics of the whole, and strength, density and direction in tiles.

    Parameters
    ----------
    column : str
    side : int
        Pixels.
    grid : int
        Tiles along a side for the histograms of direction.
    fine : int
        Tiles along a side for mean magnitude and edge density.
    orientations : int
        Bins of the half circle.
    """

    kind = "edges"
    grid: int = 2
    fine: int = 4
    orientations: int = 8

    @property
    def width(self) -> int:
        return len(STATISTICS) + self.fine**2 * 2 + self.grid**2 * self.orientations

    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        down, across = sobel(grey(pixels) / np.float32(255))
        strength = magnitude(down, across)
        on_edge = (strength > EDGE).astype(np.float32)
        half_turns = np.arctan2(down, across) / np.float32(np.pi) + np.float32(1)
        bins = (half_turns * np.float32(self.orientations)).astype(np.intp) % self.orientations
        parts = (
            _statistics(strength, on_edge),
            tile_means(np.stack([strength, on_edge], axis=-1), self.fine),
            tile_histograms(bins, self.orientations, self.grid, strength),
        )
        return np.concatenate([part.reshape(len(pixels), -1) for part in parts], axis=1)


def _statistics(strength: NDArray[np.float32], on_edge: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = strength.reshape(len(strength), -1)
    ranked = np.sort(flat, axis=1)
    last = flat.shape[1] - 1
    return np.stack(
        [
            flat.mean(axis=1),
            flat.std(axis=1),
            ranked[:, last // 2],
            ranked[:, int(last * 0.9)],
            ranked[:, -1],
            on_edge.mean(axis=(1, 2)),
        ],
        axis=1,
    )


def sobel(levels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return vertical and horizontal slopes (Sobel and Feldman 1968), borders mirrored.

    Parameters
    ----------
    levels : float32 array of shape (n, height, width)

    Returns
    -------
    down, across : float32 arrays of the same shape
        Weights add up to 1 in each half of the mask.
    """
    wide = np.pad(levels, ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    quarter, half = np.float32(0.25), np.float32(0.5)
    smooth_across = quarter * (wide[:, :, :-2] + wide[:, :, 2:]) + half * wide[:, :, 1:-1]
    smooth_down = quarter * (wide[:, :-2] + wide[:, 2:]) + half * wide[:, 1:-1]
    down = smooth_across[:, 2:] - smooth_across[:, :-2]
    across = smooth_down[:, :, 2:] - smooth_down[:, :, :-2]
    return np.asarray(down), np.asarray(across)


def magnitude(down: NDArray[np.float32], across: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the strength of edges, 0 to 1 for levels from 0 to 1."""
    return np.asarray(np.sqrt((down * down + across * across) * np.float32(0.5)))

"""Colours of a picture: which there are, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.steps.picture_features import PictureFeatures, tile_histograms, tile_means

HUES, SATURATIONS, VALUES = 8, 4, 4
LEVELS = 4
"""Levels of red, green and blue in the histogram of the whole picture."""


@dataclass(frozen=True)
class Colours(PictureFeatures):
    """Histograms of hue, saturation and value in tiles, of mixed colours in the whole, and channel moments.

    A pixel votes for its hue with its colourfulness, so that the hue of grey does not count.

    Parameters
    ----------
    column : str
    side : int
        Pixels.
    grid : int
        Tiles along a side for the histograms.
    fine : int
        Tiles along a side for means and deviations of red, green and blue.
    """

    kind = "colours"
    grid: int = 2
    fine: int = 4

    @property
    def width(self) -> int:
        return self.grid**2 * (HUES + SATURATIONS + VALUES) + LEVELS**3 + self.fine**2 * 6

    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        rgb = pixels.astype(np.float32) / np.float32(255)
        hue, saturation, value = hue_saturation_value(rgb)
        levels = (pixels >> 6).astype(np.intp)
        mixed = (levels[..., 0] * LEVELS + levels[..., 1]) * LEVELS + levels[..., 2]
        means = tile_means(rgb, self.fine)
        squares = tile_means(np.square(rgb), self.fine)
        parts = (
            tile_histograms(_bins(hue, HUES), HUES, self.grid, saturation * value),
            tile_histograms(_bins(saturation, SATURATIONS), SATURATIONS, self.grid),
            tile_histograms(_bins(value, VALUES), VALUES, self.grid),
            tile_histograms(mixed, LEVELS**3, 1),
            means,
            np.sqrt(np.maximum(squares - np.square(means), 0)),
        )
        return np.concatenate([part.reshape(len(pixels), -1) for part in parts], axis=1)


def _bins(values: NDArray[np.float32], n: int) -> NDArray[np.intp]:
    return np.asarray(np.minimum(values * np.float32(n), n - 1).astype(np.intp))


def hue_saturation_value(
    rgb: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return hue, saturation and value, each from 0 to 1, of colours from 0 to 1 (Smith 1978).

    Examples
    --------
    >>> [float(part) for part in hue_saturation_value(np.array([0.0, 0.5, 0.0], dtype=np.float32))]
    [0.3333333432674408, 1.0, 0.5]
    """
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    some = np.where(chroma > 0, chroma, np.float32(1))
    sixth = np.where(
        value == red,
        (green - blue) / some,
        np.where(value == green, np.float32(2) + (blue - red) / some, np.float32(4) + (red - green) / some),
    )
    hue = sixth / np.float32(6)
    hue = np.where(hue < 0, hue + np.float32(1), hue)
    saturation = chroma / np.where(value > 0, value, np.float32(1))
    return np.asarray(hue), np.asarray(saturation), np.asarray(value)

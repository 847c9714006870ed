"""Quantiles over nested intervals of a series, its differences and its spectrum (Dempster et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import Extraction
from twofold.steps.series import blocks, decode

VIEWS = ("values", "slope", "curvature", "spectrum")
"""What intervals are laid over: the series, its smoothed first and its second difference, its spectrum."""
SMOOTH = 5
"""Neighbouring first differences that are averaged."""
_AT_ONCE = 1_000_000
"""Values that are sorted at once."""


@dataclass(frozen=True)
class Quant(Extraction):
    """Quantiles of dyadic intervals: level k of `depth` halves a series k times, and shifts by half a part.

    An interval of m points gives ``1 + (m - 1) // divisor`` quantiles, evenly spaced from the least to the
    greatest value (the median where that is one); every second has the interval's mean subtracted. Method:
    Dempster, Schmidt and Webb (2024), "Quant: a minimalist interval method for time series classification".

    Parameters
    ----------
    column : str
    channels, length : int
        What each series is brought to; the length is at least 9.
    depth : int
        Number of levels.
    divisor : int
        Points for each quantile.
    """

    kind = "quant"
    channels: int
    length: int
    depth: int
    divisor: int

    @property
    def width(self) -> int:
        return self.channels * sum(len(levels) for _, _, _, levels in self.intervals())

    def intervals(self) -> list[tuple[int, int, int, NDArray[np.float64]]]:
        """Return view, first point, end and quantile levels of each interval, as the features lie."""
        return [
            (view, first, last, quantile_levels(last - first, self.divisor))
            for view, length in enumerate(view_lengths(self.length))
            for first, last in make_intervals(length, self.depth)
        ]

    def extract(self, table: Any) -> NDArray[np.float32]:
        series = decode(table, self.column)
        out = np.full((len(series), self.width), np.nan, dtype=np.float32)
        block = max(1, _AT_ONCE // (self.length * self.channels))
        for rows, X in blocks(series, self.channels, self.length, most=block):
            out[rows] = self.quantiles(X)
        return out

    def quantiles(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features of series of equal length.

        Parameters
        ----------
        X : float32 array of shape (n, channels, length)

        Returns
        -------
        float32 array of shape (n, width)
            Channel after channel.
        """
        views = _views(X)
        out = np.empty((len(X), self.channels, self.width // self.channels), dtype=np.float32)
        place = 0
        for view, first, last, levels in self.intervals():
            part = views[view][..., first:last]
            made = out[..., place : place + len(levels)]
            made[:] = _quantiles(part, levels)
            if len(levels) > 1:
                made[..., 1::2] -= part.mean(axis=-1, keepdims=True)
            place += len(levels)
        return out.reshape(len(X), self.width)


def view_lengths(length: int) -> tuple[int, int, int, int]:
    """Return the number of points of each view of a series.

    Examples
    --------
    >>> view_lengths(100)
    (100, 99, 98, 51)
    """
    return length, length - 1, length - 2, length // 2 + 1


def make_intervals(length: int, depth: int) -> list[tuple[int, int]]:
    """Return first point and end of the intervals of all levels.

    Examples
    --------
    >>> make_intervals(8, 2)
    [(0, 8), (0, 4), (4, 8), (2, 6)]
    """
    out: list[tuple[int, int]] = []
    for level in range(min(depth, length.bit_length())):
        parts = 2**level
        edges = np.arange(parts + 1) * length // parts
        found = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
        out += found
        widths = np.sort(np.diff(edges))
        if parts > 1 and widths[(parts - 1) // 2] > 1:
            shift = -(-length // (2 * parts))
            out += [(first + shift, last + shift) for first, last in found[:-1]]
    return out


def quantile_levels(points: int, divisor: int) -> NDArray[np.float64]:
    """Return the levels, from 0 to 1, of the quantiles of an interval with so many points.

    Examples
    --------
    >>> quantile_levels(9, 4), quantile_levels(3, 4)
    (array([0. , 0.5, 1. ]), array([0.5]))
    """
    count = 1 + (points - 1) // divisor
    return np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])


def _quantiles(part: NDArray[np.float32], levels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate linearly between the sorted values of the last axis."""
    ordered = np.sort(part, axis=-1)
    exact = levels * (part.shape[-1] - 1)
    low = np.floor(exact).astype(np.int64)
    high = np.minimum(low + 1, part.shape[-1] - 1)
    lower = ordered[..., low]
    return np.asarray(lower + (ordered[..., high] - lower) * (exact - low).astype(np.float32))


def _views(X: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return the series, its smoothed first difference, its second difference and its spectrum."""
    slope = np.diff(X, axis=-1)
    padded = np.pad(slope, [(0, 0)] * (X.ndim - 1) + [(SMOOTH // 2, SMOOTH // 2)], mode="edge")
    smoothed = np.zeros_like(slope)
    for place in range(SMOOTH):
        smoothed += padded[..., place : place + slope.shape[-1]] / np.float32(SMOOTH)
    spectrum = np.abs(np.fft.rfft(X, axis=-1)).astype(np.float32)
    return X, smoothed, np.diff(slope, axis=-1), spectrum

"""Plain numbers about a series: level, spread, trend, periods, turns, gaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import Extraction
from twofold.steps.series import Series, blocks, decode

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Quantiles that are taken."""
LAGS = (1, 2, 4, 8, 16, 32)
"""Time steps between the points whose correlation is taken."""
BANDS = (0.0, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 0.5)
"""Edges of the frequency bands, in cycles per time step."""
MOST_POINTS = 4_096
"""Time points that longer series are brought to first."""
MOST_RELATED = 12
"""Channels among which the correlations are taken."""
_AT_ONCE = 500_000
"""Values that are looked at in one go."""

WORDS = (
    "mean",
    "standard deviation",
    *(f"quantile {level:g}" for level in LEVELS),
    "skewness",
    "excess kurtosis",
    "rise of the fitted line",
    *(f"autocorrelation at lag {lag}" for lag in LAGS),
    "crossings of the mean",
    "longest run above the mean",
    "peaks",
    *(f"share of power from {low:.3g} to {high:.3g} cycles per step" for low, high in pairwise(BANDS)),
    "mean frequency",
    "spectral entropy",
    "strongest frequency",
    "length",
    "share of gaps",
)
"""What each channel is described by, in the order of the features."""


@dataclass(frozen=True)
class SeriesSummary(Extraction):
    """A description of each channel at its own length, and the correlations between channels.

    Numbers that a series does not have (the skewness of a constant, what a missing channel would be) are
    zero. The rise is what a straight line gains from the first point to the last; the mean is subtracted
    before the spectrum is taken; frequencies are in cycles per time step; the entropy of the spectrum is
    between 0 (one frequency) and 1 (all alike).

    Parameters
    ----------
    column : str
    channels : int
        Channels that are described; further ones are not read.
    """

    kind = "series_summary"
    channels: int

    @property
    def width(self) -> int:
        return self.channels * len(WORDS) + len(related(self.channels))

    def extract(self, table: Any) -> NDArray[np.float32]:
        series = decode(table, self.column)
        out = np.full((len(series), self.width), np.nan, dtype=np.float32)
        points = np.where(series.present, np.minimum(series.lengths, MOST_POINTS), 0)
        for length in np.unique(points[series.present]).tolist():
            alike = np.flatnonzero(points == length)
            most = max(1, _AT_ONCE // (length * self.channels))
            for first in range(0, len(alike), most):
                rows = alike[first : first + most]
                out[rows] = self._describe(series.take(rows), length)
        return out

    def _describe(self, series: Series, length: int) -> NDArray[np.float64]:
        """Describe series that have the same number of points."""
        ((_, X),) = blocks(series, self.channels, length, most=len(series))
        numbers = np.zeros((len(X), self.channels, len(WORDS)))
        values = X.astype(np.float64)
        numbers[:, :, :-2] = describe(values)
        gaps = gap_shares(series, self.channels)
        numbers[:, :, -2] = series.lengths[:, None] * (gaps < 1)
        numbers[:, :, -1] = gaps
        numbers[:, :, :-2] *= (gaps < 1)[:, :, None]
        flat = numbers.reshape(len(X), -1)
        return np.concatenate([flat, correlations(values[:, :MOST_RELATED])], axis=1)


def related(channels: int) -> list[tuple[int, int]]:
    """Return the pairs of channels whose correlation is taken."""
    return list(combinations(range(min(channels, MOST_RELATED)), 2))


def feature_words(channels: int) -> list[str]:
    """Return a few words for each feature of a summary of so many channels."""
    own = [
        f"channel {channel + 1}, {word}" if channels > 1 else word
        for channel in range(channels)
        for word in WORDS
    ]
    return own + [f"correlation of channels {a + 1} and {b + 1}" for a, b in related(channels)]


def gap_shares(series: Series, channels: int) -> NDArray[np.float64]:
    """Return the share of missing values of each channel, 1 where the channel is missing; (n, channels)."""
    known = np.concatenate([[0], np.cumsum(~np.isnan(series.values))])
    places = np.arange(channels)
    lengths = series.lengths[:, None]
    there = (places < series.channels[:, None]) & (lengths > 0)
    begin = np.where(there, series.offsets[:-1, None] + places * lengths, 0)
    counts = known[begin + np.where(there, lengths, 0)] - known[begin]
    return np.asarray(1.0 - counts / np.maximum(lengths, 1))


def describe(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all that `WORDS` names but the last two.

    Parameters
    ----------
    X : float64 array of shape (n, channels, length)

    Returns
    -------
    float64 array of shape (n, channels, len(WORDS) - 2)
    """
    length = X.shape[-1]
    mean = X.mean(axis=-1)
    centred = X - mean[..., None]
    variance = (centred**2).mean(axis=-1)
    tiny = 1e-7 * np.abs(X).max(axis=-1)  # what float32 and the mean cannot tell from nothing
    centred[variance <= tiny**2] = 0.0
    variance = (centred**2).mean(axis=-1)
    deviation = np.sqrt(variance)
    scaled = centred / np.where(deviation > 0, deviation, 1.0)[..., None]
    time = np.arange(length) - (length - 1) / 2
    rise = (centred @ time) / max((time**2).sum(), 1e-12) * (length - 1)
    quantiles = np.moveaxis(np.quantile(X, LEVELS, axis=-1), 0, -1)
    moments = [(scaled**3).mean(axis=-1), (scaled**4).mean(axis=-1) - 3.0 * (deviation > 0), rise]
    lagged = [
        (scaled[..., lag:] * scaled[..., : length - lag]).sum(axis=-1) / length if lag < length else 0 * mean
        for lag in LAGS
    ]
    return np.concatenate(
        [
            np.stack([mean, deviation], axis=-1),
            quantiles,
            np.stack([*moments, *lagged, *_turns(centred)], axis=-1),
            _spectrum(scaled),
        ],
        axis=-1,
    )


def _turns(centred: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return crossings of the mean, the longest run above it, and the number of peaks."""
    above = centred > 0
    crossings = (above[..., 1:] != above[..., :-1]).sum(axis=-1)
    place = np.arange(1, centred.shape[-1] + 1)
    last_below = np.maximum.accumulate(np.where(above, 0, place), axis=-1)
    run = (place - last_below).max(axis=-1)
    middle = centred[..., 1:-1]
    peaks = ((middle > centred[..., :-2]) & (middle > centred[..., 2:])).sum(axis=-1)
    return [crossings.astype(np.float64), run.astype(np.float64), peaks.astype(np.float64)]


def _spectrum(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shares of power in bands, mean frequency, entropy and strongest frequency; no mean in them."""
    frequencies = np.fft.rfftfreq(scaled.shape[-1])[1:]
    power = np.abs(np.fft.rfft(scaled, axis=-1)[..., 1:]) ** 2
    if not len(frequencies):
        return np.zeros((*scaled.shape[:-1], len(BANDS) + 2))
    total = power.sum(axis=-1, keepdims=True)
    share = power / np.where(total > 0, total, 1.0)
    band = np.searchsorted(BANDS, frequencies, "left") - 1
    bands = share @ np.eye(len(BANDS) - 1)[np.clip(band, 0, len(BANDS) - 2)]
    logs = np.log(np.where(share > 0, share, 1.0))
    entropy = -(share * logs).sum(axis=-1) / max(np.log(len(frequencies)), 1e-12)
    strongest = frequencies[share.argmax(axis=-1)] * (total[..., 0] > 0)
    return np.concatenate([bands, np.stack([share @ frequencies, entropy, strongest], axis=-1)], axis=-1)


def correlations(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of each pair of channels over time, 0 where one is constant; (n, pairs)."""
    if X.shape[1] < 2:
        return np.empty((len(X), 0))
    centred = X - X.mean(axis=-1, keepdims=True)
    tiny = 1e-7 * np.abs(X).max(axis=-1, keepdims=True)
    norm = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    unit = np.where(norm > tiny * np.sqrt(X.shape[-1]), centred / np.where(norm > 0, norm, 1.0), 0.0)
    both = np.einsum("ict,idt->icd", unit, unit, optimize=True)
    first, second = np.triu_indices(X.shape[1], 1)
    return np.asarray(both[:, first, second])

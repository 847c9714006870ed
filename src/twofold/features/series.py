"""Features of series: patterns, quantiles, plain numbers, and the series themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.features.extractor import Extractor
from twofold.steps.extraction import Extraction
from twofold.steps.minirocket import KERNELS, MiniRocket, Shifted
from twofold.steps.quant import VIEWS, Quant, view_lengths
from twofold.steps.regular_series import RegularSeries
from twofold.steps.series import Series, blocks, decode
from twofold.steps.series_summary import SeriesSummary, feature_words

SHORTEST = 9
"""Time points that patterns of nine points need."""
LONGEST = 1_000
"""Time points that longer series are brought to, unless a size says otherwise."""
MOST_INPUTS = 100_000
"""Values of one series (channels times time points) that a network reads."""
MOST_QUANTILES = 20_000
"""Features of `quant`; with more channels it looks at fewer levels, then at fewer time points."""
PATTERNS = 10_000
DILATIONS = 32
MOST_TOGETHER = 9
"""Channels that one pattern adds up."""
LEARNED_ROWS = 4_096
"""Rows that means and deviations are learned from; more change them little."""


class _SeriesExtractor(Extractor):
    """What the extractors of series share: how many channels and time points there are."""

    reads = "series"
    network = False

    def length(self, series: Series) -> int:
        """Return the length that nine of ten series do not exceed, within what is wanted and allowed."""
        known = series.lengths[series.present]
        usual = int(np.quantile(known, 0.9, method="higher")) if len(known) else SHORTEST
        return max(SHORTEST, min(usual, self.size or LONGEST))


def channels_of(series: Series) -> int:
    """Return the largest number of channels, 1 where nothing is known."""
    return int(series.channels[series.present].max(initial=1))


def spread_of(series: Series, channels: int, length: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation of each channel over rows and time; 0 and 1 where they say nothing."""
    rows = np.flatnonzero(series.present)
    some = series.rows(0, int(rows[:LEARNED_ROWS][-1]) + 1) if len(rows) else series
    total, square, count = np.zeros(channels), np.zeros(channels), 0
    pivot: NDArray[Any] | None = None
    for _, X in blocks(some, channels, length, most=max(1, 2_000_000 // (channels * length))):
        if pivot is None:
            pivot = X.mean(axis=(0, 2), dtype=np.float64)
        moved = X - pivot[:, None]
        total += moved.sum(axis=(0, 2))
        square += (moved**2).sum(axis=(0, 2))
        count += X.shape[0] * X.shape[2]
    if pivot is None:
        return np.zeros(channels, dtype=np.float32), np.ones(channels, dtype=np.float32)
    mean = total / count
    scale = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    mean = (mean + pivot).astype(np.float32)
    nearly_none = scale <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    return mean, np.where(nearly_none, 1.0, scale).astype(np.float32)


class MiniRocketFeatures(_SeriesExtractor):
    """Shares of time at which 84 patterns at many widths exceed thresholds learned from training series.

    Dempster, Schmidt and Webb (2021), "MiniRocket: a very fast (almost) deterministic transform for time
    series classification". Strong under a linear model; `size` is the number of time points.
    """

    fitted = True
    suits = frozenset({"linear"})
    seconds = 3e-3
    sizes = (LONGEST, 500, 200)

    def make(self, column: str, table: Table, seed: int) -> MiniRocket:
        series = decode(table, column)
        channels, length = channels_of(series), self.length(series)
        mean, scale = spread_of(series, channels, length)
        generator = make_generator(seed, "minirocket", column)
        dilations, counts = _dilations(length)
        most = np.log2(min(channels, MOST_TOGETHER) + 1)
        sizes = (2 ** generator.uniform(0, most, len(dilations) * len(KERNELS))).astype(np.int64)
        members = [np.sort(generator.choice(channels, int(size), replace=False)) for size in sizes]
        biases = np.zeros(len(KERNELS) * int(counts.sum()), dtype=np.float32)
        step = MiniRocket(
            column, channels, length, mean, scale, dilations, counts, biases, sizes, np.concatenate(members)
        )
        rows = np.flatnonzero(series.present)
        most = max(16, min(512, 20_000_000 // (channels * length)))
        pool = np.sort(generator.choice(rows, min(most, len(rows)), replace=False)) if len(rows) else rows
        found = [X for row in pool.tolist() for _, X in blocks(series.rows(row, row + 1), *step.form, most=1)]
        if not found:
            return step
        chosen = generator.integers(len(pool), size=(len(dilations), len(KERNELS)))
        return replace(step, biases=thresholds(step, np.concatenate(found), chosen))

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, MiniRocket)
        out = []
        groups = iter(np.split(step.members + 1, np.cumsum(step.sizes)[:-1]))
        biases = iter(step.biases.tolist())
        for dilation, count in zip(step.dilations.tolist(), step.counts.tolist(), strict=True):
            for high in KERNELS.tolist():
                channels = "+".join(map(str, next(groups).tolist()))
                of = f"channel {channels}, " if step.channels > 1 else ""
                pattern = "".join("^" if place in high else "_" for place in range(9))
                start = f"{of}time in pattern {pattern} with steps of {dilation} above "
                out += [f"{start}{next(biases):.3g}" for _ in range(count)]
        return tuple(out)


def _dilations(length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the dilations of patterns and how many thresholds each pattern has with them.

    Dilations grow exponentially until the pattern is as long as the series.
    """
    each = PATTERNS // len(KERNELS)
    tried = np.logspace(0, np.log2((length - 1) / 8), DILATIONS, base=2).astype(np.int64)
    dilations, times = np.unique(tried, return_counts=True)
    counts = (times * (each / DILATIONS)).astype(np.int64)
    left = each - int(counts.sum())
    counts += left // len(counts) + (np.arange(len(counts)) < left % len(counts))
    return dilations, counts


def thresholds(step: MiniRocket, X: NDArray[np.float32], chosen: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return quantiles of the convolution of one training series with each pattern of each dilation.

    Their levels are the multiples of the golden ratio, without their whole part.

    Parameters
    ----------
    step : MiniRocket
        Its thresholds are not read.
    X : float32 array of shape (n, channels, length)
    chosen : integer array of shape (d, 84)
        Which series each pattern looks at.
    """
    levels = (np.arange(1, step.width + 1) * ((np.sqrt(5) + 1) / 2)) % 1
    groups = np.split(step.members, np.cumsum(step.sizes)[:-1])
    each, out, place = np.arange(len(KERNELS)), np.empty(step.width, dtype=np.float32), 0
    for number, (dilation, count) in enumerate(zip(step.dilations, step.counts, strict=True)):
        own = groups[number * len(KERNELS) :][: len(KERNELS)]
        summed = np.stack([X[row, one].sum(axis=0) for row, one in zip(chosen[number], own, strict=True)])
        found = Shifted(summed[None], int(dilation)).convolve(each, list(each[:, None]))[..., 0]
        exact = levels[place : place + len(each) * count].reshape(len(each), count) * (step.length - 1)
        low = exact.astype(np.int64)
        ordered = np.sort(found, axis=1)
        lower, upper = (np.take_along_axis(ordered, one, axis=1) for one in (low, low + 1))
        out[place : place + low.size] = (lower + (upper - lower) * (exact - low)).reshape(-1)
        place += low.size
    return out


class QuantFeatures(_SeriesExtractor):
    """Quantiles over halves, quarters, eighths, ... of a series, its differences and its spectrum.

    Dempster, Schmidt and Webb (2024), "Quant: a minimalist interval method for time series
    classification". Strong under extremely randomised trees; `size` is the number of time points.
    """

    fitted = True
    suits = frozenset({"trees"})
    seconds = 5e-4
    sizes = (LONGEST, 500, 200)

    def make(self, column: str, table: Table, seed: int) -> Quant:  # noqa: ARG002 - nothing is drawn
        series = decode(table, column)
        step = Quant(column, channels_of(series), self.length(series), 6, 4)
        while step.width > MOST_QUANTILES and step.depth > 1:
            step = replace(step, depth=step.depth - 1)
        while step.width > MOST_QUANTILES and step.length > SHORTEST:
            step = replace(step, length=max(SHORTEST, step.length // 2))
        return step

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, Quant)
        intervals = step.intervals()
        ends = view_lengths(step.length)
        out = []
        for channel in range(step.channels):
            of = f"channel {channel + 1}, " if step.channels > 1 else ""
            for view, first, last, levels in intervals:
                share = f"{100 * first / ends[view]:.4g}-{100 * last / ends[view]:.4g} %"
                for place, level in enumerate(levels.tolist()):
                    less = " less the mean" if place % 2 and len(levels) > 1 else ""
                    out.append(f"{of}{VIEWS[view]} in {share}, quantile {level:.3g}{less}")
        return tuple(out)


class RegularSeriesFeatures(_SeriesExtractor):
    """The series themselves, standardised and brought to one length, for networks that read them."""

    fitted = True
    raw = True
    seconds = 2e-5

    def make(self, column: str, table: Table, seed: int) -> RegularSeries:  # noqa: ARG002 - nothing is drawn
        series = decode(table, column)
        channels, length = channels_of(series), self.length(series)
        length = max(SHORTEST, min(length, MOST_INPUTS // channels))
        return RegularSeries(column, channels, length, *spread_of(series, channels, length))

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, RegularSeries)
        channels, length = step.shape
        several = channels > 1
        return tuple(
            f"{f'channel {channel + 1}, ' if several else ''}point {point + 1} of {length}"
            for channel in range(channels)
            for point in range(length)
        )


class SeriesSummaryFeatures(_SeriesExtractor):
    """Numbers that a person understands: level, spread, trend, periods, turns, gaps."""

    seconds = 2e-4

    def make(self, column: str, table: Table, seed: int) -> SeriesSummary:  # noqa: ARG002 - nothing is drawn
        return SeriesSummary(column, channels_of(decode(table, column)))

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, SeriesSummary)
        return tuple(feature_words(step.channels))

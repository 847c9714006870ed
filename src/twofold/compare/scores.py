"""Scores on test rows with their intervals, and gains of one workflow over another on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.random import make_generator
from twofold.evaluate.records import Interval
from twofold.metrics.base import Metric

DRAWS = 400
LEVEL = 0.95


def draw_counts(strata: NDArray[np.int64], seed: int, draws: int = DRAWS) -> NDArray[np.float64]:
    """Return how often each row is drawn in each bootstrap (Efron 1979), classes in proportion; (draws, n).

    Examples
    --------
    >>> draw_counts(np.array([0, 0, 1]), seed=0, draws=2).sum(axis=1)
    array([3., 3.])
    """
    generator = make_generator(seed, "test rows")
    counts = np.zeros((draws, len(strata)))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        for draw in range(draws):
            drawn = generator.integers(0, len(rows), len(rows))
            counts[draw, rows] = np.bincount(drawn, minlength=len(rows))
    return counts


def score_with_interval(
    metric: Metric, y: NDArray[Any], prediction: NDArray[np.float64], counts: NDArray[np.float64]
) -> Interval:
    """Return a score and the middle 95 % of its bootstraps.

    Parameters
    ----------
    metric : Metric
    y : array of shape (n,)
    prediction : array of shape (n, k)
    counts : array of shape (draws, n)
    """
    drawn = [metric(y, prediction, weight) for weight in counts]
    return _interval(metric(y, prediction), drawn)


def paired_gain(
    metric: Metric,
    y: NDArray[Any],
    better: NDArray[np.float64],
    other: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> Interval:
    """Return by how much one prediction is better than another on the same rows; positive is better."""
    drawn = [metric.gain(y, better, weight) - metric.gain(y, other, weight) for weight in counts]
    return _interval(metric.gain(y, better) - metric.gain(y, other), drawn)


def _interval(centre: float, drawn: Sequence[float]) -> Interval:
    known = np.asarray(drawn)[np.isfinite(drawn)]
    if not len(known):
        return Interval(centre, float("nan"), float("nan"), LEVEL)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Interval(centre, min(low, centre), max(high, centre), LEVEL)

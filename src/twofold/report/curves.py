"""The arithmetic behind the pictures: pure functions of targets and predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_Z = 1.959964
"""Normal quantile of a 95 % interval."""


def wilson(hits: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % interval of shares (Wilson 1927), which also holds near 0 and 1.

    Examples
    --------
    >>> low, high = wilson(np.array([0.0]), np.array([10.0]))
    >>> float(low[0]), round(float(high[0]), 2)
    (0.0, 0.28)
    """
    n = np.maximum(counts, 1.0)
    p = hits / n
    centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return np.where(hits <= 0, 0.0, centre - half), np.where(hits >= n, 1.0, centre + half)


@dataclass(frozen=True)
class Reliability:
    """How often what was said with some confidence came true: one value a bin."""

    said: Floats
    true: Floats
    low: Floats
    high: Floats
    counts: Floats


def reliability(hit: NDArray[np.bool_], said: Floats, bins: int = 10) -> Reliability:
    """Compare stated probabilities with what came true, in bins of equally many rows.

    Examples
    --------
    >>> curve = reliability(np.array([False, True] * 50), np.full(100, 0.5))
    >>> curve.true, curve.counts
    (array([0.5]), array([100.]))
    """
    edges = np.unique(np.quantile(said, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    where = np.searchsorted(edges, said, side="left")
    counts = np.bincount(where, minlength=len(edges) + 1).astype(float)
    hits = np.bincount(where, weights=hit, minlength=len(counts)).astype(float)
    sums = np.bincount(where, weights=said, minlength=len(counts))
    kept = counts > 0
    low, high = wilson(hits[kept], counts[kept])
    return Reliability(sums[kept] / counts[kept], hits[kept] / counts[kept], low, high, counts[kept])


@dataclass(frozen=True)
class Rates:
    """What a threshold on the probability of the second class brings."""

    true_positive: float
    false_positive: float
    precision: float


def rates_at(y: NDArray[np.int64], p: Floats, threshold: float) -> Rates:
    """Return the rates when rows from `threshold` on are answered with the second class.

    Examples
    --------
    >>> rates_at(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9]), 0.5)
    Rates(true_positive=0.5, false_positive=0.5, precision=0.5)
    """
    said = p >= threshold
    hits = float((said & (y == 1)).sum())
    n_said, n_positive, n_negative = float(said.sum()), float((y == 1).sum()), float((y == 0).sum())
    nan = float("nan")
    return Rates(
        hits / n_positive if n_positive else nan,
        (n_said - hits) / n_negative if n_negative else nan,
        hits / n_said if n_said else nan,
    )


def surest_first(right: NDArray[np.bool_], confidence: Floats) -> tuple[Floats, Floats]:
    """Return the share of rows answered, surest first, and the accuracy among them.

    Rows of equal confidence are answered together.

    Examples
    --------
    >>> surest_first(np.array([True, True, False, True]), np.array([0.9, 0.8, 0.6, 0.7]))
    (array([0.25, 0.5 , 0.75, 1.  ]), array([1.  , 1.  , 1.  , 0.75]))
    """
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(right[order]) / answered
    last = np.append(np.diff(confidence[order]) != 0, True)
    return answered[last] / len(order), accuracy[last]


@dataclass(frozen=True)
class Spread:
    """Quantiles (10, 25, 50, 75 and 90 %) of the residuals in one part of the target's range."""

    target: float
    quantiles: tuple[float, float, float, float, float]
    count: int


def spread_by_target(y: Floats, residual: Floats, parts: int = 10) -> tuple[Spread, ...]:
    """Return how residuals spread over equally large parts of the sorted target.

    Examples
    --------
    >>> [spread.target for spread in spread_by_target(np.arange(4.0), np.zeros(4), parts=2)]
    [0.5, 2.5]
    """
    order = np.argsort(y, kind="stable")
    out = []
    for rows in np.array_split(order, min(parts, len(order))):
        q = np.quantile(residual[rows], (0.1, 0.25, 0.5, 0.75, 0.9)).tolist()
        out.append(Spread(float(np.median(y[rows])), (q[0], q[1], q[2], q[3], q[4]), len(rows)))
    return tuple(out)

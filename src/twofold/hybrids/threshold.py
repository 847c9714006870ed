"""The probability from which the second of two classes is answered."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.base import Metric


def at_threshold(p: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Bend two-class probabilities so that the threshold comes to lie at one half; the order stays.

    Examples
    --------
    >>> at_threshold(np.array([[0.8, 0.2], [0.9, 0.1]]), 0.15).argmax(axis=1)
    array([1, 0])
    """
    second = p[:, 1]
    low = 0.5 * second / max(threshold, 1e-12)
    high = 0.5 + 1e-12 + 0.5 * (second - threshold) / max(1 - threshold, 1e-12)
    bent = np.clip(np.where(second >= threshold, high, np.minimum(low, 0.5 - 1e-12)), 0.0, 1.0)
    return np.column_stack([1 - bent, bent])


def learn_threshold(
    p: NDArray[np.float64],
    y: NDArray[Any],
    weight: NDArray[np.float64] | None,
    metric: Metric,
    most: int = 60,
) -> float:
    """Return the threshold with the best score, the middle of a plateau; one half when nothing is better.

    Parameters
    ----------
    p : array of shape (n, 2)
    y, weight : arrays of shape (n,)
    metric : Metric
        One that judges answered classes.
    most : int
        Thresholds tried, at the quantiles of the probabilities.
    """
    places = np.unique(np.quantile(p[:, 1], np.linspace(0.0, 1.0, most + 2)[1:-1]))
    tried = np.unique(np.append((places[1:] + places[:-1]) / 2, 0.5))
    gains = np.array([metric.gain(y, at_threshold(p, t), weight) for t in tried])
    best = np.flatnonzero(gains >= gains.max() - 1e-12)
    usual = int(np.searchsorted(tried, 0.5))
    return 0.5 if usual in best else float(tried[best[len(best) // 2]])

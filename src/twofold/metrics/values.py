"""Metrics of predicted values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.base import Metric

VALUES = frozenset({"regression"})
Weights = NDArray[np.float64] | None


def mean_absolute_error(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
    """Return the mean distance."""
    return float(np.average(np.abs(prediction[:, 0] - y), weights=weight))


def r2(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
    """Return the share of the variance that is explained; NaN for a constant target."""
    residual = np.average((prediction[:, 0] - y) ** 2, weights=weight)
    spread = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    return float(1 - residual / spread) if spread > 0 else float("nan")


def pinball(level: float) -> Metric:
    """Return the quantile loss (Koenker and Bassett 1978) at a level between 0 and 1.

    Examples
    --------
    >>> pinball(0.9)(np.array([1.0]), np.array([[0.0]]))
    0.9
    """

    def quantile_loss(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
        apart = y - prediction[:, 0]
        return float(np.average(np.maximum(level * apart, (level - 1) * apart), weights=weight))

    name = "quantile_loss" if level == 0.5 else f"quantile_loss@{level:g}"
    return Metric(name, f"quantile loss ({level:.0%})", quantile_loss, False, VALUES)


MAE = Metric("mae", "MAE", mean_absolute_error, False, VALUES)
R2 = Metric("r2", "R²", r2, True, VALUES)
QUANTILE_LOSS = pinball(0.5)

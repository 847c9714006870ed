"""Losses that are means over rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.base import Metric

_TINY = 1e-15


def mean_log_loss(
    y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> float:
    """Return the mean negative log of the probability given to the true class."""
    p = np.clip(prediction / prediction.sum(axis=1, keepdims=True), _TINY, 1.0)
    return float(np.average(-np.log(p[np.arange(len(y)), y]), weights=weight))


def root_mean_squared_error(
    y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> float:
    """Return the root of the mean squared difference."""
    return float(np.sqrt(np.average((prediction[:, 0] - y) ** 2, weights=weight)))


LOG_LOSS = Metric("log_loss", "log loss", mean_log_loss, False, frozenset({"binary", "multiclass"}))
RMSE = Metric("rmse", "RMSE", root_mean_squared_error, False, frozenset({"regression"}))

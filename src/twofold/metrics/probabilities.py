"""How well probabilities can be believed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.base import Metric

CLASSES = frozenset({"binary", "multiclass"})
BINS = 15


def brier(y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    """Return the mean squared distance to the truth (Brier 1950), halved so that it stays within 0 and 1.

    For two classes this is the mean of ``(p - y)^2``.
    """
    squares = (prediction**2).sum(axis=1) - 2 * prediction[np.arange(len(y)), y] + 1
    return float(np.average(squares, weights=weight) / 2)


def calibration_error(
    y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> float:
    """Return the mean gap between how sure the answers are and how often they are right.

    For two classes the probability of the second, for more that of the answered class, in 15 groups of
    equal size (Nguyen and O'Connor 2015; Guo et al. 2017).
    """
    if prediction.shape[1] == 2:
        sure, right = prediction[:, 1], y == 1
    else:
        sure, right = prediction.max(axis=1), prediction.argmax(axis=1) == y
    w = np.ones(len(y)) if weight is None else weight
    order = np.argsort(sure, kind="stable")
    reached = np.cumsum(w[order])
    group = np.minimum((reached - w[order] / 2) / reached[-1] * BINS, BINS - 1).astype(np.int64)
    gap = np.bincount(group, weights=(w * (sure - right))[order], minlength=BINS)
    return float(np.abs(gap).sum() / reached[-1])


BRIER = Metric("brier", "Brier score", brier, False, CLASSES)
CALIBRATION_ERROR = Metric("calibration_error", "calibration error", calibration_error, False, CLASSES)

"""Metrics of the order that predictions put the rows in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.base import Metric


def area_under_curve(
    positive: NDArray[np.bool_], scores: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> float:
    """Return the share of (positive, negative) pairs in the right order; ties count half.

    NaN when one of the classes has no weight.

    Examples
    --------
    >>> area_under_curve(np.array([False, True, True]), np.array([0.1, 0.1, 0.9]), None)
    0.75
    """
    weight = np.ones(len(scores)) if weight is None else weight
    _, place = np.unique(scores, return_inverse=True)
    place = place.reshape(-1)
    good = np.bincount(place, weights=weight * positive)
    bad = np.bincount(place, weights=weight * ~positive)
    pairs = good.sum() * bad.sum()
    below = np.cumsum(bad) - bad
    return float((good * (below + bad / 2)).sum() / pairs) if pairs > 0 else float("nan")


def roc_auc(y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    """Return the area under the ROC curve; with more than two classes, each against the rest, weighted.

    Classes without rows are left out.
    """
    if prediction.shape[1] == 2:
        return area_under_curve(y == 1, prediction[:, 1], weight)
    shares = np.bincount(y, weights=weight, minlength=prediction.shape[1])
    present = np.flatnonzero(shares > 0)
    if len(present) < 2:
        return float("nan")
    areas = [area_under_curve(y == c, prediction[:, c], weight) for c in present]
    return float(np.average(areas, weights=shares[present]))


ROC_AUC = Metric("roc_auc", "AUC", roc_auc, True, frozenset({"binary", "multiclass"}))

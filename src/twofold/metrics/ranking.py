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
    order = np.argsort(scores)
    ranked, hits = scores[order], positive[order]
    w = np.ones(len(scores)) if weight is None else weight[order]
    good, bad = w * hits, w * ~hits
    pairs = good.sum() * bad.sum()
    if not pairs > 0:
        return float("nan")
    reached = np.cumsum(bad)
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each run of equal scores
    through = reached[last]
    before = np.concatenate([[0.0], through[:-1]])
    goods = np.diff(np.concatenate([[0.0], np.cumsum(good)[last]]))
    return float((goods * (before + through)).sum() / 2 / pairs)


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


def average_precision(
    y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> float:
    """Return the area under the precision-recall curve as a step function, for the second of two classes."""
    w = np.ones(len(y)) if weight is None else weight
    _, place = np.unique(-prediction[:, 1], return_inverse=True)
    place = place.reshape(-1)
    good = np.bincount(place, weights=w * (y == 1))
    everyone = np.cumsum(np.bincount(place, weights=w))
    if not good.sum() > 0:
        return float("nan")
    precision = np.cumsum(good) / np.maximum(everyone, 1e-300)
    return float((good * precision).sum() / good.sum())


AVERAGE_PRECISION = Metric(
    "average_precision", "average precision", average_precision, True, frozenset({"binary"})
)
ROC_AUC = Metric("roc_auc", "AUC", roc_auc, True, frozenset({"binary", "multiclass"}))

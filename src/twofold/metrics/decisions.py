"""Metrics of the classes that are answered: the most probable one of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.metrics.base import Metric

CLASSES = frozenset({"binary", "multiclass"})
Weights = NDArray[np.float64] | None


def confusion(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> NDArray[np.float64]:
    """Return weights of (true class, answered class), shape (C, C)."""
    k = prediction.shape[1]
    cells = y * k + prediction.argmax(axis=1)
    return np.bincount(cells, weights=weight, minlength=k * k).reshape(k, k).astype(np.float64)


def accuracy(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
    """Return the share of right answers."""
    return float(np.average(prediction.argmax(axis=1) == y, weights=weight))


def balanced_accuracy(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
    """Return the mean, over the classes that occur, of the share of right answers."""
    table = confusion(y, prediction, weight)
    totals = table.sum(axis=1)
    return float(np.mean(np.diag(table)[totals > 0] / totals[totals > 0]))


def f1(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
    """Return the harmonic mean of precision and recall: of the second class, or the mean of all classes."""
    table = confusion(y, prediction, weight)
    right = np.diag(table)
    scores = 2 * right / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1e-300)
    occurs = (table.sum(axis=0) + table.sum(axis=1)) > 0
    return float(scores[1] if len(table) == 2 else scores[occurs].mean())


def cost_matrix(costs: Any) -> Metric:
    """Return the metric "mean cost of a row".

    Parameters
    ----------
    costs : array-like of shape (C, C)
        ``costs[true][answered]``, in any unit; classes in sorted order. Gains are negative costs.

    Examples
    --------
    >>> missed_is_worse = cost_matrix([[0, 1], [10, 0]])
    >>> missed_is_worse(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    5.0
    """
    try:
        table = np.asarray(costs, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.empty(0)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2 or not np.isfinite(table).all():
        raise InputError(
            f"The cost matrix is {str(costs)[:80]!r}.",
            "It has one row and one column of finite numbers for each class: costs[true][answered].",
            "For two classes write for instance metric=[[0, 1], [10, 0]].",
        )

    def mean_cost(y: NDArray[Any], prediction: NDArray[np.float64], weight: Weights) -> float:
        if prediction.shape[1] != len(table):
            raise InputError(
                f"The cost matrix is for {len(table)} classes, the target has {prediction.shape[1]}.",
                "Every class has its row and column, in sorted order.",
                "Give a cost matrix that fits.",
            )
        return float(np.average(table[y, prediction.argmax(axis=1)], weights=weight))

    return Metric("cost", "cost a row", mean_cost, False, CLASSES, decides=True)


ACCURACY = Metric("accuracy", "accuracy", accuracy, True, CLASSES, decides=True)
BALANCED_ACCURACY = Metric(
    "balanced_accuracy", "balanced accuracy", balanced_accuracy, True, CLASSES, decides=True
)
F1 = Metric("f1", "F1", f1, True, CLASSES, decides=True)

"""A user's own function as a metric."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.metrics.base import Metric

EVERY = frozenset({"binary", "multiclass", "regression"})


def own_metric(function: Callable[..., Any]) -> Metric:
    """Wrap ``function(y_true, y_pred) -> float``, or a scorer of scikit-learn's `make_scorer`.

    `y_true` are class codes or values; `y_pred` is the probability of the second class, a matrix of
    probabilities, or values. More is better unless the function has an attribute
    ``greater_is_better = False``. A function without a parameter `sample_weight` sees each row as often
    as its weight says, rounded.

    Examples
    --------
    >>> def hits(y_true, y_pred):
    ...     return np.mean(np.abs(y_true - y_pred) < 1)
    >>> own_metric(hits)(np.array([1.0, 5.0]), np.array([[1.5], [9.0]]))
    0.5
    """
    decides, sign, name = False, 1, getattr(function, "__name__", "own")
    greater = bool(getattr(function, "greater_is_better", True))
    if hasattr(function, "_score_func"):
        scorer: Any = function
        function, sign = scorer._score_func, int(scorer._sign)
        decides = scorer._response_method == "predict"
        name, greater = function.__name__, sign > 0
    weighted = "sample_weight" in inspect.signature(function).parameters

    def score(y: NDArray[Any], prediction: NDArray[np.float64], weight: Any) -> float:
        answer: Any = prediction if prediction.shape[1] > 2 else prediction[:, -1]
        if decides and prediction.shape[1] > 1:
            answer = prediction.argmax(axis=1)
        if weight is None:
            return _asked(name, lambda: function(y, answer))
        if weighted:
            return _asked(name, lambda: function(y, answer, sample_weight=weight))
        times = np.maximum(np.round(weight / (weight[weight > 0].min() if (weight > 0).any() else 1)), 0)
        rows = np.repeat(np.arange(len(y)), np.minimum(times, 100).astype(np.int64))
        return _asked(name, lambda: function(y[rows], answer[rows]))

    return Metric(name, name.replace("_", " "), score, greater, EVERY, decides=decides)


def _asked(name: str, ask: Callable[[], Any]) -> float:
    try:
        return float(ask())
    except Exception as error:
        raise InputError(
            f"The metric '{name}' failed: {type(error).__name__}: {error}.",
            "It is called with (y_true, y_pred) and returns one number.",
            "Try it on a few rows, and correct it.",
        ) from error

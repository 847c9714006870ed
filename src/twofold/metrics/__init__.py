"""Metrics as pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from twofold.core.errors import InputError
from twofold.core.registry import Registry
from twofold.core.task import get_task
from twofold.metrics.base import Metric

METRICS = Registry(
    "twofold.metrics",
    {
        "accuracy": "twofold.metrics.decisions:ACCURACY",
        "average_precision": "twofold.metrics.ranking:AVERAGE_PRECISION",
        "balanced_accuracy": "twofold.metrics.decisions:BALANCED_ACCURACY",
        "brier": "twofold.metrics.probabilities:BRIER",
        "calibration_error": "twofold.metrics.probabilities:CALIBRATION_ERROR",
        "f1": "twofold.metrics.decisions:F1",
        "log_loss": "twofold.metrics.losses:LOG_LOSS",
        "mae": "twofold.metrics.values:MAE",
        "quantile_loss": "twofold.metrics.values:QUANTILE_LOSS",
        "r2": "twofold.metrics.values:R2",
        "rmse": "twofold.metrics.losses:RMSE",
        "roc_auc": "twofold.metrics.ranking:ROC_AUC",
    },
)

ALIASES = {
    "auc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "roc_auc_ovr_weighted": "roc_auc",
    "ap": "average_precision",
    "logloss": "log_loss",
    "neg_log_loss": "log_loss",
    "neg_brier_score": "brier",
    "brier_score": "brier",
    "f1_macro": "f1",
    "ece": "calibration_error",
    "neg_root_mean_squared_error": "rmse",
    "root_mean_squared_error": "rmse",
    "neg_mean_absolute_error": "mae",
    "mean_absolute_error": "mae",
}
"""Names by which others know our metrics."""


def get_metric(metric: Any, task: str) -> Metric:
    """Return a metric that fits a task.

    Parameters
    ----------
    metric : str, Metric, callable, square array or None
        A name of `METRICS` (or by which scikit-learn knows it), ``"quantile_loss@0.9"``, a function
        ``(y_true, y_pred) -> float``, a cost matrix ``costs[true][answered]``; None for the task's default.
    task : str

    Examples
    --------
    >>> get_metric(None, "binary").label
    'AUC'
    >>> get_metric("neg_log_loss", "multiclass").name
    'log_loss'
    """
    if metric is None or isinstance(metric, str):
        found = _by_name(metric or get_task(task).metric)
    elif isinstance(metric, Metric):
        found = metric
    elif isinstance(metric, (Sequence, np.ndarray)):
        from twofold.metrics.decisions import cost_matrix

        found = cost_matrix(metric)
    elif callable(metric):
        from twofold.metrics.own import own_metric

        found = own_metric(metric)
    else:
        raise InputError(
            f"The metric is a {type(metric).__name__}.",
            "It may be a name, a function (y_true, y_pred) -> float, or a cost matrix.",
            "Leave it out for the default of the task.",
        )
    if task not in found.tasks:
        fitting = sorted(key for key in METRICS if task in METRICS.load(key).tasks)
        raise InputError(
            f"The metric '{found.name}' does not judge {task}.",
            f"For {task} there are: {', '.join(fitting)}.",
            "Choose one of these, or leave it out.",
        )
    return found


def _by_name(name: str) -> Metric:
    kind, _, level = name.partition("@")
    if kind == "quantile_loss" and level:
        from twofold.metrics.values import pinball

        try:
            share = float(level)
        except ValueError:
            share = -1.0
        if not 0 < share < 1:
            raise InputError(
                f"The level of '{name}' is {level!r}.", "It lies between 0 and 1.", "Try quantile_loss@0.9."
            )
        return pinball(share)
    return cast(Metric, METRICS.load(ALIASES.get(name, name)))

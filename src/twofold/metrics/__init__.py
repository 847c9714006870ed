"""Metrics as pure functions of arrays."""

from __future__ import annotations

from typing import cast

from twofold.core.errors import InputError
from twofold.core.registry import Registry
from twofold.core.task import get_task
from twofold.metrics.base import Metric

METRICS = Registry(
    "twofold.metrics",
    {
        "log_loss": "twofold.metrics.losses:LOG_LOSS",
        "rmse": "twofold.metrics.losses:RMSE",
        "roc_auc": "twofold.metrics.ranking:ROC_AUC",
    },
)


def get_metric(name: str | None, task: str) -> Metric:
    """Return a metric that fits a task; None for the task's default.

    Examples
    --------
    >>> get_metric(None, "binary").label
    'AUC'
    """
    metric = cast(Metric, METRICS.load(name or get_task(task).metric))
    if task not in metric.tasks:
        fitting = sorted(key for key in METRICS if task in METRICS.load(key).tasks)
        raise InputError(
            f"The metric '{metric.name}' does not judge {task}.",
            f"For {task} there are: {', '.join(fitting)}.",
            "Choose one of these, or leave it out.",
        )
    return metric

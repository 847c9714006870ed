"""Tasks as records: what is predicted, in which shape, and how it is judged by default."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.core.errors import InputError


@dataclass(frozen=True)
class Task:
    """A kind of prediction.

    Parameters
    ----------
    name : str
    metric : str
        Default metric.
    metrics : tuple of str
        All metrics shown for it.
    classification : bool
        Predictions are (n, n_classes) probabilities; else (n, 1) values.
    unit : str
        What a gain is counted in, for the sentence of the verdict.
    """

    name: str
    metric: str
    metrics: tuple[str, ...]
    classification: bool
    unit: str


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "binary",
            "roc_auc",
            (
                "roc_auc",
                "average_precision",
                "log_loss",
                "accuracy",
                "balanced_accuracy",
                "f1",
                "brier",
                "calibration_error",
            ),
            True,
            "AUC",
        ),
        Task(
            "multiclass",
            "log_loss",
            (
                "log_loss",
                "accuracy",
                "balanced_accuracy",
                "f1",
                "roc_auc",
                "brier",
                "calibration_error",
            ),
            True,
            "log loss",
        ),
        Task("regression", "rmse", ("rmse", "mae", "r2", "quantile_loss"), False, "RMSE"),
    )
}


def get_task(name: str) -> Task:
    """Return the record of a task.

    Examples
    --------
    >>> get_task("binary").metric
    'roc_auc'
    """
    try:
        return TASKS[name]
    except KeyError:
        raise InputError(
            f"'{name}' is not a task.",
            f"Tasks are: {', '.join(TASKS)}.",
            "Leave it out to have it inferred from the target.",
        ) from None

"""`fit`: a table with its target, wherever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twofold.core.budget import Budget
from twofold.data.read import read_table
from twofold.data.target import Roles, dataset_from_frame
from twofold.estimators.estimator import TwofoldClassifier, TwofoldRegressor
from twofold.search.progress import Progress
from twofold.search.settings import check_jobs


def fit(
    data: Any,
    *,
    target: str,
    budget: float | str = 60,
    metric: Any = None,
    prefer: str = "accuracy",
    task: str | None = None,
    weight: str | None = None,
    groups: str | None = None,
    time: str | None = None,
    schema: Mapping[str, str] | str | None = None,
    folds: int | None = None,
    candidates: Sequence[str] | None = None,
    max_trials: int | None = None,
    memory: float | str | None = None,
    run_dir: str | None = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    encoders: Sequence[str] | None = None,
    floor: float | None = None,
    progress: Progress | None = None,
) -> TwofoldClassifier | TwofoldRegressor:
    """Train on a table, and return the fitted estimator.

    Parameters
    ----------
    data : path, pandas.DataFrame, pyarrow.Table, DuckDB relation or query
        See `twofold.data.read.read_table`. Reading is not part of the budget.
    target : str
        The column to predict.
    budget to random_state, encoders, floor
        As of `TwofoldClassifier`.
    task : str or None
        ``binary``, ``multiclass`` or ``regression``; None infers it from the target.
    weight, groups, time : str or None
        Columns with sample weights, groups that stay together, and times that folds respect.
    progress : Progress or None
        Who is told what happens; None shows a live table where a person looks.

    Examples
    --------
    >>> import pandas as pd
    >>> sizes = [(7 * n) % 60 / 2 for n in range(60)]
    >>> frame = pd.DataFrame({"size": sizes, "sold": [size > 15 for size in sizes]})
    >>> fit(frame, target="sold", max_trials=1).predict(pd.DataFrame({"size": [5.5, 25.5]})).tolist()
    [False, True]
    """
    asked = locals()
    estimator = TwofoldClassifier(**{name: asked[name] for name in TwofoldClassifier._get_param_names()})
    return _fit(estimator, data, Roles(target, weight, groups, time), task, progress)


def _fit(
    estimator: TwofoldClassifier, data: Any, roles: Roles, task: str | None, progress: Progress | None
) -> TwofoldClassifier | TwofoldRegressor:
    frame = read_table(data)
    clock = Budget(estimator._seconds(), cores=check_jobs(estimator.n_jobs))
    dataset = dataset_from_frame(frame, roles, task=task, declared=estimator._declared())
    if not dataset.classes:
        return TwofoldRegressor(**estimator.get_params())._run(dataset, clock, progress)
    return estimator._run(dataset, clock, progress)

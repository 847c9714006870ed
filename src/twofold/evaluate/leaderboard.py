"""The leaderboard: every line with its score, its interval and its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.task import get_task
from twofold.core.trial import Trial, read_twice
from twofold.evaluate.bootstrap import Resampled
from twofold.evaluate.records import Row
from twofold.evaluate.verdict import in_unit
from twofold.metrics import METRICS
from twofold.metrics.base import Metric

WATTS = 15.0
"""Of one busy core of a common machine; the energy is estimated from it."""


def score_all(
    y: NDArray[Any], prediction: NDArray[np.float64], weight: NDArray[np.float64] | None, task: str
) -> dict[str, float]:
    """Return every metric of a task; NaN where one is not defined."""
    known = np.flatnonzero(np.isfinite(prediction).all(axis=1))
    w = None if weight is None else weight[known]
    names = get_task(task).metrics
    return {name: METRICS.load(name)(y[known], prediction[known], w) for name in names}


def baseline_row(gain: float, error: float, metric: Metric, metrics: dict[str, float]) -> Row:
    """Return the line of the trivial answer."""
    return Row("baseline", "baseline", "complete", score=in_unit(gain, error, metric), metrics=metrics)


def unfinished_rows(trials: Sequence[Trial]) -> list[Row]:
    """Return lines without scores for what was stopped or failed."""
    return [
        Row(
            trial.name,
            trial.family,
            trial.status,
            trial.reason,
            seconds=trial.seconds,
            params=trial.params,
            rounds=trial.rounds,
        )
        for trial in trials
        if trial.status != "complete"
    ]


def finished_row(
    column: int,
    resampled: Resampled,
    gain: float,
    members: Sequence[Trial],
    metric: Metric,
    metrics: dict[str, float],
) -> Row:
    """Return the line of a complete trial or a join.

    Parameters
    ----------
    column : int
        Its place in `resampled`.
    resampled : Resampled
    gain : float
        Without its optimism.
    members : sequence of Trial
        One, or those that it joins.
    metric : Metric
    metrics : dict
    """
    alone = members[0] if len(members) == 1 else None
    seconds = sum(trial.seconds for trial in members)
    error = resampled.error(resampled.inside[:, column])
    return Row(
        resampled.names[column],
        resampled.families[column],  # type: ignore[arg-type]
        "complete",
        score=in_unit(gain, error, metric),
        metrics=metrics,
        seconds=seconds,
        row_seconds=float(resampled.row_seconds[column]),
        size=sum(trial.size for trial in members) - read_twice(members)[1],
        joules=seconds * WATTS,
        members=() if alone else tuple(trial.name for trial in members),
        params=alone.params if alone else {},
        rounds=alone.rounds if alone else (),
    )


def sort_rows(rows: Sequence[Row], metric: Metric) -> tuple[Row, ...]:
    """Put scored lines in order, best first, mark the Pareto front, and put the others behind."""
    sign = 1.0 if metric.greater_is_better else -1.0

    def gain(row: Row) -> float:
        return sign * row.score.centre if row.score else -np.inf

    scored = sorted((row for row in rows if row.score is not None), key=lambda row: -gain(row))
    out, cheapest = [], np.inf
    for row in scored:
        front = row.row_seconds < cheapest
        cheapest = min(cheapest, row.row_seconds)
        out.append(replace(row, pareto=front))
    return (*out, *(row for row in rows if row.score is None))

"""From trials to what is said and kept: the lines, their scores, the verdict, the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.evaluate.bootstrap import Resampled, known_mean, resample
from twofold.evaluate.choose import make_chooser
from twofold.evaluate.entrants import line_up
from twofold.evaluate.leaderboard import (
    baseline_row,
    bias_corrected,
    finished_row,
    score_all,
    sort_rows,
    unfinished_rows,
)
from twofold.evaluate.lines import Line, learn_lines
from twofold.evaluate.records import Row, Verdict
from twofold.evaluate.verdict import reach_verdict
from twofold.metrics.base import Metric
from twofold.search.run_folder import RunFolder
from twofold.search.settings import Settings
from twofold.workflow.plan import Plan


@dataclass(frozen=True)
class Evidence:
    """What the trials came to.

    Parameters
    ----------
    rows : tuple of Row
    verdict : Verdict
    line : Line or None
        What is kept; None when the trivial answer is all there is.
    members : tuple of Trial
        What the line joins.
    reason : str
        Why it is kept.
    """

    rows: tuple[Row, ...]
    verdict: Verdict
    line: Line | None
    members: tuple[Trial, ...]
    reason: str


def weigh(
    trials: Mapping[str, Trial],
    baseline: Trial,
    plans: Mapping[str, Plan],
    dataset: Dataset,
    metric: Metric,
    settings: Settings,
    budget: Budget,
    run: RunFolder,
    n_folds: int,
) -> Evidence:
    """Compare and choose.

    Parameters
    ----------
    trials : mapping of str to Trial
    baseline : Trial
    plans : mapping of str to Plan
    dataset : Dataset
    metric : Metric
    settings : Settings
    budget : Budget
        For the bootstraps.
    run : RunFolder
    n_folds : int
    """
    complete = [trial for trial in trials.values() if trial.status == "complete"]
    others = unfinished_rows(list(trials.values()))
    if not complete:
        return _baseline_alone(baseline, dataset, metric, others)
    entrants = line_up(
        complete,
        baseline,
        dataset,
        metric,
        n_folds,
        readable={
            t.name: plans[t.name].capabilities.readable and not plans[t.name].network for t in complete
        },
        native={t.name: _is_native(t.name, run) for t in complete},
        timed=settings.timed,
        seed=settings.seed,
    )
    lines, gains = learn_lines(entrants, entrants.weight)
    resampled = resample(entrants, lines, budget, settings.seed)
    readable = np.array([_every(entrants.readable, line) and len(line.members) == 1 for line in lines])
    native = np.array([bool(entrants.native[list(line.members)].any()) for line in lines])
    chooser = make_chooser(settings.prefer, resampled, gains, readable, native)
    whole = _whole_gains(lines, gains, resampled, complete, dataset, metric)
    chosen = chooser.pick(whole)
    rows = _rows(lines, whole, chosen, resampled, complete, dataset, metric)
    rows = [*rows, _baseline(baseline, dataset, metric), *others]
    picks = np.array([chooser.pick(row) for row in resampled.inside])
    optimism = _optimism(resampled, picks)
    verdict = reach_verdict(resampled, gains, metric)
    line = lines[chosen]
    members = tuple(complete[position] for position in line.members)
    reason = _reason(settings.prefer, line, lines, chooser.allowed, optimism, metric)
    return Evidence(sort_rows(rows, metric), verdict, line, members, reason)


def _is_readable(plan: Plan) -> bool:
    return plan.capabilities.readable and not plan.network


def _is_native(name: str, run: RunFolder) -> bool:
    result = run.result(name, 0)
    return result is not None and result.native


def _every(flags: NDArray[np.bool_], line: Line) -> bool:
    return bool(flags[list(line.members)].all())


def _optimism(resampled: Resampled, picks: NDArray[np.intp]) -> float:
    """Return how much better the choice looks on the rows it was made on than on others."""
    rows = np.arange(len(picks))
    return known_mean(resampled.inside[rows, picks] - resampled.outside[rows, picks])


def _whole_gains(
    lines: list[Line],
    gains: NDArray[np.float64],
    resampled: Resampled,
    complete: list[Trial],
    dataset: Dataset,
    metric: Metric,
) -> NDArray[np.float64]:
    """Return gains on all scored rows; joins relative to the best single trial, without their optimism."""
    n = len(complete)
    known = gains.copy()
    for column, line in enumerate(lines[:n]):
        known[column] = _gain(whole_answer(line, [complete[column]]), line, dataset, metric)
    return bias_corrected(resampled, known, n)


def _rows(
    lines: list[Line],
    gains: NDArray[np.float64],
    chosen: int,
    resampled: Resampled,
    complete: list[Trial],
    dataset: Dataset,
    metric: Metric,
) -> list[Row]:
    rows = []
    for column, line in enumerate(lines):
        members = [complete[position] for position in line.members]
        whole = whole_answer(line, members)
        metrics = score_all(dataset.y, whole, dataset.weight, dataset.task)
        row = finished_row(column, resampled, float(gains[column]), members, metric, metrics)
        rows.append(replace(row, chosen=column == chosen))
    return rows


def whole_answer(line: Line, members: list[Trial]) -> NDArray[np.float64]:
    """Return a line's out-of-fold predictions of all rows; NaN where no fold scored."""
    return line.local.combine(np.stack([np.asarray(trial.predictions) for trial in members]))


def _gain(whole: NDArray[np.float64], line: Line, dataset: Dataset, metric: Metric) -> float:
    from twofold.hybrids.threshold import at_threshold

    known = np.flatnonzero(np.isfinite(whole).all(axis=1))
    weight = None if dataset.weight is None else dataset.weight[known]
    p = whole[known] if line.threshold == 0.5 else at_threshold(whole[known], line.threshold)
    return metric.gain(dataset.y[known], p, weight)


def _baseline(baseline: Trial, dataset: Dataset, metric: Metric) -> Row:
    p = np.asarray(baseline.predictions)
    known = np.flatnonzero(np.isfinite(p).all(axis=1))
    weight = None if dataset.weight is None else dataset.weight[known]
    score = metric(dataset.y[known], p[known], weight)
    error = _baseline_error(dataset.y[known], p[known], metric)
    return baseline_row(score, error, metric, score_all(dataset.y, p, dataset.weight, dataset.task))


def _baseline_error(y: NDArray[Any], p: NDArray[np.float64], metric: Metric) -> float:
    generator = np.random.default_rng(0)
    n = min(len(y), 2_000)
    rows = [generator.integers(0, len(y), n) for _ in range(30)]
    scores = np.array([metric(y[r], p[r]) for r in rows])
    known = scores[np.isfinite(scores)]
    return float(known.std() * np.sqrt(n / len(y))) if len(known) > 1 else 0.0


def _baseline_alone(baseline: Trial, dataset: Dataset, metric: Metric, others: list[Row]) -> Evidence:
    row = replace(_baseline(baseline, dataset, metric), chosen=True)
    verdict = Verdict(
        "not compared",
        "Not compared: no model was finished; the answer is the trivial baseline.",
        metric.name,
        families={"baseline": row.score} if row.score else {},
    )
    reason = "No candidate could be finished: this is the trivial baseline. A larger budget changes that."
    return Evidence((row, *others), verdict, None, (), reason)


def _reason(
    prefer: str,
    line: Line,
    lines: list[Line],
    allowed: NDArray[np.bool_],
    optimism: float,
    metric: Metric,
) -> str:
    what = {
        "accuracy": f"The most accurate of {len(lines)} models and joins",
        "balanced": f"The cheapest of {len(lines)} models and joins within noise of the best",
        "speed": f"The cheapest of {len(lines)} models and joins that keeps nearly all of the best's lead",
        "readable": f"The most accurate of {int(allowed.sum())} models that a person can read",
    }[prefer]
    if prefer == "readable" and not allowed.any():
        what = "No readable model was finished; the most accurate one"
    sure = f"; choosing made its score look better by {abs(optimism):.2g} {metric.label}, which is taken off"
    return what + (sure if optimism > 0 and len(line.members) > 1 else "") + "."

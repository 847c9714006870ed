"""From trials to what is said and kept: the lines, their scores, the verdict, the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.fold import Fold
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.evaluate.bootstrap import Resampled, resample
from twofold.evaluate.choose import make_chooser
from twofold.evaluate.entrants import Entrants, line_up
from twofold.evaluate.leaderboard import (
    baseline_row,
    finished_row,
    score_all,
    sort_rows,
    unfinished_rows,
)
from twofold.evaluate.lines import Line, learn_lines
from twofold.evaluate.optimism import luck, take_off
from twofold.evaluate.records import Row, Verdict
from twofold.evaluate.verdict import reach_verdict
from twofold.hybrids.threshold import at_threshold
from twofold.metrics.base import Metric
from twofold.search.run_folder import RunFolder
from twofold.search.settings import Settings
from twofold.workflow.plan import Plan

WORTH_TELLING = 0.02
"""Standard errors from which on what was taken off a score is told."""


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
    instead : tuple of (Line, tuple of Trial)
        What could be kept in its place, best first.
    """

    rows: tuple[Row, ...]
    verdict: Verdict
    line: Line | None
    members: tuple[Trial, ...]
    reason: str
    instead: tuple[tuple[Line, tuple[Trial, ...]], ...] = ()


def weigh(
    trials: Mapping[str, Trial],
    baseline: Trial,
    plans: Mapping[str, Plan],
    dataset: Dataset,
    metric: Metric,
    settings: Settings,
    budget: Budget,
    run: RunFolder,
    folds: Sequence[Fold],
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
    folds : sequence of Fold
    """
    complete = [trial for trial in trials.values() if trial.status == "complete"]
    others = unfinished_rows(list(trials.values()))
    if not complete:
        return _baseline_alone(baseline, dataset, metric, settings, budget, folds, others)
    entrants = line_up(
        complete,
        baseline,
        dataset,
        metric,
        folds,
        readable={t.name: _is_readable(plans[t.name]) for t in complete},
        native={t.name: _is_native(t.name, run) for t in complete},
        timed=settings.timed,
        seed=settings.seed,
    )
    entrants = replace(entrants, floor=settings.floor)
    lines, gains = learn_lines(entrants, entrants.weight)
    resampled = resample(entrants, lines, gains, budget, settings.seed)
    members = [[complete[position] for position in line.members] for line in lines]
    raw = np.array([_gain(line, of, dataset, metric) for line, of in zip(lines, members, strict=True)])
    scores = take_off(resampled, raw, _gain(None, [baseline], dataset, metric))
    readable, native = _flags(entrants, lines)
    chooser = make_chooser(settings.prefer, resampled, scores, readable, native)
    chosen = chooser.pick(scores.fair)
    gained = np.array(scores.expected)
    gained[chosen] = min(gained[chosen], scores.fair[chosen] - luck(resampled, chooser.pick))
    rows = _rows(lines, gained, chosen, resampled, members, dataset, metric)
    rows = [*rows, _baseline(baseline, resampled.error(resampled.trivial), dataset, metric), *others]
    verdict = reach_verdict(resampled, scores, metric)
    taken = float(raw[chosen] - gained[chosen])
    taken *= taken > WORTH_TELLING * resampled.error(resampled.inside[:, chosen])
    reason = _reason(settings.prefer, lines, chosen, chooser.allowed, taken, metric)
    instead = tuple((lines[p], tuple(members[p])) for p in np.argsort(-scores.fair) if p != chosen)
    return Evidence(sort_rows(rows, metric), verdict, lines[chosen], tuple(members[chosen]), reason, instead)


def _is_readable(plan: Plan) -> bool:
    return plan.capabilities.readable and not plan.network


def _is_native(name: str, run: RunFolder) -> bool:
    result = run.result(name, 0)
    return result is not None and result.native


def _flags(entrants: Entrants, lines: list[Line]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which lines a person can read, and which need a booster's own file."""
    members = [list(line.members) for line in lines]
    readable = [len(of) == 1 and bool(entrants.readable[of].all()) for of in members]
    return np.array(readable), np.array([bool(entrants.native[of].any()) for of in members])


def _rows(
    lines: list[Line],
    gains: NDArray[np.float64],
    chosen: int,
    resampled: Resampled,
    members: list[list[Trial]],
    dataset: Dataset,
    metric: Metric,
) -> list[Row]:
    rows = []
    for column, line in enumerate(lines):
        whole = whole_answer(line, members[column])
        metrics = score_all(dataset.y, whole, dataset.weight, dataset.task)
        row = finished_row(column, resampled, float(gains[column]), members[column], metric, metrics)
        rows.append(replace(row, chosen=column == chosen))
    return rows


def whole_answer(line: Line, members: list[Trial]) -> NDArray[np.float64]:
    """Return a line's out-of-fold predictions of all rows; NaN where no fold scored."""
    return line.local.combine(np.stack([np.asarray(trial.predictions) for trial in members]))


def _gain(line: Line | None, members: list[Trial], dataset: Dataset, metric: Metric) -> float:
    """Score a line, or the baseline alone, on all scored rows."""
    whole = np.asarray(members[0].predictions) if line is None else whole_answer(line, members)
    known = np.flatnonzero(np.isfinite(whole).all(axis=1))
    weight = None if dataset.weight is None else dataset.weight[known]
    p = whole[known]
    if line is not None and line.threshold != 0.5:
        p = at_threshold(p, line.threshold)
    return metric.gain(dataset.y[known], p, weight)


def _baseline(baseline: Trial, error: float, dataset: Dataset, metric: Metric) -> Row:
    gain = _gain(None, [baseline], dataset, metric)
    metrics = score_all(dataset.y, np.asarray(baseline.predictions), dataset.weight, dataset.task)
    return baseline_row(gain, error, metric, metrics)


def _baseline_alone(
    baseline: Trial,
    dataset: Dataset,
    metric: Metric,
    settings: Settings,
    budget: Budget,
    folds: Sequence[Fold],
    others: list[Row],
) -> Evidence:
    entrants = line_up(
        [baseline], baseline, dataset, metric, folds, readable={}, native={}, timed=False, seed=settings.seed
    )
    resampled = resample(entrants, *learn_lines(entrants, entrants.weight), budget, settings.seed)
    error = resampled.error(resampled.trivial)
    row = replace(_baseline(baseline, error, dataset, metric), chosen=True)
    verdict = Verdict(
        "not compared",
        "Not compared: no model was finished; the answer is the trivial baseline.",
        metric.name,
        families={"baseline": row.score} if row.score else {},
    )
    reason = "No candidate could be finished: this is the trivial baseline. A larger budget changes that."
    return Evidence((row, *others), verdict, None, (), reason)


def _reason(
    prefer: str, lines: list[Line], chosen: int, allowed: NDArray[np.bool_], taken: float, metric: Metric
) -> str:
    what = {
        "accuracy": f"The most accurate of {len(lines)} models and joins",
        "balanced": f"The cheapest of {len(lines)} models and joins within noise of the best",
        "speed": f"The cheapest of {len(lines)} models and joins that keeps nearly all of the best's lead",
        "readable": f"The most accurate of {int(allowed.sum())} models that a person can read",
    }[prefer]
    if prefer == "readable" and not allowed.any():
        what = "No readable model was finished; the most accurate one"
    off = f"; choosing made its score look better by {taken:.2g} {metric.label}, which is taken off"
    return f"{what}{off if taken > 0 else ''}. {lines[chosen].join.note}".rstrip()

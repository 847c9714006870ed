"""Scores that are not too good: choose on in-bag rows, score on the others, many times.

Bootstrap-bias-corrected cross-validation (Tsamardinos, Greasidou and Borboudakis 2018). Everything that
learns from out-of-fold rows is learned again in each bootstrap; what that says about the scores is in
`twofold.evaluate.optimism`. The widths follow from the spread over the bootstraps, widened for the
overlap of the folds' training rows (Nadeau and Bengio 2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.random import make_generator
from twofold.evaluate.entrants import Entrants, draw_in_bag
from twofold.evaluate.lines import JOINS, Line, learn_lines

DRAWS, FEWEST = 60, 16
"""Bootstraps where there is time, and at the least."""


@dataclass(frozen=True)
class Resampled:
    """What the lines scored over the bootstraps; more is better.

    Parameters
    ----------
    names, families : tuple of str, of length L
    gains : array of shape (L,)
        On all rows that were resampled; what a line learned, it learned from these.
    inside, outside : arrays of shape (B, L)
        Gains on in-bag and on out-of-bag rows; NaN where a line did not come about.
    trivial : array of shape (B,)
        Gains of the trivial answer on in-bag rows.
    learned : boolean array of shape (L,)
        Whether a line learned from the rows: joins do, and single trials that got a threshold.
    cost : array of shape (L,)
        What decisions are weighed with: seconds a row, or bytes where a run has to repeat exactly.
    row_seconds : array of shape (L,)
        Measured seconds a row.
    share : float
        Of all scored rows (or blocks of them), those that were resampled.
    widen : float
        Factor from the spread over the bootstraps to a standard error of a score on all scored rows.
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    gains: NDArray[np.float64]
    inside: NDArray[np.float64]
    outside: NDArray[np.float64]
    trivial: NDArray[np.float64]
    learned: NDArray[np.bool_]
    cost: NDArray[np.float64]
    row_seconds: NDArray[np.float64]
    share: float
    widen: float

    def error(self, values: NDArray[np.float64]) -> float:
        """Return the standard error that belongs to values over the bootstraps."""
        known = values[np.isfinite(values)]
        return float(known.std(ddof=1) * self.widen) if len(known) > 1 else float("nan")


def known_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the finite values, NaN when there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def resample(
    entrants: Entrants,
    lines: Sequence[Line],
    gains: NDArray[np.float64],
    budget: Budget,
    seed: int,
    joins: Sequence[str] = JOINS,
) -> Resampled:
    """Learn and score all lines on bootstraps of the rows.

    Parameters
    ----------
    entrants : Entrants
    lines : sequence of Line
        As learned on all rows; only these are reported.
    gains : array of shape (L,)
        Theirs on all rows.
    budget : Budget
        Fewer bootstraps are drawn when it is short.
    seed : int
    joins : sequence of str
        Kinds of joins to learn.
    """
    place = {line.name: position for position, line in enumerate(lines)}
    metric = entrants.metric

    def one(draw: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
        if draw >= FEWEST and budget.expired:
            return None
        counts = draw_in_bag(entrants, make_generator(seed, "bootstrap", draw))
        weight, out = counts * entrants.weight, np.flatnonzero(counts == 0)
        inside, outside = np.full(len(lines), np.nan), np.full(len(lines), np.nan)
        if not len(out) or not weight.any() or not entrants.weight[out].any():
            return inside, outside, np.nan
        learned, found = learn_lines(entrants, weight, joins)
        predictions, y, w = entrants.predictions[:, out], entrants.y[out], entrants.weight[out]
        for line, gain in zip(learned, found, strict=True):
            column = place.get(line.name)
            if column is not None:
                inside[column] = gain if np.isfinite(gain) else np.nan
                outside[column] = metric.gain(y, line.answer(predictions), w)
        return inside, outside, metric.gain(entrants.y, entrants.trivial, weight)

    with ThreadPoolExecutor(budget.cores) as threads:
        drawn = [parts for parts in threads.map(one, range(DRAWS)) if parts is not None]
    thresholds = metric.decides and entrants.predictions.shape[2] == 2
    return Resampled(
        tuple(line.name for line in lines),
        tuple(line.family for line in lines),
        gains,
        np.stack([inside for inside, _, _ in drawn]),
        np.stack([outside for _, outside, _ in drawn]),
        np.array([trivial for _, _, trivial in drawn]),
        np.array([thresholds or len(line.members) > 1 for line in lines]),
        np.array([_cost(line, entrants, entrants.cost, timed=entrants.timed) for line in lines]),
        np.array([_cost(line, entrants, entrants.row_seconds, timed=True) for line in lines]),
        entrants.share,
        float(np.sqrt(entrants.overlap * entrants.share)),
    )


def _cost(line: Line, entrants: Entrants, costs: NDArray[np.float64], *, timed: bool) -> float:
    """Return what a row costs with a line, in seconds or bytes; cells are read once for all members."""
    seconds, size = entrants.twice(line.members) if line.join.together else (0.0, 0)
    return line.join.row_seconds(costs) - (seconds if timed else size)

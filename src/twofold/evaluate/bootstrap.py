"""Scores that are not too good: choose on in-bag rows, score on the others, many times.

Bootstrap-bias-corrected cross-validation (Tsamardinos, Greasidou and Borboudakis 2018). Everything that
learns from out-of-fold rows is learned again in each bootstrap. The widths follow from the spread over
the bootstraps, widened for the overlap of the folds' training rows (Nadeau and Bengio 2003).
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
    inside, outside : arrays of shape (B, L)
        Gains on in-bag and on out-of-bag rows; NaN where a line did not come about.
    cost : array of shape (L,)
        What decisions are weighed with: seconds a row, or bytes where a run has to repeat exactly.
    row_seconds : array of shape (L,)
        Measured seconds a row.
    widen : float
        Factor from the spread over the bootstraps to a standard error.
    baseline : float
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    inside: NDArray[np.float64]
    outside: NDArray[np.float64]
    cost: NDArray[np.float64]
    row_seconds: NDArray[np.float64]
    widen: float
    baseline: float

    def place(self, name: str) -> int:
        """Return the column of a line."""
        return self.names.index(name)

    def error(self, values: NDArray[np.float64]) -> float:
        """Return the standard error that belongs to values over the bootstraps."""
        known = values[np.isfinite(values)]
        return float(known.std(ddof=1) * self.widen) if len(known) > 1 else float("nan")


def known_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the finite values, NaN when there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def resample(
    entrants: Entrants, lines: Sequence[Line], budget: Budget, seed: int, joins: Sequence[str] = JOINS
) -> Resampled:
    """Learn and score all lines on bootstraps of the rows.

    Parameters
    ----------
    entrants : Entrants
    lines : sequence of Line
        As learned on all rows; only these are reported.
    budget : Budget
        Fewer bootstraps are drawn when it is short.
    seed : int
    joins : sequence of str
        Kinds of joins to learn.
    """
    names = tuple(line.name for line in lines)
    place = {name: position for position, name in enumerate(names)}

    def one(draw: int) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        if draw >= FEWEST and budget.expired:
            return None
        counts = draw_in_bag(entrants, make_generator(seed, "bootstrap", draw))
        out = np.flatnonzero(counts == 0)
        inside, outside = np.full(len(names), np.nan), np.full(len(names), np.nan)
        if not len(out) or not (counts * entrants.weight).any() or not entrants.weight[out].any():
            return inside, outside
        learned, gains = learn_lines(entrants, counts * entrants.weight, joins)
        predictions, y, w = entrants.predictions[:, out], entrants.y[out], entrants.weight[out]
        for line, gain in zip(learned, gains, strict=True):
            column = place.get(line.name)
            if column is not None:
                inside[column] = gain if np.isfinite(gain) else np.nan
                outside[column] = entrants.metric.gain(y, line.answer(predictions), w)
        return inside, outside

    with ThreadPoolExecutor(budget.cores) as threads:
        found = [pair for pair in threads.map(one, range(DRAWS)) if pair is not None]
    k = entrants.n_folds
    overlap = 1.0 + k / (k - 1) if k > 1 else 1.25  # one hold-out of a fifth
    return Resampled(
        names,
        tuple(line.family for line in lines),
        np.stack([inside for inside, _ in found]),
        np.stack([outside for _, outside in found]),
        np.array([line.join.row_seconds(entrants.cost) for line in lines]),
        np.array([line.join.row_seconds(entrants.row_seconds) for line in lines]),
        float(np.sqrt(overlap * len(entrants.y) / max(entrants.n_scored, 1))),
        entrants.baseline,
    )

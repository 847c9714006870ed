"""Which line is kept, by what the user weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.bootstrap import Resampled
from twofold.evaluate.optimism import Scores

SLACK = {"balanced": (0.5, 0.01), "speed": (1.0, 0.03)}
"""How far behind the best a cheaper line may be: so many standard errors of the difference, or such a
share of the best one's lead over the trivial answer, whichever is more."""


@dataclass(frozen=True)
class Chooser:
    """A rule that is applied to all rows, and to each bootstrap alike.

    Parameters
    ----------
    prefer : str
        ``accuracy`` takes the best; ``balanced`` and ``speed`` the cheapest that is nearly as good;
        ``readable`` the best that a person can read.
    allowed : boolean array of shape (L,)
        Lines that may be taken at all: readable ones, ones without a booster's own file.
    errors : array of shape (L,)
        Standard error of each line's difference to the best.
    cost : array of shape (L,)
    baseline : float
    """

    prefer: str
    allowed: NDArray[np.bool_]
    errors: NDArray[np.float64]
    cost: NDArray[np.float64]
    baseline: float

    def pick(self, gains: NDArray[np.float64]) -> int:
        """Return the position of the line to keep."""
        usable = np.where(self.allowed & np.isfinite(gains), gains, -np.inf)
        if not np.isfinite(usable).any():
            usable = np.where(np.isfinite(gains), gains, -np.inf)
        best = int(np.argmax(usable))
        if self.prefer not in SLACK:
            return best
        n_errors, share = SLACK[self.prefer]
        lead = max(float(usable[best] - self.baseline), 0.0)
        slack = np.maximum(n_errors * np.nan_to_num(self.errors), share * lead)
        # what costs alike is decided by the score
        near = np.flatnonzero(usable >= usable[best] - np.minimum(slack, 0.25 * lead))
        cheapest = self.cost[near].min()
        alike = near[self.cost[near] <= 1.05 * cheapest]
        return int(alike[np.argmax(usable[alike])])


def make_chooser(
    prefer: str,
    resampled: Resampled,
    scores: Scores,
    readable: NDArray[np.bool_],
    native: NDArray[np.bool_],
) -> Chooser:
    """Return the rule for a run.

    Parameters
    ----------
    prefer : str
    resampled : Resampled
    scores : Scores
    readable, native : boolean arrays of shape (L,)
    """
    gains = scores.fair
    allowed = np.ones(len(gains), dtype=bool)
    if prefer == "readable":
        allowed = readable
    elif prefer in SLACK:
        allowed = ~native
    best = int(np.nanargmax(np.where(allowed, gains, -np.inf))) if allowed.any() else int(np.argmax(gains))
    apart = resampled.inside - resampled.inside[:, [best]]
    errors = np.array([resampled.error(column) for column in apart.T])
    return Chooser(prefer, allowed, errors, resampled.cost, scores.trivial)

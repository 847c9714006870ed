"""How much too good a score looks because something was learned or chosen on the rows that gave it.

Two things make an out-of-fold score too good. A join *learned* its weights from these rows; and the line
at the top of a table was *chosen* because it is at the top. Both are measured on the bootstraps: what was
learned and put first on in-bag rows is scored on the others (Tsamardinos et al. 2018). The first line pays
for its luck in full, those close behind it in part, so that the order of the table stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.bootstrap import Resampled, known_mean

FADE = 2.0
"""Lines so many times the first one's luck behind it are shown as they were measured."""

Pick = Callable[[NDArray[np.float64]], int]
"""A rule that takes the gains of all lines and returns the position of one."""


@dataclass(frozen=True)
class Scores:
    """The gains of all lines on all scored rows; more is better.

    Parameters
    ----------
    raw : array of shape (L,)
        As measured.
    fair : array of shape (L,)
        Without what each line gained by learning from these rows; lines are chosen by these.
    expected : array of shape (L,)
        Without the luck of standing where it stands either; these are shown.
    trivial : float
        Of the trivial answer.
    """

    raw: NDArray[np.float64]
    fair: NDArray[np.float64]
    expected: NDArray[np.float64]
    trivial: float


def take_off(resampled: Resampled, raw: NDArray[np.float64], trivial: float) -> Scores:
    """Return scores without their optimism.

    Parameters
    ----------
    resampled : Resampled
    raw : array of shape (L,)
        Gains on all scored rows, of which a share was resampled and learned from.
    trivial : float
    """
    fair = raw - resampled.share * _learning(resampled)
    first = max(0.0, luck(resampled, _foremost))
    behind = (fair[_foremost(fair)] - fair) / (FADE * first) if first else np.ones_like(fair)
    return Scores(raw, fair, fair - first * np.clip(1.0 - behind, 0.0, 1.0), trivial)


def _foremost(gains: NDArray[np.float64]) -> int:
    """Return the position of the largest gain; unknown ones come last."""
    return int(np.argmax(np.where(np.isnan(gains), -np.inf, gains)))


def luck(resampled: Resampled, pick: Pick) -> float:
    """Return what a rule's choice by fair gains gains on the rows it is made on."""
    gains, inside, held = _fair_gains(resampled), fair_inside(resampled), _held(resampled)
    out = np.array([row[pick(seen)] for seen, row in zip(inside, held, strict=True)])
    found = float(gains[pick(gains)]) - known_mean(out)
    return _scale(resampled) * found if np.isfinite(found) else 0.0


def apart(resampled: Resampled, scores: Scores, pick: Pick, other: Pick) -> float:
    """Return how much better one rule's choice is than another's, on rows that neither learned from.

    Both rules see raw gains only, in the bag and on all rows: fair ones hold something of the rows out
    of bag already, which would make the rule with more lines to choose from look worse than it is.
    """
    r, fair, held = resampled, _fair_gains(resampled), _held(resampled)
    out = np.array([row[pick(seen)] - row[other(seen)] for seen, row in zip(r.inside, held, strict=True)])
    found = float(fair[pick(r.gains)] - fair[other(r.gains)]) - known_mean(out)
    lead = float(scores.fair[pick(scores.raw)] - scores.fair[other(scores.raw)])
    return lead - (_scale(r) * found if np.isfinite(found) else 0.0)


def fair_inside(resampled: Resampled) -> NDArray[np.float64]:
    """Return in-bag gains (B, L) without what the lines gained by learning in the bag."""
    r = resampled
    gained = np.array([known_mean(column) for column in (r.inside - r.outside).T])
    return np.asarray(r.inside - np.where(r.learned, _known_or_zero(gained), 0.0))


def _scale(resampled: Resampled) -> float:
    """Luck is as large as a standard error at most, and so grows with the root of the rows."""
    return float(np.sqrt(resampled.share))


def _fair_gains(resampled: Resampled) -> NDArray[np.float64]:
    return resampled.gains - _learning(resampled)


def _learning(resampled: Resampled) -> NDArray[np.float64]:
    """Return (L,) what the lines gained by learning from the rows that were resampled.

    A line that learned nothing is worth on average out of bag what it is worth on all rows; how far the
    best of these lies off in a bootstrap is chance, which the others share.
    """
    r = resampled
    chance = np.zeros(len(r.outside))
    if not r.learned.all():
        anchor = int(np.argmax(np.where(r.learned, -np.inf, r.gains)))
        chance = r.outside[:, anchor] - r.gains[anchor]
    means = np.array([_mean_without(chance, column) for column in r.outside.T])
    return np.where(r.learned, _known_or_zero(r.gains - means), 0.0)


def _mean_without(chance: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the mean of values, with what follows a chance of known mean zero taken out of them."""
    known = np.isfinite(values) & np.isfinite(chance)
    if known.sum() < 3 or not chance[known].std() > 0:
        return known_mean(values)
    slope = np.cov(values[known], chance[known])[0, 1] / chance[known].var(ddof=1)
    return float((values[known] - slope * chance[known]).mean())


def _held(resampled: Resampled) -> NDArray[np.float64]:
    """Return out-of-bag gains (B, L), put so that their mean is each line's fair gain."""
    means = np.array([known_mean(column) for column in resampled.outside.T])
    return np.asarray(resampled.outside - _known_or_zero(means - _fair_gains(resampled)))


def _known_or_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)

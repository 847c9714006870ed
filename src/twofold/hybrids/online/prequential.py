"""What answers to a stream are worth: each row is answered, then learned (Dawid 1984; Gama et al. 2013).

Two answers that need no model stand beside them: the last label again (on streams whose labels cling
together that is hard to beat: Žliobaitė et al. 2015), and the most frequent label so far. Intervals are those
of the means of blocks of consecutive rows, since neighbouring rows err together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from twofold.steps.pool import TINY

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
BLOCKS = 20


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Score:
    """What answers were worth.

    Parameters
    ----------
    rows : int
    accuracy, log_loss : Estimate
    no_change, majority : float
        Accuracy of the last label again, and of the most frequent one so far.
    """

    rows: int
    accuracy: Estimate
    log_loss: Estimate
    no_change: float
    majority: float


def estimate(values: Array, blocks: int = BLOCKS) -> Estimate:
    """Return the mean of rows in order, and its interval from the means of consecutive blocks.

    Examples
    --------
    >>> estimate(np.ones(100)).mean
    1.0
    """
    blocks = min(blocks, len(values))
    mean = float(np.mean(values)) if len(values) else float("nan")
    if blocks < 2:
        return Estimate(mean, -np.inf, np.inf)
    means = np.array([part.mean() for part in np.array_split(values, blocks)])
    half = float(student.ppf(0.975, blocks - 1) * means.std(ddof=1) / np.sqrt(blocks))
    return Estimate(mean, mean - half, mean + half)


def losses(answers: Array, y: Codes) -> Array:
    """Return the logarithmic loss of each row."""
    told = answers[np.arange(len(y)), y]
    return np.asarray(-np.log(np.clip(told, TINY, 1.0)))


def no_change(y: Codes) -> NDArray[np.bool_]:
    """Tell for each row whether the label before was right; the first row has none.

    Examples
    --------
    >>> no_change(np.array([1, 1, 0])).tolist()
    [False, True, False]
    """
    return np.concatenate([np.zeros(min(1, len(y)), dtype=bool), y[1:] == y[:-1]])


def majority(y: Codes, n_classes: int) -> NDArray[np.bool_]:
    """Tell for each row whether the most frequent label before it was right.

    Examples
    --------
    >>> majority(np.array([1, 1, 0, 1]), 2).tolist()
    [False, True, False, True]
    """
    member = y[:, None] == np.arange(n_classes)
    before = member.cumsum(axis=0) - member
    return np.asarray((before.argmax(axis=1) == y) & (before.sum(axis=1) > 0))


def judge(answers: Array, y: Codes, told: NDArray[np.intp] | None = None) -> Score:
    """Score answers that were given before their rows were learned.

    Parameters
    ----------
    answers : array of shape (n, C)
    y : int64 array of shape (n,)
    told : integer array of shape (n,) or None
        The classes that were answered; None for the likeliest.
    """
    told = answers.argmax(axis=1) if told is None else told
    return Score(
        len(y),
        estimate((told == y).astype(np.float64)),
        estimate(losses(answers, y)),
        float(no_change(y).mean()),
        float(majority(y, answers.shape[1]).mean()),
    )

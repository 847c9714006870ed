"""What the evidence is written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from twofold.core.trial import Family, Status

Answer = Literal["helps", "no worthwhile gain", "undecided", "not compared"]


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval, in the unit of its metric."""

    centre: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True)
class Row:
    """One line of the leaderboard.

    Parameters
    ----------
    name, family, status, reason, members, params, rounds
        As in `Trial`.
    score : Interval or None
        On the run's metric, from out-of-fold predictions; None when the trial is not complete.
    metrics : dict of str to float
        Every metric of the task, from the same predictions.
    seconds : float
        To fit, summed over the folds.
    row_seconds : float
        To predict one row.
    size : int
        Bytes on disk.
    joules : float
        Energy estimate of the fit.
    pareto : bool
        No other line is both better and cheaper a row.
    chosen : bool
        This is the model that was kept.
    """

    name: str
    family: Family
    status: Status
    reason: str = ""
    score: Interval | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    row_seconds: float = 0.0
    size: int = 0
    joules: float = 0.0
    members: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    rounds: tuple[int, ...] = ()
    pareto: bool = False
    chosen: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether joining the two halves was worth it on this data.

    Parameters
    ----------
    answer : Answer
    sentence : str
        The whole verdict in one line, as it is printed.
    metric : str
    gain : Interval or None
        Best hybrid over the best single family given the same means; positive is better.
    smallest : float
        The smallest gain that matters.
    price : float
        Prediction cost of the hybrid over that of the single family; NaN when not compared.
    hybrid, single : str
        Names on the leaderboard of what was compared.
    families : dict of str to Interval
        Score of the best of each family (ml, dl, hybrid) and of the baseline, bias-corrected.
    notes : tuple of str
        Further sentences: what limits the evidence.
    """

    answer: Answer
    sentence: str
    metric: str
    gain: Interval | None = None
    smallest: float = 0.0
    price: float = float("nan")
    hybrid: str = ""
    single: str = ""
    families: dict[str, Interval] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

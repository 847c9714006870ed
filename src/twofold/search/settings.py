"""What a user asked of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, get_args

from twofold.core.budget import count_cores
from twofold.core.errors import InputError

Prefer = Literal["accuracy", "balanced", "speed", "readable"]


@dataclass(frozen=True)
class Settings:
    """Plain settings of one run.

    Parameters
    ----------
    seconds : float
        Wall clock for the whole fit.
    metric : Any
        A metric's name, a `Metric`, or a callable; None for the task's default.
    prefer : Prefer
        What to weigh when the model is chosen.
    folds : int or None
        None lets the number of rows decide.
    candidates : tuple
        Names of plans to try, in order; empty for the portfolio.
    max_trials : int or None
        Fit exactly so many candidates and repeat the same answer for the same seed.
    memory : float
        Bytes the process tree may hold.
    n_jobs : int
        Processes that fit at the same time, each with one thread.
    seed : int
    encoders : tuple
        Pretrained networks for text, pictures and clips, in place of those that are taken by default.
    floor : float or None
        Share of its answers in which a cascade has to be like its last stage, with 95 % confidence.
    """

    seconds: float = 60.0
    metric: Any = None
    prefer: Prefer = "accuracy"
    folds: int | None = None
    candidates: tuple[str, ...] = ()
    max_trials: int | None = None
    memory: float = math.inf
    n_jobs: int = 1
    seed: int = 0
    encoders: tuple[str, ...] = ()
    floor: float | None = None

    @property
    def timed(self) -> bool:
        """Whether models are told deadlines (False where the number of trials is what limits)."""
        return self.max_trials is None


def check_prefer(prefer: str) -> Prefer:
    """Return `prefer` if it is known."""
    for known in get_args(Prefer):
        if prefer == known:
            return known  # type: ignore[no-any-return]
    raise InputError(
        f"prefer is {prefer!r}.",
        f"It may be: {', '.join(get_args(Prefer))}.",
        "Leave it out for 'accuracy'.",
    )


def check_whole(name: str, value: Any, least: int) -> None:
    """Insist on a whole number of at least `least`, or None.

    Examples
    --------
    >>> check_whole("folds", 5, 1)
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and not (whole and value >= least):
        raise InputError(
            f"{name} is {value!r}.", f"It has to be a whole number of at least {least}.", "Leave it out."
        )


def check_jobs(n_jobs: int | None) -> int:
    """Return the number of processes; None and -1 mean one for each core."""
    cores = count_cores()
    if n_jobs is None or n_jobs == -1:
        return cores
    check_whole("n_jobs", n_jobs, 1)
    return min(n_jobs, cores)

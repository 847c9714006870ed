"""Time and memory as one object: made once at the door, shared downwards, asked before a step."""

from __future__ import annotations

import math
import os
import re
import time
from dataclasses import dataclass, field, replace

from twofold.core.errors import InputError

_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_seconds(text: str | float) -> float:
    """Read a length of time: ``60``, ``"60s"``, ``"5m"``, ``"1.5h"``.

    Examples
    --------
    >>> parse_seconds("1.5m")
    90.0
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        seconds = float(text)
    else:
        match = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", str(text).lower())
        try:
            seconds = float(match[1]) * _UNITS[match[2]] if match else math.nan
        except (KeyError, ValueError):
            seconds = math.nan
    if not seconds > 0:
        raise InputError(
            f"The budget is {text!r}.",
            "It has to be a positive length of time: seconds, or a number with s, m or h.",
            "Write for instance budget=60 or budget='5m'.",
        )
    return seconds


def count_cores() -> int:
    """Count the processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Budget:
    """What may still be spent.

    Parameters
    ----------
    seconds : float
        Wall clock from `started`; ``inf`` when only the number of trials is limited.
    memory : float
        Bytes that the process tree may hold; ``inf`` when unlimited.
    cores : int
        Threads that may be busy at once.
    started : float
        `time.monotonic` at the start.

    Examples
    --------
    >>> budget = Budget(seconds=60)
    >>> 59 < budget.left() <= 60
    True
    >>> budget.share(0.5).seconds <= 30
    True
    """

    seconds: float = math.inf
    memory: float = math.inf
    cores: int = 1
    started: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.seconds - self.spent())

    def spent(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.left() <= 0.0

    def share(self, fraction: float = 1.0, at_most: float = math.inf) -> Budget:
        """Return a budget that starts now with a `fraction` of the time left, `at_most` so many seconds."""
        return replace(self, seconds=min(self.left() * fraction, at_most), started=time.monotonic())

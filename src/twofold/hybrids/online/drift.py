"""Detectors of drift: each reads the errors of a stream and says where they have risen.

Sources: ADWIN (Bifet and Gavaldà 2007), DDM (Gama, Medas, Castillo and Rodrigues 2004), and the test of Page
(1954) and Hinkley (1971). All of them take stretches of errors, without a loop over rows; however a stream is
cut, the alarms are the same.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError

Array = NDArray[np.float64]
FEWEST = 30
"""Errors that are read before DDM and Page-Hinkley say anything."""


class Detector(ABC):
    """Watches errors between 0 and 1."""

    @abstractmethod
    def first_alarm(self, errors: Array) -> int:
        """Read errors up to the first alarm, and begin anew behind it.

        Returns
        -------
        int
            Place of the alarm among them; -1 when all were read without one.
        """

    @property
    @abstractmethod
    def recent(self) -> int:
        """Rows before the last alarm that are believed to be of the new kind."""


class Adwin(Detector):
    """Keeps a window of errors as long as its mean stands still; when two parts differ, the older one goes.

    The window is held in stretches of rows whose lengths double with their age, so it costs little however
    long it gets. It is an alarm when the errors have risen; the window then begins anew.

    Parameters
    ----------
    sure : float
        Probability of an alarm where nothing has changed.
    every : int
        Rows between two looks, and length of the youngest stretches.

    Examples
    --------
    >>> errors = np.concatenate([np.zeros(640), np.ones(640)])
    >>> 640 < Adwin().first_alarm(errors) < 800
    True
    >>> Adwin().first_alarm(np.zeros(5000))
    -1
    """

    ALIKE = 5
    """Stretches of one length; one more and the two oldest of them become one."""

    def __init__(self, sure: float = 0.002, every: int = 32) -> None:
        self.sure = sure
        self.every = every
        self._waiting: list[float] = []
        self._stretches: list[tuple[int, float, float]] = []  # rows, sum, sum of squares; the oldest first
        self._recent = 0

    @property
    def recent(self) -> int:
        return self._recent

    def first_alarm(self, errors: Array) -> int:
        place = 0
        while place < len(errors):
            taken = errors[place : place + self.every - len(self._waiting)]
            self._waiting += taken.tolist()
            place += len(taken)
            if len(self._waiting) == self.every:
                values, self._waiting = np.array(self._waiting), []
                self._add(self.every, float(values.sum()), float(values @ values))
                if self._shrink():
                    return place - 1
        return -1

    def _add(self, rows: int, total: float, squares: float) -> None:
        held = self._stretches
        held.append((rows, total, squares))
        last = len(held)
        while True:
            first = last
            while first and held[first - 1][0] == rows:
                first -= 1
            if last - first <= self.ALIKE:
                return
            older, younger = held[first], held[first + 1]
            held[first : first + 2] = [(2 * rows, older[1] + younger[1], older[2] + younger[2])]
            rows, last = 2 * rows, first + 1

    def _shrink(self) -> bool:
        """Let go of what lies before the clearest change; tell whether the errors have risen there."""
        if len(self._stretches) < 2:
            return False
        rows, sums, squares = np.array(self._stretches).T.cumsum(axis=1)
        n, total = rows[-1], sums[-1]
        variance = max(0.0, squares[-1] / n - (total / n) ** 2)
        older, younger = rows[:-1], n - rows[:-1]
        gap = (total - sums[:-1]) / younger - sums[:-1] / older
        weight = 1.0 / older + 1.0 / younger
        logs = math.log(2.0 * math.log(n) / self.sure)
        bound = np.sqrt(2.0 * weight * variance * logs) + 2.0 / 3.0 * weight * logs
        clearest = int((np.abs(gap) / bound).argmax())
        if abs(gap[clearest]) <= bound[clearest]:
            return False
        risen = bool(gap[clearest] > 0)
        self._recent = int(younger[clearest]) if risen else self._recent
        self._stretches = [] if risen else self._stretches[clearest + 1 :]
        return risen


class Ddm(Detector):
    """Alarms when the error rate is three standard errors above its least.

    Parameters
    ----------
    warning, alarm : float
        Standard errors above the least rate; rows since the warning are believed to be new.

    Examples
    --------
    >>> errors = np.concatenate([np.tile([0.0, 0.0, 0.0, 1.0], 100), np.ones(100)])
    >>> 400 < Ddm().first_alarm(errors) < 440
    True
    """

    def __init__(self, warning: float = 2.0, alarm: float = 3.0) -> None:
        self.warning = warning
        self.alarm = alarm
        self._recent = 0
        self._reset()

    @property
    def recent(self) -> int:
        return self._recent

    def _reset(self) -> None:
        self._rows, self._sum, self._least = 0, 0.0, (math.inf, math.inf)
        self._warned = 0

    def first_alarm(self, errors: Array) -> int:
        if not len(errors):
            return -1
        rows = self._rows + np.arange(1, len(errors) + 1)
        sums = self._sum + np.cumsum(errors)
        rate = sums / rows
        spread = np.sqrt(np.maximum(rate * (1.0 - rate), 0.0) / rows)
        heard = rows >= FEWEST
        level = np.where(heard, rate + spread, np.inf)
        least, deviation = self._running_least(level, rate, spread)
        over = heard & (level > least + self.alarm * deviation)
        warned = heard & (level > least + self.warning * deviation)
        alarms = np.flatnonzero(over)
        end = int(alarms[0]) if len(alarms) else len(errors) - 1
        calm = np.flatnonzero(~warned[: end + 1])
        since = end - int(calm[-1]) if len(calm) else self._warned + end + 1
        if len(alarms):
            self._reset()
            self._recent = since
            return end
        self._rows, self._sum, self._warned = int(rows[-1]), float(sums[-1]), since
        if np.isfinite(least[-1]):
            self._least = (float(least[-1]), float(deviation[-1]))
        return -1

    def _running_least(self, level: Array, rate: Array, spread: Array) -> tuple[Array, Array]:
        """Return rate and spread where their sum was least so far."""
        sums = np.concatenate([[sum(self._least)], level])
        lowest = np.minimum.accumulate(sums)
        place = np.maximum.accumulate(np.where(sums <= lowest, np.arange(len(sums)), 0))[1:]
        rates, spreads = np.append(self._least[0], rate), np.append(self._least[1], spread)
        told = np.isfinite(lowest[1:])
        return np.where(told, rates[place], np.inf), np.where(told, spreads[place], np.inf)


class PageHinkley(Detector):
    """Alarms when the sum of what the errors exceed their mean by has risen far above its least.

    Parameters
    ----------
    ignored : float
        What an error may exceed the mean by.
    threshold : float
        In errors.

    Examples
    --------
    >>> errors = np.concatenate([np.zeros(500), np.ones(100)])
    >>> PageHinkley(threshold=20).first_alarm(errors)
    520
    """

    def __init__(self, ignored: float = 0.005, threshold: float = 50.0) -> None:
        self.ignored = ignored
        self.threshold = threshold
        self._recent = 0
        self._reset()

    @property
    def recent(self) -> int:
        return self._recent

    def _reset(self) -> None:
        self._rows, self._sum, self._excess, self._least, self._since = 0, 0.0, 0.0, math.inf, 0

    def first_alarm(self, errors: Array) -> int:
        if not len(errors):
            return -1
        rows = self._rows + np.arange(1, len(errors) + 1)
        sums = self._sum + np.cumsum(errors)
        excess = self._excess + np.cumsum(errors - sums / rows - self.ignored)
        levels = np.concatenate([[self._least], excess])
        least = np.minimum.accumulate(levels)
        lowest = np.maximum.accumulate(np.where(levels <= least, np.arange(len(levels)), 0))[1:]
        since = np.where(
            lowest > 0, np.arange(1, len(levels)) - lowest, self._since + np.arange(len(errors)) + 1
        )
        alarms = np.flatnonzero((rows >= FEWEST) & (excess - least[1:] > self.threshold))
        if len(alarms):
            self._reset()
            self._recent = int(since[alarms[0]])
            return int(alarms[0])
        self._rows, self._sum, self._excess = int(rows[-1]), float(sums[-1]), float(excess[-1])
        self._least, self._since = float(least[-1]), int(since[-1])
        return -1


def alarms_of(detector: Detector, errors: Array) -> list[int]:
    """Return the places of all alarms."""
    found: list[int] = []
    place = 0
    while (alarm := detector.first_alarm(errors[place:])) >= 0:
        place += alarm + 1
        found.append(place - 1)
    return found


DETECTORS: dict[str, type[Detector]] = {"adwin": Adwin, "ddm": Ddm, "page-hinkley": PageHinkley}


def make_detector(name: str) -> Detector | None:
    """Return a fresh detector; None for ``none``.

    Raises
    ------
    InputError
        When there is no such detector.
    """
    if name == "none":
        return None
    if name not in DETECTORS:
        raise InputError(
            f"'{name}' is no detector of drift.",
            f"Detectors are: {', '.join(DETECTORS)}, or none.",
            "Take adwin where nothing is known.",
        )
    return DETECTORS[name]()

"""How a model stands on rows that it never saw: its losses, and what an action would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from scipy.stats import t as student

from twofold.bundle.about import About
from twofold.bundle.labels import answered_codes
from twofold.steps.rules import Action

SMALLEST = 1e-4
"""Probabilities are not taken for smaller when losses are compared: one row shall not decide alone."""
PRIOR_ROWS = 10.0
"""Rows' worth of conviction that the model is right as it is, when odds are weighed."""
MOST_CLASSES = 8
"""Only for so many classes, those with most errors, are regions looked for."""
Judge = Callable[[NDArray[np.bool_], int], tuple[float, NDArray[np.float64]]]
"""(rows, place) -> the amount that suits the rows best, and what each of them gains."""


@dataclass
class Standing:
    """Answers as they stand after the rules so far.

    Parameters
    ----------
    about : About
    y : array of shape (n,)
    now : array of shape (n, k)
    other : array of shape (n, k) or None
        Answers of another model.
    precision : float
        Of certain rules; 0 where rules correct the model instead.
    """

    about: About
    y: NDArray[Any]
    now: NDArray[np.float64]
    other: NDArray[np.float64] | None
    precision: float

    @property
    def classes(self) -> bool:
        """Whether classes are answered."""
        return bool(self.about.classes)

    def right(self) -> NDArray[np.bool_]:
        """Return the rows in which the right class is answered."""
        return np.asarray(answered_codes(self.about, self.now) == self.y)

    def loss(self, answer: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log loss, or the squared error, of each row."""
        if not self.classes:
            return np.asarray((self.y - answer[:, 0]) ** 2)
        chosen = answer[np.arange(len(self.y)), self.y]
        return np.asarray(-np.log(np.maximum(chosen, SMALLEST)))

    def residual(self, place: int) -> NDArray[np.float64]:
        """Return how far the truth is above the probability of a class, or the value."""
        truth = self.y == place if self.classes else self.y
        return np.asarray(truth - self.now[:, place], dtype=np.float64)

    def task(self, action: Action, rows: NDArray[np.bool_]) -> tuple[list[int], list[NDArray[Any]], Judge]:
        """Return the places that an action may name, what differs between regions, and who judges.

        Parameters
        ----------
        action : Action
        rows : boolean array of shape (n,)
            Those that regions are looked for in.
        """
        if action == "prior":
            places = self._places(rows, both=False) if self.classes else [0]
            return places, [self.residual(place) for place in places], self._judge_prior
        places = self._places(rows, both=True) if action == "override" else [0]
        gains = dict(zip(places, self._gains(action, places), strict=True))

        def judge(rows: NDArray[np.bool_], place: int) -> tuple[float, NDArray[np.float64]]:
            return 1.0, gains[place][rows]

        return places, list(gains.values()), judge

    def _gains(self, action: Action, places: list[int]) -> list[NDArray[np.float64]]:
        """Return what each row gains if it is routed, or if each of some classes is answered."""
        if action == "route":
            assert self.other is not None
            return [self.loss(self.now) - self.loss(self.other)]
        hits = [(self.y == place).astype(np.float64) for place in places]
        if self.precision:  # a wrong answer costs as much as the wanted precision makes up for
            return [hit - (1 - hit) * self.precision / max(1e-9, 1 - self.precision) for hit in hits]
        right = self.right()
        return [hit - right for hit in hits]

    def _places(self, rows: NDArray[np.bool_], *, both: bool) -> list[int]:
        k = self.now.shape[1]
        if k == 2 and not both:
            return [1]
        if self.precision:
            counts = np.bincount(self.y[rows], minlength=k).astype(np.float64)
        else:
            counts = np.array([np.abs(self.residual(place))[rows].sum() for place in range(k)])
        return [int(place) for place in np.argsort(-counts, kind="stable")[:MOST_CLASSES]]

    def _judge_prior(self, rows: NDArray[np.bool_], place: int) -> tuple[float, NDArray[np.float64]]:
        amount = self._amount(rows, place)
        few = replace(self, y=self.y[rows], now=self.now[rows], other=None)
        after = few.weighed(np.ones(len(few.y), dtype=bool), place, amount)
        return amount, few.loss(few.now) - few.loss(after)

    def _amount(self, rows: NDArray[np.bool_], place: int) -> float:
        """Return the factor of the odds, or what is added, that suits the rows best; pulled towards none."""
        residual = self.residual(place)[rows]
        if not self.classes:
            return _three_figures(float(residual.sum() / (len(residual) + PRIOR_ROWS)))
        p = np.clip(self.now[rows, place], SMALLEST, 1 - SMALLEST)
        hits, shift, pull = float((self.y[rows] == place).sum()), 0.0, 0.25 * PRIOR_ROWS
        odds = p / (1 - p)
        for _ in range(20):  # Newton's method on the log likelihood
            moved = 1 / (1 + np.exp(-shift) / odds)
            slope = hits - float(moved.sum()) - pull * shift
            shift += float(np.clip(slope / (float((moved * (1 - moved)).sum()) + pull), -1.0, 1.0))
            if abs(slope) < 1e-3:
                break
        return _three_figures(float(np.exp(np.clip(shift, -4.0, 4.0))))

    def weighed(self, rows: NDArray[np.bool_], place: int, amount: float) -> NDArray[np.float64]:
        """Return the answers with the odds of a class multiplied in some rows, or values added to."""
        out = self.now.copy()
        if not self.classes:
            out[rows, 0] += amount
            return out
        out[rows, place] *= amount
        out[rows] /= out[rows].sum(axis=1, keepdims=True)
        return out

    def changed(self, action: Action, rows: NDArray[np.bool_], place: int, amount: float) -> NDArray[Any]:
        """Return the answers once a rule has acted on some rows."""
        if action == "prior":
            return self.weighed(rows, place, amount)
        out = self.now.copy()
        if action == "route":
            assert self.other is not None
            out[rows] = self.other[rows]
        else:
            out[rows] = np.eye(self.now.shape[1])[place]
        return out


def mean_interval(values: NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    """Return a mean with its interval (Student)."""
    n, mean = len(values), float(values.mean())
    half = float(student.ppf(1 - alpha / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


def share_interval(hits: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934).

    Examples
    --------
    >>> low, high = share_interval(48, 50)
    >>> round(low, 3), round(high, 3)
    (0.863, 0.995)
    """
    low = float(beta.ppf(alpha / 2, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - alpha / 2, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def _three_figures(value: float) -> float:
    return float(f"{value:.3g}")

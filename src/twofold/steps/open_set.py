"""Classes, or none of them: what a classifier answers for rows of a kind that it was never shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step


@dataclass(frozen=True)
class Doubt(Step):
    """How much is missing from the largest probability to 1, of shape (n, 1)."""

    kind = "doubt"

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (p,) = inputs
        return np.asarray(1.0 - p.max(axis=1, keepdims=True))


@dataclass(frozen=True)
class OpenSet(Step):
    """Probabilities of k classes and a p-value become those of k classes and of "none of them".

    Where p is at most `level` the last entry is ``1 - p`` and wins; elsewhere it is ``(1 - p) m / (1 + m)``
    for the largest probability m, and loses. So the answer is "none of them" exactly when p is at most the
    level.

    Parameters
    ----------
    level : float
        Share of rows of the known classes that may be turned away; below a half.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> OpenSet(0.05).run(p, np.array([[0.5], [0.01]])).argmax(axis=1).tolist()
    [0, 2]
    """

    kind = "open_set"
    level: float

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        probabilities, p = inputs
        p = np.asarray(p, dtype=np.float64).reshape(-1, 1)
        most = probabilities.max(axis=1, keepdims=True)
        none = (1.0 - p) * np.where(p <= self.level, 1.0, most / (1.0 + most))
        return np.hstack([probabilities * (1.0 - none), none])

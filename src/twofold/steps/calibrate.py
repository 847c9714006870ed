"""Probabilities that can be taken at their word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step


@dataclass(frozen=True)
class Temperature(Step):
    """``p^sharpness``, made to sum to one: below 1 less sure, above 1 surer; the order stays."""

    kind = "temperature"
    sharpness: float

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (p,) = inputs
        logs = self.sharpness * np.log(np.clip(p, 1e-15, 1.0))
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Isotonic(Step):
    """The probability of the second of two classes through a rising curve.

    Parameters
    ----------
    x, y : arrays of shape (m,)
        Places and heights of the curve, both rising; straight lines between.
    """

    kind = "isotonic"
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (p,) = inputs
        second = np.interp(p[:, 1], self.x, self.y)
        return np.column_stack([1.0 - second, second])

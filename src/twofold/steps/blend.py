"""Several predictions as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step


@dataclass(frozen=True)
class WeightedMean(Step):
    """The mean of several predictions of shape (n, k), with weights that sum to one."""

    kind = "weighted_mean"
    weights: NDArray[np.float64]

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        return np.asarray(sum(weight * part for weight, part in zip(self.weights, inputs, strict=True)))

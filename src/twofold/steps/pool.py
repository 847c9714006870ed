"""Several predictions pooled by learned weights: the prediction of a stacker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax

TINY = 1e-6


@dataclass(frozen=True)
class Pool(Step):
    """``softmax(sum of weight * log p + bias)`` of probabilities, or ``sum of weight * value + bias``.

    Parameters
    ----------
    weights : array of shape (m,)
    bias : array of shape (k,)
    logarithmic : bool
        Whether the inputs are probabilities.
    """

    kind = "pool"
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    logarithmic: bool

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        parts = [np.log(np.clip(p, TINY, 1.0)) if self.logarithmic else p for p in inputs]
        scores = self.bias + sum(weight * part for weight, part in zip(self.weights, parts, strict=True))
        return softmax(scores) if self.logarithmic else np.asarray(scores)

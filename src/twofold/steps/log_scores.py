"""Probabilities as log-odds, the scale on which a model can go on from another's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.pool import TINY

STEEP = 4.0
"""Log-odds are divided by it, so that they are about as large as other standardised columns."""


@dataclass(frozen=True)
class LogScores(Step):
    """Log-odds of the second of two classes (n, 1), or centred logarithms of all of more (n, C).

    Examples
    --------
    >>> LogScores().run(np.array([[0.5, 0.5], [0.2, 0.8]])).astype(float).round(3).tolist()
    [[0.0], [0.347]]
    """

    kind = "log_scores"

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (p,) = inputs
        logs = np.log(np.clip(p, TINY, 1.0))
        pair = logs.shape[1] == 2
        scores = logs[:, 1:] - logs[:, :1] if pair else logs - logs.mean(axis=1, keepdims=True)
        return np.asarray(scores / STEEP, dtype=np.float32)

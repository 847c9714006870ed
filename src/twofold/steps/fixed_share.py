"""Several heads over the same features, weighed by how well each has answered lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step


@dataclass(frozen=True)
class FixedShare(Step):
    """The weighted mean of several heads' probabilities.

    Parameters
    ----------
    weights : array of shape (m,)
        They sum to one.
    heads : tuple of Step
        Each turns features of shape (n, d) into probabilities (n, C).
    widths : integer array of shape (m,)
        Leading columns that each head reads.
    share : float
        What the learner deals out evenly after each row, see `twofold.hybrids.online.mix`.
    """

    kind = "fixed_share"
    weights: NDArray[np.float64]
    heads: tuple[Step, ...]
    widths: NDArray[np.int64]
    share: float

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        parts = zip(self.weights, self.heads, self.widths, strict=True)
        told: NDArray[np.float64] = sum(
            weight * head.run(X[:, :width]) for weight, head, width in parts if weight > 0
        )
        return told

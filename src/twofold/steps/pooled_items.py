"""A history as the means of its items' vectors: what the tower of a user reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.histories import newest


@dataclass(frozen=True)
class PooledItems(Step):
    """Average vectors over the last `many` and over the last `few` items: float32 of shape (n, 2 d).

    Parameters
    ----------
    vectors : float32 array of shape (m, d)
    many, few : int
    """

    kind = "pooled_items"
    vectors: NDArray[np.float32]
    many: int
    few: int

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (history,) = inputs
        parts = []
        for most in (self.many, self.few):
            chosen = newest(history, most)
            count = np.maximum(np.asarray(chosen.sum(axis=1)).reshape(-1, 1), 1.0)
            parts.append(np.asarray(chosen @ self.vectors) / count)
        return np.asarray(np.hstack(parts), dtype=np.float32)

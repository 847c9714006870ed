"""Scores of items as shares that add up to 1, with nothing for what was had already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax


@dataclass(frozen=True)
class UnseenShares(Step):
    """Softmax of the scores over the items that are not in the history; they order items and are no chances.

    Reads histories (CSR) and scores (n, m). Who has no history gets the popular items.

    Parameters
    ----------
    popular : float32 array of shape (m,)
        The more popular, the larger.

    Examples
    --------
    >>> from scipy import sparse
    >>> step = UnseenShares(np.log(np.array([3.0, 1.0, 1.0], dtype=np.float32)))
    >>> history = sparse.csr_array(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> step.run(history, np.zeros((2, 3))).round(2).tolist()
    [[0.0, 0.5, 0.5], [0.6, 0.2, 0.2]]
    """

    kind = "unseen_shares"
    popular: NDArray[np.float32]

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        history, scores = inputs
        scores = np.array(scores, dtype=np.float64)
        scores[np.diff(history.indptr) == 0] = self.popular
        seen = history.nonzero()
        scores[seen] = -np.inf
        everything = np.diff(history.indptr) == history.shape[1]
        scores[everything] = 0.0
        return softmax(scores)

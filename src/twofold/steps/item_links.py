"""Scores of all items from links between items: neighbours, and linear models of one item by the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.histories import newest


@dataclass(frozen=True)
class ItemLinks(Step):
    """Add up the links from the items of a history to every item: float32 of shape (n, m).

    Parameters
    ----------
    starts : integer array of shape (m + 1,)
        Where the links of each item begin: ``starts``, ``targets`` and ``weights`` are a CSR matrix.
    targets : integer array of shape (links,)
    weights : float32 array of shape (links,)
    most : int
        Of the newest items that count.

    Examples
    --------
    >>> from scipy import sparse
    >>> step = ItemLinks(np.array([0, 1, 1]), np.array([1]), np.array([0.5], dtype=np.float32), 100)
    >>> step.run(sparse.csr_array(np.array([[1.0, 0.0]]))).tolist()
    [[0.0, 0.5]]
    """

    kind = "item_links"
    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    most: int

    @cached_property
    def _matrix(self) -> Any:
        from scipy import sparse

        m = len(self.starts) - 1
        return sparse.csr_array((self.weights, self.targets, self.starts), shape=(m, m))

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (history,) = inputs
        return np.asarray((newest(history, self.most) @ self._matrix).toarray(), dtype=np.float32)

"""Places of rows among their like."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ranks_within(groups: NDArray[np.integer[Any]], score: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the place of each row within its group, 0 for the highest score; earlier rows win ties.

    Parameters
    ----------
    groups : integer array of shape (n,)
    score : array of shape (n,)

    Examples
    --------
    >>> ranks_within(np.array([0, 1, 0, 0]), np.array([0.2, 0.9, 0.8, 0.5])).tolist()
    [2, 0, 0, 1]
    """
    order = np.lexsort((-score, groups))
    _, first = np.unique(groups[order], return_index=True)
    sizes = np.diff(np.append(first, len(order)))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(first, sizes)
    return rank

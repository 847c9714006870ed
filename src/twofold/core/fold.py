"""One division of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to score.

    Parameters
    ----------
    index : int
        Position among the folds.
    train, test : integer arrays
        Row numbers, sorted, without overlap.
    """

    index: int
    train: NDArray[np.intp]
    test: NDArray[np.intp]

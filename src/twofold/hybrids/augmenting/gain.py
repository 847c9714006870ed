"""What a way brings out of fold, and whether that is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

DOUBT = 0.05
"""Chance that a way which brings nothing is taken for better."""
TINY = 1e-15


@dataclass(frozen=True)
class Gain:
    """What a way brings over plain rows, out of fold.

    Parameters
    ----------
    mean : float
        Of the log loss saved, a row.
    error : float
        Its standard error over paired rows.

    Examples
    --------
    >>> Gain.between(np.array([0.9, 0.8, 0.7, 0.9]), np.array([0.6, 0.7, 0.5, 0.5])).sure()
    True
    """

    mean: float
    error: float

    @classmethod
    def between(
        cls, p: NDArray[np.float64], plain: NDArray[np.float64], weight: NDArray[np.float64] | None = None
    ) -> Self:
        """Compare the probabilities that a way and plain rows give to the true class of each row."""
        weight = np.ones(len(p)) if weight is None else weight
        saved = np.log(np.maximum(p, TINY)) - np.log(np.maximum(plain, TINY))
        mean = float(np.average(saved, weights=weight))
        share = weight / weight.sum()
        return cls(mean, float(np.sqrt((share**2 * (saved - mean) ** 2).sum())))

    def sure(self, among: int = 1) -> bool:
        """Whether it is more than chance, also where it is the best of several (Bonferroni)."""
        from scipy.special import ndtri

        return self.mean > float(ndtri(1.0 - DOUBT / among)) * self.error

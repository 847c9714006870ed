"""How far the nearest reference rows are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

CELLS = 4_000_000
"""Distances held at once."""


@dataclass(frozen=True)
class NeighbourDistance(Step):
    """The mean distance to the k nearest of some rows, of shape (n, 1).

    Parameters
    ----------
    rows : float32 array of shape (m, d)
    k : int

    Examples
    --------
    >>> step = NeighbourDistance(np.array([[0.0], [1.0], [5.0]], dtype=np.float32), 2)
    >>> step.run(np.array([[0.0], [6.0]])).ravel().tolist()
    [0.5, 3.0]
    """

    kind = "neighbour_distance"
    stores_rows: ClassVar[bool] = True
    rows: NDArray[np.float32]
    k: int

    @cached_property
    def _known(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The rows around their mean, where products lose least, and their squares."""
        rows = self.rows.astype(np.float64) - self._centre
        return rows, np.einsum("ij,ij->i", rows, rows)

    @cached_property
    def _centre(self) -> NDArray[np.float64]:
        return np.asarray(self.rows.mean(axis=0, dtype=np.float64))

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64) - self._centre
        rows, squares = self._known
        k = min(self.k, len(rows))
        out = np.empty((len(X), 1))
        step = max(1, CELLS // len(rows))
        for start in range(0, len(X), step):
            part = X[start : start + step]
            own = np.einsum("ij,ij->i", part, part)[:, None]
            apart = np.maximum(squares + own - 2.0 * part @ rows.T, 0.0)
            near = np.partition(apart, k - 1, axis=1)[:, :k]
            out[start : start + step, 0] = np.sqrt(near).mean(axis=1)
        return out

"""The answer of the nearest training rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

CELLS = 4_000_000
"""Distances held at once."""
SPARE = 8
"""So many more rows than asked for are looked at closely: products of float32 blur small distances."""


@dataclass(frozen=True)
class Neighbours(Step):
    """The mean answer of the k nearest rows, nearer ones weighing more, and of a prior.

    A neighbour at distance d weighs ``1 / (d + scale)``. The prior weighs as much as a neighbour at
    distance `scale`, so that no class gets probability 0.

    Parameters
    ----------
    rows : float32 array of shape (m, d)
    answers : float32 array of shape (m, q)
        What each row stands for: shares of classes, or a value.
    weights : float array of shape (m,)
        Sample weights.
    prior : float array of shape (q,)
    prior_weight : float
        0 leaves the prior out.
    k : int
    scale : float
        A typical distance between neighbours.
    """

    kind = "neighbours"
    stores_rows: ClassVar[bool] = True
    rows: NDArray[np.float32]
    answers: NDArray[np.float32]
    weights: NDArray[np.float64]
    prior: NDArray[np.float64]
    prior_weight: float
    k: int
    scale: float

    @cached_property
    def _squares(self) -> NDArray[np.float32]:
        return np.asarray(np.einsum("ij,ij->i", self.rows, self.rows))

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float32)
        out = np.empty((len(X), self.answers.shape[1]))
        wide = (min(self.k, len(self.rows)) + SPARE) * self.rows.shape[1]
        step = max(1, CELLS // max(len(self.rows), wide, 1))
        for start in range(0, len(X), step):
            out[start : start + step] = self._answer(X[start : start + step])
        return out

    def _answer(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        near, distance = find_nearest(X, self.rows, self._squares, self.k)
        weight = self.weights[near] / (distance + self.scale)
        prior = self.prior_weight / (2.0 * self.scale)
        total = weight.sum(axis=1, keepdims=True) + prior
        summed = np.einsum("nk,nkq->nq", weight, self.answers[near]) + prior * self.prior
        return np.asarray(summed / np.maximum(total, 1e-300))


def find_nearest(
    X: NDArray[np.float32], rows: NDArray[np.float32], squares: NDArray[np.float32], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return places (n, k) and distances of the nearest rows, the same for one row of X and for many.

    Parameters
    ----------
    X : float32 array of shape (n, d)
    rows : float32 array of shape (m, d)
    squares : float32 array of shape (m,)
        Squared lengths of `rows`.
    k : int
        At most m are found.
    """
    m = len(rows)
    k, looked = min(k, m), min(k + SPARE, m)
    if looked < m:
        blurred = squares - 2.0 * (X @ rows.T)
        near = np.sort(np.argpartition(blurred, looked - 1, axis=1)[:, :looked], axis=1)
    else:
        near = np.tile(np.arange(m), (len(X), 1))
    apart = rows[near].astype(np.float64) - X[:, None].astype(np.float64)
    exact = np.einsum("nkd,nkd->nk", apart, apart)
    chosen = np.argsort(exact, axis=1, kind="stable")[:, :k]
    near, exact = (np.take_along_axis(values, chosen, axis=1) for values in (near, exact))
    return near, np.sqrt(exact)

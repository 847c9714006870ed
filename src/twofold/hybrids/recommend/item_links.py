"""Baselines that are hard to beat: neighbouring items, and a linear model of each item by all others.

Ferrari Dacrema, Cremonesi and Jannach (2019) found that most neural recommenders lose to such baselines
once these are tuned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from twofold.steps.item_links import ItemLinks

MOST_ITEMS = 4_000
"""Items of a linear model where there are more of both items and users: its cost grows with their cube."""
LINKS = 300
"""Links that an item of the linear model keeps, the strongest ones."""
BLOCK = 500
ALL = 2**30


def neighbours(history: Any, k: int, shrink: float) -> ItemLinks:
    """Link each item to its k nearest by the cosine of their users (Sarwar et al. 2001).

    Parameters
    ----------
    history : CSR of shape (u, m)
        Positive where the user had the item.
    k : int
    shrink : float
        Added to the denominator: similarities of few common users count less.
    """
    X = _ones(history)
    counts = np.asarray(X.sum(axis=0)).ravel()
    norms = np.sqrt(counts)
    XT = X.T.tocsr()
    parts = []
    for start in range(0, X.shape[1], BLOCK):
        common = (XT[start : start + BLOCK] @ X).toarray()
        own = np.arange(start, start + len(common))
        common /= norms[own][:, None] * norms[None] + shrink + 1e-9
        common[np.arange(len(own)), own] = 0.0
        parts.append(_strongest(common, k))
    return _links(sparse.vstack(parts, format="csr"))


@dataclass(frozen=True)
class Directions:
    """Right singular vectors of the matrix of users and items, from which every penalty's model follows.

    Parameters
    ----------
    vectors : float array of shape (m', r)
    squares : float array of shape (r,)
        Squared singular values.
    chosen : integer array of shape (m',)
        The items that are modelled.
    """

    vectors: NDArray[np.float64]
    squares: NDArray[np.float64]
    chosen: NDArray[np.int64]

    def scores(self, history: Any, penalty: float) -> NDArray[np.float32]:
        """Return the scores of unseen items, of shape (n, m), without making the links."""
        left, right = self._sides(penalty)
        out = np.zeros(history.shape, dtype=np.float32)
        out[:, self.chosen] = (_ones(history)[:, self.chosen] @ left) @ right.T
        return out

    def _sides(self, penalty: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        share = self.squares / (self.squares + penalty)
        rest = 1.0 - np.square(self.vectors) @ share
        return self.vectors * share, self.vectors / np.maximum(rest, 1e-6)[:, None]

    def links(self, penalty: float, n_items: int) -> ItemLinks:
        """Return the model of one penalty as links, the strongest of each item alone."""
        left, right = self._sides(penalty)
        parts = []
        for start in range(0, len(left), BLOCK):
            block = left[start : start + BLOCK] @ right.T
            block[np.arange(len(block)), np.arange(start, start + len(block))] = 0.0
            parts.append(_strongest(block, LINKS))
        inner = sparse.vstack(parts, format="coo")
        places = self.chosen[inner.row], self.chosen[inner.col]
        return _links(sparse.csr_array((inner.data, places), shape=(n_items, n_items)))


def linear_directions(history: Any) -> Directions:
    """Prepare EASE (Steck 2019), the ridge regression of each item on all others with itself left out.

    Its closed form is ``B = I - P diag(1 / diag P)`` with ``P = (X'X + penalty)^-1``. By the singular value
    decomposition of X, ``penalty P = I - V diag(s² / (s² + penalty)) V'``, where V comes from the smaller of
    ``X'X`` and ``XX'``.
    """
    X = _ones(history).astype(np.float64)
    chosen = np.arange(X.shape[1])
    if min(X.shape) > MOST_ITEMS:
        often = np.argsort(-np.asarray(X.sum(axis=0)).ravel(), kind="stable")
        chosen = np.sort(often[:MOST_ITEMS])
        X = X[:, chosen]
    if X.shape[1] <= X.shape[0]:
        squares, vectors = np.linalg.eigh((X.T @ X).toarray())
        kept = squares > 1e-9
        return Directions(vectors[:, kept], squares[kept], chosen)
    squares, vectors = np.linalg.eigh((X @ X.T).toarray())
    kept = squares > 1e-9
    return Directions(np.asarray(X.T @ vectors[:, kept]) / np.sqrt(squares[kept]), squares[kept], chosen)


def _ones(history: Any) -> Any:
    ones = history.copy()
    ones.data = (ones.data > 0).astype(np.float32)
    return ones


def _strongest(block: NDArray[Any], k: int) -> Any:
    """Keep the k entries of each row that are farthest from zero."""
    if k < block.shape[1]:
        size = np.abs(block)
        least = np.partition(size, -k, axis=1)[:, -k]
        block = np.where(size >= least[:, None], block, 0.0)
    return sparse.csr_array(block.astype(np.float32))


def _links(matrix: Any) -> ItemLinks:
    matrix = sparse.csr_array(matrix)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return ItemLinks(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32), ALL
    )

"""A tree that was grown from a stream, with the statistics of its leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax
from twofold.steps.normals import log_density, log_share

Array = NDArray[np.float64]


def find_leaves(
    X: Array, column: NDArray[np.int64], limit: Array, child: NDArray[np.int64], node: int = 0
) -> NDArray[np.int64]:
    """Send rows from a node down to their leaves.

    Parameters
    ----------
    X : array of shape (n, d)
    column : array of shape (N,)
        The column that a node looks at; -1 for a leaf.
    limit : array of shape (N,)
        Rows up to it go to the first child.
    child : array of shape (N, 2)
    node : int
        Where to begin.

    Returns
    -------
    array of shape (n,)
        The node of each row's leaf.
    """
    at = np.full(len(X), node, dtype=np.int64)
    moving = np.arange(len(X))
    while len(moving := moving[column[at[moving]] >= 0]):
        here = at[moving]
        above = X[moving, column[here]] > limit[here]
        at[moving] = child[here, above.astype(np.int64)]
    return at


def leaf_answers(density: Array, weight: Array, by_majority: NDArray[np.bool_] | bool) -> Array:
    """Return a leaf's probabilities: its class shares, or naive Bayes on top of them.

    Parameters
    ----------
    density : array of shape (n, C)
    weight : array of shape (C,) or (n, C)
        Rows of each class.
    by_majority : bool, or array of shape (n, 1)
        Whether the class shares were right more often.
    """
    prior = log_share(weight)
    return softmax(np.where(by_majority, prior, prior + density))


@dataclass(frozen=True)
class HoeffdingTree(Step):
    """Splits, and normal columns in each leaf (naive Bayes where it was right more often than the majority).

    Parameters
    ----------
    column, limit, child : arrays of shape (N,), (N,), (N, 2)
        As of `find_leaves`.
    leaf : array of shape (N,)
        Place of a node among the leaves; -1 for a split.
    weight : array of shape (L, C)
        Rows of each class, with those that a split handed down.
    count : array of shape (L, C)
        Rows of each class that a leaf has seen itself.
    mean, squares, low, high : arrays of shape (L, C, d)
        Of the rows seen: means, sums of squared distances, least and greatest values.
    right : array of shape (L, 2)
        How often the majority, and naive Bayes, were right.
    waited : array of shape (L,)
        Rows since the last attempt to split.
    settings : tuple of float
        Of the learner, see `twofold.hybrids.online.tree`.
    """

    kind = "hoeffding_tree"
    column: NDArray[np.int64]
    limit: Array
    child: NDArray[np.int64]
    leaf: NDArray[np.int64]
    weight: Array
    count: Array
    mean: Array
    squares: Array
    low: Array
    high: Array
    right: Array
    waited: NDArray[np.int64]
    settings: tuple[float, ...]

    def run(self, *inputs: Any) -> Array:
        (X,) = inputs
        X = np.asarray(X, dtype=np.float64)
        out = np.empty((len(X), self.weight.shape[1]))
        leaves = self.leaf[find_leaves(X, self.column, self.limit, self.child)]
        order = np.argsort(leaves, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(leaves[order])) + 1):
            if len(rows):
                place = leaves[rows[0]]
                density = log_density(X[rows], self.count[place], self.mean[place], self.squares[place], 0.0)
                majority, bayes = self.right[place]
                out[rows] = leaf_answers(density, self.weight[place], bool(majority > bayes))
        return out

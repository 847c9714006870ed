"""A Hoeffding tree: it splits a leaf when the rows seen make sure which split is best.

Sources: VFDT (Domingos and Hulten 2000); normal columns as observers of numbers (Pfahringer, Holmes and
Kirkby 2008); naive Bayes in the leaves where it is right more often than the majority (Holmes, Kirkby and
Pfahringer 2005).

Leaves know nothing of each other, so the rows of each leaf are taken together up to its next attempt to
split, with cumulative sums: the same tree as row by row, many times quicker.
"""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from twofold.hybrids.online.bayes import Normals
from twofold.hybrids.online.head import Array, Codes, Head
from twofold.steps.hoeffding_tree import HoeffdingTree, find_leaves, leaf_answers

POINTS = 10
"""Places to split at that are tried in each column."""
THINNEST = 0.01
"""A branch gets at least this share of the rows."""
PURE = 0.99
"""A leaf with a larger majority is not split."""
BLOCK = 4_096
"""Rows that are sent down together."""


class _Leaf:
    """Statistics of one leaf."""

    def __init__(self, weight: Array, width: int) -> None:
        n_classes = len(weight)
        self.weight = weight.copy()
        self.normals = Normals.empty(n_classes, width)
        self.low = np.full((n_classes, width), np.inf)
        self.high = np.full((n_classes, width), -np.inf)
        self.right = np.zeros(2)
        self.waited = 0

    def test_then_train(self, X: Array, y: Codes) -> Array:
        """Answer each row by those before it, then hold all of them."""
        handed = self.weight - self.normals.count
        density, count = self.normals.density_then_add(X, y, 0.0)
        weight = count + handed
        shares = leaf_answers(density, weight, True)
        bayes = leaf_answers(density, weight, False)
        right = np.column_stack([shares.argmax(axis=1) == y, bayes.argmax(axis=1) == y]).cumsum(axis=0)
        before = np.vstack([np.zeros(2), right[:-1]]) + self.right
        answers = np.where((before[:, 0] > before[:, 1])[:, None], shares, bayes)
        self.right += right[-1]
        self.weight = self.normals.count + handed
        for code in np.unique(y):
            rows = X[y == code]
            np.minimum(self.low[code], rows.min(axis=0), out=self.low[code])
            np.maximum(self.high[code], rows.max(axis=0), out=self.high[code])
        self.waited += len(y)
        return answers


def entropy(counts: Array) -> Array:
    """Return the entropy in bits over the last axis; that of nothing is 0."""
    total = counts.sum(axis=-1, keepdims=True)
    shares = counts / np.maximum(total, 1e-300)
    return np.asarray(-(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=-1))


class Tree(Head):
    """A Hoeffding tree of numbers.

    Parameters
    ----------
    state : HoeffdingTree

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> X = g.normal(size=(4000, 3))
    >>> head = Tree.start(3, 2)
    >>> _ = head.test_then_train(X, (X[:, 1] > 0.5).astype(np.int64))
    >>> int(head.step().column[0])
    1
    """

    def __init__(self, state: HoeffdingTree) -> None:
        self._column, self._limit = state.column.tolist(), state.limit.tolist()
        self._child = state.child.tolist()
        self._grace, self._sure, self._tie, self._most = state.settings
        self._width = state.mean.shape[2]
        self._leaves: list[_Leaf | None] = [
            None if place < 0 else _restored(state, place) for place in state.leaf.tolist()
        ]

    @classmethod
    def start(
        cls,
        width: int,
        n_classes: int,
        *,
        grace: int = 200,
        sure: float = 1e-7,
        tie: float = 0.05,
        most: int = 1_000,
    ) -> Self:
        """Return a tree of one leaf.

        Parameters
        ----------
        width, n_classes : int
        grace : int
            Rows of a leaf between attempts to split it.
        sure : float
            Probability that a split is not the best one.
        tie : float
            Splits whose gains differ by less are taken as equal.
        most : int
            Leaves beyond which nothing is split.
        """
        blank, one = np.zeros((1, n_classes)), np.zeros((1, n_classes, width))
        settings = (float(grace), sure, tie, float(most))
        return cls(
            HoeffdingTree(
                np.array([-1]),
                np.zeros(1),
                np.full((1, 2), -1),
                np.zeros(1, dtype=np.int64),
                blank,
                blank,
                one,
                one,
                one + np.inf,
                one - np.inf,
                np.zeros((1, 2)),
                np.zeros(1, dtype=np.int64),
                settings,
            )
        )

    @classmethod
    def resume(cls, step: HoeffdingTree) -> Self:
        return cls(step)

    def step(self) -> HoeffdingTree:
        leaves = [leaf for leaf in self._leaves if leaf is not None]
        is_leaf = np.array([leaf is not None for leaf in self._leaves])
        return HoeffdingTree(
            np.array(self._column, dtype=np.int64),
            np.array(self._limit, dtype=np.float64),
            np.array(self._child, dtype=np.int64),
            np.where(is_leaf, is_leaf.cumsum() - 1, -1),
            np.stack([leaf.weight for leaf in leaves]),
            np.stack([leaf.normals.count for leaf in leaves]),
            np.stack([leaf.normals.mean for leaf in leaves]),
            np.stack([leaf.normals.squares for leaf in leaves]),
            np.stack([leaf.low for leaf in leaves]),
            np.stack([leaf.high for leaf in leaves]),
            np.stack([leaf.right for leaf in leaves]),
            np.array([leaf.waited for leaf in leaves], dtype=np.int64),
            (self._grace, self._sure, self._tie, self._most),
        )

    def anew(self) -> Self:
        n_classes = len(next(leaf for leaf in self._leaves if leaf is not None).weight)
        grace, most = int(self._grace), int(self._most)
        return self.start(self._width, n_classes, grace=grace, sure=self._sure, tie=self._tie, most=most)

    def test_then_train(self, X: Array, y: Codes) -> Array:
        first = next(leaf for leaf in self._leaves if leaf is not None)
        answers = np.empty((len(X), len(first.weight)))
        for start in range(0, len(X), BLOCK):
            self._learn(X, y, np.arange(start, min(start + BLOCK, len(X))), 0, answers)
        return answers

    def _learn(self, X: Array, y: Codes, rows: NDArray[np.intp], node: int, answers: Array) -> None:
        """Send rows, in order, down from a node, and let their leaves learn."""
        arrays = (np.array(self._column), np.array(self._limit), np.array(self._child))
        at = find_leaves(X[rows], *arrays, node)
        order = np.argsort(at, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(at[order])) + 1):
            if len(part):
                self._learn_leaf(X, y, rows[part], int(at[part[0]]), answers)

    def _learn_leaf(self, X: Array, y: Codes, rows: NDArray[np.intp], node: int, answers: Array) -> None:
        leaf = self._leaves[node]
        while leaf is not None and len(rows):
            due = int(self._grace) - leaf.waited
            part, rows = rows[:due], rows[due:]
            answers[part] = leaf.test_then_train(X[part], y[part])
            if leaf.waited >= self._grace:
                leaf.waited = 0
                self._try_split(node, leaf)
                leaf = self._leaves[node]
        if len(rows):
            self._learn(X, y, rows, node, answers)

    def _try_split(self, node: int, leaf: _Leaf) -> None:
        weight = leaf.weight
        total = weight.sum()
        full = sum(one is not None for one in self._leaves) >= self._most
        if full or np.count_nonzero(weight) < 2 or weight.max() > PURE * total:
            return
        gain, limit, lower = best_splits(leaf)
        best = int(gain.argmax())
        second = max(0.0, float(np.delete(gain, best).max(initial=0.0)))  # not to split gains nothing
        reach = math.log2(max(2, int(np.count_nonzero(weight))))
        bound = math.sqrt(reach**2 * math.log(1.0 / self._sure) / (2.0 * total))
        if gain[best] > 0 and (gain[best] - second > bound or bound < self._tie):
            self._split(node, leaf, best, float(limit[best]), lower[best])

    def _split(self, node: int, leaf: _Leaf, column: int, limit: float, lower: Array) -> None:
        self._column[node], self._limit[node] = column, limit
        self._child[node] = [len(self._column), len(self._column) + 1]
        self._leaves[node] = None
        for weight in (lower, leaf.normals.count - lower):
            self._column.append(-1)
            self._limit.append(0.0)
            self._child.append([-1, -1])
            self._leaves.append(_Leaf(weight, self._width))


def best_splits(leaf: _Leaf) -> tuple[Array, Array, Array]:
    """Return for each column the best gain, where it splits, and the rows of each class below.

    Returns
    -------
    gain, limit : arrays of shape (d,)
        Information gain in bits; minus infinity where nothing can be split.
    lower : array of shape (d, C)
        As the normal columns expect them.
    """
    held = leaf.normals
    low, high = leaf.low.min(axis=0), leaf.high.max(axis=0)
    points = low[:, None] + (high - low)[:, None] * np.arange(1, POINTS + 1) / (POINTS + 1.0)
    deviation = np.sqrt(held.squares / np.maximum(held.count - 1.0, 1.0)[:, None])
    z = (points[:, :, None] - held.mean.T[:, None, :]) / np.maximum(deviation.T, 1e-300)[:, None, :]
    below = np.where(points[:, :, None] < leaf.low.T[:, None, :], 0.0, ndtr(z))
    below = np.where(points[:, :, None] >= leaf.high.T[:, None, :], 1.0, below) * held.count
    above = held.count - below
    left, right = below.sum(axis=2), above.sum(axis=2)
    whole = np.maximum(left + right, 1e-300)
    gain = entropy(leaf.weight) - (left * entropy(below) + right * entropy(above)) / whole
    possible = (np.minimum(left, right) > THINNEST * whole) & (points > low[:, None])
    gain = np.where(possible & (points < high[:, None]), gain, -np.inf)
    best = gain.argmax(axis=1)
    columns = np.arange(len(best))
    return gain[columns, best], points[columns, best], below[columns, best]


def _restored(state: HoeffdingTree, place: int) -> _Leaf:
    leaf = _Leaf(state.weight[place], state.mean.shape[2])
    leaf.normals = Normals(state.count[place], state.mean[place], state.squares[place])
    leaf.low, leaf.high = state.low[place].copy(), state.high[place].copy()
    leaf.right, leaf.waited = state.right[place].copy(), int(state.waited[place])
    return leaf

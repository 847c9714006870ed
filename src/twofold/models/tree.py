"""A single decision tree (Breiman, Friedman, Olshen and Stone 1984), which a person can read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Choice, Range, Space
from twofold.models.base import Model, best_position, class_shares, infer_problem, watched_loss
from twofold.steps.base import Graph
from twofold.steps.linear import Linear
from twofold.steps.tree_graph import Trees, join_trees, lower_trees

LEAVES = (4, 8, 16, 32, 64, 128)
"""Numbers of leaves tried; a round is a position in this list (counted from 1)."""
PRIOR_ROWS = 2.0
"""Rows' worth of the class shares that are mixed into every leaf, so that no class gets probability 0."""


class DecisionTree(Model):
    """One tree on the ``trees`` view, as large as the watched rows allow.

    Parameters
    ----------
    leaves : int or None
        None tries `LEAVES` on `Control.validation`, or takes 16 where there is none: about what a
        person can follow.
    min_samples_leaf : int
        5, so that a leaf's shares are not the noise of one row.

    Examples
    --------
    >>> X = np.linspace(0, 1, 100, dtype=np.float32)[:, None]
    >>> DecisionTree().fit(X, (X[:, 0] > 0.5).astype(int)).predict(np.array([[0.1], [0.9]])).tolist()
    [0, 1]
    """

    capabilities = Capabilities("trees", iterative=True, readable=True, seconds=(0.05, 2e-5, 1e-6))
    space: ClassVar[Space] = {
        "leaves": Choice(LEAVES),
        "min_samples_leaf": Range(1, 50, log=True, integer=True),
    }

    def __init__(self, leaves: int | None = None, min_samples_leaf: int = 5) -> None:
        self.leaves = leaves
        self.min_samples_leaf = min_samples_leaf

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        self.n_features_ = int(X.shape[1])
        X = np.asarray(X)

        def grow(leaves: int) -> None:
            self.trees_ = read_tree(self._grow(X, y, sample_weight, leaves, control), self.problem_)
            if self.problem_.n_classes:
                self._smooth(X, y, sample_weight)

        def loss_of(position: int) -> float:
            grow(LEAVES[position - 1])
            assert control.validation is not None
            return watched_loss(self, control.validation)

        self.rounds_ = 1
        if self.leaves is not None:
            grow(self.leaves)
            return self
        if control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or LEAVES.index(16) + 1
        else:
            self.rounds_ = best_position(len(LEAVES), loss_of, control.budget)
        grow(LEAVES[self.rounds_ - 1])
        return self

    def _grow(
        self, X: Any, y: NDArray[Any], weight: NDArray[np.float64] | None, leaves: int, control: Control
    ) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        cls = DecisionTreeClassifier if self.problem_.n_classes else DecisionTreeRegressor
        tree = cls(max_leaf_nodes=leaves, min_samples_leaf=self.min_samples_leaf, random_state=control.seed)
        return tree.fit(X, y, sample_weight=weight)

    def _smooth(self, X: Any, y: NDArray[Any], weight: NDArray[np.float64] | None) -> None:
        """Mix the class shares into each leaf as if they were `PRIOR_ROWS` more rows."""
        trees = self.trees_
        rows = np.bincount(_leaf_of(trees, X), minlength=len(trees.feature))
        shrink = rows[trees.leaf] / (rows[trees.leaf] + PRIOR_ROWS)
        shares = class_shares(y, self.problem_.n_classes, weight)
        if self.problem_.n_classes == 2:
            value = trees.value * shrink + (1 - shrink) * shares[1]
            self.trees_ = replace(trees, value=value)
            return
        leaves, first = np.unique(trees.leaf, return_index=True)
        k = self.problem_.n_classes
        dense = np.zeros((len(leaves), k))
        dense[np.searchsorted(leaves, trees.leaf), trees.output] = trees.value * shrink
        dense += (1 - shrink[first])[:, None] * shares
        self.trees_ = replace(
            trees, leaf=np.repeat(leaves, k), output=np.tile(np.arange(k), len(leaves)), value=dense.ravel()
        )

    def output(self, X: Any) -> NDArray[np.float64]:
        head = probability_head(self.problem_)
        sums = np.zeros((len(X), head.weights.shape[1]))
        at = _leaf_of(self.trees_, np.asarray(X))
        held = np.zeros((len(self.trees_.feature), head.weights.shape[1]))
        np.add.at(held, (self.trees_.leaf, self.trees_.output), self.trees_.value)
        sums += held[at]
        return head.run(sums)

    def lower(self) -> Graph:
        return lower_trees(self.trees_, self.n_features_, probability_head(self.problem_))


def _leaf_of(trees: Trees, X: NDArray[Any]) -> NDArray[np.int64]:
    """Return the node that each row ends in, in a single tree."""
    X = np.asarray(X, dtype=np.float32)
    at = np.zeros(len(X), dtype=np.int64)
    rows = np.flatnonzero(trees.feature[at] >= 0)
    while len(rows):
        node = at[rows]
        values = X[rows, trees.feature[node]].astype(np.float64)
        left = np.where(np.isnan(values), trees.missing_left[node], values <= trees.threshold[node])
        at[rows] = np.where(left, trees.left[node], trees.right[node])
        rows = rows[trees.feature[at[rows]] >= 0]
    return at


def probability_head(
    problem: Problem, prior: NDArray[np.float64] | None = None, share: float = 0.0
) -> Linear:
    """Return what turns summed leaves into an answer.

    With two classes the trees hold the probability of the second; with more, those of all. A `share`
    of the class shares `prior` is mixed in.
    """
    k = problem.n_classes
    if not k:
        return Linear(np.eye(1), np.zeros(1), "identity")
    mixed = np.zeros(k) if prior is None else share * prior
    if k == 2:
        weights = np.array([[-1.0], [1.0]]) * (1 - share)
        return Linear(weights, np.array([1.0 - share, 0.0]) + mixed, "identity")
    return Linear(np.eye(k) * (1 - share), mixed, "identity")


def mean_of_trees(parts: list[Trees]) -> Trees:
    """Return an ensemble whose summed leaves are the mean of these trees."""
    joined = join_trees(parts)
    return replace(joined, value=joined.value / len(parts))


def read_tree(fitted: Any, problem: Problem) -> Trees:
    """Read a tree of scikit-learn.

    Parameters
    ----------
    fitted : fitted tree
        A regression tree; or a classification tree, whose classes are the codes that occurred.
    problem : Problem
    """
    tree = fitted.tree_
    leaf = np.flatnonzero(tree.feature < 0)
    value = tree.value[leaf, 0, :]
    output = np.zeros(len(leaf), dtype=np.int64)
    if problem.n_classes:
        codes = np.asarray(fitted.classes_).astype(np.int64)
        shares = value / np.maximum(value.sum(axis=1, keepdims=True), 1e-300)
        if problem.n_classes == 2:
            value = shares[:, codes == 1].sum(axis=1)
        else:
            row, column = np.nonzero(shares)
            leaf, output, value = leaf[row], codes[column], shares[row, column]
    return one_tree(tree, leaf, output, np.ravel(value).astype(np.float64))


def one_tree(
    tree: Any, leaf: NDArray[np.int64], output: NDArray[np.int64], value: NDArray[np.float64]
) -> Trees:
    """Return the splits of a tree of scikit-learn (its ``tree_``), with leaves that hold other values.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    leaf, output, value : arrays of shape (e,)
        As of `Trees`.
    """
    inner = tree.feature >= 0
    return Trees(
        np.zeros(1, dtype=np.int64),
        np.where(inner, tree.feature, -1).astype(np.int64),
        np.where(inner, tree.threshold, 0.0),
        np.maximum(tree.children_left, 0).astype(np.int64),
        np.maximum(tree.children_right, 0).astype(np.int64),
        np.asarray(tree.missing_go_to_left, dtype=bool),
        leaf,
        output,
        value,
    )

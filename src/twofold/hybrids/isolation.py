"""An isolation forest as one graph of trees (Liu, Ting and Zhou 2008)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.random import derive_seed
from twofold.models.tree import one_tree
from twofold.steps.base import FEATURES, PREDICTION, Graph
from twofold.steps.linear import Linear
from twofold.steps.tree_graph import Trees, join_trees, lower_trees

N_TREES = 100
SAMPLE = 256
"""Rows that each tree sees, as the authors advise."""


def mean_depth(sizes: NDArray[Any]) -> NDArray[np.float64]:
    """Return how much deeper a row would come to lie among so many rows, on average.

    Examples
    --------
    >>> mean_depth(np.array([1, 2, 256])).round(2).tolist()
    [0.0, 1.0, 10.24]
    """
    n = np.maximum(np.asarray(sizes, dtype=np.float64), 2.0)
    whole = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(np.asarray(sizes) <= 1, 0.0, np.where(np.asarray(sizes) == 2, 1.0, whole))


def read_isolation_tree(tree: Any) -> Trees:
    """Read a fitted tree; its leaves hold the depth at which a row is alone.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    """
    left, right = tree.children_left.astype(np.int64), tree.children_right.astype(np.int64)
    depth = np.zeros(len(left))
    level = np.array([0])
    while len(level):
        level = level[left[level] >= 0]
        depth[left[level]] = depth[right[level]] = depth[level] + 1.0
        level = np.concatenate([left[level], right[level]])
    leaf = np.flatnonzero(left < 0)
    deep = depth[leaf] + mean_depth(tree.n_node_samples[leaf])
    splits = one_tree(tree, leaf, np.zeros(len(leaf), dtype=np.int64), deep)
    return replace(splits, missing_left=np.ones(len(left), dtype=bool))


def isolation_graph(X: NDArray[np.float32], seed: int) -> Graph:
    """Fit a forest on rows (n, d); return the steps from ``features`` to ``isolation`` of shape (n, 1).

    The score is the negative mean depth: larger for rows that are soon alone.
    """
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(
        n_estimators=N_TREES, max_samples=min(SAMPLE, len(X)), random_state=derive_seed(seed, "isolation")
    )
    forest.fit(X)
    trees = join_trees([read_isolation_tree(one.tree_) for one in forest.estimators_])
    graph = lower_trees(trees, X.shape[1], Linear(np.full((1, 1), -1.0 / N_TREES), np.zeros(1), "identity"))
    named = graph.renamed("isolation/", keep=(FEATURES, PREDICTION))
    *before, last = named.nodes
    return Graph((*before, replace(last, output="isolation")))

"""Wide sparse rows made short and dense for models that compare whole rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import FEATURES, Graph, Node
from twofold.steps.tfidf import Project

WIDE, KEPT = 1_500, 256
"""Sparse columns beyond which, and directions to which rows are condensed: distances hardly change, and cost
a hundredth of the time and memory."""
ROWS = 5_000
CONDENSED = "condensed"


def directions_of(X: Any, seed: int) -> Project | None:
    """Return the leading directions of wide sparse rows (Halko et al. 2011); None for others."""
    if not hasattr(X, "toarray") or X.shape[1] <= WIDE or min(X.shape) <= KEPT:
        return None
    from sklearn.utils.extmath import randomized_svd

    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(X.shape[0])[:ROWS])
    _, _, axes = randomized_svd(
        X[chosen], n_components=KEPT, n_iter=2, random_state=int(generator.integers(2**31))
    )
    return Project(np.ascontiguousarray(axes.T, dtype=np.float32))


def dense(X: Any, directions: Project | None) -> NDArray[np.float32]:
    """Return rows as a dense matrix, condensed where there are directions."""
    if directions is not None:
        return directions.run(X)
    return np.ascontiguousarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float32)


def behind(directions: Project | None, graph: Graph) -> Graph:
    """Return a graph that begins with ``features`` as one that condenses them first."""
    if directions is None:
        return graph
    nodes = tuple(
        Node(node.step, tuple(CONDENSED if name == FEATURES else name for name in node.inputs), node.output)
        for node in graph.nodes
    )
    return Graph((Node(directions, (FEATURES,), CONDENSED), *nodes))

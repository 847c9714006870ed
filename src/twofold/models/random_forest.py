"""Random forests (Breiman 2001), grown until the time is over, lowered to one ONNX tree ensemble."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.random import derive_seed
from twofold.core.space import Range, Space
from twofold.models.base import Model, Pace, class_shares, infer_problem
from twofold.models.tree import mean_of_trees, probability_head, read_tree
from twofold.steps.base import FEATURES, Graph
from twofold.steps.linear import Linear
from twofold.steps.tree_graph import Trees, lower_trees

MOST_LEAVES = 400_000
"""Leaves of all trees together: some fifteen megabytes once saved."""
BATCH = 8
"""Trees grown between two looks at the clock."""
PRIOR_TREES = 1.0
"""Trees' worth of the class shares that are mixed in, so that no class gets probability 0."""


class RandomForest(Model):
    """Trees on bootstrap samples of the rows, with a random choice of columns at each split.

    Parameters
    ----------
    n_trees : int
        100 leaves little to gain by more (Probst and Boulesteix 2018).
    min_samples_leaf : int
        2: probabilities of single rows are noisy, and the forest halves in size.
    max_features : float or None
        Share of the columns looked at in a split. None takes the square root of their number for
        classes, and 0.4 of them for values.

    Examples
    --------
    >>> X = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    >>> RandomForest(n_trees=10).fit(X, X[:, 0].astype(float)).predict(np.array([[0.5]])).round(1)
    array([0.5])
    """

    capabilities = Capabilities("trees", seconds=(0.3, 4e-4, 1e-5))
    space: ClassVar[Space] = {
        "min_samples_leaf": Range(1, 20, log=True, integer=True),
        "max_features": Range(0.1, 1.0),
    }

    def __init__(
        self, n_trees: int = 100, min_samples_leaf: int = 2, max_features: float | None = None
    ) -> None:
        self.n_trees = n_trees
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features

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
        wanted = control.rounds or self.n_trees
        classes = np.unique(y)  # trees of a forest count the classes that occurred
        grown: list[Trees] = []
        pace = Pace(control.budget)
        while len(grown) < wanted and (control.rounds or not grown or pace.another()):
            few = 1 if not grown else min(BATCH, wanted - len(grown))
            forest = self._make(few, len(y), control, len(grown))
            for tree in forest.fit(X, y, sample_weight=sample_weight).estimators_:
                if self.problem_.n_classes:
                    tree.classes_ = classes
                grown.append(read_tree(tree, self.problem_))  # a tree of many classes is ten times as large
        self.rounds_ = len(grown)
        if self.problem_.n_classes:
            self.prior_ = class_shares(y, self.problem_.n_classes, sample_weight)
        self.forest_ = lower_trees(mean_of_trees(grown), self.n_features_, self._head())
        return self

    def _make(self, n_trees: int, n_rows: int, control: Control, grown: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        cls = RandomForestClassifier if self.problem_.n_classes else RandomForestRegressor
        return cls(n_trees, **self._settings(n_rows, control, grown))

    def _settings(self, n_rows: int, control: Control, grown: int) -> dict[str, Any]:
        k = self.problem_.n_classes
        most = max(64, MOST_LEAVES // self.n_trees)
        return {
            "min_samples_leaf": self.min_samples_leaf,
            "max_features": self.max_features or ("sqrt" if k else 0.4),
            "max_leaf_nodes": most if n_rows / self.min_samples_leaf > 2 * most else None,
            "n_jobs": control.budget.cores,
            "random_state": derive_seed(control.seed, "trees", grown),
        }

    def _head(self) -> Linear:
        if not self.problem_.n_classes:
            return probability_head(self.problem_)
        return probability_head(self.problem_, self.prior_, PRIOR_TREES / (PRIOR_TREES + self.rounds_))

    def output(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self.forest_.run({FEATURES: np.asarray(X)}))

    def lower(self) -> Graph:
        return self.forest_

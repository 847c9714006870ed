"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006): random cuts, smoother than a forest."""

from __future__ import annotations

from typing import Any

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control
from twofold.models.random_forest import RandomForest


class ExtraTrees(RandomForest):
    """A forest whose cuts are drawn at random; each tree sees every row.

    Parameters
    ----------
    n_trees, min_samples_leaf, max_features
        As of `RandomForest`. For values all columns are looked at, as its authors advise.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    >>> ExtraTrees(n_trees=10).fit(X, X[:, 0].astype(float)).predict(np.array([[0.5]])).round(1)
    array([0.5])
    """

    capabilities = Capabilities("trees", seconds=(0.3, 2.5e-4, 1e-5))

    def __init__(
        self, n_trees: int = 100, min_samples_leaf: int = 2, max_features: float | None = None
    ) -> None:
        super().__init__(n_trees, min_samples_leaf, max_features)

    def _make(self, n_trees: int, n_rows: int, control: Control, grown: int) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        settings = self._settings(n_rows, control, grown)
        if self.max_features is None and not self.problem_.n_classes:
            settings["max_features"] = 1.0
        cls = ExtraTreesClassifier if self.problem_.n_classes else ExtraTreesRegressor
        return cls(n_trees, **settings)

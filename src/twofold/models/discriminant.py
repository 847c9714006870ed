"""Linear discriminant analysis: one shared, shrunken covariance, solved at once."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Space
from twofold.models.base import Model, best_position, class_shares, infer_problem, watched_loss
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear

SHRINKAGES = (0.9, 0.5, 0.2, 0.05, 0.01)
"""Shares of the mean variance that replace the covariance, strongest first."""
CALMS = (1.0, 0.6, 0.35, 0.2, 0.1)
"""Factors on the scores: clouds of many features that were seen on few rows look farther apart than they are.
A round is a position in the list of all pairs, shrinkage by shrinkage."""


class Discriminant(Model):
    """Classes as clouds of one common shape: a linear model that is found in one step.

    Fisher 1936, with the covariance drawn towards a sphere (Friedman 1989). A strong head over the features
    of a pretrained network, whose classes are such clouds; solved in a fraction of the time of logistic
    regression when there are hundreds of features and many classes.

    Parameters
    ----------
    shrinkage : float or None
        0 keeps the covariance as it is, 1 makes it a sphere. None tries `SHRINKAGES` on the watched rows, or
        takes 0.2 where there are none.

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [4.0, 5.0], [5.0, 4.0]], dtype=np.float32)
    >>> Discriminant().fit(X, np.array([0, 0, 1, 1])).predict(X).tolist()
    [0, 0, 1, 1]
    """

    capabilities = Capabilities(
        "linear",
        tasks=frozenset({"binary", "multiclass"}),
        iterative=True,
        readable=True,
        seconds=(0.05, 4e-6, 1e-7),
    )
    space: ClassVar[Space] = {}

    def __init__(self, shrinkage: float | None = None) -> None:
        self.shrinkage = shrinkage

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        self.problem_ = problem or infer_problem(y)
        control = control or Control()
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float32)
        self._learn_clouds(X, y, sample_weight)
        self._solved_for = float("nan")
        watched = control.validation
        if self.shrinkage is not None or control.rounds is not None or watched is None:
            self.rounds_ = control.rounds or SHRINKAGES.index(0.2) * len(CALMS) + 1
            return self._take(self.rounds_)

        def loss_of(position: int) -> float:
            return watched_loss(self._take(position), watched)

        self.rounds_ = best_position(len(SHRINKAGES) * len(CALMS), loss_of, control.budget)
        return self._take(self.rounds_)

    def _take(self, position: int) -> Self:
        """Solve for a position in the list of pairs; a shrinkage is solved once."""
        place, calm = divmod(position - 1, len(CALMS))
        shrinkage = SHRINKAGES[place] if self.shrinkage is None else self.shrinkage
        if calm == 0 or self._solved_for != shrinkage:
            self._solve(shrinkage)
        self.weights_, self.bias_ = self._weights * CALMS[calm], self._bias * CALMS[calm]
        return self

    def _learn_clouds(self, X: NDArray[np.float32], y: NDArray[Any], weight: Any) -> None:
        k = self.problem_.n_classes
        w = np.ones(len(y), dtype=np.float32) if weight is None else np.asarray(weight, dtype=np.float32)
        self.shares_ = class_shares(y, k, w.astype(np.float64))
        sums = np.zeros((k, X.shape[1]))
        for code in range(k):
            rows = y == code
            sums[code] = w[rows] @ X[rows]
        total = np.maximum(np.bincount(y, weights=w, minlength=k), 1e-12)
        self.means_ = sums / total[:, None]
        rest = (X - self.means_.astype(np.float32)[y]) * np.sqrt(w)[:, None]
        self.covariance_ = (rest.T @ rest).astype(np.float64) / max(float(w.sum()) - k, 1.0)

    def _solve(self, shrinkage: float) -> None:
        d = len(self.covariance_)
        mean_variance = float(np.trace(self.covariance_)) / max(d, 1) or 1.0
        shape = (1.0 - shrinkage) * self.covariance_
        shape[np.diag_indices(d)] += shrinkage * mean_variance + 1e-9
        weights = np.linalg.solve(shape, self.means_.T).T
        bias = np.log(np.maximum(self.shares_, 1e-12)) - 0.5 * np.einsum("kd,kd->k", weights, self.means_)
        if self.problem_.n_classes == 2:
            weights, bias = weights[1:] - weights[:1], bias[1:] - bias[:1]
        self._weights, self._bias, self._solved_for = weights, bias, shrinkage

    def _step(self) -> Linear:
        return Linear(self.weights_, self.bias_, "sigmoid" if self.problem_.n_classes == 2 else "softmax")

    def output(self, X: Any) -> NDArray[np.float64]:
        return self._step().run(X)

    def lower(self) -> Graph:
        return Graph((Node(self._step(), (FEATURES,), PREDICTION),))

"""Linear support vector machines by coordinate descent (Fan et al. 2008), for many rows or words."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Choice, Space
from twofold.models.base import Model, best_position, infer_problem, watched_loss
from twofold.models.margins import fit_sigmoids, split_rows
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear

PENALTIES = (0.01, 0.1, 1.0)
"""Costs of an error tried; a round is a position in this list (counted from 1)."""


class LinearSVM(Model):
    """Hyperplanes on the ``linear`` view; several classes are each set against the rest.

    Parameters
    ----------
    cost : float or None
        Price of an error. None tries `PENALTIES` on `Control.validation`, or takes 0.1.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    >>> LinearSVM().fit(X, (X[:, 0] > 0).astype(int)).predict(np.array([[-0.5], [0.5]])).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "linear", sparse=True, iterative=True, readable=True, max_classes=60, seconds=(0.1, 6e-5, 4e-5)
    )
    space: ClassVar[Space] = {"cost": Choice(PENALTIES)}

    def __init__(self, cost: float | None = None) -> None:
        self.cost = cost

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
        k = self.problem_.n_classes
        self.centre_ = 0.0 if k else float(np.average(y, weights=sample_weight))
        self.scale_ = 1.0 if k else float(np.std(y)) or 1.0
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.head_ = Linear(np.eye(1) * self.scale_, np.array([self.centre_]), "identity")

        def solve(position: int) -> None:
            cost = self.cost or PENALTIES[position - 1]
            if k:
                learn, held = split_rows(y, k, control.seed)
                part = self._planes(X[learn], y[learn], weight[learn], cost, control.seed)
                self.head_ = fit_sigmoids(part.run(X[held]), y[held], weight[held], self.problem_)
            self.step_ = self._planes(X, y, weight, cost, control.seed)

        solved: dict[int, Any] = {}

        def loss_of(position: int) -> float:
            solve(position)
            solved[position] = self.head_, self.step_
            assert control.validation is not None
            return watched_loss(self, control.validation)

        if self.cost or control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or PENALTIES.index(0.1) + 1
        else:
            self.rounds_ = best_position(len(PENALTIES), loss_of, control.budget)
        if self.rounds_ in solved:
            self.head_, self.step_ = solved[self.rounds_]
        else:
            solve(self.rounds_)
        return self

    def _planes(self, X: Any, y: NDArray[Any], weight: NDArray[np.float64], cost: float, seed: int) -> Linear:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import LinearSVC, LinearSVR

        k = self.problem_.n_classes
        if not k:
            goals = [(y - self.centre_) / self.scale_]
        else:
            goals = [y == 1] if k == 2 else [y == code for code in range(k)]
        weights, bias = np.zeros((len(goals), X.shape[1])), np.zeros(len(goals))
        for row, goal in enumerate(goals):
            if k and len(np.unique(goal[weight > 0])) < 2:
                bias[row] = 1.0 if goal.any() else -1.0
                continue
            cls = LinearSVC if k else LinearSVR
            settings = {} if k else {"loss": "squared_epsilon_insensitive"}
            with warnings.catch_warnings():  # a bounded number of steps is the intention here
                warnings.simplefilter("ignore", ConvergenceWarning)
                plane = cls(C=cost, dual=X.shape[1] > len(y), random_state=seed, max_iter=200, **settings)
                plane.fit(X, goal, sample_weight=weight)
            weights[row] = plane.coef_.ravel()
            bias[row] = float(np.ravel(plane.intercept_)[0])
        return Linear(weights, bias, "identity")

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.head_.run(self.step_.run(X))

    def lower(self) -> Graph:
        return Graph((Node(self.step_, (FEATURES,), "margins"), Node(self.head_, ("margins",), PREDICTION)))

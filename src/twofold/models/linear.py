"""Ridge and logistic regression, with the strength of the penalty chosen on rows set aside."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Choice, Space
from twofold.models.base import Model, infer_problem
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear

PENALTIES = (1000.0, 100.0, 10.0, 1.0, 0.1)
"""Strengths tried, strongest first; a round is a position in this list (counted from 1)."""


class LinearModel(Model):
    """A linear model with a squared penalty (Hoerl and Kennard 1970; Le Cessie and Van Houwelingen 1992).

    Parameters
    ----------
    penalty : float or None
        Strength; None tries `PENALTIES` on `Control.validation`, or takes 1 where there is none.
    max_iter : int
        Steps of the solver.

    Attributes
    ----------
    weights_ : array of shape (k, d)
    bias_ : array of shape (k,)
    rounds_ : int
        Position of the chosen penalty, so that a refit takes the same.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]], dtype=np.float32)
    >>> LinearModel(penalty=1e-9).fit(X, np.array([0.0, 2.0, 4.0, 6.0])).output(X).round(3).ravel()
    array([0., 2., 4., 6.])
    """

    capabilities = Capabilities(
        "linear", sparse=True, iterative=True, readable=True, seconds=(0.05, 2e-5, 1e-5)
    )
    space: ClassVar[Space] = {"penalty": Choice(PENALTIES)}

    def __init__(self, penalty: float | None = None, max_iter: int = 200) -> None:
        self.penalty = penalty
        self.max_iter = max_iter

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
        if self.penalty is not None:
            self.rounds_ = 1
            return self._solve(X, y, sample_weight, self.penalty)
        if control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or PENALTIES.index(1.0) + 1
            return self._solve(X, y, sample_weight, PENALTIES[self.rounds_ - 1])
        best = (np.inf, 1)
        for position, penalty in enumerate(PENALTIES, 1):
            if position > 1 and control.budget.left() < 0.2 * control.budget.seconds:
                break
            self._solve(X, y, sample_weight, penalty)
            best = min(best, (self._loss(control), position))
        self.rounds_ = best[1]
        return self._solve(X, y, sample_weight, PENALTIES[self.rounds_ - 1])

    def _loss(self, control: Control) -> float:
        watched = control.validation
        assert watched is not None
        answer = self.output(watched.X)
        if self.problem_.n_classes:
            losses = -np.log(np.maximum(answer[np.arange(len(watched.y)), watched.y], 1e-12))
        else:
            losses = (answer[:, 0] - watched.y) ** 2
        return float(np.average(losses, weights=watched.weight))

    def _solve(self, X: Any, y: NDArray[Any], weight: NDArray[np.float64] | None, penalty: float) -> Self:
        from sklearn.linear_model import LogisticRegression, Ridge

        if not self.problem_.n_classes:
            ridge = Ridge(alpha=penalty).fit(X, y, sample_weight=weight)
            self.weights_ = np.atleast_2d(ridge.coef_).astype(np.float64)
            self.bias_ = np.atleast_1d(ridge.intercept_).astype(np.float64)
            return self
        classes, codes = np.unique(y, return_inverse=True)
        k = 1 if self.problem_.n_classes == 2 else self.problem_.n_classes
        self.weights_ = np.zeros((k, X.shape[1]))
        self.bias_ = np.full(k, -30.0)
        if len(classes) == 1:
            self.bias_[0 if k == 1 else classes[0]] = 30.0 if classes[0] or k > 1 else -30.0
            return self
        import warnings

        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():  # a bounded number of steps is the intention here
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = LogisticRegression(C=1.0 / penalty, max_iter=self.max_iter)
            fitted.fit(X, codes, sample_weight=weight)
        if k == 1:
            self.weights_, self.bias_ = fitted.coef_.astype(float), fitted.intercept_.astype(float)
        elif len(classes) == 2:  # softmax of (0, z) equals the sigmoid of z
            self.weights_[classes[1]] = fitted.coef_[0]
            self.bias_[classes] = (0.0, float(fitted.intercept_[0]))
        else:
            self.weights_[classes], self.bias_[classes] = fitted.coef_, fitted.intercept_
        return self

    def _step(self) -> Linear:
        link = {0: "identity", 2: "sigmoid"}.get(self.problem_.n_classes, "softmax")
        return Linear(self.weights_, self.bias_, link)

    def output(self, X: Any) -> NDArray[np.float64]:
        return self._step().run(X)

    def lower(self) -> Graph:
        return Graph((Node(self._step(), (FEATURES,), PREDICTION),))

"""Ridge, elastic net and logistic regression; the strength of the penalty is chosen on rows set aside."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Choice, Space
from twofold.models.base import Model, best_position, infer_problem, watched_loss
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear

PENALTIES = (1000.0, 100.0, 10.0, 1.0, 0.1)
"""Strengths tried, strongest first; a round is a position in this list (counted from 1)."""


class LinearModel(Model):
    """A linear model with a squared, absolute or mixed penalty.

    Hoerl and Kennard 1970 (ridge), Le Cessie and Van Houwelingen 1992 (its logistic form), Zou and Hastie
    2005 (elastic net).

    Parameters
    ----------
    penalty : float or None
        Strength; None tries `PENALTIES` on `Control.validation`, or takes 1 where there is none.
    l1_ratio : float
        Share of the penalty that is on absolute values and makes weights exactly zero. 0 by default:
        it is solved ten times faster and predicts as well where no column is useless.
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
    space: ClassVar[Space] = {"penalty": Choice(PENALTIES), "l1_ratio": Choice((0.0, 0.5, 1.0))}

    def __init__(self, penalty: float | None = None, l1_ratio: float = 0.0, max_iter: int = 200) -> None:
        self.penalty = penalty
        self.l1_ratio = l1_ratio
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

        solved: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._last: Any = None

        def loss_of(position: int) -> float:
            self._solve(X, y, sample_weight, PENALTIES[position - 1])
            solved[position] = self.weights_, self.bias_
            assert control.validation is not None
            return watched_loss(self, control.validation)

        if self.penalty is not None or control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or PENALTIES.index(1.0) + 1
            first = 1 if control.rounds else self.rounds_
            for position in range(first, self.rounds_ if self.penalty is None else first):
                self._solve(X, y, sample_weight, PENALTIES[position - 1])
            self._solve(X, y, sample_weight, self.penalty or PENALTIES[self.rounds_ - 1])
            del self._last
            return self
        self.rounds_ = best_position(len(PENALTIES), loss_of, control.budget, patience=1)
        del self._last
        self.weights_, self.bias_ = solved[self.rounds_]
        return self

    def _solve(self, X: Any, y: NDArray[Any], weight: NDArray[np.float64] | None, penalty: float) -> Self:
        if not self.problem_.n_classes:
            fitted = self._regressor(penalty, len(y)).fit(X, y, sample_weight=weight)
            self.weights_ = np.atleast_2d(fitted.coef_).astype(np.float64)
            self.bias_ = np.atleast_1d(fitted.intercept_).astype(np.float64)
            return self
        classes, codes = np.unique(y, return_inverse=True)
        k = 1 if self.problem_.n_classes == 2 else self.problem_.n_classes
        self.weights_ = np.zeros((k, X.shape[1]))
        self.bias_ = np.full(k, -30.0)
        if len(classes) == 1:
            self.bias_[0 if k == 1 else classes[0]] = 30.0 if classes[0] or k > 1 else -30.0
            return self
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():  # a bounded number of steps is the intention here
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = self._classifier(penalty).fit(X, codes, sample_weight=weight)
            self._last = fitted
        if k == 1:
            self.weights_, self.bias_ = fitted.coef_.astype(float), fitted.intercept_.astype(float)
        elif len(classes) == 2:  # softmax of (0, z) equals the sigmoid of z
            self.weights_[classes[1]] = fitted.coef_[0]
            self.bias_[classes] = (0.0, float(fitted.intercept_[0]))
        else:
            self.weights_[classes], self.bias_[classes] = fitted.coef_, fitted.intercept_
        return self

    def _regressor(self, penalty: float, n_rows: int) -> Any:
        from sklearn.linear_model import ElasticNet, Ridge

        if not self.l1_ratio:
            return Ridge(alpha=penalty)
        return ElasticNet(alpha=penalty / n_rows, l1_ratio=self.l1_ratio, max_iter=self.max_iter)

    def _classifier(self, penalty: float) -> Any:
        from sklearn.linear_model import LogisticRegression

        if not self.l1_ratio and self._last is not None:  # from the solution of the stronger penalty on
            return self._last.set_params(C=1.0 / penalty)
        if not self.l1_ratio:
            return LogisticRegression(C=1.0 / penalty, max_iter=self.max_iter, warm_start=True)
        settings = {"solver": "saga", "l1_ratio": self.l1_ratio, "random_state": 0}
        return LogisticRegression(C=1.0 / penalty, max_iter=self.max_iter, tol=1e-3, **settings)

    def _step(self) -> Linear:
        link = {0: "identity", 2: "sigmoid"}.get(self.problem_.n_classes, "softmax")
        return Linear(self.weights_, self.bias_, link)

    def output(self, X: Any) -> NDArray[np.float64]:
        return self._step().run(X)

    def lower(self) -> Graph:
        return Graph((Node(self._step(), (FEATURES,), PREDICTION),))

"""Support vector machines with a Gaussian kernel (Cortes and Vapnik 1995), for small data."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Choice, Range, Space
from twofold.models.base import Model, best_position, infer_problem, watched_loss
from twofold.models.condense import behind, dense, directions_of
from twofold.models.margins import fit_sigmoids, split_rows
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.kernel_machine import KernelMachine
from twofold.steps.linear import Linear

PENALTIES = (1.0, 10.0, 100.0)
"""Costs of an error tried; a round is a position in this list (counted from 1)."""


class SVM(Model):
    """Kernel machine on the ``linear`` view; several classes are each set against the rest.

    Parameters
    ----------
    cost : float or None
        Price of an error. None tries `PENALTIES` on `Control.validation`, or takes 10.
    width : float
        Factor on scikit-learn's ``gamma="scale"``, one over columns times variance.

    Notes
    -----
    Wide sparse rows are condensed first (see `twofold.models.condense`).

    Margins become probabilities by sigmoids on a fifth of the rows, set aside first; the machine then
    learns from all rows (Platt 1999).

    Examples
    --------
    >>> X = np.linspace(0, 1, 100, dtype=np.float32)[:, None]
    >>> SVM().fit(X, (X[:, 0] > 0.5).astype(int)).predict(np.array([[0.1], [0.9]])).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "linear",
        sparse=True,
        iterative=True,
        stores_rows=True,
        max_rows=8_000,
        max_classes=12,
        seconds=(0.1, 1e-3, 4e-4),
    )
    space: ClassVar[Space] = {"cost": Choice(PENALTIES), "width": Range(0.1, 3.0, log=True)}

    def __init__(self, cost: float | None = None, width: float = 1.0) -> None:
        self.cost = cost
        self.width = width

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
        self.directions_ = directions_of(X, control.seed)
        X = dense(X, self.directions_)
        gamma = self.width / max(X.shape[1] * float(X.var()), 1e-12) if X.size else 1.0
        self.centre_, self.scale_ = 0.0, 1.0
        if not self.problem_.n_classes:
            self.centre_ = float(np.average(y, weights=sample_weight))
            self.scale_ = float(np.std(y)) or 1.0
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.head_ = Linear(np.eye(1) * self.scale_, np.array([self.centre_]), "identity")

        def solve(position: int) -> None:
            cost = self.cost or PENALTIES[position - 1]
            if self.problem_.n_classes:
                learn, held = split_rows(y, self.problem_.n_classes, control.seed)
                part = self._machine(X[learn], y[learn], weight[learn], cost, gamma)
                self.head_ = fit_sigmoids(part.run(X[held]), y[held], weight[held], self.problem_)
            self.step_ = self._machine(X, y, weight, cost, gamma)

        solved: dict[int, Any] = {}

        def loss_of(position: int) -> float:
            solve(position)
            solved[position] = self.head_, self.step_
            assert control.validation is not None
            return watched_loss(self, control.validation)

        if self.cost or control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or PENALTIES.index(10.0) + 1
        else:
            self.rounds_ = best_position(len(PENALTIES), loss_of, control.budget)
        if self.rounds_ in solved:
            self.head_, self.step_ = solved[self.rounds_]
        else:
            solve(self.rounds_)
        return self

    def _machine(
        self, X: NDArray[np.float32], y: NDArray[Any], weight: NDArray[np.float64], cost: float, gamma: float
    ) -> KernelMachine:
        from sklearn.svm import SVC, SVR

        k = self.problem_.n_classes
        if not k:
            goals = [(y - self.centre_) / self.scale_]
        else:
            goals = [y == 1] if k == 2 else [y == code for code in range(k)]
        weights, bias = np.zeros((len(X), len(goals))), np.zeros(len(goals))
        for column, goal in enumerate(goals):
            if k and len(np.unique(goal[weight > 0])) < 2:
                bias[column] = 1.0 if goal.any() else -1.0
                continue
            cls = SVC if k else SVR
            machine = cls(C=cost, gamma=gamma, cache_size=200).fit(X, goal, sample_weight=weight)
            weights[machine.support_, column] = machine.dual_coef_[0]
            bias[column] = machine.intercept_[0]
        used = np.flatnonzero(np.abs(weights).max(axis=1))
        return KernelMachine(X[used], weights[used], bias, float(gamma))

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.head_.run(self.step_.run(dense(X, self.directions_)))

    def lower(self) -> Graph:
        graph = Graph((Node(self.step_, (FEATURES,), "margins"), Node(self.head_, ("margins",), PREDICTION)))
        return behind(self.directions_, graph)

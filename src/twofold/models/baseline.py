"""The trivial answer: class shares, or the mean."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Space
from twofold.models.base import Model, infer_problem
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.constant import Constant


class Baseline(Model):
    """Answer every row alike; what any model has to beat.

    Examples
    --------
    >>> Baseline().fit(np.zeros((4, 0)), np.array([0, 1, 1, 1])).output(np.zeros((1, 0)))
    array([[0.25, 0.75]])
    """

    capabilities = Capabilities("none", readable=True, seconds=(0.01, 0.0, 0.0))
    space: ClassVar[Space] = {}

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        del X, control
        self.problem_ = problem or infer_problem(y)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        if self.problem_.n_classes:
            shares = np.bincount(y, weights=weight, minlength=self.problem_.n_classes)
            self.answer_ = shares / shares.sum()
        else:
            self.answer_ = np.array([np.average(y, weights=weight)])
        return self

    def output(self, X: Any) -> NDArray[np.float64]:
        return Constant(self.answer_).run(X)

    def lower(self) -> Graph:
        return Graph((Node(Constant(self.answer_), (FEATURES,), PREDICTION),))

"""The contract of a model: fit on an encoded matrix, answer, and lower to steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.steps.base import Graph


class Model(BaseEstimator, ABC):  # type: ignore[misc]
    """Base of all models.

    A model sees an encoded matrix (float32, dense or CSR, as its declared view makes it) and targets as
    class codes or floats. Subclasses store their parameters in ``__init__`` and build in `fit`.

    Attributes
    ----------
    problem_ : Problem
        What was learned.
    rounds_ : int
        Rounds kept by an iterative model, 1 for the others.
    """

    capabilities: ClassVar[Capabilities]

    problem_: Problem
    rounds_: int = 1

    @abstractmethod
    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        """Learn from encoded rows; `problem` is inferred from `y` when it is not given."""

    @abstractmethod
    def output(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n, n_classes), or values of shape (n, 1)."""

    @abstractmethod
    def lower(self) -> Graph:
        """Return the steps from ``features`` to ``prediction`` (a network also gives ``embedding``)."""

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes or values of shape (n,)."""
        answer = self.output(X)
        return np.asarray(answer.argmax(axis=1) if self.problem_.n_classes else answer[:, 0])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities of shape (n, n_classes)."""
        return self.output(X)


def infer_problem(y: NDArray[Any]) -> Problem:
    """Tell the problem from targets: integers are class codes, floats are values."""
    if np.issubdtype(np.asarray(y).dtype, np.floating):
        return Problem("regression")
    n_classes = max(2, int(np.max(y)) + 1)
    return Problem("binary" if n_classes == 2 else "multiclass", n_classes)

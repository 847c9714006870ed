"""The contract of a model: fit on an encoded matrix, answer, and lower to steps."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from twofold.core.budget import Budget
from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import TwofoldError
from twofold.core.space import Space
from twofold.metrics.losses import mean_log_loss, root_mean_squared_error
from twofold.steps.base import Graph


class UnfittedError(TwofoldError, NotFittedError):  # type: ignore[misc]
    """A model was asked for what only a fit gives; also scikit-learn's ``NotFittedError``."""


class Model(BaseEstimator, ABC):  # type: ignore[misc]
    """Base of all models.

    A model sees an encoded matrix (float32, dense or CSR, as its declared view makes it) and targets as
    class codes or floats. Subclasses store their parameters in ``__init__`` and build in `fit`.

    Attributes
    ----------
    problem_ : Problem
        What was learned.
    rounds_ : int
        Rounds kept by an iterative model, 1 for the others. What counts as a round is the model's own
        affair (trees, epochs, a position in a list of penalties); told as `Control.rounds`, it is
        repeated.
    """

    capabilities: ClassVar[Capabilities]
    space: ClassVar[Space] = {}
    """Where a tuner may look for parameters."""

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

    if not TYPE_CHECKING:  # a type checker would take any misspelt attribute for granted

        def __getattr__(self, name: str) -> Any:
            """Say what is missing when a learned attribute is read before the fit."""
            if name.endswith("_") and not name.startswith("_"):
                raise UnfittedError(
                    f"This {type(self).__name__} has no '{name}'.",
                    "Names that end in an underscore appear with the fit.",
                    "Call fit(X, y) first.",
                )
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


def infer_problem(y: NDArray[Any]) -> Problem:
    """Tell the problem from targets: integers are class codes, floats are values."""
    if np.issubdtype(np.asarray(y).dtype, np.floating):
        return Problem("regression")
    n_classes = max(2, int(np.max(y)) + 1)
    return Problem("binary" if n_classes == 2 else "multiclass", n_classes)


def class_shares(
    y: NDArray[np.int64], n_classes: int, weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the share of each class, zeros included.

    Examples
    --------
    >>> class_shares(np.array([0, 0, 0, 2]), 3, None)
    array([0.75, 0.  , 0.25])
    """
    counts = np.bincount(y, weights=weight, minlength=n_classes)
    return np.asarray(counts / counts.sum())


def watched_loss(model: Model, watched: Validation) -> float:
    """Return how far a fitted model is off on the watched rows: log loss, or root mean squared error."""
    loss = mean_log_loss if model.problem_.n_classes else root_mean_squared_error
    return loss(watched.y, model.output(watched.X), watched.weight)


class Pace:
    """Tells between rounds whether another one fits into the time.

    A share of the time is spared for what follows a fit: lowering it and scoring it.

    Examples
    --------
    >>> Pace(Budget()).another()
    True
    >>> Pace(Budget(seconds=1e-9)).another()
    False
    """

    def __init__(self, budget: Budget, spared: float = 0.1) -> None:
        self._budget = budget
        self._spare = spared * budget.seconds
        self._slowest = 0.0
        self._last = time.monotonic()

    def another(self) -> bool:
        """Whether a round as slow as the slowest so far would still end in time."""
        now = time.monotonic()
        self._slowest = max(self._slowest, now - self._last)
        self._last = now
        return not self._budget.left() < self._spare + self._slowest


def best_position(n: int, loss_of: Callable[[int], float], budget: Budget, patience: int = 0) -> int:
    """Return the position, counted from 1, of the smallest loss; the first one is always tried.

    With a patience, so many positions that are no better than the best before them end the search: for
    losses that fall and then rise.

    Examples
    --------
    >>> best_position(3, lambda position: abs(position - 2), Budget())
    2
    """
    pace = Pace(budget)
    losses = [loss_of(1)]
    while len(losses) < n and pace.another():
        if patience and len(losses) - 1 - int(np.argmin(losses)) >= patience:
            break
        losses.append(loss_of(len(losses) + 1))
    return int(np.argmin(losses)) + 1

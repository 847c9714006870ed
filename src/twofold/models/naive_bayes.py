"""Naive Bayes with normal columns, made less sure of itself (Hand and Yu 2001 on why it works at all)."""

from __future__ import annotations

from itertools import product
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Space
from twofold.models.base import Model, best_position, class_shares, infer_problem, watched_loss
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.gaussian_bayes import GaussianBayes

SETTINGS = tuple(product((0.03, 0.3), (1.0, 0.3, 0.1, 0.03)))
"""Pairs of smoothing and sharpness tried; a round is a position in this list (counted from 1)."""


class NaiveBayes(Model):
    """Classes as independent normal columns of the ``linear`` view.

    Parameters
    ----------
    smoothing : float or None
        Share of a column's whole variance that is added to its variance in each class.
    sharpness : float or None
        Factor on the evidence. Columns are not independent, so the plain model (1) counts the same
        evidence several times and is far too sure. None chooses both on `Control.validation`, or takes
        0.03 and 0.3.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    >>> NaiveBayes().fit(X, (X[:, 0] > 0).astype(int)).predict(np.array([[-0.5], [0.5]])).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "linear",
        tasks=frozenset({"binary", "multiclass"}),
        sparse=True,
        iterative=True,
        readable=True,
        seconds=(0.02, 4e-6, 1e-6),
    )
    space: ClassVar[Space] = {}

    def __init__(self, smoothing: float | None = None, sharpness: float | None = None) -> None:
        self.smoothing = smoothing
        self.sharpness = sharpness

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
        X = X.astype(np.float64)
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        k = self.problem_.n_classes
        member = np.zeros((k, len(y)))
        member[y, np.arange(len(y))] = weight
        total = member.sum(axis=1, keepdims=True)
        squares = X.multiply(X).tocsr() if hasattr(X, "multiply") else X * X
        share = member / np.maximum(total, 1e-300)
        everyone = weight[None] / weight.sum()
        mean, square = _times(share, X), _times(share, squares)
        whole = np.maximum(_times(everyone, squares) - _times(everyone, X) ** 2, 1e-9)
        seen = total > 0
        mean = np.where(seen, mean, _times(everyone, X))
        own = np.where(seen, np.maximum(square - mean**2, 0.0), whole)
        prior = np.log(np.maximum(class_shares(y, k, weight), 1e-9))

        def take(position: int) -> None:
            smoothing, sharpness = SETTINGS[position - 1]
            smoothing = smoothing if self.smoothing is None else self.smoothing
            sharpness = sharpness if self.sharpness is None else self.sharpness
            self.step_ = GaussianBayes(prior, mean, own + smoothing * whole, float(sharpness))

        def loss_of(position: int) -> float:
            take(position)
            assert control.validation is not None
            return watched_loss(self, control.validation)

        if control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or 2
        else:
            self.rounds_ = best_position(len(SETTINGS), loss_of, control.budget)
        take(self.rounds_)
        return self

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.step_.run(X)

    def lower(self) -> Graph:
        return Graph((Node(self.step_, (FEATURES,), PREDICTION),))


def _times(shares: NDArray[np.float64], X: Any) -> NDArray[np.float64]:
    return np.asarray((X.T @ shares.T).T)

"""Nearest neighbours (Cover and Hart 1967), weighted by distance (Dudani 1976)."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Choice, Space
from twofold.models.base import Model, best_position, class_shares, infer_problem, watched_loss
from twofold.models.condense import behind, dense, directions_of
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.neighbours import Neighbours

SIZES = (3, 6, 12, 24, 48)
"""Numbers of neighbours tried; a round is a position in this list (counted from 1)."""
SAMPLE = 500


class KNN(Model):
    """Neighbours in the ``linear`` view, where every column is scaled alike.

    Parameters
    ----------
    k : int or None
        None tries `SIZES` on `Control.validation`, or takes 12 where there is none.

    Notes
    -----
    Wide sparse rows are condensed first (see `twofold.models.condense`).

    The model *is* its training rows: it is large, slow for many rows, and not private.

    Examples
    --------
    >>> X = np.linspace(0, 1, 100, dtype=np.float32)[:, None]
    >>> KNN(k=3).fit(X, (X[:, 0] > 0.5).astype(int)).predict(np.array([[0.1], [0.9]])).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "linear",
        sparse=True,
        iterative=True,
        stores_rows=True,
        max_rows=20_000,
        max_classes=100,
        seconds=(0.1, 1e-4, 1e-6),
    )
    space: ClassVar[Space] = {"k": Choice(SIZES)}

    def __init__(self, k: int | None = None) -> None:
        self.k = k

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
        rows = dense(X, self.directions_)
        k = self.problem_.n_classes
        answers = (np.eye(k)[y] if k else np.asarray(y)[:, None]).astype(np.float32)
        prior = class_shares(y, k, sample_weight) if k else np.zeros(1)
        self.centre_ = 0.0 if k else float(np.average(y, weights=sample_weight))
        if not k:  # small numbers keep their digits in float32
            answers = (np.asarray(y)[:, None] - self.centre_).astype(np.float32)
        weight = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        scale = _typical_distance(rows, control.seed)

        def take(position: int) -> None:
            size = self.k or SIZES[position - 1]
            self.step_ = Neighbours(rows, answers, weight, prior, float(k > 0), size, scale)

        def loss_of(position: int) -> float:
            take(position)
            assert control.validation is not None
            return watched_loss(self, control.validation)

        if self.k or control.rounds is not None or control.validation is None:
            self.rounds_ = control.rounds or SIZES.index(12) + 1
        else:
            self.rounds_ = best_position(len(SIZES), loss_of, control.budget)
        take(self.rounds_)
        return self

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.step_.run(dense(X, self.directions_)) + self.centre_

    def lower(self) -> Graph:
        return behind(self.directions_, self._answer_graph())

    def _answer_graph(self) -> Graph:
        if not self.centre_:
            return Graph((Node(self.step_, (FEATURES,), PREDICTION),))
        from twofold.steps.linear import Linear

        shift = Linear(np.eye(1), np.array([self.centre_]), "identity")
        return Graph((Node(self.step_, (FEATURES,), "neighbours"), Node(shift, ("neighbours",), PREDICTION)))


def _typical_distance(rows: NDArray[np.float32], seed: int) -> float:
    """Return about how far a row's nearest other row is, from a sample."""
    chosen = np.random.default_rng(seed).permutation(len(rows))[:SAMPLE]
    sample = rows[chosen].astype(np.float64)
    squares = np.einsum("ij,ij->i", sample, sample)
    apart = squares[:, None] + squares - 2.0 * sample @ sample.T
    np.fill_diagonal(apart, np.inf)
    nearest = np.sqrt(np.maximum(apart.min(axis=1), 0.0)) if len(sample) > 1 else np.ones(1)
    positive = nearest[np.isfinite(nearest) & (nearest > 0)]
    return float(np.median(positive)) if len(positive) else 1.0

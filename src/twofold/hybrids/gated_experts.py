"""Boosted trees and a network under a gate that sees the columns (Jacobs, Jordan, Nowlan and Hinton 1991).

When it helps: trees are better in one part of the rows and the network in another, and the columns tell
which. When not: one is better everywhere, or they differ by chance; then a blend of the two, which the
search makes of models that it has anyway, does as well. Cost: as many fits of both as there are folds, and
one more, which is five times the two alone; both experts for every row.

The gate learns from out-of-fold predictions within the training rows, so that it trusts no expert for what
it knows by heart. How far it may go from weights that are the same for every row is chosen on halves of
these predictions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.hybrids.gate import choose_pull, fit_gate
from twofold.models.base import Model, infer_problem
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node

TREES_SHARE = 0.3
"""Of the time of a pair of experts."""
WATCHED = 8
"""One in so many rows tells how many trees are enough, where no others are watched."""


class GatedExperts(Model):
    """LightGBM and RealMLP on the ``network`` view, weighed for each row.

    Parameters
    ----------
    folds : int
        Of the training rows, for the predictions that the gate learns from.
    epochs : int
        Of the network, at most.
    pull : float or None
        Holds the weights of all rows together (see `twofold.hybrids.gate`); None chooses it.

    Attributes
    ----------
    experts_ : tuple (LightGBM, RealMLP)
    gate_ : twofold.steps.gate.Gate
    pull_ : float
    rounds_ : int
        Epochs of the network. The number of trees follows from watched rows in every fit.
    """

    capabilities = Capabilities(
        "network", network=True, joins=True, iterative=True, seconds=(5.0, 5e-3, 5e-4), packages=("torch",)
    )

    def __init__(self, folds: int = 4, epochs: int = 200, pull: float | None = None) -> None:
        self.folds = folds
        self.epochs = epochs
        self.pull = pull

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
        X = np.asarray(X, dtype=np.float32)
        parts = max(2, min(self.folds, len(y) // 2))
        part = deal_evenly(y, parts, make_generator(control.seed, "gate"))
        told = np.empty((2, len(y), max(1, self.problem_.n_classes)))
        for fold in range(parts):
            learn, rest = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
            rules = replace(
                control,
                budget=control.budget.share(1 / (parts + 1 - fold)),
                seed=derive_seed(control.seed, "fold", fold),
            )
            weight = None if sample_weight is None else sample_weight[learn]
            experts = self._experts(X[learn], y[learn], weight, rules)
            told[:, rest] = [expert.output(X[rest]) for expert in experts]
        self.experts_ = self._experts(X, y, sample_weight, control)
        self.rounds_ = self.experts_[1].rounds_
        chances = bool(self.problem_.n_classes)
        shown = X[:, : X.shape[1] - len(self.problem_.categories)].astype(np.float64)
        self.pull_ = (
            choose_pull(told, y, sample_weight, chances=chances, columns=shown)
            if self.pull is None
            else self.pull
        )
        self.gate_ = fit_gate(told, y, sample_weight, chances=chances, pull=self.pull_, columns=shown)
        return self

    def _experts(
        self, X: NDArray[np.float32], y: NDArray[Any], weight: NDArray[np.float64] | None, control: Control
    ) -> tuple[Model, Model]:
        """Fit both experts on the same rows, within the time of the control."""
        from twofold.models.lightgbm import LightGBM
        from twofold.models.realmlp import RealMLP

        first = replace(control, budget=control.budget.share(TREES_SHARE), rounds=None)
        learn = np.arange(len(y))
        if (control.validation is None or control.rounds is not None) and len(y) >= 2 * WATCHED:
            part = deal_evenly(y, WATCHED, make_generator(control.seed, "trees"))
            learn, rest = np.flatnonzero(part > 0), np.flatnonzero(part == 0)
            apart = Validation(X[rest], y[rest], None if weight is None else weight[rest])
            first = replace(first, validation=apart)
        seen = None if weight is None else weight[learn]
        trees = LightGBM().fit(X[learn], y[learn], seen, problem=self.problem_, control=first)
        network = RealMLP(epochs=self.epochs).fit(X, y, weight, problem=self.problem_, control=control)
        return trees, network

    def output(self, X: Any) -> NDArray[np.float64]:
        X = np.asarray(X, dtype=np.float32)
        told = tuple(expert.output(X) for expert in self.experts_)
        return self.gate_.run(*((X, *told) if self.gate_.columns else told))

    def lower(self) -> Graph:
        graphs = [
            expert.lower().renamed(f"{name}/", keep=(FEATURES,))
            for name, expert in zip(("trees", "network"), self.experts_, strict=True)
        ]
        answers = tuple(f"{name}/{PREDICTION}" for name in ("trees", "network"))
        inputs = (FEATURES, *answers) if self.gate_.columns else answers
        return Graph((*graphs[0].nodes, *graphs[1].nodes, Node(self.gate_, inputs, PREDICTION)))

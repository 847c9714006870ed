"""A logistic or ridge model over the members' answers (Wolpert 1992; Ting and Witten 1999).

When it helps: members are biased in the same way, too sure or too timid, which a mean cannot mend. When
not: few rows, or members that are alike. Cost: every used member is run for every row.

Each member has one weight for all classes, so that there is little to overfit; the weights are pulled
towards those of a plain mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.hybrids.base import Evidence, Joined, side_by_side
from twofold.steps.base import PREDICTION, Graph, Node
from twofold.steps.links import softmax
from twofold.steps.pool import TINY, Pool

PULL = 10.0
"""How many rows' worth of conviction a plain mean has."""


@dataclass(frozen=True)
class Stack(Joined):
    """A learned stacker.

    Parameters
    ----------
    members : tuple of int
    weights : array of shape (len(members),)
    bias : array of shape (k,)
    logarithmic : bool
        Whether members answer with probabilities.
    """

    members: tuple[int, ...]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    logarithmic: bool
    name: str = "stack"

    def _step(self) -> Pool:
        return Pool(self.weights, self.bias, self.logarithmic)

    def combine(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._step().run(*(predictions[member] for member in self.members))

    def lower(self, graphs: Sequence[Graph]) -> Graph:
        members, answers = side_by_side(graphs)
        return members.then(Node(self._step(), answers, PREDICTION))

    def placed(self, positions: Sequence[int]) -> Joined:
        return replace(self, members=tuple(positions[member] for member in self.members))

    def row_seconds(self, costs: NDArray[np.float64]) -> float:
        return float(costs[list(self.members)].sum())


def learn_stack(evidence: Evidence, members: Sequence[int]) -> Stack:
    """Learn the weights of these members.

    Parameters
    ----------
    evidence : Evidence
    members : sequence of int
        Positions in `Evidence.predictions`.

    Returns
    -------
    Stack
    """
    weight = np.ones(len(evidence.y)) if evidence.weight is None else evidence.weight
    used = np.flatnonzero(weight)
    parts = evidence.predictions[list(members)][:, used]
    y, w = evidence.y[used], weight[used]
    solve = fit_values if evidence.task == "regression" else fit_classes
    weights, bias = solve(parts, y, w)
    return Stack(tuple(members), weights, bias, evidence.task != "regression")


def fit_values(
    parts: NDArray[np.float64], y: NDArray[Any], w: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights (m,) and the shift (1,) of the ridge regression on values (m, n, 1)."""
    X = parts[:, :, 0].T
    m = X.shape[1]
    centre, goal = np.average(X, axis=0, weights=w), np.average(y, weights=w)
    A, b = X - centre, y - goal
    spread = float(np.average(b**2, weights=w)) or 1.0
    pull = PULL * np.average(A**2, axis=0, weights=w) + 1e-9 * spread
    gram = (A * w[:, None]).T @ A + np.diag(pull)
    right = (A * w[:, None]).T @ b + pull / m
    weights = np.linalg.solve(gram, right)
    return weights, np.array([goal - centre @ weights])


def fit_classes(
    parts: NDArray[np.float64], y: NDArray[Any], w: NDArray[np.float64], *, shifted: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights (m,) and class shifts (k,) of the logistic stacker of probabilities (m, n, k).

    Where not `shifted`, all shifts are zero: of a few rows they would be noise.
    """
    from scipy.optimize import minimize

    logs = np.log(np.clip(parts, TINY, 1.0))
    m, n, k = logs.shape
    flat = logs.reshape(m, n * k)
    truth = np.zeros((n, k))
    truth[np.arange(n), y] = 1.0
    equal = np.full(m, 1.0 / m)
    total = w.sum()

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = theta[:m], theta[m:]
        p = softmax((weights @ flat).reshape(n, k) + bias)
        losses = -np.log(np.maximum(p[np.arange(n), y], 1e-300)) @ w
        pull = 0.5 * PULL * (((weights - equal) ** 2).sum() + 0.1 * (bias**2).sum())
        residual = (p - truth) * w[:, None]
        gradient = np.concatenate([flat @ residual.ravel(), residual.sum(axis=0)])
        gradient += PULL * np.concatenate([weights - equal, 0.1 * bias])
        gradient[m:] *= shifted
        return float(losses + pull) / total, gradient / total

    start = np.concatenate([equal, np.zeros(k)])
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60, "ftol": 1e-8}).x
    return np.asarray(theta[:m]), np.asarray(theta[m:])

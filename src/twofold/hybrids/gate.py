"""A gate that weighs the members for each row (Jacobs, Jordan, Nowlan and Hinton 1991).

When it helps: each member knows when it does not know, or is good for a part of the rows that the gate can
tell. When not: the members differ by chance; then weights that are the same for every row do as well. On
tables of 1,500 rows the gate takes 0.1 to 0.5 % of the loss from constant weights, and is no better than a
stack: the search does without it. Cost: every member is run for every row; the gate itself costs nothing.

The gate is a softmax of what the members say of the row (how sure each is, how far they are apart) and, if
it is shown any, of columns. It is fitted by L-BFGS on the log loss or the squared error of the mixture.
Its slopes are pulled towards zero and its shifts, less so, towards equal weights: with all pull it is
the plain mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.random import deal_evenly, make_generator
from twofold.hybrids.base import Evidence, Joined, side_by_side
from twofold.steps.base import PREDICTION, Graph, Node
from twofold.steps.gate import Gate as GateStep
from twofold.steps.gate import signs
from twofold.steps.links import softmax
from twofold.steps.pool import TINY

PULL = 30.0
"""How many rows' worth of conviction it takes to weigh rows differently."""
HOLD = 1.0
"""The same, to weigh all rows alike but the members differently."""
PULLS = (10.0, 30.0, 100.0, 1e6)
"""What `choose_pull` tries; the last one makes the weights the same for every row."""

Loss = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
"""From weights (n, m) to the loss and its slopes by the weights (n, m)."""


@dataclass(frozen=True)
class Gate(Joined):
    """A learned gate over the members' answers.

    Parameters
    ----------
    members : tuple of int
    step : twofold.steps.gate.Gate
    """

    members: tuple[int, ...]
    step: GateStep
    name: str = "gate"

    def combine(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.step.run(*(predictions[member] for member in self.members))

    def lower(self, graphs: Sequence[Graph]) -> Graph:
        members, answers = side_by_side(graphs)
        return members.then(Node(self.step, answers, PREDICTION))

    def placed(self, positions: Sequence[int]) -> Joined:
        return replace(self, members=tuple(positions[member] for member in self.members))

    def row_seconds(self, costs: NDArray[np.float64]) -> float:
        return float(costs[list(self.members)].sum())


def learn_gate(evidence: Evidence, members: Sequence[int], pull: float = PULL) -> Gate:
    """Learn a gate over these members.

    Parameters
    ----------
    evidence : Evidence
    members : sequence of int
        Positions in `Evidence.predictions`.
    pull : float

    Returns
    -------
    Gate
    """
    parts = evidence.predictions[list(members)]
    step = fit_gate(parts, evidence.y, evidence.weight, chances=evidence.task != "regression", pull=pull)
    return Gate(tuple(members), step)


def fit_gate(
    parts: NDArray[np.float64],
    y: NDArray[Any],
    weight: NDArray[np.float64] | None,
    *,
    chances: bool,
    pull: float = PULL,
    hold: float = HOLD,
    columns: NDArray[np.float64] | None = None,
) -> GateStep:
    """Fit the weights of a gate.

    Parameters
    ----------
    parts : array of shape (m, n, k)
        Out-of-fold predictions.
    y : array of shape (n,)
    weight : array of shape (n,) or None
    chances : bool
        Whether the predictions are probabilities.
    pull, hold : float
        Penalties on slopes and on shifts, in rows; with very much of both the gate is the plain mean.
    columns : array of shape (n, d) or None
        What the gate sees besides.

    Returns
    -------
    twofold.steps.gate.Gate

    Examples
    --------
    >>> parts = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.5, 0.5], [0.5, 0.5]]])
    >>> gate = fit_gate(parts, np.array([0, 1]), None, chances=True, pull=0.01, hold=0.01)
    >>> bool(gate.weights(parts)[:, 0].min() > 0.9)
    True
    """
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    used = np.flatnonzero(w)
    parts, y, w = parts[:, used], y[used], w[used]
    seen = signs(parts, chances=chances)
    if columns is not None:
        seen = np.column_stack([seen, columns[used]])
    step = _standing_at_the_mean(seen, w, len(parts), chances, 0 if columns is None else columns.shape[1])
    if len(parts) == 1:
        return step
    known = np.column_stack([np.ones(len(used)), step.standard(seen)])
    pulls = np.full((len(parts), known.shape[1]), pull)
    pulls[:, 0] = hold
    found = _descend(known, _loss(parts, y, w, chances), pulls, float(w.sum()))
    return replace(step, slopes=found[:, 1:].copy(), shifts=found[:, 0].copy())


def _descend(
    known: NDArray[np.float64], loss: Loss, pulls: NDArray[np.float64], size: float
) -> NDArray[np.float64]:
    """Return the coefficients (m, q) of the best gate; all zero weighs all members alike.

    Parameters
    ----------
    known : array of shape (n, q)
        What the gate sees, a one before it.
    loss : Loss
    pulls : array of shape (m, q)
    size : float
        Of all weights, so that tolerances mean the same for many rows and for few.
    """
    from scipy.optimize import minimize

    def objective(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        flat = theta.reshape(pulls.shape)
        g = softmax(known @ flat.T)
        total, slope = loss(g)
        inner = g * (slope - (g * slope).sum(axis=1, keepdims=True))
        gradient = (inner.T @ known + pulls * flat) / size
        return (total + 0.5 * float((pulls * flat**2).sum())) / size, gradient.ravel()

    start, options = np.zeros(pulls.size), {"maxiter": 80, "ftol": 1e-8}
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x.reshape(pulls.shape))


def _standing_at_the_mean(
    seen: NDArray[np.float64], w: NDArray[np.float64], m: int, chances: bool, columns: int
) -> GateStep:
    """Return a gate that has learned what is usual, and weighs all members alike."""
    centre = np.average(seen, axis=0, weights=w)
    spread = np.sqrt(np.average((seen - centre) ** 2, axis=0, weights=w))
    spread = np.where(spread > 1e-9 * (1.0 + np.abs(centre)), spread, np.inf)  # constants tell nothing
    return GateStep(np.zeros((m, seen.shape[1])), np.zeros(m), centre, spread, chances, columns)


def _loss(parts: NDArray[np.float64], y: NDArray[Any], w: NDArray[np.float64], chances: bool) -> Loss:
    """Return the loss of a mixture: log loss, or squared error in units of the plain mean's."""
    if chances:
        truth = np.asarray(parts[:, np.arange(len(y)), y].T)

        def log_loss(g: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            mixed = np.maximum((g * truth).sum(axis=1), TINY)
            return float(-np.log(mixed) @ w), -truth * (w / mixed)[:, None]

        return log_loss
    misses = y[:, None] - parts[:, :, 0].T
    unit = float(np.average(misses.mean(axis=1) ** 2, weights=w)) or 1.0

    def squares(g: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        missed = (g * misses).sum(axis=1)
        return float(0.5 * (missed**2) @ w / unit), misses * (w * missed / unit)[:, None]

    return squares


def choose_pull(
    parts: NDArray[np.float64],
    y: NDArray[Any],
    weight: NDArray[np.float64] | None,
    *,
    chances: bool,
    columns: NDArray[np.float64] | None = None,
) -> float:
    """Return the pull with the smallest loss on halves of the rows that it was not fitted on.

    Parameters
    ----------
    parts, y, weight, chances, columns
        As of `fit_gate`.
    """
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    half = deal_evenly(y, 2, make_generator(0, "pull")) == 0  # not every other row: rows may take turns
    losses = []
    for pull in PULLS:
        total = 0.0
        for side in (half, ~half):
            shown = None if columns is None else columns[side]
            gate = fit_gate(parts[:, side], y[side], w[side], chances=chances, pull=pull, columns=shown)
            other = None if columns is None else columns[~side]
            g = gate.weights(parts[:, ~side], other)
            total += _loss(parts[:, ~side], y[~side], w[~side], chances)(g)[0]
        losses.append(total)
    return PULLS[int(np.argmin(losses))]

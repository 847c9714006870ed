"""A weighted mean of members, chosen greedily (Caruana, Niculescu-Mizil, Crew and Ksikes 2004).

When it helps: the members err on different rows, as trees and networks often do. When not: one member is
far better, or all are alike; then the blend is that member. Cost: every used member is run for every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twofold.hybrids.base import Evidence, Joined, side_by_side
from twofold.steps.base import PREDICTION, Graph, Node
from twofold.steps.blend import WeightedMean

ROUNDS = 25
"""Picks with replacement: weights are multiples of about 4 %, finer ones follow the noise."""
WORTH = 1e-9
"""A pick has to gain more than this share of the score, so that ties end the search."""


@dataclass(frozen=True)
class Blend(Joined):
    """A learned blend.

    Parameters
    ----------
    members : tuple of int
        Positions of the members with a weight.
    weights : float array of shape (len(members),)
        They sum to one.
    """

    members: tuple[int, ...]
    weights: NDArray[np.float64]
    name: str = "blend"

    def combine(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return WeightedMean(self.weights).run(*predictions[list(self.members)])

    def lower(self, graphs: Sequence[Graph]) -> Graph:
        if len(graphs) == 1:
            return graphs[0]
        members, answers = side_by_side(graphs)
        return members.then(Node(WeightedMean(self.weights), answers, PREDICTION))

    def placed(self, positions: Sequence[int]) -> Joined:
        return replace(self, members=tuple(positions[member] for member in self.members))

    def row_seconds(self, costs: NDArray[np.float64]) -> float:
        return float(costs[list(self.members)].sum())


def learn_blend(evidence: Evidence, max_members: int = 8, first: Sequence[int] = ()) -> Blend:
    """Pick members one by one, with replacement, each time the one that helps most.

    The search begins with the best single member and ends when no pick helps, so on the rows it learned
    from a blend is never worse than its best member. Among equals the cheaper one is picked.

    Parameters
    ----------
    evidence : Evidence
    max_members : int
        Different members at most.
    first : sequence of int
        Members that it has to begin with, for a blend that must hold both families.

    Returns
    -------
    Blend
    """
    predictions = evidence.predictions
    order = np.argsort(evidence.row_seconds, kind="stable")
    counts = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0])
    for member in first:
        counts[member] += 1
        total += predictions[member]
    n = len(first)
    best = evidence.metric.gain(evidence.y, total / n, evidence.weight) if n else -np.inf
    for pick in range(n + 1, ROUNDS + 1):
        full = np.count_nonzero(counts) >= max_members
        gains = np.array(
            [
                evidence.metric.gain(evidence.y, (total + predictions[m]) / pick, evidence.weight)
                if counts[m] or not full
                else -np.inf
                for m in order
            ]
        )
        chosen = int(order[np.argmax(gains)])
        if gains.max() <= best + WORTH * abs(best) and pick > 1:
            break
        best = float(gains.max())
        counts[chosen] += 1
        total += predictions[chosen]
    members = tuple(int(m) for m in np.flatnonzero(counts))
    return Blend(members, counts[list(members)] / counts.sum())

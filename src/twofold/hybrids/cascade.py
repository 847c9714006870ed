"""The cheap model answers; the rows it is unsure of go to the dear one (Viola and Jones 2001).

When it helps: most rows are easy and the dear model is many times dearer. When not: the cheap model does
not know when it is wrong. Cost: the cheap model for every row, the dear one for the unsure share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.hybrids.base import Evidence, Joined
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.cascade import Cascade as CascadeStep

LEVELS = (0.1, 0.2, 0.35, 0.5)
"""Shares of the rows, the least sure ones, that may go to the dear model."""
KEPT = 0.9
"""Share of the dear model's lead over the cheap one that a cascade has to keep."""


@dataclass(frozen=True)
class Cascade(Joined):
    """A learned cascade.

    Parameters
    ----------
    members : tuple (cheap, dear)
    sure : float
        Largest probability from which the cheap model's answer stands. 0 always lets it stand; above 1
        never does.
    share : float
        Of the rows that went on.
    """

    members: tuple[int, ...]
    sure: float
    share: float
    name: str = "cascade"
    together: ClassVar[bool] = False

    def combine(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        cheap, dear = (predictions[member] for member in self.members)
        return np.asarray(np.where(cheap.max(axis=1, keepdims=True) >= self.sure, cheap, dear))

    def lower(self, graphs: Sequence[Graph]) -> Graph:
        cheap, dear = graphs
        step = CascadeStep(cheap, dear, float(self.sure))
        return Graph((Node(step, (INPUT,), PREDICTION),))

    def row_seconds(self, costs: NDArray[np.float64]) -> float:
        cheap, dear = (float(costs[member]) for member in self.members)
        return cheap + self.share * dear

    def placed(self, positions: Sequence[int]) -> Joined:
        return replace(self, members=tuple(positions[member] for member in self.members))


def learn_cascade(evidence: Evidence, pairs: Sequence[tuple[int, int]]) -> Cascade | None:
    """Find the cheapest cascade that keeps nearly all of the dear model's lead; None when none does.

    Parameters
    ----------
    evidence : Evidence
    pairs : sequence of (cheap, dear)
        Positions in `Evidence.predictions`.

    Returns
    -------
    Cascade or None
    """
    best: Cascade | None = None
    cost = np.inf
    for cheap, dear in pairs:
        p, q = evidence.predictions[cheap], evidence.predictions[dear]
        own, other = (evidence.metric.gain(evidence.y, x, evidence.weight) for x in (p, q))
        if not other > own:
            continue
        sureness = p.max(axis=1)
        for level in LEVELS:
            sure = float(np.quantile(sureness, level, method="higher"))
            join = Cascade((cheap, dear), sure, level)
            gain = evidence.metric.gain(evidence.y, join.combine(evidence.predictions), evidence.weight)
            price = join.row_seconds(evidence.row_seconds)
            if gain >= own + KEPT * (other - own):
                if price < cost and price < 0.9 * evidence.row_seconds[dear]:
                    best, cost = join, price
                break
    return best

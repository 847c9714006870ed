"""A join that is learned from out-of-fold predictions, and what it becomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.base import Metric
from twofold.steps.base import INPUT, PREDICTION, Graph


@dataclass(frozen=True)
class Evidence:
    """The rows that a join may learn from.

    Parameters
    ----------
    predictions : array of shape (n_members, n, k)
        Out-of-fold predictions of the members; k is n_classes, or 1.
    y : array of shape (n,)
    weight : array of shape (n,) or None
        Sample weights, or in-bag counts times sample weights; zero leaves a row out.
    metric : Metric
        What the join should be good at.
    task : str
    row_seconds : array of shape (n_members,)
        What one row costs with each member.
    """

    predictions: NDArray[np.float64]
    y: NDArray[Any]
    weight: NDArray[np.float64] | None
    metric: Metric
    task: str
    row_seconds: NDArray[np.float64]


def side_by_side(graphs: Sequence[Graph]) -> tuple[Graph, tuple[str, ...]]:
    """Return the steps of several graphs over one table, and the names of their answers."""
    named = [graph.renamed(f"m{place}/", keep=(INPUT,)) for place, graph in enumerate(graphs)]
    nodes = tuple(node for graph in named for node in graph.nodes)
    return Graph(nodes), tuple(f"m{place}/{PREDICTION}" for place in range(len(graphs)))


class Joined(ABC):
    """A learned join: a pure function of its members' predictions."""

    name: str
    members: tuple[int, ...]
    """Positions (in `Evidence.predictions`) of the members that are really used."""
    together: ClassVar[bool] = True
    """Whether every row goes to all members, so that what several of them read is read once."""

    fixed: float | None = None
    """Threshold of answers that a promise was made of; where there is one, nothing may change them."""

    @property
    def note(self) -> str:
        """What a reader should know of it, in a sentence; empty where there is nothing to say."""
        return ""

    def named(self, names: Sequence[str]) -> Joined:
        """Return the same join, told what its members are called."""
        del names
        return self

    @abstractmethod
    def placed(self, positions: Sequence[int]) -> Joined:
        """Return the same join with member m standing at ``positions[m]``."""

    @abstractmethod
    def combine(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn (n_members, n, k) predictions of *all* members into (n, k)."""

    @abstractmethod
    def lower(self, graphs: Sequence[Graph]) -> Graph:
        """Build one graph from those of the *used* members, in the order of `members`."""

    @abstractmethod
    def row_seconds(self, costs: NDArray[np.float64]) -> float:
        """Expect the cost of a row, from the costs of all members."""

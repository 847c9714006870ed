"""Stages from cheap to dear; a row ends at the first that is sure of it, or whose members agree on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.base import INPUT, PREDICTION, Graph, Step


@dataclass(frozen=True)
class Trace:
    """The way of each row through the stages.

    Parameters
    ----------
    answer : array of shape (n, n_classes)
    stage : integer array of shape (n,)
        Which stage answered, counted from 0.
    sureness : array of shape (n, S)
        Largest probability that each stage gave; NaN where a stage was not asked.
    agreed : array of shape (n, S)
        Share of a stage's members with its answer; NaN where it was not asked.
    """

    answer: NDArray[np.float64]
    stage: NDArray[np.intp]
    sureness: NDArray[np.float64]
    agreed: NDArray[np.float64]


def opinion(parts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a committee's mean (n, k) and the share of its members that answer as the mean does (n,).

    Parameters
    ----------
    parts : array of shape (m, n, k)
        Probabilities that the members give.

    Examples
    --------
    >>> opinion(np.array([[[0.9, 0.1]], [[0.4, 0.6]]]))
    (array([[0.65, 0.35]]), array([0.5]))
    """
    if len(parts) == 1:
        return parts[0], np.ones(parts.shape[1])
    mean = parts.mean(axis=0)
    return mean, (parts.argmax(axis=2) == mean.argmax(axis=1)).mean(axis=0)


@dataclass(frozen=True)
class Cascade(Step):
    """Stages that are asked one after the other; the last one answers whatever is left.

    Parameters
    ----------
    stages : tuple of (tuple of Graph)
        Members of each of the S stages, from ``table`` to ``prediction``; a stage answers with their mean.
    sure : array of shape (S - 1,)
        A stage's answer stands when its largest probability is at least this ...
    agreed : array of shape (S - 1,)
        ... and at least this share of its members agrees with it.
    names : tuple of str
        Of the stages, for people; empty when they have none.
    promise : str
        What is known of the cascade, for people.
    """

    kind = "cascade"
    stages: tuple[tuple[Graph, ...], ...]
    sure: NDArray[np.float64]
    agreed: NDArray[np.float64]
    names: tuple[str, ...] = ()
    promise: str = ""

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        return self.trace(*inputs).answer

    def trace(self, table: Table) -> Trace:
        """Answer, and keep the way of each row.

        Parameters
        ----------
        table : Table of n rows
        """
        n, last = table.n_rows, len(self.stages) - 1
        rows = np.arange(n)
        stage = np.full(n, last)
        sureness, agreed = np.full((n, last + 1), np.nan), np.full((n, last + 1), np.nan)
        answer: NDArray[np.float64] | None = None
        for place, graphs in enumerate(self.stages):
            asked = table if len(rows) == n else table.take(rows)
            parts = [np.asarray(graph.run({INPUT: asked}, PREDICTION), dtype=np.float64) for graph in graphs]
            told, shared = opinion(np.stack(parts))
            if asked is not table:
                table.complain_of(asked, rows)
            if answer is None:
                answer = told.copy()
            else:
                answer[rows] = told
            sureness[rows, place], agreed[rows, place] = told.max(axis=1), shared
            if place == last:
                break
            stands = self.stands(place, sureness[rows, place], shared)
            stage[rows[stands]] = place
            rows = rows[~stands]
            if not len(rows):
                break
        assert answer is not None, "a cascade has at least one stage"
        return Trace(answer, stage, sureness, agreed)

    def stands(
        self, place: int, sureness: NDArray[np.float64], agreed: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Tell which of a stage's answers stand."""
        return np.asarray((sureness >= self.sure[place]) & (agreed >= self.agreed[place]))

    def reason(self, trace: Trace, row: int) -> str:
        """Say in words why a row went as far as it did.

        Parameters
        ----------
        trace : Trace
        row : int
        """
        told = []
        for place in range(int(trace.stage[row])):
            name, top, sure = self.name(place), trace.sureness[row, place], self.sure[place]
            shared, agreed = trace.agreed[row, place], self.agreed[place]
            if np.isinf(sure):
                told.append(f"{name} may not decide")
            elif top < sure:
                told.append(f"{name} was {top:.2%} sure, {sure:.2%} are needed")
            else:
                told.append(f"{name} did not agree: {shared:.0%} of its members, {agreed:.0%} are needed")
        end = int(trace.stage[row])
        if end == len(self.stages) - 1:
            return "; ".join([*told, f"{self.name(end)} is the last"])
        together = " and its members agreed" if len(self.stages[end]) > 1 else ""
        return "; ".join([*told, f"{self.name(end)} was {trace.sureness[row, end]:.2%} sure{together}"])

    def name(self, place: int) -> str:
        """Return what people call a stage."""
        return self.names[place] if place < len(self.names) else f"stage {place + 1}"

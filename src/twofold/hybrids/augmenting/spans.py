"""Rows as a network that makes rows wants to write them: each number as a stretch and a place within it.

A column of numbers with several humps is hard to write as one number. Xu, Skoularidou, Cuesta-Infante and
Veeramachaneni (2019, CTGAN) tell which component of a mixture a number belongs to, and where it lies in it.
Here the stretches between quantiles stand in for the components: nothing has to be fitted, and numbers that
are frequent, such as the zeros of a column that is mostly zero, lie at the edge of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.hybrids.distilling.munge import nearest_known, units_of

STRETCHES = 8
"""Of each number."""
MOST_CODES = 60
"""Codes of a column that are written one by one; the rarer ones share a place and are drawn from there."""


@dataclass(frozen=True)
class Written:
    """A stretch of the columns that a network writes.

    Parameters
    ----------
    numbers : int
        Columns between -1 and 1 that come first.
    choices : int
        Columns of which one is 1.
    """

    numbers: int
    choices: int


@dataclass(frozen=True)
class _Number:
    column: int
    edges: NDArray[np.float64]
    known: NDArray[np.float64]

    @property
    def written(self) -> Written:
        return Written(1, len(self.edges) - 1)

    def write(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        values = X[:, self.column].astype(np.float64)
        place = np.clip(np.searchsorted(self.edges, values, side="right") - 1, 0, len(self.edges) - 2)
        low, high = self.edges[place], self.edges[place + 1]
        within = np.clip(2 * (values - low) / (high - low) - 1, -1, 1)
        return np.hstack([within[:, None], np.eye(len(self.edges) - 1)[place]])

    def read(
        self, told: NDArray[np.float64], out: NDArray[np.float32], generator: np.random.Generator
    ) -> None:
        del generator
        place = told[:, 1:].argmax(axis=1)
        low, high = self.edges[place], self.edges[place + 1]
        out[:, self.column] = nearest_known(self.known, low + (told[:, 0] + 1) / 2 * (high - low))


@dataclass(frozen=True)
class _Choice:
    """Columns taken over together from `known` rows, of which the last `rest` share one place."""

    columns: NDArray[np.intp]
    known: NDArray[np.float32]
    counts: NDArray[np.int64]

    @property
    def written(self) -> Written:
        return Written(0, min(len(self.known), MOST_CODES + 1))

    def write(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        values = X[:, self.columns]
        place = np.full(len(X), self.written.choices - 1)
        for at, row in enumerate(self.known[: self.written.choices]):
            place[(values == row).all(axis=1)] = at
        return np.asarray(np.eye(self.written.choices)[place])

    def read(
        self, told: NDArray[np.float64], out: NDArray[np.float32], generator: np.random.Generator
    ) -> None:
        place = told.argmax(axis=1)
        last = self.written.choices - 1
        shared = np.flatnonzero(place == last)
        share = self.counts[last:] / self.counts[last:].sum()
        place[shared] = last + generator.choice(len(share), len(shared), p=share)
        out[:, self.columns] = self.known[place]


class Spans:
    """How rows of the ``network`` view are written and read.

    Parameters
    ----------
    X : float32 array of shape (n, d)
    problem : Problem

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [2.0], [9.0]], dtype=np.float32)
    >>> spans = Spans(X, Problem("binary", 2))
    >>> spans.read(spans.write(X), np.random.default_rng(0)).ravel().tolist()
    [0.0, 1.0, 2.0, 9.0]
    """

    def __init__(self, X: NDArray[np.float32], problem: Problem) -> None:
        d, codes = X.shape[1], len(problem.categories)
        numbers = list(range(d - problem.plain - codes))
        together: list[NDArray[np.intp]] = []
        for unit in units_of(X, len(numbers), problem.plain):
            if set(np.unique(X[:, unit]).tolist()) <= {0.0, 1.0}:
                together.append(unit)
            else:  # components of something are numbers
                numbers += unit.tolist()
        together += [np.array([place]) for place in range(d - codes, d)]
        self.d = d
        self.parts: Sequence[_Number | _Choice] = (
            *(_number(X, column) for column in numbers),
            *(_choice(X, columns) for columns in together),
        )

    @property
    def written(self) -> tuple[Written, ...]:
        """What is written, in order."""
        return tuple(part.written for part in self.parts)

    def write(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return rows as they are written, (n, w)."""
        return np.hstack([part.write(X) for part in self.parts]).astype(np.float32)

    def read(self, told: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        """Return written rows as rows, (n, d); numbers become the nearest that their column has."""
        out = np.empty((len(told), self.d), dtype=np.float32)
        start = 0
        for part in self.parts:
            width = part.written.numbers + part.written.choices
            part.read(told[:, start : start + width].astype(np.float64), out, generator)
            start += width
        return out


def _number(X: NDArray[np.float32], column: int) -> _Number:
    values = X[:, column].astype(np.float64)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, STRETCHES + 1)))
    edges = edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1.0])
    return _Number(column, edges, np.unique(values))


def _choice(X: NDArray[np.float32], columns: NDArray[np.intp]) -> _Choice:
    known, counts = np.unique(X[:, columns], axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return _Choice(columns, known[order], counts[order])

"""What all extractors' steps share: one column of a table in, a matrix of features out.

Features that no label has touched are computed once for a data set. While a run lasts, its graphs hold a
`Known` step in the place of each such extraction: a large network is not written down with every trial.
What leaves the run is linked (see `linked`), and computes by itself.
"""

from __future__ import annotations

import hashlib
import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Graph, Step


@dataclass(frozen=True)
class Extraction(Step):
    """Features of one column of text, pictures, clips or series.

    Subclasses are frozen dataclasses with `extract`; the steps of one answer share what it returns.

    Parameters
    ----------
    column : str
        Name of the column that is read.
    """

    column: str

    @abstractmethod
    def extract(self, table: Any) -> NDArray[np.float32]:
        """Return float32 of shape (n_rows, `width`), NaN in rows whose cell is missing or unreadable."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of features."""

    @cached_property
    def key(self) -> str:
        """A word that tells this step from every other: its kind, its column and a hash of its fields."""
        digest = hashlib.sha256()
        for item in fields(self):
            value = getattr(self, item.name)
            plain = value.tobytes() if isinstance(value, np.ndarray) else value
            digest.update(plain if isinstance(plain, bytes) else repr(plain).encode())
            digest.update(b"\0")
        return f"{self.kind}-{digest.hexdigest()[:16]}"

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (table,) = inputs
        return table.features(self.column, self.key, lambda: self.extract(table))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class RawExtraction(Extraction):
    """A cell in the shape that a network reads, flattened; a missing cell is a row of NaN."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of a cell: see `twofold.core.control.Tower`."""

    @property
    def tokens(self) -> int:
        """Number of different tokens of a text; 0 for every other kind."""
        return 0

    @property
    def width(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Known(Step):
    """Features that a table carries along, made before by an extraction of the same column and key."""

    kind = "known"
    column: str
    key: str

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (table,) = inputs
        return np.asarray(table.known[self.column, self.key])


def linked(graph: Graph, extractions: Mapping[tuple[str, str], Extraction]) -> Graph:
    """Return a graph that computes by itself what was known while it was learned.

    Parameters
    ----------
    graph : Graph
        Nested graphs are linked too.
    extractions : mapping of (column, key) to Extraction
    """

    def link(step: Step) -> Step:
        if isinstance(step, Known):
            return extractions[step.column, step.key]
        values = {item.name: getattr(step, item.name) for item in fields(step)}  # type: ignore[arg-type]
        nested = {name: within(value) for name, value in values.items() if isinstance(value, (Graph, tuple))}
        return replace(step, **nested) if nested else step  # type: ignore[type-var]

    def within(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(within, value))
        return linked(value, extractions) if isinstance(value, Graph) else value

    return Graph(tuple(replace(node, step=link(node.step)) for node in graph.nodes))

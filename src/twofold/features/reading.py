"""Which extractors a plan reads its cells with, and the features that they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.features.encoded import Part
from twofold.features.extractor import make_extractor
from twofold.steps.base import INPUT, Node, Step
from twofold.steps.extraction import Extraction, RawExtraction
from twofold.steps.numbers import Standard

WORDS = "words"
"""Stands for the counts and TF-IDF of text columns, which are encoders and no extractor of their own."""
LIMIT = 8.0
BLOCK = 2_000
"""Rows that are looked at at once."""
SPREAD = 1e-6
"""Features that vary less than this are taken as constant."""


@dataclass(frozen=True)
class Ready:
    """An extraction that was made once for a data set.

    Parameters
    ----------
    step : Step
        Reads ``table``: an `Extraction`, or the `Known` step in its place.
    names : tuple of str
    shape : tuple of int
        Of a raw cell; empty for features.
    tokens : int
        Of a raw text.
    """

    step: Step
    names: tuple[str, ...]
    shape: tuple[int, ...] = ()
    tokens: int = 0


@dataclass(frozen=True)
class Reading:
    """What a plan reads, by name of the extractor, and what of it is there already.

    Parameters
    ----------
    names : tuple of str
        Of extractors; `WORDS` for text as counts. Empty where no column needs one.
    ready : mapping of (column, extractor) to Ready
    """

    names: tuple[str, ...] = ()
    ready: Mapping[tuple[str, str], Ready] = field(default_factory=dict)

    @property
    def words(self) -> bool:
        """Whether text is read as counts of words."""
        return not self.names or WORDS in self.names


def read_cells(
    table: Table, schema: Schema, reading: Reading, view: str, seed: int
) -> list[tuple[Ready, Part]]:
    """Return the features of all cells that need extractors, one part for each column and extractor.

    Parameters
    ----------
    table : Table
        Training rows; extractors that learn are fitted on them.
    schema : Schema
    reading : Reading
    view : str
        Extractors that do not suit it are left out; ``towers`` takes the raw ones alone.
    seed : int
    """
    found = []
    for name in reading.names:
        if name == WORDS:
            continue
        extractor = make_extractor(name)
        if extractor.raw != (view == "towers") or (not extractor.raw and view not in extractor.suits):
            continue
        for column in schema.of_kind(extractor.reads):
            ready = reading.ready.get((column, name))
            if ready is None:
                step = extractor.make(column, table, seed)
                ready = described(step, extractor.names(step))
            output = f"{column} by {name}"
            part = Part(
                (Node(ready.step, (INPUT,), output),),
                output,
                ready.step.run(table),
                tuple(f"{column}: {label.removeprefix(f'{column}: ')}" for label in ready.names),
                (column,) * len(ready.names),
            )
            found.append((ready, part))
    return found


def described(step: Extraction, names: tuple[str, ...]) -> Ready:
    """Return a step with what the floors above have to know of it."""
    if isinstance(step, RawExtraction):
        return Ready(step, names, step.shape, step.tokens)
    return Ready(step, names)


def standardised(part: Part) -> Part:
    """Return features with mean 0 and deviation 1 over the rows whose cell is there."""
    X = np.asarray(part.matrix, dtype=np.float32)
    step = standard_step(X)
    output = f"{part.output}/standard"
    flag = (f"{part.origins[0]} is missing",) if step.flag else ()
    return Part(
        (*part.nodes, Node(step, (part.output,), output)),
        output,
        step.run(X),
        part.names + flag,
        part.origins + part.origins[:1] * step.flag,
    )


def standard_step(X: NDArray[np.float32]) -> Standard:
    """Return the step that brings features (n, d) to mean 0 and deviation 1; a missing cell is all NaN."""
    there = ~np.isnan(X[:, 0]) if X.shape[1] else np.ones(len(X), dtype=bool)
    centre, spread = _moments(X if there.all() else X[there])
    return Standard(centre, spread, LIMIT, bool(0 < there.sum() < len(X)))


def _moments(X: Any) -> tuple[Any, Any]:
    if not len(X):
        return np.zeros(X.shape[1], dtype=np.float32), np.ones(X.shape[1], dtype=np.float32)
    centre, squares = X.mean(axis=0, dtype=np.float64), np.zeros(X.shape[1])
    for start in range(0, len(X), BLOCK):  # not one float64 copy of everything
        squares += np.square(X[start : start + BLOCK] - centre).sum(axis=0)
    spread = np.sqrt(squares / len(X))
    spread[spread < SPREAD * np.maximum(np.abs(centre), 1e-30)] = 1.0
    spread[spread == 0] = 1.0
    return centre.astype(np.float32), spread.astype(np.float32)

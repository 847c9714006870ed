"""Fitting a student on rows of a table that have answers instead of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.registry import Registry
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.features.encoded import Encoded
from twofold.features.reading import Reading
from twofold.hybrids.distilling.soft_tree import SoftTree, encode_readably
from twofold.models.base import Model
from twofold.steps.base import FEATURES, INPUT, PREDICTION, Graph
from twofold.workflow.views import encode

STUDENTS = Registry(
    "twofold.students",
    {
        "network": "twofold.hybrids.distilling.soft_network:SoftNetwork",
        "tree": "twofold.hybrids.distilling.soft_tree:SoftTree",
        "trees": "twofold.hybrids.distilling.soft_trees:SoftTrees",
    },
    closed=True,
)
"""Name -> class of models that learn answers of shape (n, k) in the place of targets."""

CHUNK = 10_000


@dataclass(frozen=True)
class Lessons:
    """Rows and what is to be answered there.

    Parameters
    ----------
    table : Table of n rows
    answers : array of shape (n, n_classes) or (n, 1)
    """

    table: Table
    answers: NDArray[np.float64]

    def __add__(self, other: Lessons) -> Lessons:
        return Lessons(self.table.joined(other.table), np.vstack([self.answers, other.answers]))

    def take(self, rows: NDArray[np.intp]) -> Lessons:
        """Return some of the rows."""
        return Lessons(self.table.take(rows), self.answers[rows])

    def answered(self) -> Lessons:
        """Return the rows whose answers are known."""
        return self.take(np.flatnonzero(np.isfinite(self.answers).all(axis=1)))


@dataclass(frozen=True)
class Curriculum:
    """What a student is, and what it reads.

    Parameters
    ----------
    student : str
        A name in `STUDENTS`.
    task : str
    n_classes : int
        0 for regression.
    schema : Schema
    params : mapping
        What differs from the student's defaults.
    reads : tuple of str
        Extractors that it reads text, pictures, clips and series with; empty for text by its words.
    """

    student: str
    task: str
    n_classes: int
    schema: Schema
    params: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taught:
    """A student that was fitted.

    Parameters
    ----------
    model : Model
    encoded : Encoded
    graph : Graph
        From ``table`` to ``prediction``.
    """

    model: Model
    encoded: Encoded
    graph: Graph

    def in_words(self, classes: tuple[Any, ...]) -> str:
        """Return a readable student's rules, one a line; nothing for the others."""
        return self.model.in_words(self.encoded.names, classes) if isinstance(self.model, SoftTree) else ""


def as_answers(y: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Return class codes (-1 where missing) as certain answers (n, n_classes), or values as (n, 1).

    Examples
    --------
    >>> as_answers(np.array([1, -1]), 2)
    array([[ 0.,  1.],
           [nan, nan]])
    """
    if not n_classes:
        return np.asarray(y[:, None], dtype=np.float64)
    return np.where(y[:, None] >= 0, np.eye(n_classes)[y], np.nan)


def answers_of(graph: Graph, table: Table) -> NDArray[np.float64]:
    """Return what a graph answers, some thousand rows at a time."""
    parts = []
    for start in range(0, table.n_rows, CHUNK):
        part = table.take(np.arange(start, min(start + CHUNK, table.n_rows)))
        given = Table(part.columns, part.n_rows, {}, part.known)
        parts.append(np.asarray(graph.run({INPUT: given}, PREDICTION), dtype=np.float64))
    return np.concatenate(parts)


def teach(lessons: Lessons, watched: Lessons, what: Curriculum, control: Control) -> Taught:
    """Fit a student.

    Parameters
    ----------
    lessons : Lessons
    watched : Lessons
        Rows that tell students with rounds when to stop; there may be none.
    what : Curriculum
    control : Control

    Returns
    -------
    Taught

    Raises
    ------
    InputError
        When there is no such student, or it cannot read any column.
    """
    made: Model = STUDENTS.load(what.student)(**what.params)
    encoded = _encode(lessons, what, made.capabilities.view, control.seed)
    problem = encoded.problem(what.task, what.n_classes)
    if watched.table.n_rows and made.capabilities.iterative:
        shown = encoded.graph.run({INPUT: watched.table}, FEATURES)
        control = replace(control, validation=Validation(shown, watched.answers))
    model = made.fit(encoded.matrix, lessons.answers, problem=problem, control=control)
    return Taught(model, encoded, encoded.graph + model.lower())


def _encode(lessons: Lessons, what: Curriculum, view: Any, seed: int) -> Encoded:
    """Encode rows as the student wants them; what encoders learn from targets they learn from answers."""
    if what.student == "tree":
        readable = encode_readably(lessons.table, what.schema)
        if readable is None:
            raise InputError(
                "No column is a number, a date or a category.",
                "The student 'tree' asks questions about these alone.",
                "Choose the student 'trees' or 'network'.",
            )
        return readable
    y = lessons.answers[:, -1]
    problem = Problem("regression")
    if what.n_classes > 2:
        y, problem = lessons.answers.argmax(axis=1), Problem(what.task, what.n_classes)
    reading = Reading(what.reads)
    return encode(view, lessons.table, what.schema, y, problem, seed=seed, reading=reading)

"""What a student kept of its teacher: fidelity, score, size and speed, on rows that it never learned from."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.bundle.labels import answered_codes
from twofold.bundle.save import save
from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.hybrids.distilling.teach import answers_of
from twofold.hybrids.threshold import at_threshold
from twofold.metrics import get_metric
from twofold.metrics.base import Metric
from twofold.steps.base import INPUT, Graph

DRAWS = 300
"""Bootstraps of the held-out rows for an interval."""
TIMED, WARM = 120, 20
"""Rows that are answered one by one, and how many of them are not timed."""
MANY = 2_000
TEACHER, STUDENT, PLAIN = "teacher", "student", "plain"

Answers = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Estimate:
    """A number on held-out rows with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Price:
    """What a model costs.

    Parameters
    ----------
    size : int
        Bytes of its bundle.
    row_seconds : float
        Median of rows that are answered one by one.
    many_seconds : float
        A row among `MANY`.
    """

    size: int
    row_seconds: float
    many_seconds: float


@dataclass(frozen=True)
class Held:
    """Rows that the student never learned from.

    Parameters
    ----------
    table : Table of n rows
    answers : array of shape (n, k)
        The teacher's: out of fold where it learned from these rows.
    known : array of shape (n, k) or None
        Labels as answers; NaN where there is none.
    """

    table: Table
    answers: Answers
    known: Answers | None = None


@dataclass(frozen=True)
class Line:
    """One model on the held-out rows.

    Parameters
    ----------
    fidelity : Estimate
        How far it answers as the teacher does; 1 for the teacher.
    score : Estimate or None
        Of the metric, in its own unit; None without labels.
    price : Price
    """

    fidelity: Estimate
    score: Estimate | None
    price: Price


@dataclass(frozen=True)
class Report:
    """A student beside its teacher, and beside itself without one.

    Parameters
    ----------
    rows, labelled : int
        Held-out rows, and how many of them have a label.
    measure : str
        ``agreement`` (share of rows answered with the same class) or ``r2`` (of the teacher's values).
    metric : str
    lines : mapping of str to Line
        ``teacher``, ``student``, and ``plain`` for the same student that learned from labels alone.
    over_teacher, over_plain : Estimate or None
        How much better the student is, more is better.
    """

    rows: int
    labelled: int
    measure: str
    metric: str
    lines: dict[str, Line]
    over_teacher: Estimate | None
    over_plain: Estimate | None

    @property
    def size_ratio(self) -> float:
        """How many times the student's bytes the teacher holds."""
        return self.lines[TEACHER].price.size / self.lines[STUDENT].price.size

    @property
    def speed_ratio(self) -> float:
        """How many times the student's time the teacher takes for a row."""
        return self.lines[TEACHER].price.row_seconds / self.lines[STUDENT].price.row_seconds


def make_report(
    held: Held, teacher: Bundle, student: Graph, plain: Graph | None, metric: str | None = None, seed: int = 0
) -> Report:
    """Compare a student with its teacher on held-out rows.

    Parameters
    ----------
    held : Held
    teacher : Bundle
    student : Graph
        ``table`` -> ``prediction``
    plain : Graph or None
        The same student that learned from labels alone.
    metric : str or None
    seed : int
        Of the bootstrap.
    """
    about, chosen = teacher.about, get_metric(metric, teacher.about.task)
    graphs = {TEACHER: teacher.graph, STUDENT: student} | ({} if plain is None else {PLAIN: plain})
    answers = {name: answers_of(graph, held.table) for name, graph in graphs.items() if name != TEACHER}
    answers[TEACHER] = held.answers
    alike = _resampled(answers, fidelity(held.answers, about), np.arange(held.table.n_rows), seed)
    gains: dict[str, NDArray[np.float64]] = {}
    seen = np.zeros(0, dtype=np.intp)
    if held.known is not None:
        seen = np.flatnonzero(np.isfinite(held.known).all(axis=1))
        gains = _resampled(answers, _gain(held.known, chosen, about), seen, seed) if len(seen) > 1 else {}
    sign = 1.0 if chosen.greater_is_better else -1.0
    lines = {
        name: Line(
            _estimate(alike[name]),
            _estimate(sign * gains[name]) if gains else None,
            price_of(about, graph, held.table),
        )
        for name, graph in graphs.items()
    }
    over = {name: _estimate(gains[STUDENT] - gains[name]) for name in gains}
    measure = "agreement" if about.classes else "r2"
    return Report(
        held.table.n_rows, len(seen), measure, chosen.name, lines, over.get(TEACHER), over.get(PLAIN)
    )


Measure = Callable[[Answers, Rows], float]


def _resampled(
    answers: dict[str, Answers], measure: Measure, rows: Rows, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Measure all models on the rows, and on the same bootstraps of them: arrays of shape (1 + DRAWS,)."""
    generator = make_generator(seed, "held-out rows")
    draws = [rows, *(rows[generator.integers(0, len(rows), len(rows))] for _ in range(DRAWS))]
    return {name: np.array([measure(told, drawn) for drawn in draws]) for name, told in answers.items()}


def _estimate(found: NDArray[np.float64]) -> Estimate:
    known = found[np.isfinite(found)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Estimate(float(found[0]), float(low), float(high))


def fidelity(teacher: Answers, about: About) -> Measure:
    """Return the share of rows answered alike, or the share of the teacher's variance that is explained."""
    if about.classes:
        codes = answered_codes(about, teacher)
        return lambda told, rows: float(np.mean(answered_codes(about, told[rows]) == codes[rows]))

    def r2(told: Answers, rows: Rows) -> float:
        goal = teacher[rows, 0]
        return float(1 - np.mean((told[rows, 0] - goal) ** 2) / max(float(np.var(goal)), 1e-300))

    return r2


def _gain(known: Answers, metric: Metric, about: About) -> Measure:
    """Return the metric, more is better."""
    y = known.argmax(axis=1) if about.classes else known[:, 0]

    def gain(told: Answers, rows: Rows) -> float:
        p = told[rows]
        if metric.decides and about.threshold is not None:
            p = at_threshold(p, about.threshold)
        return metric.gain(y[rows], p)

    return gain


def price_of(about: About, graph: Graph, table: Table) -> Price:
    """Measure what a model costs: its size on disk, and its time for rows alone and together."""
    with tempfile.TemporaryDirectory() as folder:
        place = save(Bundle(about, graph), Path(folder) / "model")
        size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    seconds = []
    for row in range(min(TIMED, table.n_rows)):
        one = table.take(np.array([row]))
        began = time.perf_counter()
        graph.run({INPUT: Table(one.columns, 1, {})})
        seconds.append(time.perf_counter() - began)
    timed = seconds[WARM:] or seconds
    many = table.take(np.arange(min(MANY, table.n_rows)))
    together = []
    for _ in range(3):
        began = time.perf_counter()
        answers_of(graph, many)
        together.append((time.perf_counter() - began) / many.n_rows)
    return Price(size, float(np.median(timed)), float(min(together)))

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
from twofold.bundle.save import save
from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.hybrids.distilling.teach import answers_of
from twofold.metrics import get_metric
from twofold.metrics.base import Metric
from twofold.steps.base import INPUT, Graph

DRAWS = 300
"""Bootstraps of the held-out rows for an interval."""
TIMED, WARM = 120, 20
"""Rows that are answered one by one, and how many of them are not timed."""
MANY = 2_000


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
    answers: NDArray[np.float64]
    known: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Report:
    """A student beside its teacher, and beside itself without one.

    Parameters
    ----------
    rows, labelled : int
        Held-out rows, and how many of them have a label.
    measure : str
        ``agreement`` (share of rows answered with the same class) or ``r2`` (of the teacher's values).
    fidelity, plain_fidelity : Estimate or None
        Of the student, and of the same student that learned labels alone.
    metric : str
    teacher, student, plain : float
        Scores; NaN where no labels are.
    over_plain, over_teacher : Estimate or None
        How much better the student is, more is better.
    teacher_price, student_price : Price
    """

    rows: int
    labelled: int
    measure: str
    fidelity: Estimate
    plain_fidelity: Estimate | None
    metric: str
    teacher: float
    student: float
    plain: float
    over_plain: Estimate | None
    over_teacher: Estimate | None
    teacher_price: Price
    student_price: Price

    @property
    def cheaper(self) -> bool:
        """Whether the student is quicker or smaller than its teacher."""
        a, b = self.student_price, self.teacher_price
        return a.size < b.size or a.row_seconds < b.row_seconds


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
    about = teacher.about
    told = answers_of(student, held.table)
    other = None if plain is None else answers_of(plain, held.table)
    chosen = get_metric(metric, about.task)
    same = (_agreeing if about.classes else _r2)(held.answers)
    draws = _draws(held.table.n_rows, seed)
    fidelity = _estimate(lambda rows: same(told, rows), draws)
    plain_fidelity = None if other is None else _estimate(lambda rows: same(other, rows), draws)
    seen = np.zeros(0, dtype=np.intp)
    if held.known is not None:
        seen = np.flatnonzero(np.isfinite(held.known).all(axis=1))
    score = None
    if held.known is not None and len(seen) > 1:
        score = _scores(held.known, chosen, classes=bool(about.classes))
    nan = float("nan")
    return Report(
        held.table.n_rows,
        len(seen),
        "agreement" if about.classes else "r2",
        fidelity,
        plain_fidelity,
        chosen.name,
        nan if score is None else _signed(score(held.answers, seen), chosen),
        nan if score is None else _signed(score(told, seen), chosen),
        nan if score is None or other is None else _signed(score(other, seen), chosen),
        None if score is None or other is None else _gap(score, told, other, seen, seed),
        None if score is None else _gap(score, told, held.answers, seen, seed),
        price_of(teacher.about, teacher.graph, held.table),
        price_of(teacher.about, student, held.table),
    )


Answers = NDArray[np.float64]
Rows = NDArray[np.intp]
Score = Callable[[Answers, Rows], float]


def _draws(n: int, seed: int) -> list[Rows]:
    """Return all rows, then bootstraps of them."""
    generator = make_generator(seed, "held-out rows")
    return [np.arange(n), *(generator.integers(0, n, n) for _ in range(DRAWS))]


def _estimate(of: Callable[[Rows], float], draws: list[Rows]) -> Estimate:
    found = np.array([of(rows) for rows in draws])
    known = found[np.isfinite(found)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Estimate(float(found[0]), float(low), float(high))


def _agreeing(teacher: Answers) -> Score:
    best = teacher.argmax(axis=1)
    return lambda told, rows: float((told[rows].argmax(axis=1) == best[rows]).mean())


def _r2(teacher: Answers) -> Score:
    goal = teacher[:, 0]

    def of(told: Answers, rows: Rows) -> float:
        apart = np.mean((told[rows, 0] - goal[rows]) ** 2)
        return float(1 - apart / max(float(np.var(goal[rows])), 1e-300))

    return of


def _scores(known: Answers, metric: Metric, *, classes: bool) -> Score:
    y = known.argmax(axis=1) if classes else known[:, 0]
    return lambda answers, rows: metric.gain(y[rows], answers[rows], None)


def _signed(gain: float, metric: Metric) -> float:
    return gain if metric.greater_is_better else -gain


def _gap(score: Score, a: Answers, b: Answers, seen: Rows, seed: int) -> Estimate:
    draws = [seen[rows] for rows in _draws(len(seen), seed)]
    return _estimate(lambda rows: score(a, rows) - score(b, rows), draws)


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

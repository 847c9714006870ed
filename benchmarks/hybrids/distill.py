"""Students of a stack of LightGBM and RealMLP, with and without made-up rows, against both alone.

python benchmarks/hybrids/distill.py --out hybrids.jsonl

The note of a line tells the teacher's score, the baseline that matters (the same student on the labels
alone), and the fidelity: how many of the scored rows student and teacher answer alike, or the share of the
variance of the teacher's values that the student explains.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from common import TEST_SHARE, Line, Outcome, divided, interval, main, score, table_rows, time_rows
from numpy.typing import NDArray

from twofold.bundle.about import About
from twofold.bundle.predictor import Predictor
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.hybrids.base import Evidence
from twofold.hybrids.distill import Distilled
from twofold.hybrids.distilling.report import fidelity
from twofold.hybrids.distilling.teach import answers_of, as_answers
from twofold.hybrids.stack import learn_stack
from twofold.metrics import get_metric
from twofold.steps.base import Graph
from twofold.workflow.fitting import fit_plan, predict_out_of_fold
from twofold.workflow.plan import Plan

ROWS, FOLDS = 600, 2
TABLES = ("adult-income", "california-housing", "magic-telescope", "segment")
ALONE = (Plan("lightgbm", "lightgbm"), Plan("realmlp", "realmlp"))
STUDENTS = dict.fromkeys(TABLES, ("trees", "tree")) | {"california-housing": ("trees", "tree", "network")}
MADE_UP = (0.0, 1.0)
"""Rows for each real one."""


@dataclass(frozen=True)
class Teacher:
    """A stack of both models, its answers out of fold, and what making them took."""

    model: Predictor
    answers: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True)
class Division:
    """Rows to learn from and to score, and what was found there: outcomes and fidelities by name."""

    learn: Dataset
    test: Dataset
    metric: str
    seed: int
    outcomes: dict[str, Outcome]
    fidelity: dict[str, float]

    def judge(self, name: str, graph: Graph, seconds: float) -> None:
        gain = score(graph, self.test, self.metric)
        self.outcomes[name] = Outcome(gain, seconds, time_rows(graph, self.test))


def make_teacher(division: Division) -> Teacher:
    """Fit both models and stack them by their answers out of fold."""
    learn, seed = division.learn, division.seed
    fitted = [fit_plan(plan, learn, seed=seed) for plan in ALONE]
    for plan, one in zip(ALONE, fitted, strict=True):
        division.judge(plan.name, one.graph, one.seconds)
    began = time.perf_counter()
    folds = make_folds(learn, FOLDS, seed)
    apart = np.stack([predict_out_of_fold(plan, learn, folds, seed=seed) for plan in ALONE])
    metric = get_metric(division.metric, learn.task)
    stack = learn_stack(Evidence(apart, learn.y, None, metric, learn.task, np.ones(2)), (0, 1))
    about = About(
        learn.task, learn.target, tuple(learn.classes), learn.schema, model="stack", family="hybrid"
    )
    teacher = Predictor(about, stack.lower([one.graph for one in fitted]))
    seconds = time.perf_counter() - began + sum(one.seconds for one in fitted)
    division.judge("teacher", teacher.graph, seconds)
    return Teacher(teacher, stack.combine(apart), seconds)


def teach_all(division: Division, teacher: Teacher, students: Sequence[str]) -> None:
    """Fit every student with and without made-up rows, and on labels alone."""
    learn, goals = division.learn, answers_of(teacher.model.graph, division.test.table)
    known, rows = as_answers(learn.y, len(learn.classes)), np.arange(len(division.test.y))
    for student in students:
        for augment in MADE_UP:
            began = time.perf_counter()
            model = Distilled(teacher.model, student, augment=augment, random_state=division.seed)
            model.fit_table(learn.table, known, teacher.answers)
            seconds, name = teacher.seconds + time.perf_counter() - began, f"{student} {augment:.0f}"
            division.judge(name, model.predictor_.graph, seconds)
            told = answers_of(model.predictor_.graph, division.test.table)
            division.fidelity[name] = fidelity(goals, teacher.model.about)(told, rows)
        began = time.perf_counter()
        plain = model.plain(learn.table, known)
        division.judge(f"{student} alone", plain.graph, time.perf_counter() - began)


@cache
def divisions(table: str, seeds: int) -> list[Division]:
    """Run everything once on each division of a table."""
    frame, target, task = table_rows(table)
    metric, found = get_metric(None, task).name, []
    for seed in range(seeds):
        division = Division(*divided(frame, target, task, seed, ROWS), metric, seed, {}, {})
        teach_all(division, make_teacher(division), STUDENTS[table])
        found.append(division)
    return found


def line(table: str, student: str, augment: float, seeds: int) -> Line:
    found = divisions(table, seeds)
    first, name = found[0], f"{student} {augment:.0f}"

    def of(which: str) -> list[Outcome]:
        return [division.outcomes[which] for division in found]

    def scores(which: str) -> list[float]:
        return [outcome.score for outcome in of(which)]

    alone = f"{student} alone"
    gap, micro = (
        interval(scores(name), scores(alone), TEST_SHARE),
        [1e6 * one.row_seconds for one in of("teacher")],
    )
    note = (
        f"teacher {abs(np.mean(scores('teacher'))):.4g} at {np.mean(micro):.0f} µs a row; "
        f"{student} on labels alone {abs(np.mean(scores(alone))):.4g}, "
        f"over it {gap[0]:+.3g} [{gap[1]:+.3g}, {gap[2]:+.3g}]; "
        f"fidelity {np.mean([division.fidelity[name] for division in found]):.3f}"
    )
    join = f"distilled into {student}, {augment:.0f} rows made up"
    ml, dl = of("lightgbm"), of("realmlp")
    return Line(join, table, first.metric, len(first.learn.y), ml, dl, of(name), TEST_SHARE, note)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [
        partial(line, table, student, augment, seeds)
        for table in TABLES
        for student in STUDENTS[table]
        for augment in MADE_UP
    ]


if __name__ == "__main__":
    main(make)

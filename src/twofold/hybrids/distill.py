"""A teacher's answers taught to a student that is smaller, quicker, or readable.

Model compression (Bucilă, Caruana and Niculescu-Mizil 2006) and distillation (Hinton, Vinyals and Dean 2015):
the student learns what the teacher answers, on real rows, on rows without labels, and on rows made up by
`twofold.hybrids.distilling.munge`. What a teacher answers to the rows that it learned from is too good; where
out-of-fold answers are at hand, those are learned there.

When it helps: the teacher (a blend, a network, features of both) is better than the student would be by
itself, and too slow, too large or too dark. When not: the student on the labels alone is as good, which
`twofold.hybrids.distilling.report` tells. Cost: the teacher answers some times the rows; one small fit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from twofold.bundle.about import Bundle, moment
from twofold.bundle.labels import known_targets
from twofold.bundle.parity import check_parity
from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.random import derive_seed, make_generator
from twofold.core.table import Table
from twofold.hybrids.distilling.munge import munge_table
from twofold.hybrids.distilling.teach import (
    STUDENTS,
    Curriculum,
    Lessons,
    Taught,
    answers_of,
    as_answers,
    teach,
)
from twofold.steps.base import FEATURES
from twofold.steps.conform import columns_of, conform
from twofold.workflow.plan import Plan

WATCHED, MOST_WATCHED = 0.1, 3_000
"""Share of the rows that tell a student when to stop, and at most so many."""
FEWEST = 20
"""Rows below which nothing is distilled."""
TRUST = 0.7
"""Share of the teacher's answer in what is learned of a row with a label; the rest is the label."""
AUGMENT, MOST_MADE_UP = 1.0, 100_000
"""Made-up rows for each real one, and at most so many, since the teacher answers all of them."""


class Distilled(BaseEstimator):  # type: ignore[misc]
    """A student that answers like its teacher.

    Parameters
    ----------
    teacher : Predictor
        A loaded bundle, or ``Predictor(about, graph)`` of anything that was fitted.
    student : str
        ``trees`` (a small boosted ensemble), ``tree`` (rules to be read) or ``network``.
    augment : float
        Made-up rows for each real one.
    trust : float
        Share of the teacher's answer in what is learned of a row with a label; 0 learns the labels of these
        rows, 1 ignores them.
    params : mapping or None
        Of the student, where they differ from its defaults.
    reads : tuple of str
        Extractors that the student reads text, pictures, clips and series with; empty for text by its words.
    random_state, cores : int
    seconds : float
        For the fit of the student.

    Attributes
    ----------
    predictor_ : Predictor
        The student, with the teacher's classes and schema.
    taught_ : Taught
    """

    def __init__(
        self,
        teacher: Predictor,
        student: str = "trees",
        *,
        augment: float = AUGMENT,
        trust: float = TRUST,
        params: Mapping[str, Any] | None = None,
        reads: tuple[str, ...] = (),
        random_state: int = 0,
        cores: int = 1,
        seconds: float = float("inf"),
    ) -> None:
        self.teacher = teacher
        self.student = student
        self.augment = augment
        self.trust = trust
        self.params = params
        self.reads = reads
        self.random_state = random_state
        self.cores = cores
        self.seconds = seconds

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        answers: NDArray[np.float64] | None = None,
        unlabelled: Any = None,
    ) -> Self:
        """Distil the teacher on rows.

        Parameters
        ----------
        X : table of n rows with the teacher's columns
        y : array of shape (n,) or None
            Labels or values, missing where they are not known.
        answers : array of shape (n, n_classes) or (n, 1), or None
            What is to be learned on these rows: out-of-fold answers where the teacher learned from them. NaN
            where none is known: such a row gives its label, and made-up rows. None asks the teacher.
        unlabelled : table or None
            Further rows for the teacher to answer.
        """
        schema = self.teacher.schema
        table = conform(columns_of(X, schema.names), schema)
        more = None if unlabelled is None else conform(columns_of(unlabelled, schema.names), schema)
        known = None if y is None else known_answers(y, self.teacher)
        return self.fit_table(table, known, answers, more)

    def fit_table(
        self,
        table: Table,
        known: NDArray[np.float64] | None = None,
        answers: NDArray[np.float64] | None = None,
        unlabelled: Table | None = None,
    ) -> Self:
        """Distil the teacher on a canonical table; `known` are labels as answers, NaN where there is none."""
        self.check()
        if table.n_rows < FEWEST:
            raise InputError(
                f"There are {table.n_rows} rows to distil on.",
                f"At least {FEWEST} are needed, some thousand are better.",
                "Add rows; they need no labels.",
            )
        own = answers_of(self.teacher.graph, table) if answers is None else np.array(answers, dtype=float)
        learn, watch = self.divide(table.n_rows)
        lessons = Lessons(table, _mixed(own, known, self.trust)).take(learn)
        watched = Lessons(table, _mixed(own, known, 0.0)).take(watch)
        parents = lessons.table if unlabelled is None else lessons.table.joined(unlabelled)
        lessons = lessons.answered()
        for more in (unlabelled, self._made_up(parents)):
            if more is not None and more.n_rows:
                lessons += Lessons(more, answers_of(self.teacher.graph, more))
        self.taught_ = teach(lessons, watched.answered(), self.curriculum, self.control)
        self.predictor_ = self._predictor(self.taught_, table)
        return self

    def plain(self, table: Table, known: NDArray[np.float64]) -> Taught:
        """Fit the same student on labels alone, from the same rows: what distilling has to beat.

        Parameters
        ----------
        table : Table of n rows
        known : array of shape (n, n_classes) or (n, 1)
            Labels as answers; rows of NaN have none.
        """
        lessons, watched = (Lessons(table, known).take(rows).answered() for rows in self.divide(table.n_rows))
        return teach(lessons, watched, self.curriculum, self.control)

    @property
    def curriculum(self) -> Curriculum:
        """What the student is, and what it reads."""
        about = self.teacher.about
        return Curriculum(
            self.student, about.task, len(about.classes), about.schema, self.params or {}, self.reads
        )

    @property
    def control(self) -> Control:
        """How the student is fitted."""
        return Control(Budget(self.seconds, cores=self.cores), derive_seed(self.random_state, "student"))

    def divide(self, n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the rows to learn from, and those that are watched by students that stop early."""
        order = make_generator(self.random_state, "watched").permutation(n)
        watches = STUDENTS.load(self.student).capabilities.iterative
        cut = min(MOST_WATCHED, int(WATCHED * n)) if watches else 0
        return np.sort(order[cut:]), np.sort(order[:cut])

    def _made_up(self, parents: Table) -> Table:
        n_new = min(int(self.augment * parents.n_rows), MOST_MADE_UP)
        return munge_table(parents, self.teacher.schema, n_new, derive_seed(self.random_state, "made up"))

    def _predictor(self, taught: Taught, table: Table) -> Predictor:
        teacher = self.teacher.about
        few = table.take(np.arange(min(table.n_rows, 2_000)))
        native = taught.model.output(taught.encoded.graph.run({"table": few}, FEATURES))
        parity = check_parity(native, answers_of(taught.graph, few), relative=not teacher.classes)
        parity.demand(f"The student '{self.student}'")
        own = Plan(self.student, STUDENTS[self.student], reads=self.reads).family
        about = replace(
            teacher,
            created=moment(),
            model=f"{self.student} that learned from {teacher.model or 'a teacher'}",
            family=teacher.family if teacher.family == own else "hybrid",
            verdict="",
            metrics={},
            parity=parity,
            cold_start=float("nan"),
            updatable=False,
        )
        return Predictor(about, taught.graph)

    def check(self) -> None:
        """Insist on a student that there is, and on shares between their bounds.

        Raises
        ------
        InputError
        """
        if self.student not in STUDENTS:
            raise InputError(
                f"The student is {self.student!r}.", f"Students are: {', '.join(STUDENTS)}.", "Choose one."
            )
        if not 0 <= self.trust <= 1 or not 0 <= self.augment <= 100:
            raise InputError(
                f"trust is {self.trust}, augment is {self.augment} (made-up rows).",
                "The trust lies between 0 and 1, made-up rows for each real one between 0 and 100.",
                "Leave them out for what works on most data.",
            )

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer with labels or values of shape (n,)."""
        return self.predictor_.predict(X)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Answer with probabilities of shape (n, n_classes)."""
        return self.predictor_.predict_proba(X)

    def in_words(self) -> str:
        """Return the rules of the student `tree`, one a line."""
        return self.taught_.in_words(self.teacher.about.classes)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save the student as a bundle."""
        return save(Bundle(self.predictor_.about, self.predictor_.graph), folder)


def known_answers(y: Any, teacher: Predictor) -> NDArray[np.float64]:
    """Return labels as certain answers, of shape (n, n_classes) or (n, 1); NaN where one is missing.

    Raises
    ------
    InputError
        When a label is none of the teacher's classes.
    """
    return as_answers(known_targets(teacher.about, y), len(teacher.about.classes))


def _mixed(
    answers: NDArray[np.float64], known: NDArray[np.float64] | None, trust: float
) -> NDArray[np.float64]:
    """Return what is to be learned: answers mixed with labels, or what there is of the two."""
    if known is None:
        return answers
    both = trust * answers + (1 - trust) * known
    return np.where(np.isfinite(both), both, np.where(np.isfinite(answers), answers, known))

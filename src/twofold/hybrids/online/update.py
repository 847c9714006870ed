"""A fitted model that goes on learning: its head learns new rows, and the update is undone where it harms.

The comparison is a paired one over blocks of consecutive rows, each answered by both heads before either had
learned it, as in prequential evaluation (Gama, Sebastião and Rodrigues 2013).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.bundle.labels import answered_codes
from twofold.core.errors import InputError
from twofold.core.table import Table
from twofold.core.task import TASKS
from twofold.hybrids.online.drift import make_detector
from twofold.hybrids.online.foreign import River
from twofold.hybrids.online.frozen import STREAM, columns_of_stream, freeze, widths_of
from twofold.hybrids.online.head import Codes, Head
from twofold.hybrids.online.logistic import outputs_of
from twofold.hybrids.online.mix import Frozen, is_head, resume, start_head
from twofold.hybrids.online.prequential import Estimate, Score, estimate, judge, losses
from twofold.hybrids.online.stream import follow
from twofold.steps.base import PREDICTION, Graph, Node

LOOKED_AT = 2_000
"""Rows whose features are standardised by."""
JUDGED = 0.5
"""Share of an update's rows, the last ones, on which the new head is compared with the old one."""


@dataclass(frozen=True)
class Update:
    """What an update came to.

    Parameters
    ----------
    before : Score
        Of the old head, or of the frozen model, on the new rows, from which it did not learn.
    after : Score
        Of the head that learned: each row was answered before it was learned.
    alarms : tuple of int
        Rows at which the errors were found to have risen and a new head began.
    change : Estimate
        Log loss of the new head minus that of the old one, on the last half of the rows.
    kept : bool
        False when the new head was worse beyond doubt, and the old one stays.
    """

    before: Score
    after: Score
    alarms: tuple[int, ...]
    change: Estimate
    kept: bool


class Online:
    """A frozen model and the head that goes on learning: what is updated.

    Parameters
    ----------
    about : About
    frozen : Graph
        From ``table`` to ``stream``.
    head : Head
        Answers.
    learner : Head or None
        Learns the next rows and becomes the head if that was good; None when it is the head itself. Over a
        model that has never learned the head is the frozen model, and the learner is new.
    """

    def __init__(self, about: About, frozen: Graph, head: Head, learner: Head | None = None) -> None:
        self.about, self.frozen, self.head = about, frozen, head
        self.learner = learner or head

    @classmethod
    def of(cls, bundle: Bundle, table: Table, head: Any = "mix") -> Self:
        """Take up a model: its head where it has one, else a new one over the frozen model.

        Parameters
        ----------
        bundle : Bundle
        table : Table
            The first rows to come, whose features tell how to standardise those of a model without a head.
        head : str or river classifier
            Which head a model without one gets.

        Raises
        ------
        InputError
            When the model has no classes, or there is no such head.
        """
        about, nodes = bundle.about, bundle.graph.nodes
        if not TASKS[about.task].classification:
            raise InputError(
                f"The model is for {about.task}.",
                "Heads learn classes.",
                "Fit the model anew with the new rows.",
            )
        places = [place for place, node in enumerate(nodes) if node.output == PREDICTION]
        if places and is_head(nodes[places[-1]].step) and nodes[places[-1]].inputs == (STREAM,):
            frozen = Graph(tuple(node for node in nodes if node.output != PREDICTION))
            held = resume(nodes[places[-1]].step)
            if not isinstance(held, Frozen):
                return cls(about, frozen, held)
        else:
            frozen = freeze(bundle.graph, table.take(np.arange(min(LOOKED_AT, table.n_rows))))
        width, plain = widths_of(frozen, table)
        n_classes = len(about.classes)
        scores = outputs_of(n_classes)
        learner = (
            start_head(head, width, n_classes, scores, plain)
            if isinstance(head, str)
            else River(head, n_classes)
        )
        return cls(about, frozen, Frozen.start(width, n_classes, scores), learner)

    def update(self, table: Table, y: Codes, drift: str = "adwin", *, undo: bool = True) -> Update:
        """Learn rows in order; go back to the head before them when the new one is worse.

        Parameters
        ----------
        table : Table of n rows
        y : int64 array of shape (n,)
            Class codes; rows with -1 have no label and are left out.
        drift : str
            A detector of `twofold.hybrids.online.drift`, or ``none``.
        undo : bool
            Whether the old head may come back.
        """
        rows = np.flatnonzero(y >= 0)
        X, y = columns_of_stream(self.frozen, table.take(rows)), y[rows]
        before = self.head.answer(X)
        course = follow(self.learner.copy(), X, y, make_detector(drift))
        judged = slice(int((1.0 - JUDGED) * len(y)), None)
        change = estimate((losses(course.answers, y) - losses(before, y))[judged])
        kept = not undo or not change.low > 0.0
        if kept:
            self.head = self.learner = course.head
        scores = [judge(told, y, answered_codes(self.about, told)) for told in (before, course.answers)]
        alarms = tuple(int(rows[place]) for place in course.alarms)
        return Update(scores[0], scores[1], alarms, change, kept)

    def bundle(self) -> Bundle:
        """Return it as what is saved.

        Raises
        ------
        BundleError
            When the head, or what would become it, is a learner of river.
        """
        self.learner.step()
        graph = self.frozen.then(Node(self.head.step(), (STREAM,), PREDICTION))
        return Bundle(_described(self.about), graph)

    def answer(self, table: Table) -> NDArray[np.float64]:
        """Return probabilities of shape (n, C)."""
        return self.head.answer(columns_of_stream(self.frozen, table))


def _described(about: About) -> About:
    """Return what a model with an online head says of itself; what was measured before no longer holds."""
    name = about.model if about.updatable else f"{about.model or 'a model'} with an online head"
    return replace(about, model=name, family="hybrid", verdict="", metrics={}, parity=None, updatable=True)

"""A head goes through a stream: it answers, learns, and begins anew where its errors have risen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twofold.hybrids.online.drift import Detector
from twofold.hybrids.online.head import Array, Codes, Head

BLOCK = 512
"""Rows that are learned before the detector reads their errors."""
LONGEST = 5_000
"""Rows before an alarm that a new head learns from, at most."""


@dataclass(frozen=True)
class Course:
    """How a head went through a stream.

    Parameters
    ----------
    answers : array of shape (n, C)
        Each given before its row was learned.
    alarms : tuple of int
        Places of the rows at which the errors were found to have risen.
    head : Head
        As it is at the end.
    """

    answers: Array
    alarms: tuple[int, ...]
    head: Head


def follow(head: Head, X: Array, y: Codes, detector: Detector | None = None, *, renew: bool = True) -> Course:
    """Answer and learn rows in order.

    Parameters
    ----------
    head : Head
        It learns; copy it when its state is still needed.
    X : array of shape (n, d)
    y : int64 array of shape (n,)
    detector : Detector or None
        Reads whether the answers were wrong.
    renew : bool
        At an alarm a head that knows nothing learns the rows that the detector believes to be of the new
        kind, and goes on in place of the old one.
    """
    told: list[Array] = []
    alarms: list[int] = []
    place = 0
    while place < len(X):
        part = slice(place, min(place + BLOCK, len(X)))
        before = head.copy() if detector is not None else head
        answers = head.test_then_train(X[part], y[part])
        place = part.stop
        if detector is not None:
            wrong = (answers.argmax(axis=1) != y[part]).astype(np.float64)
            found = detector.first_alarm(wrong)
            if found >= 0:
                answers, place = answers[: found + 1], part.start + found + 1
                alarms.append(place - 1)
                head, first = before, part.start
                if renew:
                    head, first = head.anew(), max(0, place - min(detector.recent, LONGEST))
                head.test_then_train(X[first:place], y[first:place])
        told.append(answers)
    if not told:
        return Course(head.answer(X), (), head)
    return Course(np.vstack(told), tuple(alarms), head)

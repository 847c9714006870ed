"""What rules change on rows: where they fire, are heard and change the answer, and what that is worth."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About
from twofold.bundle.labels import answered_codes
from twofold.core.task import TASKS
from twofold.hybrids.rules.book import RuleBook
from twofold.metrics import get_metric
from twofold.steps.rules import Decisions


def tally(
    book: RuleBook, about: About, decisions: Decisions, said: NDArray[Any], y: NDArray[Any] | None
) -> list[dict[str, Any]]:
    """Count for each rule where it fires, is heard and changes the answer, and how wrong the answers are.

    Parameters
    ----------
    book : RuleBook
    about : About
    decisions : Decisions
    said : array of shape (n, k)
        What the model said.
    y : array of shape (n,) or None
        True class codes, or values; then errors are told (shares of wrong classes, or mean absolute errors).
    """
    classes = bool(about.classes)
    before, after = (_answered(about, one) for one in (said, decisions.answer))
    lines = []
    for place, rule in enumerate(book.rules):
        rows = decisions.spoke[place]
        line: dict[str, Any] = {
            "rule": rule.name,
            "fires": int(decisions.fired[place].sum()),
            "heard": int(rows.sum()),
            "changed": int((rows & (before != after)).sum()),
        }
        if y is not None and rows.any():
            wrong = [a != y if classes else np.abs(a - y) for a in (before, after)]
            line["error_of_model"], line["error_with_rules"] = (float(one[rows].mean()) for one in wrong)
        lines.append(line)
    return lines


def _answered(about: About, answer: NDArray[Any]) -> NDArray[Any]:
    """Return the class codes, or the values, that are answered."""
    return answered_codes(about, answer) if about.classes else answer[:, 0]


def score_both(
    about: About, said: NDArray[Any], answer: NDArray[Any], y: NDArray[Any]
) -> dict[str, tuple[float, float]]:
    """Return the scores of a model without and with its rules, by metric."""
    found = {}
    for name in TASKS[about.task].metrics:
        metric = get_metric(name, about.task)
        with suppress(ValueError):  # one class alone has no ranks
            found[name] = metric(y, said, None), metric(y, answer, None)
    return found

"""Who decided a row: the log of a model with rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from twofold.bundle.labels import answered_codes
from twofold.bundle.predictor import Predictor
from twofold.hybrids.rules.laying import decide
from twofold.hybrids.rules.remarks import clashes
from twofold.hybrids.rules.words import did
from twofold.steps.rules import Decisions, Rules

COLUMNS = (
    "row",
    "rule",
    "action",
    "does",
    "because",
    "model_said",
    "model_chance",
    "answered",
    "chance",
    "changed",
    "disagrees_with",
)


def audit(model: Predictor, X: Any, *, every: bool = False) -> list[dict[str, Any]]:
    """Return one line for each rule that was heard in a row.

    Parameters
    ----------
    model : Predictor
        With rules.
    X : as of `Predictor.predict`
    every : bool
        Also a line for each row in which no rule was heard: there the model spoke.

    Returns
    -------
    list of dict
        With the entries of `COLUMNS`: the number of the row, the rule (empty where the model spoke), what it
        does and why; what the model would have answered, with its probability, and what was answered (of
        values the probabilities are None); whether that is something else; and overrides of equal priority
        that would have answered otherwise.

    Raises
    ------
    InputError
        When the model has no rules.
    """
    lines: list[dict[str, Any]] = []
    for first, table in model.tables(X):
        said, decisions, step = decide(model.graph, table)
        lines += _lines(model, said, decisions, step, first, every)
    return lines


def _lines(
    model: Predictor, said: Any, decisions: Decisions, step: Rules, first: int, every: bool
) -> list[dict[str, Any]]:
    before, before_chance = _answers(model, said)
    after, after_chance = _answers(model, decisions.answer)
    against: dict[tuple[int, int], list[str]] = {}
    for a, b, both in clashes(step.rules, decisions.fired):
        for row in np.flatnonzero(both).tolist():
            against.setdefault((row, a), []).append(step.rules[b].name)
            against.setdefault((row, b), []).append(step.rules[a].name)
    words = [(rule.name, rule.action, did(rule, model.about), rule.because) for rule in step.rules]
    heard = [
        (row, place) for place, row in zip(*map(np.ndarray.tolist, np.nonzero(decisions.spoke)), strict=True)
    ]
    if every:
        heard += [(row, -1) for row in np.flatnonzero(~decisions.spoke.any(axis=0)).tolist()]
    return [
        dict(
            zip(
                COLUMNS,
                (
                    first + row,
                    *(words[place] if place >= 0 else ("", "model", "", "")),
                    before[row],
                    before_chance[row],
                    after[row],
                    after_chance[row],
                    before[row] != after[row],
                    ", ".join(against.get((row, place), ())),
                ),
                strict=True,
            )
        )
        for row, place in sorted(heard)
    ]


def _answers(model: Predictor, answer: Any) -> tuple[list[Any], list[float | None]]:
    """Return what is answered, and its probability."""
    if not len(model.classes_):
        return answer[:, 0].tolist(), [None] * len(answer)
    codes = answered_codes(model.about, answer)
    return model.classes_[codes].tolist(), answer[np.arange(len(answer)), codes].tolist()

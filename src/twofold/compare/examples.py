"""Which test rows are shown: one for each class to walk through, and what came out right and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.records import Study

WALKED = 3
SHOWN = 12


@dataclass(frozen=True)
class Told:
    """What a workflow said of a row.

    Parameters
    ----------
    family : str
    answer : str
    certainty : float
        Its probability; NaN for values.
    right : bool
    """

    family: str
    answer: str
    certainty: float
    right: bool


@dataclass(frozen=True)
class Example:
    """A test row with the truth and what each workflow said.

    Parameters
    ----------
    row : int
        Among the test rows.
    truth : str
    told : tuple of Told
    """

    row: int
    truth: str
    told: tuple[Told, ...]


def example(study: Study, row: int) -> Example:
    """Return what is to be said of a row."""
    if not study.classes:
        return Example(row, f"{study.y[row]:.4g}", tuple(_value(study, one, row) for one in study.workflows))
    told = []
    for one in study.workflows:
        chances = one.last.predictions[row]
        best = int(chances.argmax())
        name = study.case.call(study.classes[best])
        told.append(Told(one.family, name, float(chances[best]), best == int(study.y[row])))
    return Example(row, study.case.call(study.classes[int(study.y[row])]), tuple(told))


def _value(study: Study, one: Any, row: int) -> Told:
    value, spread = float(one.last.predictions[row, 0]), float(np.std(study.y)) or 1.0
    return Told(one.family, f"{value:.4g}", float("nan"), abs(value - float(study.y[row])) < spread / 2)


def confidence(study: Study, family: str) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which rows a workflow answers right, and how sure it is of each; for values, how near it is."""
    told = study.workflow(family).last.predictions
    if study.classes:
        return told.argmax(axis=1) == study.y, np.asarray(told.max(axis=1))
    away = np.abs(told[:, 0] - study.y)
    return away < (float(np.std(study.y)) or 1.0) / 2, -away


def rows_to_walk(study: Study) -> tuple[int, ...]:
    """Return rows to walk through the stages: the rarest class first, where the workflows differ if any."""
    right = np.stack([confidence(study, one.family)[0] for one in study.workflows])
    kept = right[-1]
    if not study.classes:
        order = np.argsort(np.asarray(study.y))
        return tuple(
            dict.fromkeys(int(order[at]) for at in np.linspace(0, len(order) - 1, WALKED).astype(int))
        )
    codes = np.argsort(np.bincount(study.y, minlength=len(study.classes)), kind="stable")
    found: list[int] = []
    for code in codes[:WALKED].tolist():
        found += _first((study.y == code) & kept)
    divided = kept & ~right[:-1].any(axis=0)
    found += _first(divided) + _first(kept & ~right[:-1].all(axis=0)) + _first(~kept)
    return tuple(dict.fromkeys(found))[:WALKED] or (0,)


def _first(mask: NDArray[np.bool_]) -> list[int]:
    rows = np.flatnonzero(mask)
    return [int(rows[len(rows) // 2])] if len(rows) else []


def right_and_wrong(study: Study, family: str = "hybrid") -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Return rows that a workflow answers right, classes in turn, and wrong, surest first."""
    right, sure = confidence(study, family)
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][:SHOWN]
    good: list[int] = []
    classes = range(len(study.classes)) if study.classes else (None,)
    each = -(-SHOWN // max(1, len(classes)))
    for code in classes:
        rows = np.flatnonzero(right & (study.y == code)) if code is not None else np.flatnonzero(right)
        places = np.linspace(0, len(rows) - 1, min(each, len(rows))).astype(np.intp)
        good += rows[places].tolist()
    return tuple(example(study, row) for row in good[:SHOWN]), tuple(
        example(study, int(row)) for row in wrong
    )

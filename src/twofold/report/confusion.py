"""Which classes are taken for which, and how well each is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.records import Interval
from twofold.report.curves import wilson
from twofold.report.number_format import share
from twofold.report.plot import Scale, Tick, Whisker, whisker
from twofold.search.result import Result

MOST_CLASSES = 12
"""A matrix of more classes is unreadable: the most frequent are shown, the others put together."""
MOST_RECALLS, MOST_MISTAKES = 24, 8
_STARTS = (0.9, 0.8, 0.5, 0.0)
"""Where the axis of the recalls may begin."""


@dataclass(frozen=True)
class Cell:
    """A count, its share of the true class, and a level 0 to 8 for its shade."""

    count: int
    share: str
    level: int
    right: bool


@dataclass(frozen=True)
class Recall:
    """How much of a class is found."""

    label: str
    count: int
    text: str
    whisker: Whisker


@dataclass(frozen=True)
class Mistake:
    """How often one class is taken for another."""

    true: str
    answered: str
    count: int
    share: str


@dataclass(frozen=True)
class Confusion:
    """The matrix with what follows from it.

    Parameters
    ----------
    labels : tuple of str
        Of rows and columns.
    cells : tuple of tuple of Cell
        One row for each true class.
    recalls : tuple of Recall
        The worst first when there are too many to show.
    mistakes : tuple of Mistake
        The most frequent first.
    notes : tuple of str
    ticks : tuple of Tick
        Of the axis on which the recalls are drawn.
    tilted : bool
        Whether the labels of the columns are too long to lie.
    """

    labels: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    recalls: tuple[Recall, ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]
    ticks: tuple[Tick, ...]
    tilted: bool


def answers(result: Result, prediction: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the class codes that the model answers with."""
    if result.choice.threshold is not None and prediction.shape[1] == 2:
        return np.asarray(prediction[:, 1] >= result.choice.threshold, dtype=np.int64)
    return np.asarray(prediction.argmax(axis=1), dtype=np.int64)


def confusion(result: Result) -> Confusion | None:
    """Count answers against truth over the rows that a fold scored.

    None without classes, and for the trivial baseline, which answers the same to all rows.
    """
    scored = np.isfinite(result.choice.predictions).all(axis=1)
    if not result.classes or not scored.any() or result.choice.family == "baseline":
        return None
    n = len(result.classes)
    said, y = answers(result, result.choice.predictions[scored]), result.y[scored].astype(np.int64)
    table = np.bincount(y * n + said, minlength=n * n).reshape(n, n)
    labels = [str(label) for label in result.classes]
    notes = [f"Counted over {int(scored.sum()):,} rows, each predicted by a model that had not seen it."]
    if not scored.all():
        notes.append(f"{int((~scored).sum()):,} rows were scored by no fold and are left out.")
    recalls, scale = _recalls(table, labels)
    if n > MOST_RECALLS:
        notes.append(f"The {MOST_RECALLS} of {n} classes that are found worst are listed.")
    mistakes = _mistakes(table, labels)
    if n > MOST_CLASSES:
        table, labels = _pool(table, labels)
        notes.append(
            f"The matrix shows the {MOST_CLASSES - 1} most frequent of {n} classes; “other” holds the rest."
        )
    return Confusion(
        tuple(labels),
        _cells(table, n > MOST_CLASSES),
        tuple(recalls),
        tuple(mistakes),
        tuple(notes),
        tuple(Tick(scale.at(at), share(at)) for at in (scale.low, (scale.low + 1) / 2, 1.0)),
        len(labels) > 4 and max(map(len, labels)) > 6,
    )


def _pool(table: NDArray[np.int64], labels: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    order = np.argsort(-table.sum(axis=1), kind="stable")
    kept = np.sort(order[: MOST_CLASSES - 1])
    place = np.full(len(labels), MOST_CLASSES - 1)
    place[kept] = np.arange(len(kept))
    pooled = np.zeros((MOST_CLASSES, MOST_CLASSES), dtype=np.int64)
    np.add.at(pooled, (place[:, None], place[None, :]), table)
    return pooled, [*(labels[k] for k in kept.tolist()), "other"]


def _cells(table: NDArray[np.int64], pooled: bool) -> tuple[tuple[Cell, ...], ...]:
    totals = np.maximum(table.sum(axis=1, keepdims=True), 1)
    shares = table / totals
    levels = np.ceil(8 * np.sqrt(shares)).astype(int)
    last = len(table) - 1
    return tuple(
        tuple(
            Cell(
                int(table[i, j]),
                share(float(shares[i, j])),
                int(levels[i, j]),
                i == j and not (pooled and i == last),
            )
            for j in range(len(table))
        )
        for i in range(len(table))
    )


def _recalls(table: NDArray[np.int64], labels: list[str]) -> tuple[list[Recall], Scale]:
    """Return how much is found of each class, or of the worst found ones, and the axis for it."""
    counts, hits = table.sum(axis=1).astype(float), np.diag(table).astype(float)
    low, high = wilson(hits, counts)
    found = hits / np.maximum(counts, 1.0)
    shown = np.flatnonzero(counts)
    if len(shown) > MOST_RECALLS:
        shown = shown[np.argsort(found[shown], kind="stable")[:MOST_RECALLS]]
    scale = Scale(next(start for start in _STARTS if start <= low[shown].min()), 1.0)
    recalls = [
        Recall(
            labels[k],
            int(counts[k]),
            share(float(found[k])),
            whisker(Interval(float(found[k]), float(low[k]), float(high[k])), scale),
        )
        for k in shown.tolist()
    ]
    return recalls, scale


def _mistakes(table: NDArray[np.int64], labels: list[str]) -> list[Mistake]:
    wrong = table * (1 - np.eye(len(table), dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_MISTAKES]
    pairs = [divmod(int(k), len(table)) for k in order]
    return [
        Mistake(labels[i], labels[j], int(wrong[i, j]), share(float(wrong[i, j] / table[i].sum())))
        for i, j in pairs
        if wrong[i, j]
    ]

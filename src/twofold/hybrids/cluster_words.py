"""What sets a cluster apart, in the words and numbers of the table's columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from twofold.core.schema import Schema
from twofold.core.table import Table

RANK_DEVIATION = 12**-0.5
"""Of ranks spread evenly between 0 and 1."""
MOST_LEVELS, MOST_WORDS = 200, 500
"""The most frequent ones are looked at."""
WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Trait:
    """In what the rows of a cluster differ from the other rows.

    Parameters
    ----------
    column : str
    strength : float
        Difference of the cluster's mean and the mean of all rows, in deviations: of ranks for numbers, of
        zeros and ones for what is so or not.
    words : str
    """

    column: str
    strength: float
    words: str


def traits_of(table: Table, schema: Schema, labels: NDArray[np.intp]) -> list[list[Trait]]:
    """Return the traits of each cluster, the strongest first, the strongest one for each column.

    Parameters
    ----------
    table : Table of n rows
    schema : Schema
    labels : integer array of shape (n,)
        The cluster of each row, 0 to k - 1.

    Examples
    --------
    >>> from twofold.core.schema import Column
    >>> table = Table({"size": np.array([1.0, 2.0, 8.0, 9.0])}, 4)
    >>> traits_of(table, Schema((Column("size", "number"),)), np.array([0, 0, 1, 1]))[1][0].words
    'size is high: 8.5 (others 1.5)'
    """
    inside = np.eye(int(labels.max()) + 1)[labels]
    found: list[list[Trait]] = [[] for _ in range(inside.shape[1])]
    for column in schema.used:
        values = table.columns[column.name]
        if column.kind in ("number", "date"):
            told = _of_numbers(column.name, values.astype(np.float64), inside, column.kind == "date")
        elif column.kind in ("category", "text"):
            told = _of_parts(column.name, values, inside, text=column.kind == "text")
        else:
            continue
        best: dict[int, Trait] = {}
        for place, trait in told:
            if place not in best or abs(trait.strength) > abs(best[place].strength):
                best[place] = trait
        for place, trait in best.items():
            found[place].append(trait)
    return [sorted(traits, key=lambda trait: -abs(trait.strength)) for traits in found]


def _of_numbers(
    name: str, values: NDArray[np.float64], inside: NDArray[Any], dates: bool
) -> Iterator[tuple[int, Trait]]:
    there = np.isfinite(values)
    if not there.all():
        yield from _of_shares(name, (~there)[:, None], ["is missing"], inside)
    if there.sum() < 2:
        return
    known, member = values[there], inside[there] > 0
    ranks = (rankdata(known) - 0.5) / len(known)
    for place in range(inside.shape[1]):
        mine = member[:, place]
        if not mine.any() or mine.all():
            continue
        strength = float((ranks[mine].mean() - 0.5) / RANK_DEVIATION)
        own, others = (_told(float(np.median(known[rows])), dates) for rows in (mine, ~mine))
        level = "high" if strength > 0 else "low"
        yield place, Trait(name, strength, f"{name} is {level}: {own} (others {others})")


def _told(value: float, date: bool) -> str:
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d}" if date else f"{value:.4g}"


def _of_parts(
    name: str, values: NDArray[Any], inside: NDArray[Any], *, text: bool
) -> Iterator[tuple[int, Trait]]:
    """Yield traits of the levels of a category, or of the words of a text."""
    cells = [
        {"is missing"}
        if cell is None
        else {f"holds '{word}'" for word in WORD.findall(cell.lower())}
        if text
        else {f"is '{cell[:60]}'"}
        for cell in values.tolist()
    ]
    counts: dict[str, int] = {}
    for words in cells:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    kept = sorted(counts, key=lambda word: (-counts[word], word))[: MOST_WORDS if text else MOST_LEVELS]
    place_of = {word: place for place, word in enumerate(kept)}
    has = np.zeros((len(cells), len(kept)), dtype=bool)
    for row, words in enumerate(cells):
        has[row, [place_of[word] for word in words if word in place_of]] = True
    yield from _of_shares(name, has, kept, inside)


def _of_shares(
    name: str, has: NDArray[np.bool_], what: list[str], inside: NDArray[Any]
) -> Iterator[tuple[int, Trait]]:
    """Yield, for each cluster, the trait whose share of its rows differs most from that of all rows."""
    sizes, count = inside.sum(axis=0), has.sum(axis=0)
    within = inside.T @ has
    share, overall = within / np.maximum(sizes, 1)[:, None], count / len(has)
    rest = (count - within) / np.maximum(len(has) - sizes, 1)[:, None]
    strength = (share - overall) / np.sqrt(np.maximum(overall * (1 - overall), 1e-12))
    for place, best in enumerate(np.abs(strength).argmax(axis=1)):
        words = f"{name} {what[best]} in {share[place, best]:.0%} (others {rest[place, best]:.0%})"
        yield place, Trait(name, float(strength[place, best]), words)

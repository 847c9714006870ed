"""Conjunctions of conditions that may become rules: the paths of small trees (Breiman and others 1984)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.random import derive_seed
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.hybrids.rules.extents import simpler
from twofold.steps.conditions import Condition, Test
from twofold.steps.strings import different, tokens

MOST_LEVELS, MOST_WORDS = 30, 60
TREES = 5
"""Trees for each target: one that sees all columns at every split, and others that see a part of them."""
_NOTHING = np.empty(0)


@dataclass(frozen=True)
class Letters:
    """What trees may split on: one column of a matrix for each number, level, word and missing value.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
        Numbers as they are (missing ones at the median), conditions as 0 and 1.
    names : tuple of str or Condition
        What each column is: the name of a numeric column, or the condition that is 1 where it holds.
    """

    matrix: NDArray[np.float32]
    names: tuple[str | Condition, ...]


def spell(table: Table, schema: Schema, least: int) -> Letters:
    """Return what trees may split on.

    Parameters
    ----------
    table : Table of n rows
    schema : Schema
    least : int
        Levels, words and missing values with fewer rows are left out, on either side.
    """
    columns: list[NDArray[np.float32]] = []
    names: list[str | Condition] = []
    for column in schema.used:
        asked = [Condition(column.name, "missing", _NOTHING, (), False)]
        values = table.columns[column.name]
        if column.kind in ("number", "date"):
            known = values[~np.isnan(values)]
            middle = float(np.median(known)) if len(known) else 0.0
            columns.append(np.nan_to_num(values, nan=middle).astype(np.float32))
            names.append(column.name)
        elif column.kind == "category":
            asked += [_of_word(column.name, "among", word) for word in _levels(table, column.name)]
        elif column.kind == "text":
            asked += [_of_word(column.name, "word", word) for word in _words(table, column.name)]
        for condition in asked:
            holds = condition.run(table)
            if least <= holds.sum() <= len(holds) - least:
                columns.append(holds.astype(np.float32))
                names.append(condition)
    matrix = np.column_stack(columns) if columns else np.zeros((table.n_rows, 0), dtype=np.float32)
    return Letters(matrix, tuple(names))


def _of_word(column: str, test: Test, word: str) -> Condition:
    return Condition(column, test, _NOTHING, (word,), False)


def _levels(table: Table, name: str) -> list[str]:
    """Return the most frequent values of a column."""
    found = different(table, name)
    counts = np.bincount(found.place, minlength=len(found.values)) if found.place is not None else None
    order = np.argsort(-counts, kind="stable") if counts is not None else np.arange(len(found.values))
    return [word for word in (found.values[place] for place in order[: MOST_LEVELS + 1]) if word is not None]


def _words(table: Table, name: str) -> list[str]:
    """Return the words of a column that occur in most of its values, but not in nearly all of them."""
    read = tokens(table, name)
    pairs = np.unique(np.column_stack([read.ids, read.rows]), axis=0)
    counts = np.bincount(pairs[:, 0], minlength=len(read.words))
    counts[counts > 0.5 * max(1, len(different(table, name).values))] = 0
    order = np.argsort(-counts, kind="stable")[:MOST_WORDS]
    return [read.words[place] for place in order if counts[place] > 1]


def grow(
    letters: Letters,
    rows: NDArray[np.intp],
    targets: Sequence[NDArray[np.float64]],
    *,
    depth: int,
    least: int,
    seed: int,
) -> Iterator[tuple[int, tuple[Condition, ...]]]:
    """Yield conjunctions, each with the number of the target whose tree it comes from; none twice.

    Parameters
    ----------
    letters : Letters
    rows : integer array
        To grow on.
    targets : sequence of arrays of shape (n,)
        What differs between the regions that are looked for.
    depth : int
        Most conditions of a conjunction.
    least : int
        Least rows of a region.
    seed : int
    """
    from sklearn.tree import DecisionTreeRegressor

    if not letters.names:
        return
    X = letters.matrix[rows]
    seen: set[object] = set()
    for number, target in enumerate(targets):
        for tree in range(TREES):
            grown = DecisionTreeRegressor(
                max_depth=depth,
                min_samples_leaf=least,
                max_features=None if tree == 0 else 0.4,
                random_state=derive_seed(seed, number, tree),
            ).fit(X, target[rows])
            for path in _paths(grown.tree_, letters, X):
                key = number, frozenset(path)
                if key not in seen:
                    seen.add(key)
                    yield number, path


def _paths(tree: object, letters: Letters, X: NDArray[np.float32]) -> Iterator[tuple[Condition, ...]]:
    """Yield the conditions that lead to each node below the root."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]
    stack: list[tuple[int, tuple[Condition, ...], NDArray[np.bool_]]] = [(0, (), np.ones(len(X), dtype=bool))]
    while stack:
        node, path, here = stack.pop()
        if path:
            yield simpler(path)
        if left[node] < 0:
            continue
        column = int(tree.feature[node])  # type: ignore[attr-defined]
        cut = float(tree.threshold[node])  # type: ignore[attr-defined]
        low = X[:, column] <= cut
        below, above = _sides(letters.names[column], X[here, column], cut)
        stack.append((int(right[node]), (*path, above), here & ~low))
        stack.append((int(left[node]), (*path, below), here & low))


def _sides(name: str | Condition, values: NDArray[np.float32], cut: float) -> tuple[Condition, Condition]:
    if isinstance(name, Condition):
        return Condition(name.column, name.test, name.numbers, name.words, True), name
    under, over = values[values <= cut], values[values > cut]
    edge = short_between(float(under.max()), float(over.min())) if len(under) and len(over) else cut
    low = Condition(name, "range", np.array([-np.inf, edge, 0.0, 1.0]), (), False)
    return low, Condition(name, "range", np.array([edge, np.inf, 0.0, 0.0]), (), False)


def short_between(low: float, high: float) -> float:
    """Return their middle, rounded to as few digits as leave it from `low` on and below `high`.

    Examples
    --------
    >>> short_between(36.3, 41.77), short_between(0.1234, 0.1241), short_between(3.0, 4.0)
    (40.0, 0.124, 3.5)
    """
    middle = (low + high) / 2
    for digits in range(-9, 12):
        edge = round(middle, digits)
        if low <= edge < high:
            return float(edge)
    return float(low)

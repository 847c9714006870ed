"""Encoding category columns."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.features.encoded import Part
from twofold.steps.base import INPUT, Node
from twofold.steps.codes import FIRST, Codes, CodeTables, OneHot

RARE = 2
"""Levels with fewer rows share the code of the unknown."""
MOST_LEVELS = 20_000
SMOOTHING = 10.0
"""Rows that the overall mean counts for in a level's mean (Micci-Barreca 2001)."""
INNER_FOLDS = 5
MOST_CLASSES = 10
"""Above so many classes target statistics are not made: each adds a column a class."""


def codes(table: Table, names: tuple[str, ...], *, most: int = MOST_LEVELS, output: str = "codes") -> Part:
    """Return categories as codes, the most frequent level first."""
    levels = []
    for name in names:
        counted = Counter(table.columns[name].tolist())
        counted.pop(None, None)
        rare = RARE if len(counted) > 50 else 1
        kept = sorted((level for level, n in counted.items() if n >= rare), key=lambda v: (-counted[v], v))
        levels.append(np.array(kept[:most], dtype=np.str_) if kept else np.empty(0, dtype="U1"))
    step = Codes(names, tuple(levels))
    return Part((Node(step, (INPUT,), output),), output, step.run(table), names, names)


def sizes_of(part: Part) -> NDArray[np.int64]:
    """Return the number of codes of each column of a part made by `codes`."""
    step = part.nodes[0].step
    assert isinstance(step, Codes)
    return np.array([len(levels) + FIRST for levels in step.levels], dtype=np.int64)


def one_hot(part: Part, *, sparse: bool) -> Part:
    """Return codes as zeros and ones."""
    sizes = sizes_of(part)
    step = OneHot(sizes, sparse)
    base = part.nodes[0].step
    assert isinstance(base, Codes)
    labels = [
        (name, level)
        for name, levels in zip(base.names, base.levels, strict=True)
        for level in ("unknown", "missing", *levels.tolist())
    ]
    output = f"{part.output}/one_hot"
    return Part(
        (*part.nodes, Node(step, (part.output,), output)),
        output,
        step.run(part.matrix),
        tuple(f"{name} = {level}" for name, level in labels),
        tuple(name for name, _ in labels),
    )


def _goals(y: NDArray[Any], problem: Problem) -> NDArray[np.float64]:
    if problem.task == "regression":
        return np.asarray(y[:, None], dtype=np.float64)
    if problem.task == "binary":
        return np.asarray((y == 1)[:, None], dtype=np.float64)
    return np.asarray(np.eye(problem.n_classes)[y])


def target_statistics(part: Part, y: NDArray[Any], problem: Problem, seed: int) -> Part | None:
    """Return the smoothed mean target of each level, out of fold for the training rows.

    A level's mean over all rows would tell a row its own target; here each row gets the mean over the
    other inner folds. New rows get the mean over all rows.
    """
    if problem.n_classes > MOST_CLASSES:
        return None
    sizes = sizes_of(part)
    code: NDArray[np.int64] = part.matrix + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    goals = _goals(y, problem)
    n, k, total = len(y), goals.shape[1], int(sizes.sum())
    inner = make_generator(seed, "target statistics").permutation(n) % INNER_FOLDS
    counts = np.zeros((INNER_FOLDS, total))
    sums = np.zeros((INNER_FOLDS, total, k))
    for column in range(code.shape[1]):
        np.add.at(counts, (inner, code[:, column]), 1.0)
        for goal in range(k):
            np.add.at(sums[:, :, goal], (inner, code[:, column]), goals[:, goal])
    prior = goals.mean(axis=0)
    whole = (sums.sum(axis=0) + SMOOTHING * prior) / (counts.sum(axis=0) + SMOOTHING)[:, None]
    others = sums.sum(axis=0) - sums
    rest = counts.sum(axis=0) - counts
    by_fold = (others + SMOOTHING * prior) / (rest + SMOOTHING)[:, :, None]
    matrix = by_fold[inner[:, None], code].reshape(n, -1).astype(np.float32)
    step = CodeTables(sizes, whole)
    output = f"{part.output}/target_statistics"
    suffix = [""] if k == 1 else [f" ({goal})" for goal in range(k)]
    return Part(
        (*part.nodes, Node(step, (part.output,), output)),
        output,
        matrix,
        tuple(f"mean target of {name}{end}" for name in part.names for end in suffix),
        tuple(name for name in part.origins for _ in suffix),
    )


def frequencies(part: Part) -> Part:
    """Return how often each level occurred, as a logarithm."""
    sizes = sizes_of(part)
    code = part.matrix + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    counts = np.bincount(code.ravel(), minlength=int(sizes.sum())).astype(np.float64)
    step = CodeTables(sizes, np.log1p(counts)[:, None])
    output = f"{part.output}/frequencies"
    return Part(
        (*part.nodes, Node(step, (part.output,), output)),
        output,
        step.run(part.matrix),
        tuple(f"rows with the same {name}" for name in part.names),
        part.origins,
    )

"""Encoding free text, and strings with many levels, by words and letter groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.features.encoded import Part
from twofold.steps.base import INPUT, Node
from twofold.steps.strings import Tokens, different, tokens
from twofold.steps.tfidf import Letters, Lexical, Project, Words, letter_groups

MOST_WORDS, MOST_PAIRS = 10_000, 10_000
RARE_WORD = 2
BUCKETS = 2**15
SHORT_TEXT = 200
"""Letters of a text, on average, up to which its letter groups are worth what they cost a linear model."""
SVD_ROWS = 10_000
"""Rows that the directions are learned from; more change them little and cost much."""


def words(table: Table, name: str) -> Part | None:
    """Return TF-IDF of the words and word pairs of a text column, or None when no word repeats."""
    once = Table({name: table.columns[name]}, table.n_rows, {})
    values, text = different(once, name), tokens(once, name)
    repeats = 1 if values.place is None else np.bincount(values.place)[text.rows]
    often = np.bincount(text.ids, np.broadcast_to(repeats, len(text.ids)), len(text.words))
    counted = {w: c for w, c in zip(text.words, often.tolist(), strict=True) if c >= RARE_WORD}
    kept = sorted(counted, key=lambda w: (-counted[w], w))[:MOST_WORDS]
    if not kept:
        return None
    vocabulary = np.array(kept, dtype=np.str_)
    pairs = _pairs(kept, text, repeats)
    step = Words(name, vocabulary, pairs, np.ones(len(kept) + len(pairs), dtype=np.float32))
    step = Words(name, vocabulary, pairs, _idf(step.run(once).tocsr(), table.n_rows))
    labels = kept + [f"{kept[a]} {kept[b]}" for a, b in zip(*np.divmod(pairs, len(kept)), strict=True)]
    output = f"words of {name}"
    node = Node(step, (INPUT,), output)
    names = tuple(f"{name}: {label}" for label in labels)
    return Part((node,), output, step.run(once).tocsr(), names, (name,) * len(labels))


def is_short(table: Table, name: str) -> bool:
    """Whether the texts of a column are messages or sentences: letter groups tell more than they cost."""
    lengths = [len(value) for value in table.columns[name].tolist() if value]
    return bool(lengths) and sum(lengths) <= SHORT_TEXT * len(lengths)


def _pairs(kept: list[str], text: Tokens, repeats: Any) -> NDArray[np.int64]:
    """Return the pairs of neighbouring words that occur at least three times, the most frequent ones."""
    known = {word: code for code, word in enumerate(kept)}
    ids = np.array([known.get(word, -1) for word in text.words], dtype=np.int64)[text.ids]
    both = (ids[:-1] >= 0) & (ids[1:] >= 0) & (text.rows[:-1] == text.rows[1:])
    found, place = np.unique(ids[:-1][both] * len(kept) + ids[1:][both], return_inverse=True)
    counts = np.bincount(place, np.broadcast_to(repeats, len(ids))[:-1][both], len(found)).astype(np.int64)
    often = found[counts >= 3]
    strongest = np.argsort(-counts[counts >= 3], kind="stable")[:MOST_PAIRS]
    return np.sort(often[strongest])


def _idf(counts: Any, n: int) -> NDArray[np.float32]:
    """Weigh features by ``log((1 + n) / (1 + rows with it)) + 1``, as scikit-learn does."""
    rows = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1.0 + n) / (1.0 + rows)) + 1.0, dtype=np.float32)


def letters(table: Table, name: str) -> Part | None:
    """Return TF-IDF of the letter groups of a string column, or None when none repeats."""
    different = [word for word in dict.fromkeys(table.columns[name].tolist()) if word]
    bucket = np.unique(letter_groups(different, BUCKETS)) % BUCKETS
    often = np.bincount(bucket, minlength=BUCKETS)
    kept = np.flatnonzero(often >= RARE_WORD).astype(np.int64)
    if not len(kept):
        return None
    step = Letters(name, BUCKETS, kept, np.ones(len(kept), dtype=np.float32))
    step = Letters(name, BUCKETS, kept, _idf(step.run(table), table.n_rows))
    output = f"letters of {name}"
    names = tuple(f"{name}: letters {position}" for position in range(len(kept)))
    return Part((Node(step, (INPUT,), output),), output, step.run(table), names, (name,) * len(kept))


def projected(part: Part, k: int, seed: int, *, scale: bool = False) -> Part | None:
    """Return the leading directions of a sparse part (truncated SVD; Halko, Martinsson and Tropp 2011)."""
    from sklearn.utils.extmath import randomized_svd

    n, d = part.matrix.shape
    k = min(k, d - 1, n - 1)
    if k < 1:
        return None
    generator = make_generator(seed, part.output)
    rows = np.sort(generator.choice(n, min(n, SVD_ROWS), replace=False))
    state = int(generator.integers(2**31))
    _, size, axes = randomized_svd(part.matrix[rows], n_components=k, n_iter=2, random_state=state)
    kept = size > 1e-6
    if not kept.any():
        return None
    directions = axes[kept].T
    if scale:
        directions = directions / (size[kept] / np.sqrt(len(rows)))
    step = Project(np.ascontiguousarray(directions, dtype=np.float32))
    output = f"{part.output}/topics"
    origin = part.origins[0]
    names = tuple(f"{origin}: topic {position + 1}" for position in range(int(kept.sum())))
    node = Node(step, (part.output,), output)
    return Part((*part.nodes, node), output, step.run(part.matrix), names, (origin,) * len(names))


def strongest(part: Part, y: NDArray[Any], problem: Problem, k: int) -> NDArray[np.intp]:
    """Return the columns that differ most between classes or follow the values (largest F statistic)."""
    X = part.matrix
    n = X.shape[0]
    mean = np.asarray(X.sum(axis=0)).ravel() / n
    square = np.asarray(X.multiply(X).sum(axis=0)).ravel() / n
    return _first(X, np.sqrt(np.maximum(square - mean**2, 1e-12)), y, problem, k)


def strongest_dense(part: Part, y: NDArray[Any], problem: Problem, k: int) -> NDArray[np.intp]:
    """Return the same of a dense part."""
    X = part.matrix
    return _first(X, np.maximum(X.std(axis=0), 1e-6), y, problem, k)


def _first(X: Any, deviation: NDArray[Any], y: NDArray[Any], problem: Problem, k: int) -> NDArray[np.intp]:
    if problem.n_classes:
        goals = np.eye(problem.n_classes, dtype=np.float64)[y]
        goals = goals[:, np.argsort(-goals.sum(axis=0), kind="stable")[:20]]
    else:
        goals = y.astype(np.float64)[:, None]
    centred = goals - goals.mean(axis=0)
    spread = np.maximum(centred.std(axis=0), 1e-12)
    products = X.T @ centred.astype(X.dtype) if isinstance(X, np.ndarray) else X.T @ centred
    correlation = np.abs(products) / X.shape[0] / deviation[:, None] / spread
    order = np.argsort(-correlation.max(axis=1), kind="stable")
    return np.sort(order[:k])


def lexical(table: Table, name: str) -> Part:
    """Return simple counts of a text column."""
    step = Lexical(name)
    output = f"counts of {name}"
    labels = ("letters", "spaces", "digits", "capitals", "marks", "missing")
    names = tuple(f"{name}: {label}" for label in labels)
    return Part((Node(step, (INPUT,), output),), output, step.run(table), names, (name,) * len(names))

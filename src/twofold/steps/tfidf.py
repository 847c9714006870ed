"""Words and letter groups as weighted counts (TF-IDF), vectorised over all rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.base import Step
from twofold.steps.sparse_rows import SparseRows
from twofold.steps.strings import LONGEST, Different, different, tokens

REMEMBERED = 4_096
"""Different strings that a step remembers from single rows."""
AT_ONCE = 4_000_000
"""Values that are projected in one go, in double precision (32 MB)."""
SHORT = 200
"""Letters of the longest string that is remembered."""


def normalised_rows(keys: NDArray[np.int64], n: int, width: int, idf: NDArray[np.float32]) -> SparseRows:
    """Make rows of TF-IDF from ``row * width + column`` keys of single occurrences.

    Counts are dampened by ``1 + log(count)`` and rows have length one.
    """
    keys = np.sort(keys)
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
    unique, counts = keys[starts], np.concatenate([starts[1:], [len(keys)]])[: len(starts)] - starts
    rows, columns = np.divmod(unique, width) if n > 1 else (np.zeros_like(unique), unique)
    data = (1.0 + np.log(counts)).astype(np.float32) * idf[columns]
    lengths = np.sqrt(np.bincount(rows, weights=data.astype(np.float64) ** 2, minlength=n))
    data /= np.maximum(lengths[rows], 1e-12).astype(np.float32)
    return SparseRows(data, columns, np.searchsorted(rows, np.arange(n + 1)), width)


def _answer(rows: SparseRows, found: Different, table: Table) -> Any:
    """Return the rows of all values: light while answering, a CSR while learning."""
    whole = rows if found.place is None else rows.repeated(found.place)
    return whole.tocsr() if table.memo is None else whole


@dataclass(frozen=True)
class Words(Step):
    """TF-IDF of words and of pairs of neighbouring words in one text column; sparse of shape (n, d).

    Parameters
    ----------
    name : str
        The column.
    vocabulary : string array of shape (v,)
        Known words.
    pairs : sorted integer array of shape (p,)
        Known pairs as ``first * v + second``.
    idf : float32 array of shape (v + p,)
    """

    kind = "words"
    requires = ("scipy",)
    name: str
    vocabulary: NDArray[np.str_]
    pairs: NDArray[np.int64]
    idf: NDArray[np.float32]

    @cached_property
    def _known(self) -> dict[str, int]:
        return {word: code for code, word in enumerate(self.vocabulary.tolist())}

    def run(self, *inputs: Any) -> Any:
        (table,) = inputs
        found, text = different(table, self.name), tokens(table, self.name)
        of_word = np.fromiter(map(self._known.get, text.words, repeat(-1)), np.int64, len(text.words))
        codes, rows = of_word[text.ids], text.rows
        v, width = len(self.vocabulary), len(self.idf)
        known = codes >= 0
        keys = [rows[known] * width + codes[known]]
        if len(self.pairs):
            both = known[:-1] & known[1:] & (rows[:-1] == rows[1:])
            pair = codes[:-1][both] * v + codes[1:][both]
            place = np.minimum(np.searchsorted(self.pairs, pair), len(self.pairs) - 1)
            hit = self.pairs[place] == pair
            keys.append(rows[:-1][both][hit] * width + v + place[hit])
        return _answer(
            normalised_rows(np.concatenate(keys), len(found.values), width, self.idf), found, table
        )


def letter_groups(
    words: Sequence[str], buckets: int, sizes: tuple[int, ...] = (2, 3, 4)
) -> NDArray[np.int64]:
    """Return ``row * buckets + bucket`` for every group of neighbouring letters, by a rolling hash."""
    text = "\0".join([f" {word[:LONGEST].lower()} ".replace("\0", " ") for word in words])
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    ends = letters == 0
    rows = np.cumsum(ends)
    found = []
    for size in sizes:
        if len(letters) < size:
            continue
        windows = len(letters) - size + 1
        mixed = np.full(windows, np.uint64(size))
        for shift in range(size):
            mixed ^= letters[shift : shift + windows]
            mixed *= np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(29)
        keys = (mixed % np.uint64(buckets)).astype(np.int64)
        keys += rows[:windows] * buckets
        if len(words) > 1:
            whole = np.ones(windows, dtype=bool)
            for shift in range(size):
                whole &= ~ends[shift : shift + windows]
            keys = keys[whole]
        found.append(keys)
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Letters(Step):
    """TF-IDF of groups of 2 to 4 letters in one string column; sparse of shape (n, d).

    Parameters
    ----------
    name : str
    buckets : int
        Number of hash values.
    kept : sorted integer array of shape (d,)
        Hash values in use.
    idf : float32 array of shape (d,)
    """

    kind = "letters"
    requires = ("scipy",)
    name: str
    buckets: int
    kept: NDArray[np.int64]
    idf: NDArray[np.float32]

    @cached_property
    def _memory(self) -> dict[str | None, SparseRows]:
        return {}

    def run(self, *inputs: Any) -> Any:
        (table,) = inputs
        found = different(table, self.name)
        if len(found.values) != 1:
            return _answer(self._rows(found, table), found, table)
        return _answer(self._alone(found, table), found, table)

    def _alone(self, found: Different, table: Table) -> SparseRows:
        """Answer for one string from what was met before: in serving, the same come again and again."""
        (value,) = found.values
        row = self._memory.get(value)
        if row is None:
            row = replace(self._rows(found, table), products={})
            if len(self._memory) < REMEMBERED and len(value or "") < SHORT:
                self._memory[value] = row
        return row

    def _rows(self, found: Different, table: Table) -> SparseRows:
        words = [value or "" for value in found.values]
        groups = table.once(("letters", self.name, self.buckets), lambda: letter_groups(words, self.buckets))
        rows, bucket = np.divmod(groups, self.buckets)
        place = np.minimum(np.searchsorted(self.kept, bucket), len(self.kept) - 1)
        hit = self.kept[place] == bucket
        keys = rows[hit] * len(self.kept) + place[hit]
        return normalised_rows(keys, len(words), len(self.kept), self.idf)


@dataclass(frozen=True)
class Project(Step):
    """A matrix, sparse or dense, times fixed directions: ``X @ directions``.

    Dense products are summed in double precision: in single, the last bits of a row follow from how many rows
    are beside it, and trees that cut between equal rows then answer otherwise.

    Parameters
    ----------
    directions : float32 array of shape (d, k)
    """

    kind = "project"
    directions: NDArray[np.float32]

    @cached_property
    def _key(self) -> object:
        return object()

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (X,) = inputs
        if isinstance(X, SparseRows):
            return np.asarray(X.times(self._key, self.directions))
        if hasattr(X, "tocsr"):
            return np.asarray(X @ self.directions, dtype=np.float32)
        out = np.empty((len(X), self.directions.shape[1]), dtype=np.float32)
        step = max(1, AT_ONCE // max(1, X.shape[1]))
        for first in range(0, len(out), step):
            out[first : first + step] = X[first : first + step] @ self._wide
        return out

    @cached_property
    def _wide(self) -> NDArray[np.float64]:
        return self.directions.astype(np.float64)


def _classes() -> bytes:
    """Return the class of each byte: 0 space, 1 digit, 2 capital, 3 mark, 4 anything else."""
    table = bytearray([4] * 256)
    for number, members in enumerate((b" ", b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"!?")):
        for member in members:
            table[member] = number
    return bytes(table)


_CLASSES = _classes()


@dataclass(frozen=True)
class Lexical(Step):
    """Simple counts of a text column: letters, spaces, digits, capitals, marks; missing or not."""

    kind = "lexical"
    name: str

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (table,) = inputs
        found = different(table, self.name)
        texts = ["" if value is None else value[:LONGEST] for value in found.values]
        coded = [text.encode("utf-8", "surrogatepass") for text in texts]
        classes = np.frombuffer(b"".join(coded).translate(_CLASSES), dtype=np.uint8)
        ends = np.cumsum([0, *map(len, coded)])
        out = np.empty((len(texts), 6))
        out[:, 0] = [len(text) - text.count("\0") for text in texts]
        if len(texts) == 1:
            out[0, 1:5] = np.bincount(classes, minlength=5)[:4]
        else:
            for number in range(4):
                out[:, 1 + number] = np.diff(np.searchsorted(np.flatnonzero(classes == number), ends))
        out[:, 5] = [value is None for value in found.values]
        return out if found.place is None else out[found.place]

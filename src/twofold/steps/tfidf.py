"""Words and letter groups as weighted counts (TF-IDF), vectorised over all rows at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

_TOKEN = re.compile(r"\w\w+|\n")
FEW, REMEMBERED = 8, 4_096
"""Rows of a small batch, and different strings that a step remembers for them."""
LONGEST = 20_000
"""Letters of a cell that are read; the rest is left out, so that one novel cannot stall a batch."""


def _joined(values: NDArray[Any]) -> str:
    """Join cells into one lower-case string, each cell on a line of its own."""
    return "\n".join("" if v is None else v[:LONGEST].replace("\n", " ") for v in values.tolist()).lower()


def tokens_of(values: NDArray[Any]) -> list[str]:
    r"""Return the words of all cells in one list, ``"\n"`` between the cells."""
    return _TOKEN.findall(_joined(values))


def normalised_rows(keys: NDArray[np.int64], n: int, width: int, idf: NDArray[np.float32]) -> Any:
    """Make a CSR of TF-IDF from ``row * width + column`` keys of single occurrences.

    Counts are dampened by ``1 + log(count)`` and rows have length one.
    """
    from scipy import sparse

    unique, counts = np.unique(keys, return_counts=True)
    rows, columns = np.divmod(unique, width)
    data = (1.0 + np.log(counts)).astype(np.float32) * idf[columns]
    lengths = np.sqrt(np.bincount(rows, weights=data.astype(np.float64) ** 2, minlength=n))
    data /= np.maximum(lengths[rows], 1e-12).astype(np.float32)
    starts = np.searchsorted(rows, np.arange(n + 1))
    return sparse.csr_array((data, columns, starts), shape=(n, width))


@dataclass(frozen=True)
class Words(Step):
    """TF-IDF of words and of pairs of neighbouring words in one text column; CSR of shape (n, d).

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
        return {**{word: code for code, word in enumerate(self.vocabulary.tolist())}, "\n": -2}

    def run(self, *inputs: Any) -> Any:
        (table,) = inputs
        tokens = tokens_of(table.columns[self.name])
        codes = np.fromiter(map(self._known.get, tokens, repeat(-1)), np.int64, len(tokens))
        rows = np.cumsum(codes == -2)
        v, width = len(self.vocabulary), len(self.idf)
        known = codes >= 0
        keys = [rows[known] * width + codes[known]]
        if len(self.pairs):
            both = known[:-1] & known[1:]
            pair = codes[:-1][both] * v + codes[1:][both]
            place = np.minimum(np.searchsorted(self.pairs, pair), len(self.pairs) - 1)
            hit = self.pairs[place] == pair
            keys.append(rows[:-1][both][hit] * width + v + place[hit])
        return normalised_rows(np.concatenate(keys), table.n_rows, width, self.idf)


def letter_groups(words: list[str], buckets: int, sizes: tuple[int, ...] = (2, 3, 4)) -> NDArray[np.int64]:
    """Return ``row * buckets + bucket`` for every group of neighbouring letters, by a rolling hash."""
    text = "\0".join(f" {word[:LONGEST].lower()} " for word in words)
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    ends = letters == 0
    rows = np.cumsum(ends)
    found = []
    for size in sizes:
        if len(letters) < size:
            continue
        windows = len(letters) - size + 1
        mixed = np.full(windows, np.uint64(size))
        crosses = np.zeros(windows, dtype=bool)
        for shift in range(size):
            mixed = (mixed ^ letters[shift : shift + windows]) * np.uint64(0x100000001B3)
            crosses |= ends[shift : shift + windows]
        bucket = ((mixed ^ (mixed >> np.uint64(29))) % np.uint64(buckets)).astype(np.int64)
        found.append(rows[:windows][~crosses] * buckets + bucket[~crosses])
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Letters(Step):
    """TF-IDF of groups of 2 to 4 letters in one string column; CSR of shape (n, d).

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
    def _memory(self) -> dict[str | None, tuple[NDArray[Any], NDArray[np.float32]]]:
        return {}

    def run(self, *inputs: Any) -> Any:
        (table,) = inputs
        values = table.columns[self.name].tolist()
        if len(values) <= FEW:
            return self._few(values)
        place_of: dict[str | None, int] = {}
        inverse = np.fromiter((place_of.setdefault(v, len(place_of)) for v in values), np.int64, len(values))
        return self._rows([word or "" for word in place_of])[inverse]

    def _few(self, values: list[str | None]) -> Any:
        """Answer a few rows from what was met before: in serving, the same strings come again and again."""
        from scipy import sparse

        parts = []
        for value in values:
            part = self._memory.get(value)
            if part is None:
                row = self._rows([value or ""])
                part = row.indices, row.data
                if len(self._memory) < REMEMBERED:
                    self._memory[value] = part
            parts.append(part)
        starts = np.cumsum([0, *(len(columns) for columns, _ in parts)])
        columns = np.concatenate([columns for columns, _ in parts]) if parts else np.empty(0, dtype=np.int64)
        data = np.concatenate([data for _, data in parts]) if parts else np.empty(0, dtype=np.float32)
        return sparse.csr_array((data, columns, starts), shape=(len(values), len(self.kept)))

    def _rows(self, words: list[str]) -> Any:
        rows, bucket = np.divmod(letter_groups(words, self.buckets), self.buckets)
        place = np.minimum(np.searchsorted(self.kept, bucket), len(self.kept) - 1)
        hit = self.kept[place] == bucket
        keys = rows[hit] * len(self.kept) + place[hit]
        return normalised_rows(keys, len(words), len(self.kept), self.idf)


@dataclass(frozen=True)
class Project(Step):
    """A matrix, sparse or dense, times fixed directions: ``X @ directions``.

    Parameters
    ----------
    directions : float32 array of shape (d, k)
    """

    kind = "project"
    directions: NDArray[np.float32]

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (X,) = inputs
        return np.asarray(X @ self.directions, dtype=np.float32)


@dataclass(frozen=True)
class Lexical(Step):
    """Simple counts of a text column: letters, words, digits, capitals, marks; missing or not."""

    kind = "lexical"
    name: str

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (table,) = inputs
        values = table.columns[self.name].tolist()
        texts = ["" if v is None else v[:LONGEST] for v in values]
        letters = np.frombuffer("\0".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        rows = np.cumsum(letters == 0)
        classes = (
            letters > 0,
            letters == 32,
            (letters >= 48) & (letters <= 57),
            (letters >= 65) & (letters <= 90),
            (letters == 33) | (letters == 63),
        )
        counts = [np.bincount(rows[mask], minlength=len(texts))[: len(texts)] for mask in classes]
        return np.column_stack([*counts, [v is None for v in values]]).astype(np.float64)

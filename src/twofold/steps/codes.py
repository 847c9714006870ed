"""Categories as integer codes, and what can be made of codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.sparse_rows import FEW
from twofold.steps.strings import different

UNKNOWN, MISSING, FIRST = 0, 1, 2
"""Code of a level never seen or too rare, of a missing value, and of the most frequent level."""


@dataclass(frozen=True)
class Codes(Step):
    """Category columns as int64 codes of shape (n, len(names)): 0 unknown, 1 missing, 2.. by frequency.

    Parameters
    ----------
    names : tuple of str
    levels : tuple of string arrays
        Known levels of each column, most frequent first.
    """

    kind = "codes"
    names: tuple[str, ...]
    levels: tuple[NDArray[np.str_], ...]

    @cached_property
    def _known(self) -> tuple[dict[str | None, int], ...]:
        return tuple(
            {**{level: code for code, level in enumerate(levels.tolist(), FIRST)}, None: MISSING}
            for levels in self.levels
        )

    def run(self, *inputs: Any) -> NDArray[np.int64]:
        (table,) = inputs
        out = np.empty((table.n_rows, len(self.names)), dtype=np.int64)
        for position, (name, known) in enumerate(zip(self.names, self._known, strict=True)):
            found = different(table, name)
            if len(found.values) == 1:
                out[:, position] = known.get(found.values[0], UNKNOWN)
                continue
            codes = np.fromiter(map(known.get, found.values, repeat(UNKNOWN)), np.int64, len(found.values))
            out[:, position] = codes if found.place is None else codes[found.place]
        return out


def _starts_of(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the codes of each column begin when all are counted through."""
    return np.concatenate([[0], np.cumsum(sizes)[:-1]])


@dataclass(frozen=True)
class OneHot(Step):
    """Codes as columns of zeros and ones.

    Parameters
    ----------
    sizes : integer array of shape (c,)
        Number of codes of each column.
    sparse : bool
        Return CSR, but few rows dense.
    """

    kind = "one_hot"
    sizes: NDArray[np.int64]
    sparse: bool

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return _starts_of(self.sizes)

    def run(self, *inputs: Any) -> Any:
        (codes,) = inputs
        n, c = codes.shape
        columns = codes + self._starts
        width = int(self.sizes.sum())
        if self.sparse and n > FEW:
            from scipy import sparse

            ones = np.ones(n * c, dtype=np.float32)
            return sparse.csr_array((ones, columns.ravel(), np.arange(0, n * c + 1, c)), shape=(n, width))
        out = np.zeros((n, width), dtype=np.float32)
        out[np.arange(n)[:, None], columns] = 1.0
        return out


@dataclass(frozen=True)
class CodeTables(Step):
    """Look values up by code: target statistics, frequencies.

    Parameters
    ----------
    sizes : integer array of shape (c,)
        Number of codes of each column.
    values : float array of shape (sum(sizes), k)
        What each code of each column stands for.
    """

    kind = "code_tables"
    sizes: NDArray[np.int64]
    values: NDArray[np.float64]

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return _starts_of(self.sizes)

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (codes,) = inputs
        width = codes.shape[1] * self.values.shape[1]  # told, because no rows have no width of their own
        return np.asarray(self.values[codes + self._starts].reshape(len(codes), width), dtype=np.float32)

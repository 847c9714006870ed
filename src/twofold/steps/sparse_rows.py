"""A few wide rows, mostly zeros, without the cost of a sparse matrix for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 8
"""Different rows up to which plain numpy answers; more are worth a matrix of scipy."""


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of a wide float32 matrix by their cells, equal ones stored once.

    Products and picks are computed for the different rows alone, cell after cell in the order of the
    columns, as scipy's CSR does; so a row gets the same answer alone and among others.

    Parameters
    ----------
    data, columns : arrays of shape (cells,)
        Values, and the ascending columns of each row.
    starts : integer array of shape (m + 1,)
        Where the cells of each different row begin.
    width : int
    place : integer array of shape (n,) or None
        Which of the m rows each row is; None when every row stands for itself.
    products : dict or None
        For rows that are met again: their products by key (see `times`).

    Examples
    --------
    >>> rows = SparseRows(np.ones(2, np.float32), np.array([0, 2]), np.array([0, 2]), 3, np.array([0, 0]))
    >>> rows.toarray().tolist()
    [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    """

    data: NDArray[np.float32]
    columns: NDArray[np.int64]
    starts: NDArray[np.int64]
    width: int
    place: NDArray[np.int64] | None = None
    products: dict[Any, NDArray[Any]] | None = field(default=None, repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, with repetitions, and columns."""
        return len(self), self.width

    def __len__(self) -> int:
        return len(self.starts) - 1 if self.place is None else len(self.place)

    def repeated(self, place: NDArray[np.int64]) -> SparseRows:
        """Return rows of these: row i is row ``place[i]``."""
        return SparseRows(self.data, self.columns, self.starts, self.width, place)

    def cells(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return columns and values of one row."""
        row = row if self.place is None else int(self.place[row])
        span = slice(self.starts[row], self.starts[row + 1])
        return self.columns[span], self.data[span]

    def __matmul__(self, dense: NDArray[Any]) -> NDArray[Any]:
        sums = self._sums(dense) if len(self.starts) <= FEW + 1 else self._different() @ dense
        return np.asarray(self._all(sums))

    def times(self, key: Any, dense: NDArray[Any]) -> NDArray[Any]:
        """Return ``self @ dense``; rows that are met again remember it by `key`."""
        if self.products is None:
            return self @ dense
        if key not in self.products:
            self.products[key] = self @ dense
            self.products[key].flags.writeable = False
        return self.products[key]

    def _sums(self, dense: NDArray[Any]) -> NDArray[Any]:
        out = np.empty((len(self.starts) - 1, dense.shape[1]), np.result_type(self.data, dense))
        for row, (start, stop) in enumerate(pairwise(self.starts.tolist())):
            parts = self.data[start:stop, None] * dense[self.columns[start:stop]]
            np.add.reduce(parts, axis=0, out=out[row])
        return out

    def pick(self, position: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        """Return some columns, dense.

        Parameters
        ----------
        position : integer array of shape (width,)
            Where each column goes; -1 leaves it out.
        count : int
            Columns of the answer.
        """
        m = len(self.starts) - 1
        out = np.zeros((m, count), dtype=np.float32)
        to = position[self.columns]
        hit = to >= 0
        rows = np.repeat(np.arange(m), np.diff(self.starts))
        out[rows[hit], to[hit]] = self.data[hit]
        return np.asarray(self._all(out))

    def toarray(self) -> NDArray[np.float32]:
        """Return all cells, dense."""
        return self.pick(np.arange(self.width), self.width)

    def tocsr(self) -> Any:
        """Return a scipy CSR of all rows."""
        return self._all(self._different())

    def _different(self) -> Any:
        from scipy import sparse

        shape = len(self.starts) - 1, self.width
        most = max(len(self.data), *shape)  # liblinear takes no wider index, and half of the memory will do
        index = np.int32 if most < 2**31 else np.int64
        places = self.columns.astype(index), self.starts.astype(index)
        return sparse.csr_array((self.data, *places), shape=shape)

    def _all(self, different: Any) -> Any:
        return different if self.place is None else different[self.place]


def side_by_side(parts: Sequence[Any], n: int) -> SparseRows:
    """Put few rows, sparse and dense, side by side."""
    columns, data, starts = [np.empty(0, np.int64)], [np.empty(0, np.float32)], [0]
    for row in range(n):
        first = count = 0
        for part in parts:
            if isinstance(part, SparseRows):
                at, values = part.cells(row)
            else:
                whole = np.asarray(part[row], dtype=np.float32)
                at = np.flatnonzero(whole)
                values = whole[at]
            columns.append(at + first)
            data.append(values)
            first, count = first + part.shape[1], count + len(at)
        starts.append(starts[-1] + count)
    width = sum(part.shape[1] for part in parts)
    return SparseRows(np.concatenate(data), np.concatenate(columns), np.array(starts), width)

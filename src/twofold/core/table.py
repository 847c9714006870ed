"""The canonical table: one numpy array a column, the same in training and in serving."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """Columns in canonical form.

    ``number`` and ``date`` are float64 with NaN where missing (dates as seconds since 1970, UTC);
    ``category`` and ``text`` are object arrays of `str` with `None` where missing.

    Parameters
    ----------
    columns : mapping of str to array of shape (n_rows,)
    n_rows : int
    memo : dict or None
        What the steps of one answer share (see `once`); None while learning, where tables live long.

    Examples
    --------
    >>> table = Table({"age": np.array([31.0, 45.0])}, 2)
    >>> table.take(np.array([1])).columns["age"]
    array([45.])
    """

    columns: Mapping[str, NDArray[np.generic]]
    n_rows: int
    memo: dict[Hashable, Any] | None = field(default=None, repr=False, compare=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns; with a memo it is asked once for each key."""
        if self.memo is None:
            return make()
        if key not in self.memo:
            self.memo[key] = make()
        made: T = self.memo[key]
        return made

    def take(self, rows: NDArray[np.intp]) -> Table:
        """Return these rows (indices or a boolean mask) as a new table."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        n_rows = int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows)
        return Table(columns, n_rows, None if self.memo is None else {})

    def replace(self, name: str, values: NDArray[np.generic]) -> Table:
        """Return a copy in which one column has other values."""
        return Table({**self.columns, name: values}, self.n_rows, None if self.memo is None else {})

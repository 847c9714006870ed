"""The canonical table: one numpy array a column, the same in training and in serving."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
UNREADABLE, FEATURES = "unreadable", "features"
TOLD = 3
"""Cells that are named where some could not be read."""


@dataclass(frozen=True)
class Unreadable:
    """A picture, clip or series that could not be read, and counts as missing.

    Parameters
    ----------
    column : str
    row : int
        Its place in the table.
    name : str
        The file, or what came instead of one.
    reason : str
        What is wrong with it, and what would be allowed.
    """

    column: str
    row: int
    name: str
    reason: str


@dataclass(frozen=True)
class Table:
    """Columns in canonical form.

    ``number`` and ``date`` are float64 with NaN where missing (dates as seconds since 1970, UTC);
    ``category`` and ``text`` are object arrays of `str` with `None` where missing. ``image``, ``audio`` and
    ``series`` are object arrays whose cells are `str` (the path of a file), `bytes` (an encoded file, or an
    array in the ``.npy`` form), or `None` where missing; steps read them when they need them.

    Parameters
    ----------
    columns : mapping of str to array of shape (n_rows,)
    n_rows : int
    memo : dict or None
        What the steps of one answer share (see `once`); None while learning, where tables live long.
    known : mapping of (column, key) to array of shape (n_rows, d)
        What extractors have made of these rows before, by the column they read and the key of the step (see
        `twofold.steps.extraction`).

    Examples
    --------
    >>> table = Table({"age": np.array([31.0, 45.0])}, 2)
    >>> table.take(np.array([1])).columns["age"]
    array([45.])
    """

    columns: Mapping[str, NDArray[np.generic]]
    n_rows: int
    memo: dict[Hashable, Any] | None = field(default=None, repr=False, compare=False)
    known: Mapping[tuple[str, str], NDArray[np.float32]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns; with a memo it is asked once for each key."""
        if self.memo is None:
            return make()
        if key not in self.memo:
            self.memo[key] = make()
        made: T = self.memo[key]
        return made

    def features(self, column: str, key: str, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return what an extractor makes of the rows; with a memo never again, not even for some of them."""
        if self.memo is None:
            return make()
        made: dict[tuple[str, str], NDArray[np.float32]] = self.memo.setdefault(FEATURES, {})
        if (column, key) not in made:
            made[column, key] = make()
        return made[column, key]

    def complain(self, problem: Unreadable) -> None:
        """Note that a cell could not be read; tables without a memo keep no notes."""
        if self.memo is not None:
            self.memo.setdefault(UNREADABLE, {})[problem.column, problem.row] = problem

    def complain_of(self, part: Table, rows: NDArray[np.intp]) -> None:
        """Note what could not be read in a part of this table, whose rows these are."""
        for problem in part.complaints:
            self.complain(replace(problem, row=int(rows[problem.row])))

    @property
    def complaints(self) -> tuple[Unreadable, ...]:
        """The cells that could not be read, one entry each."""
        return tuple((self.memo or {}).get(UNREADABLE, {}).values())

    def take(self, rows: NDArray[np.intp]) -> Table:
        """Return these rows (indices or a boolean mask) as a new table."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        n_rows = int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows)
        known = {key: values[rows] for key, values in self.known.items()}
        memo: dict[Hashable, Any] | None = None
        if self.memo is not None:
            memo = {FEATURES: {key: made[rows] for key, made in self.memo.get(FEATURES, {}).items()}}
        return Table(columns, n_rows, memo, known)

    def joined(self, other: Table) -> Table:
        """Return the rows of both, one behind the other; nothing is known of them."""
        columns = {
            name: np.concatenate([values, other.columns[name]]) for name, values in self.columns.items()
        }
        return Table(columns, self.n_rows + other.n_rows)

    def replace(self, name: str, values: NDArray[np.generic]) -> Table:
        """Return a copy in which one column has other values; what was known of that column is forgotten."""
        known = {key: made for key, made in self.known.items() if key[0] != name}
        columns = {**self.columns, name: values}
        return Table(columns, self.n_rows, None if self.memo is None else {}, known)

    def shuffled(self, name: str, order: NDArray[np.intp]) -> Table:
        """Return a copy in which one column, and what is known of it, has its rows in another order."""
        known = {key: made[order] if key[0] == name else made for key, made in self.known.items()}
        columns = {**self.columns, name: self.columns[name][order]}
        return Table(columns, self.n_rows, None if self.memo is None else {}, known)

    def without(self, name: str, rows: NDArray[np.intp]) -> Table:
        """Return a copy in which some cells of a column are missing."""
        values: NDArray[Any] = self.columns[name].copy()
        values[rows] = None if values.dtype == object else np.nan
        known = dict(self.known)
        for key, made in self.known.items():
            if key[0] == name:
                known[key] = np.array(made)
                known[key][rows] = np.nan
        return Table({**self.columns, name: values}, self.n_rows, None if self.memo is None else {}, known)


def told_unreadable(cells: Iterable[Unreadable], n_rows: int) -> list[str]:
    """Return a sentence for each column with cells that could not be read, naming the first ones.

    Examples
    --------
    >>> told_unreadable([Unreadable("photo", 4, "a.png", "it is empty")], 20)
    ["1 of 20 cells of 'photo' could not be read and count as missing: a.png (it is empty)."]
    """
    found: dict[str, list[Unreadable]] = {}
    for cell in sorted(cells, key=lambda cell: cell.row):
        found.setdefault(cell.column, []).append(cell)
    told = []
    for column, those in found.items():
        first = ", ".join(f"{cell.name} ({cell.reason})" for cell in those[:TOLD])
        more = ", ..." if len(those) > TOLD else ""
        told.append(
            f"{len(those):,} of {n_rows:,} cells of '{column}' could not be read and count as missing: "
            f"{first}{more}."
        )
    return told

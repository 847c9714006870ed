"""What somebody has had so far, as one row of a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.base import Step


@dataclass(frozen=True)
class Histories(Step):
    """Read a text column of item names, oldest first, into CSR of shape (n, m).

    An entry is the item's place counted from the newest, which is 1; so the positive entries are the history,
    and those up to k its last k items. Names that are not known are left out, as are repetitions but the
    newest.

    Parameters
    ----------
    column : str
    separator : str
        Between two names; no name holds it.
    items : str array of shape (m,)

    Examples
    --------
    >>> step = Histories("history", ",", np.array(["a", "b", "c"]))
    >>> step.run(Table({"history": np.array(["c,a", None], dtype=object)}, 2)).toarray().tolist()
    [[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    >>> step.unknown("c,x,a")
    1
    """

    kind = "histories"
    column: str
    separator: str
    items: NDArray[np.str_]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.items.tolist())}

    def names(self, cell: str | None) -> list[str]:
        """Return the names in a cell, oldest first."""
        parts = (part.strip() for part in (cell or "").split(self.separator))
        return [part for part in parts if part]

    def unknown(self, cell: str | None) -> int:
        """Count the names in a cell that are not known."""
        return sum(name not in self._place for name in self.names(cell))

    def run(self, *inputs: Any) -> Any:
        from scipy import sparse

        table: Table = inputs[0]
        starts: list[int] = [0]
        found: list[int] = []
        places: list[int] = []
        for cell in table.columns[self.column].tolist():
            codes = [self._place[name] for name in self.names(cell) if name in self._place]
            newest = list(dict.fromkeys(reversed(codes)))
            found += newest
            places += range(1, len(newest) + 1)
            starts.append(len(found))
        values = np.array(places, dtype=np.float32), np.array(found, dtype=np.int64), np.array(starts)
        return sparse.csr_array(values, shape=(table.n_rows, len(self.items)))


def newest(history: Any, most: int) -> Any:
    """Return ones at the last `most` items of each history, as CSR.

    Parameters
    ----------
    history : CSR of shape (n, m)
        As `Histories` gives it.
    most : int
    """
    kept = history.copy()
    kept.data = (kept.data <= most).astype(np.float32)
    return kept

"""A table with its target, ready to learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.schema import Schema
from twofold.core.table import Table


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know.

    Parameters
    ----------
    code : str
        ``duplicates``, ``id_column``, ``leak``, ``group_column``, ``time_order``, ``imbalance``,
        ``missing_target``, ``constant``, ...
    sentence : str
        What was found and what to do about it.
    columns : tuple of str
        The columns concerned.
    """

    code: str
    sentence: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """Rows with a known target.

    Parameters
    ----------
    table : Table
        The used columns, canonical.
    schema : Schema
    task : str
    target : str
    y : int64 class codes or float64 values of shape (n,)
    classes : tuple
        Original labels (plain Python values) in code order; empty for regression.
    weight : float64 array of shape (n,) or None
    groups : int64 codes of shape (n,) or None
        Rows of one group stay in one fold.
    time : float64 array of shape (n,) or None
        Later rows are never used to score earlier ones.
    findings : tuple of Finding
    """

    table: Table
    schema: Schema
    task: str
    target: str
    y: NDArray[Any]
    classes: tuple[Any, ...] = ()
    weight: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    time: NDArray[np.float64] | None = None
    findings: tuple[Finding, ...] = ()

    def take(self, rows: NDArray[np.intp]) -> Dataset:
        """Return these rows (indices) as a data set of their own."""
        return replace(
            self,
            table=self.table.take(rows),
            y=self.y[rows],
            weight=None if self.weight is None else self.weight[rows],
            groups=None if self.groups is None else self.groups[rows],
            time=None if self.time is None else self.time[rows],
        )

"""A table of which only some rows have a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.errors import InputError, TargetError
from twofold.core.schema import Schema
from twofold.data.canonical import table_of
from twofold.data.dataset import Dataset
from twofold.data.infer import infer_schema
from twofold.data.target import make_dataset, missing_targets, refuse_infinite
from twofold.steps.conform import as_array

UNKNOWN = -1
"""Stands for the class of a row that has none."""


@dataclass(frozen=True)
class PartlyLabelled:
    """All rows of a table; those without a target wait for one.

    Parameters
    ----------
    dataset : Dataset
        All rows; `y` is -1 (classes) or NaN (values) where it is not known.
    labelled, unlabelled : integer arrays
        Places of the rows with a target and of those without.
    """

    dataset: Dataset
    labelled: NDArray[np.intp]
    unlabelled: NDArray[np.intp]

    @property
    def known(self) -> Dataset:
        """The rows with a target alone."""
        return self.dataset.take(self.labelled)

    def seen_as(self, dataset: Dataset) -> PartlyLabelled:
        """Return the same division of another form of the rows."""
        return replace(self, dataset=dataset)

    def demand_unlabelled(self) -> None:
        """Insist on rows without a target.

        Raises
        ------
        InputError
            When every row has one.
        """
        if not len(self.unlabelled):
            raise InputError(
                f"Every row has a value of '{self.dataset.target}'.",
                "Rows that wait for a label have an empty cell there.",
                "Add such rows to the table.",
            )


def partly_labelled(
    frame: pd.DataFrame,
    target: str,
    *,
    task: str | None = None,
    declared: Mapping[str, str] | Schema | None = None,
) -> PartlyLabelled:
    """Divide the rows of a frame into those with a target and those without.

    What the columns are is told from all rows: a few labelled ones may look constant, or like keys.

    Parameters
    ----------
    frame : pandas.DataFrame
    target : str
    task, declared
        As of `twofold.data.target.dataset_from_frame`.

    Raises
    ------
    TargetError
        When the target is not a column, or too few rows have one.

    Examples
    --------
    >>> frame = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.5], "sold": ["yes", None, "no", None]})
    >>> data = partly_labelled(frame, "sold")
    >>> data.labelled.tolist(), data.dataset.y.tolist()
    ([0, 2], [1, -1, 0, -1])
    """
    demand_column(frame, target)
    values = as_array(frame[target])
    known = ~missing_targets(values)
    if values.dtype.kind == "f" and _whole(values[known]):
        values = np.where(known, values, 0).astype(np.int64)  # whole numbers with gaps are read as floats
    return divided(frame.drop(columns=target), values, known, name=target, task=task, declared=declared)


def _whole(values: NDArray[np.floating[Any]]) -> bool:
    """Tell whether floats are whole numbers, none of them too large to be told from its neighbours."""
    return bool(((values == np.floor(values)) & (np.abs(values) < 2**53)).all())


def divided(
    X: pd.DataFrame,
    values: NDArray[Any],
    known: NDArray[np.bool_],
    *,
    name: str = "target",
    task: str | None = None,
    declared: Mapping[str, str] | Schema | None = None,
) -> PartlyLabelled:
    """Put columns and a target together of which only some values are known.

    Parameters
    ----------
    X : pandas.DataFrame of n rows
    values : array of shape (n,)
    known : bool array of shape (n,)
        The other values are not looked at.
    name, task, declared
        As of `twofold.data.target.make_dataset`.
    """
    schema = infer_schema(X, declared)
    refuse_infinite(X, schema)
    labelled = make_dataset(X[known], values[known], name=name, task=task, declared=schema)
    y = np.full(len(X), UNKNOWN if labelled.classes else np.nan, dtype=labelled.y.dtype)
    y[known] = labelled.y
    whole = replace(labelled, table=table_of(X, schema), schema=schema, y=y)
    return PartlyLabelled(whole, np.flatnonzero(known), np.flatnonzero(~known))


def demand_column(frame: pd.DataFrame, target: str) -> None:
    """Insist on a target among the columns.

    Raises
    ------
    TargetError
        When it is not there.
    """
    if target not in frame.columns:
        raise TargetError(
            f"There is no column '{target}' to be the target.",
            f"The columns are: {', '.join(map(str, list(frame.columns)[:30]))}.",
            "Check the spelling.",
        )

"""A table without a target."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from twofold.core.errors import InputError
from twofold.data.canonical import table_of
from twofold.data.dataset import Dataset
from twofold.data.infer import infer_schema
from twofold.data.target import refuse_infinite

FEWEST = 20
"""Rows without which nothing is said."""


def unlabelled_rows(
    frame: pd.DataFrame, leave_out: Collection[str] = (), declared: Mapping[str, str] | None = None
) -> Dataset:
    """Make a data set of columns alone; its target is zero everywhere and is never looked at.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
    leave_out : collection of str
        Columns that are not looked at: labels that are kept for judging, keys.
    declared : mapping of str to str or None
        Kinds of columns that the user knows better.

    Raises
    ------
    InputError
        When a column to be left out is not there, when none is left, when numbers are infinite, or when there
        are too few rows.

    Examples
    --------
    >>> rows = unlabelled_rows(pd.DataFrame({"size": [n / 7 for n in range(30)], "name": ["a"] * 30}))
    >>> [column.name for column in rows.schema.used]
    ['size']
    """
    lost = [name for name in leave_out if name not in frame.columns]
    if lost:
        raise InputError(
            f"There is no column '{lost[0]}' to be left out.",
            f"The columns are: {', '.join(map(str, list(frame.columns)[:30]))}.",
            "Check the spelling.",
        )
    if len(frame) < FEWEST:
        raise InputError(
            f"The table has {len(frame)} rows.",
            f"At least {FEWEST} are needed, and some hundred to say anything.",
            "Get more rows.",
        )
    X = frame.drop(columns=list(leave_out))
    schema = infer_schema(X, declared)
    refuse_infinite(X, schema)
    if not schema.used:
        raise InputError(
            "No column tells anything: all are constant, empty or keys.",
            "At least one column has to differ between rows and not be a key.",
            "Give other columns, or declare their kinds.",
        )
    return Dataset(table_of(X, schema), schema, "regression", "", np.zeros(len(X)))

"""Rows without a target: read, and encoded, for what learns from the columns alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.core.errors import InputError
from twofold.data.dataset import Dataset
from twofold.data.infer import infer_schema
from twofold.data.media_files import whole_paths
from twofold.features.encoded import Encoded
from twofold.features.reading import Reading
from twofold.steps.base import FEATURES, Graph, Node
from twofold.steps.conform import columns_of, conform
from twofold.steps.numbers import Pick
from twofold.workflow.views import encode

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
        When a column to be left out is not there, when none is left, or when there are too few rows.

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
    if not schema.used:
        raise InputError(
            "No column tells anything: all are constant, empty or keys.",
            "At least one column has to differ between rows and not be a key.",
            "Give other columns, or declare their kinds.",
        )
    table = whole_paths(conform(columns_of(X, schema.names), schema), schema)
    return Dataset(table, schema, "regression", "", np.zeros(len(X)))


def encode_unlabelled(
    dataset: Dataset, rows: NDArray[np.intp] | None, seed: int, reads: tuple[str, ...] = ()
) -> Encoded:
    """Encode rows as networks see them, without a look at any target and without constant columns.

    Parameters
    ----------
    dataset : Dataset
        As `unlabelled_rows` makes it, or any other: its targets are not used.
    rows : integer array or None
        To learn the encoding from; None for all.
    seed : int
    reads : tuple of str
        Extractors for text, pictures, clips and series.

    Returns
    -------
    Encoded
    """
    table = dataset.table if rows is None else dataset.table.take(rows)
    nothing = np.zeros(table.n_rows)
    problem = Problem("regression")
    encoded = encode("network", table, dataset.schema, nothing, problem, seed=seed, reading=Reading(reads))
    return _without_constants(encoded)


def _without_constants(encoded: Encoded) -> Encoded:
    """Leave out what is the same in every row, as statistics of a target that there is not are."""
    X = np.asarray(encoded.matrix)
    before = width_before_codes(encoded)
    kept = X.min(axis=0) < X.max(axis=0)
    kept[before:] = True
    if kept.all() or not kept.any():
        return encoded
    places = np.flatnonzero(kept)
    *nodes, last = encoded.graph.nodes
    everything = replace(last, output="all " + FEATURES)
    pick = Node(Pick(places.astype(np.int64)), (everything.output,), FEATURES)
    return replace(
        encoded,
        graph=Graph((*nodes, everything, pick)),
        matrix=X[:, places],
        names=tuple(encoded.names[place] for place in places),
        origins=tuple(encoded.origins[place] for place in places),
        plain=int(kept[before - encoded.plain : before].sum()),
    )


def width_before_codes(encoded: Encoded) -> int:
    """Return how many columns stand before the codes: those between which a distance makes sense."""
    return int(encoded.matrix.shape[1]) - len(encoded.categories)

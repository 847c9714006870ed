"""Real rows, some of them spoilt, on which a lowered graph must answer like the model it came from."""

from __future__ import annotations

import numpy as np

from twofold.core.random import make_generator
from twofold.core.schema import READ
from twofold.core.table import Table
from twofold.data.dataset import Dataset

MAX_ROWS = 2_000
SPOILT = 0.1
"""Share of the rows in which one cell becomes missing, never seen or extreme."""


def make_check_table(dataset: Dataset, seed: int) -> Table:
    """Draw up to 2,000 rows of the data set and spoil some of their cells.

    The rows depend on the data and the seed only, so that every model of a run is asked the same; they
    come from all rows because agreement, not accuracy, is checked. What extractors read is known for the rows
    as they are: text, pictures, clips and series are only made missing.
    """
    generator = make_generator(seed, "check")
    n = len(dataset.y)
    rows = np.sort(generator.choice(n, size=min(n, MAX_ROWS), replace=False))
    table = dataset.table.take(rows)
    for name, values in table.columns.items():
        spoilt = np.flatnonzero(generator.random(len(rows)) < SPOILT)
        kinds = generator.integers(0, 3, size=len(spoilt))
        if dataset.schema[name].kind in READ:
            table = table.without(name, spoilt)
            continue
        column = values.copy()
        if column.dtype == object:
            column[spoilt] = np.array([None, "a value never seen before", ""], dtype=object)[kinds]
        else:
            column[spoilt] = np.array([np.nan, 1e12, -1e12])[kinds]
        table = table.replace(name, column)
    return table

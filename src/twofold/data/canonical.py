"""A frame in canonical form."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.data.media_files import whole_paths
from twofold.steps.conform import columns_of, conform


def table_of(frame: pd.DataFrame, schema: Schema) -> Table:
    """Return the used columns of a frame as its schema wants them, its files named from the root.

    Examples
    --------
    >>> from twofold.data.infer import infer_schema
    >>> frame = pd.DataFrame({"size": ["1.5", "2", None]})
    >>> table_of(frame, infer_schema(frame)).columns["size"].tolist()
    [1.5, 2.0, nan]
    """
    table = whole_paths(conform(columns_of(frame, schema.names), schema), schema)
    return replace(table, n_rows=len(frame))

"""What a schema cannot read in new data: taken as missing, but not in silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from twofold.core.schema import Schema
from twofold.steps.conform import as_array, convert, to_text

EXPECTED = {"number": "finite number", "date": "date"}


@dataclass(frozen=True)
class Unread:
    """Values of one column that were taken as missing.

    Parameters
    ----------
    column : str
    kind : str
    count : int
    example : str
    """

    column: str
    kind: str
    count: int
    example: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        shown = self.example if len(self.example) <= 40 else self.example[:40] + "..."
        return (
            f"{self.count:,} value(s) of '{self.column}' are no {EXPECTED[self.kind]} and were taken as "
            f"missing, such as '{shown}'."
        )


def find_unread(frame: pd.DataFrame, schema: Schema) -> tuple[Unread, ...]:
    """Return the columns with values that are there and yet cannot be read as the schema wants them.

    Examples
    --------
    >>> from twofold.core.schema import Column
    >>> frame = pd.DataFrame({"age": ["31", "?", "old"]})
    >>> find_unread(frame, Schema((Column("age", "number"),)))[0].count
    1
    """
    found = (
        _unread(as_array(frame[c.name]), c) for c in schema.used if c.kind in EXPECTED and c.name in frame
    )
    return tuple(one for one in found if one is not None)


def _unread(values: Any, column: Any) -> Unread | None:
    lost = np.flatnonzero(np.isnan(convert(values, column)))
    words = [word for word in to_text(values[lost]).tolist() if word is not None]
    return Unread(column.name, column.kind, len(words), words[0]) if words else None

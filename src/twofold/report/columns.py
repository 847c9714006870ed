"""What was read in each column, what was found in the data, and which columns the model leans on."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from twofold.core.schema import Column
from twofold.evaluate.records import Interval
from twofold.report.number_format import between, decimals_for, decimals_of_size, number, share
from twofold.report.plot import Tick, Whisker, fit_scale, whisker
from twofold.search.result import Result

MOST_COLUMNS = 300
"""A table of more columns would only weigh; the summary still counts them."""
MOST_IMPORTANCES = 20

_PLURALS = {
    "number": "numbers",
    "category": "categories",
    "date": "dates",
    "text": "texts",
    "image": "images",
    "audio": "clips",
    "series": "series",
    "id": "ids",
}


@dataclass(frozen=True)
class ColumnLine:
    """A column with its figures as text."""

    column: Column
    missing: str
    unique: str


@dataclass(frozen=True)
class ColumnTable:
    """The columns, and one sentence about them."""

    lines: tuple[ColumnLine, ...]
    summary: str


def column_table(result: Result) -> ColumnTable:
    """Describe every column: what it was taken for and why, and why some are left out."""
    columns = result.schema.columns
    kinds = Counter(column.kind for column in result.schema.used)
    parts = [f"{n:,} {_PLURALS[kind] if n > 1 else kind}" for kind, n in kinds.most_common()]
    left_out = len(columns) - len(result.schema.used)
    summary = f"{len(columns):,} columns came in; the models see {', '.join(parts) or 'none of them'}."
    if left_out:
        summary += f" {left_out:,} {'is' if left_out == 1 else 'are'} left out."
    if len(columns) > MOST_COLUMNS:
        summary += f" The first {MOST_COLUMNS} are listed."
    lines = tuple(
        ColumnLine(column, share(column.missing), f"{column.unique:,}") for column in columns[:MOST_COLUMNS]
    )
    return ColumnTable(lines, summary)


@dataclass(frozen=True)
class ImportanceLine:
    """What shuffling one column costs."""

    column: str
    kind: str
    text: str
    between: str
    whisker: Whisker
    matters: bool


@dataclass(frozen=True)
class ImportancePicture:
    """The columns that matter most, on one axis."""

    lines: tuple[ImportanceLine, ...]
    zero: float
    ticks: tuple[Tick, ...]
    others: int


def importance_picture(result: Result) -> ImportancePicture | None:
    """Lay out the losses; None when they were not computed."""
    if not result.importances:
        return None
    shown = result.importances[:MOST_IMPORTANCES]
    scale = fit_scale([0.0, *(end for entry in shown for end in (entry.low, entry.high))], pad=0.03)
    narrow = decimals_for(min((e.high - e.low) / 2 for e in shown[:3]))
    decimals = max(narrow, decimals_of_size(shown[0].loss))
    kinds = {str(column.name): column.kind for column in result.schema.columns}
    lines = []
    for entry in shown:
        value = Interval(entry.loss, entry.low, entry.high)
        lines.append(
            ImportanceLine(
                entry.column,
                kinds.get(entry.column, ""),
                number(entry.loss, decimals, signed=True),
                between(value, decimals, signed=True) if math.isfinite(value.high) else "",
                whisker(value, scale),
                entry.low > 0,
            )
        )
    others = len(result.importances) - len(shown)
    return ImportancePicture(tuple(lines), scale.at(0.0), scale.ticks(4), others)

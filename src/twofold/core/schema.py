"""What each column is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from twofold.core.errors import SchemaError

Kind = Literal["number", "category", "date", "text", "image", "audio", "series", "id"]
KINDS: tuple[str, ...] = get_args(Kind)
MEDIA = frozenset({"image", "audio", "series"})
"""Kinds whose cells stay as they are until a step reads them."""
READ = MEDIA | {"text"}
"""Kinds that extractors read."""


@dataclass(frozen=True)
class Column:
    """One column of the user's table.

    Parameters
    ----------
    name : str
        Its name in the user's frame.
    kind : Kind
        What the values mean.
    reason : str
        Why this kind was inferred, in words for a person; "declared" when the user said so.
    unused : str
        Why the column is left out of every model (constant, duplicate of another, an id, all missing);
        empty when it is used.
    format : str
        How strings are turned into values: for numbers ``"thousands,"`` (1,234.5), ``"thousands."``
        (1.234,5) or ``"percent"``; for dates a `strptime` pattern or ``"iso"``. Empty when the values
        already have their type.
    missing : float
        Share of missing values, 0 to 1.
    unique : int
        Number of different values seen.
    """

    name: str
    kind: Kind
    reason: str = ""
    unused: str = ""
    format: str = ""
    missing: float = 0.0
    unique: int = 0


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in the user's order, without the target."""

    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(
            f"There is no column '{name}'.",
            f"The table has: {', '.join(self.names)}.",
            "Check the spelling.",
        )

    @property
    def names(self) -> tuple[str, ...]:
        """All column names, used or not."""
        return tuple(column.name for column in self.columns)

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that models see."""
        return tuple(column for column in self.columns if not column.unused)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Return the names of the used columns of these kinds."""
        return tuple(column.name for column in self.used if column.kind in kinds)

    def without(self, kinds: Collection[str]) -> Schema:
        """Return the schema in which columns of these kinds are not used."""
        return Schema(
            tuple(
                replace(column, unused="left out") if column.kind in kinds else column
                for column in self.columns
            )
        )

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data for a manifest."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]]) -> Schema:
        """Read what `to_json` wrote."""
        return cls(tuple(Column(**entry) for entry in data))

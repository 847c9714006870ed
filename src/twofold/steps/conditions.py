"""What a rule may ask of a column: ranges, membership, words, whether a value is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.base import Step
from twofold.steps.strings import different

Test = Literal["range", "among", "contains", "word", "missing"]


@dataclass(frozen=True, eq=False)  # arrays have no equality of one answer: the key has
class Condition(Step):
    """Ask one thing of one column; conditions that ask the same are equal.

    A value that is missing fulfils nothing but ``missing``; a negated condition holds wherever the plain one
    does not, missing values included.

    Parameters
    ----------
    column : str
    test : Test
        ``range`` and ``among`` of numbers and dates (seconds since 1970), ``among``, ``contains`` and
        ``word`` of strings, ``missing`` of everything.
    numbers : float array
        Of a range: lowest, highest, and for each 1 where it belongs to the range. Of ``among``: the values.
    words : tuple of str
        One of them has to be there; capitals count for ``among`` alone.
    negated : bool

    Examples
    --------
    >>> table = Table({"age": np.array([17.0, 18.0, np.nan])}, 3)
    >>> young = Condition("age", "range", np.array([-np.inf, 18.0, 0.0, 0.0]), (), False)
    >>> young.run(table).tolist()
    [True, False, False]
    """

    kind = "condition"
    column: str
    test: Test
    numbers: NDArray[np.float64]
    words: tuple[str, ...]
    negated: bool

    def run(self, *inputs: Any) -> NDArray[np.bool_]:
        (table,) = inputs
        holds = self._holds(table)
        return ~holds if self.negated else holds

    def _holds(self, table: Table) -> NDArray[np.bool_]:
        values = table.columns[self.column]
        if values.dtype == object:
            if self.test == "missing":
                return np.asarray(values == None, dtype=bool)  # noqa: E711 - cell by cell
            found = different(table, self.column)
            said = np.fromiter(map(self._speaks_of, found.values), bool, len(found.values))
            return said if found.place is None else said[found.place]
        if self.test == "missing":
            return np.isnan(np.asarray(values, dtype=np.float64))
        if self.test == "among":
            return np.isin(values, self.numbers)
        low, high, with_low, with_high = self.numbers.tolist()
        above = values >= low if with_low else values > low
        below = values <= high if with_high else values < high
        return np.asarray(above & below)

    def _speaks_of(self, word: str | None) -> bool:
        if word is None:
            return False
        return word in self._words if self.test == "among" else self._pattern.search(word) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return self.column, self.test, self.words, self.negated, *self.numbers.tolist()

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(self.words)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        either = "|".join(map(re.escape, self.words))
        whole = rf"(?<!\w)(?:{either})(?!\w)" if self.test == "word" else either
        return re.compile(whole, re.IGNORECASE)

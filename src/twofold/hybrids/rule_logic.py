"""What follows from rules without looking at rows: which cannot fire, and which are never heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from twofold.core.schema import Schema
from twofold.steps.conditions import Condition
from twofold.steps.rules import Rule

SIGNS = {"contains": "contains", "word": "has the word", "among": "is"}


@dataclass(frozen=True)
class _Extent:
    """The values of one column that all of some conditions allow.

    Parameters
    ----------
    low, high : tuple (bound, kind)
        Smallest and largest number; ``(x, 1)`` as a lowest and ``(x, -1)`` as a highest one leave x out.
    only : frozenset or None
        The only values allowed; None where there is no list.
    but : frozenset
        Values that are left out.
    missing, present : bool
        Whether the value may be missing, and whether it may be there.
    other : frozenset
        Conditions that are compared by their words alone.
    """

    low: tuple[float, int] = (-np.inf, 0)
    high: tuple[float, int] = (np.inf, 0)
    only: frozenset[Any] | None = None
    but: frozenset[Any] = frozenset()
    missing: bool = True
    present: bool = True
    other: frozenset[Any] = frozenset()

    def also(self, condition: Condition) -> _Extent:
        """Return what is left once one more condition has to hold."""
        if condition.test == "missing":
            return replace(self, missing=False) if condition.negated else replace(self, present=False)
        values = frozenset(condition.words or condition.numbers.tolist())
        if condition.negated:
            if condition.test == "among":
                return replace(self, but=self.but | values)
            return replace(self, other=self.other | {_key(condition)})
        there = replace(self, missing=False)
        if condition.test == "among":
            return replace(there, only=values if self.only is None else self.only & values)
        if condition.test == "range":
            low, high, with_low, with_high = condition.numbers.tolist()
            return replace(
                there,
                low=max(self.low, (low, 0 if with_low else 1)),
                high=min(self.high, (high, 0 if with_high else -1)),
            )
        return replace(there, other=self.other | {_key(condition)})

    def listed(self) -> frozenset[Any] | None:
        """Return the values that are left of a list; None where there is no list."""
        if self.only is None:
            return None
        return frozenset(value for value in self.only - self.but if self._inside(value))

    def _inside(self, value: Any) -> bool:
        return isinstance(value, str) or self.low <= (value, 0) <= self.high

    def empty(self) -> bool:
        """Whether no value is left, nor a missing one."""
        present = self.present and self.low <= self.high and self.listed() != frozenset()
        return not present and not self.missing

    def within(self, other: _Extent) -> bool:
        """Whether every value allowed here is allowed there, as far as the words tell."""
        if self.missing and not other.missing:
            return False
        if not self.present:
            return True
        if not other.present or not other.other <= self.other:
            return False
        mine, theirs = self.listed(), other.listed()
        if mine is not None:
            return all(other._inside(value) and value not in other.but for value in mine) and (
                theirs is None or mine <= theirs
            )
        bounded = self.low >= other.low and self.high <= other.high
        return theirs is None and bounded and other.but <= self.but


def _key(condition: Condition) -> Any:
    return condition.test, condition.words, tuple(condition.numbers.tolist()), condition.negated


def _extents(rule: Rule) -> dict[str, _Extent]:
    extents: dict[str, _Extent] = {}
    for condition in rule.when:
        extents[condition.column] = extents.get(condition.column, _Extent()).also(condition)
    return extents


def contradiction(rule: Rule) -> str:
    """Return the column whose conditions no value fulfils; nothing when there is none.

    Examples
    --------
    >>> low = Condition("age", "range", np.array([-np.inf, 18, 0, 0]), (), False)
    >>> high = Condition("age", "range", np.array([65, np.inf, 0, 0]), (), False)
    >>> contradiction(Rule("both", "", "override", 0, 1.0, 0, (low, high)))
    'age'
    """
    return next((column for column, extent in _extents(rule).items() if extent.empty()), "")


def covers(wide: Rule, narrow: Rule) -> bool:
    """Whether one rule fires wherever another does, as far as their words tell."""
    inside, outside = _extents(narrow), _extents(wide)
    return all(column in inside and inside[column].within(extent) for column, extent in outside.items())


def shadows(heard: Sequence[tuple[int, Rule]]) -> list[tuple[int, int]]:
    """Return which rules are never heard, and the earlier one that always decides before them.

    Parameters
    ----------
    heard : sequence of (place, rule)
        Rules of which the first one decides (routes, or overrides), in the order in which they are heard.
    """
    found = []
    for later, (place, rule) in enumerate(heard):
        before = next((other for other, wide in heard[:later] if covers(wide, rule)), None)
        if before is not None:
            found.append((place, before))
    return found


def number_text(value: float) -> str:
    """Write a number as short as it can be read back.

    Examples
    --------
    >>> number_text(18.0), number_text(0.1)
    ('18', '0.1')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def date_text(seconds: float) -> str:
    """Write a moment, UTC; midnight as a day."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.date().isoformat() if seconds % 86_400 == 0 else moment.isoformat()


def told(condition: Condition, kind: str) -> str:
    """Say a condition in words; `kind` is that of its column.

    Examples
    --------
    >>> told(Condition("age", "range", np.array([18, 65, 1, 0]), (), False), "number")
    '18 <= age < 65'
    """
    write = date_text if kind == "date" else number_text
    name = condition.column
    if condition.test == "missing":
        return f"{name} is {'there' if condition.negated else 'missing'}"
    if condition.test == "range":
        low, high, with_low, with_high = condition.numbers.tolist()
        text = f"{name} {'<=' if with_high else '<'} {write(high)}" if high < np.inf else name
        if low > -np.inf:
            sign = ("<=", "<") if high < np.inf else (">=", ">")
            bound, mark = write(low), sign[0 if with_low else 1]
            text = f"{bound} {mark} {text}" if high < np.inf else f"{name} {mark} {bound}"
    else:
        values = condition.words or [write(value) for value in condition.numbers.tolist()]
        text = f"{name} {SIGNS[condition.test]} {' or '.join(values)}"
    return f"not ({text})" if condition.negated else text


def rule_told(rule: Rule, schema: Schema) -> str:
    """Say the conditions of a rule in words."""
    return " and ".join(told(condition, schema[condition.column].kind) for condition in rule.when)


def simpler(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions in which the ranges of a column are one, and what says nothing new is left out."""
    kept: list[Condition] = []
    ranges: dict[str, int] = {}
    for condition in conditions:
        plain = condition.test == "range" and not condition.negated
        if plain and condition.column in ranges:
            place = ranges[condition.column]
            kept[place] = _both(kept[place], condition)
            continue
        if plain:
            ranges[condition.column] = len(kept)
        if all(_same(condition, other) is False for other in kept):
            kept.append(condition)
    return tuple(kept)


def _both(a: Condition, b: Condition) -> Condition:
    (low_a, high_a, wl_a, wh_a), (low_b, high_b, wl_b, wh_b) = a.numbers.tolist(), b.numbers.tolist()
    low, without = max((low_a, 1 - wl_a), (low_b, 1 - wl_b))
    high, with_high = min((high_a, wh_a), (high_b, wh_b))
    return replace(a, numbers=np.array([low, high, 1 - without, with_high]))


def _same(a: Condition, b: Condition) -> bool:
    return a.column == b.column and _key(a) == _key(b)

"""What follows from rules without looking at rows: which cannot fire, and which are never heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twofold.steps.conditions import Condition
from twofold.steps.rules import Rule


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
            return replace(self, other=self.other | {condition})
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
        return replace(there, other=self.other | {condition})

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


def shadows(
    heard: Sequence[tuple[int, Rule]], silences: Callable[[Rule, Rule], bool]
) -> list[tuple[int, int]]:
    """Return pairs of an earlier rule and a later one that is never heard because of it.

    Parameters
    ----------
    heard : sequence of (place, rule)
        In the order in which they are heard.
    silences : function (earlier, later) -> bool
        Whether a rule cannot be heard where the earlier one was.
    """
    found, loud = [], list[tuple[int, Rule, dict[str, _Extent]]]()
    for place, rule in heard:
        narrow = _extents(rule)
        before = next(
            (other for other, first, wide in loud if silences(first, rule) and _covers(wide, narrow)), None
        )
        if before is None:
            loud.append((place, rule, narrow))
        else:
            found.append((before, place))
    return found


def _covers(wide: dict[str, _Extent], narrow: dict[str, _Extent]) -> bool:
    """Whether one rule fires wherever another does."""
    return all(column in narrow and narrow[column].within(extent) for column, extent in wide.items())


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
        if condition not in kept:
            kept.append(condition)
    return tuple(kept)


def _both(a: Condition, b: Condition) -> Condition:
    (low_a, high_a, wl_a, wh_a), (low_b, high_b, wl_b, wh_b) = a.numbers.tolist(), b.numbers.tolist()
    low, without = max((low_a, 1 - wl_a), (low_b, 1 - wl_b))
    high, with_high = min((high_a, wh_a), (high_b, wh_b))
    return replace(a, numbers=np.array([low, high, 1 - without, with_high]))

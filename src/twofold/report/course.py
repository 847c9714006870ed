"""How the run went: what was tried, stopped or failed, where the time went, and how to repeat it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twofold.evaluate.records import Row
from twofold.report.number_format import duration, number
from twofold.report.plot import Scale, Tick
from twofold.report.words import FAMILIES
from twofold.search.result import Result

MOST_EVENTS = 60


@dataclass(frozen=True)
class Slice:
    """One family's part of the time spent on fitting."""

    family: str
    label: str
    seconds: str
    left: float
    width: float


@dataclass(frozen=True)
class Happening:
    """Something that happened, with its place on the time line."""

    at: float
    when: str
    sentence: str


@dataclass(frozen=True)
class Course:
    """The course of a run."""

    summary: str
    unfinished: tuple[Row, ...]
    slices: tuple[Slice, ...]
    happenings: tuple[Happening, ...]
    more: int
    ticks: tuple[Tick, ...]
    budget_at: float | None


def course(result: Result) -> Course:
    """Sum a run up."""
    complete = [row for row in result.rows if row.status == "complete"]
    unfinished = tuple(row for row in result.rows if row.status != "complete")
    budget = budget_seconds(result.settings)
    end = max(
        [result.seconds, *(at for at, _ in result.events), budget if math.isfinite(budget) else 0.0, 1e-9]
    )
    scale = Scale(0.0, end * 1.02)
    shown = result.events[:MOST_EVENTS]
    summary = (
        f"{len(result.rows):,} models were tried in {duration(result.seconds)}; {len(complete):,} finished"
    )
    for status, words in (("stopped", "stopped"), ("failed", "failed"), ("partial", "left unfinished")):
        count = sum(row.status == status for row in unfinished)
        if count:
            summary += (
                f", {count:,} {'was' if count == 1 else 'were'} {words}"
                if status != "failed"
                else f", {count:,} failed"
            )
    return Course(
        summary + ".",
        unfinished,
        tuple(_slices(result)),
        tuple(Happening(scale.within(at), duration(at), sentence) for at, sentence in shown),
        len(result.events) - len(shown),
        tuple(Tick(tick.at, f"{tick.text} s") for tick in scale.ticks(6)),
        scale.at(budget) if math.isfinite(budget) else None,
    )


def budget_seconds(settings: Mapping[str, Any]) -> float:
    """Return the budget a run was given, infinite when only its trials were limited."""
    try:
        return float(settings.get("seconds", math.inf))
    except (TypeError, ValueError):
        return math.inf


def _slices(result: Result) -> Iterator[Slice]:
    spent = {name: sum(row.seconds for row in result.rows if row.family == name) for name in FAMILIES}
    total, left = sum(spent.values()), 0.0
    for name, seconds in spent.items():
        width = 100 * seconds / total if total > 0 else 0.0
        if width >= 0.05:
            yield Slice(name, FAMILIES[name], duration(seconds), round(left, 2), round(width, 2))
        left += width


def setting_lines(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield settings as pairs of text, nested names joined by a dot."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from setting_lines(value, f"{prefix}{name}.")
        elif isinstance(value, float):
            yield f"{prefix}{name}", number(value) if math.isfinite(value) else "no limit"
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{name}", ", ".join(map(str, value)) or "–"
        else:
            yield f"{prefix}{name}", "–" if value is None else str(value)

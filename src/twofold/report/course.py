"""How the run went: what was tried, stopped or failed, where the time went, and how to repeat it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twofold.evaluate.records import Row
from twofold.report.number_format import duration, number, size
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
class Unfinished:
    """Models that came to the same end, for the same reason."""

    what: str
    reason: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Course:
    """The course of a run.

    Parameters
    ----------
    summary : str
    unfinished : tuple of Unfinished
    slices : tuple of Slice
    happenings : tuple of Happening
        For the time line.
    told : tuple of Happening
        For the list: without what the unfinished models say already.
    more : int
        Happenings that are not shown.
    ticks : tuple of Tick
    budget_at : float or None
    """

    summary: str
    unfinished: tuple[Unfinished, ...]
    slices: tuple[Slice, ...]
    happenings: tuple[Happening, ...]
    told: tuple[Happening, ...]
    more: int
    ticks: tuple[Tick, ...]
    budget_at: float | None


def course(result: Result) -> Course:
    """Sum a run up."""
    unfinished = tuple(_unfinished(result.rows))
    budget = budget_seconds(result.settings)
    end = max(
        [result.seconds, *(at for at, _ in result.events), budget if math.isfinite(budget) else 0.0, 1e-9]
    )
    scale = Scale(0.0, end * 1.02)
    first = {sentence: at for at, sentence in reversed(result.events)}
    events = sorted((at, sentence) for sentence, at in first.items())
    shown = tuple(Happening(scale.within(at), duration(at), text) for at, text in events[:MOST_EVENTS])
    return Course(
        _summary(result, unfinished),
        unfinished,
        tuple(_slices(result)),
        shown,
        tuple(happening for happening in shown if not _is_told(happening.sentence, unfinished)),
        len(events) - len(shown),
        tuple(Tick(tick.at, f"{tick.text} s") for tick in scale.ticks(6)),
        scale.at(budget) if math.isfinite(budget) else None,
    )


def _summary(result: Result, unfinished: Sequence[Unfinished]) -> str:
    finished = [row for row in result.rows if row.status == "complete" and row.family != "baseline"]
    joins = sum(bool(row.members) for row in finished)
    alone = len(finished) - joins
    counts = {f"{alone or 'no'} {'model' if alone < 2 else 'models'} finished": 1}
    if joins:
        counts[f"{joins:,} more {'was' if joins == 1 else 'were'} joined from them"] = joins
    for what in _ENDS.values():
        n = sum(len(group.rows) for group in unfinished if group.what == what)
        be = "" if what == "failed" else "was " if n == 1 else "were "
        counts[f"{n:,} {be}{what}"] = n
    parts = [text for text, n in counts.items() if n]
    return f"In {duration(result.seconds)}, {', '.join(parts)}."


_ENDS = {"partial": "left unfinished", "stopped": "stopped", "failed": "failed", "": "not tried"}


def _unfinished(rows: Sequence[Row]) -> Iterator[Unfinished]:
    """Put models together that came to the same end for the same reason, in the order of the first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.status != "complete":
            reason = row.reason.removeprefix("not tried: ")
            status = row.status if reason == row.reason else ""
            groups.setdefault((_ENDS[status], reason), []).append(row)
    for (what, reason), members in groups.items():
        yield Unfinished(what, reason, tuple(members))


def _is_told(sentence: str, unfinished: Sequence[Unfinished]) -> bool:
    return any(
        sentence.startswith(f"{row.name} ") and group.reason and group.reason in sentence
        for group in unfinished
        for row in group.rows
    )


def budget_seconds(settings: Mapping[str, Any]) -> float:
    """Return the budget a run was given, infinite when only its trials were limited."""
    try:
        return float(settings.get("seconds", math.inf))
    except (TypeError, ValueError):
        return math.inf


def _slices(result: Result) -> Iterator[Slice]:
    """Yield the families' parts; what a join took is counted with its members."""
    alone = [row for row in result.rows if not row.members]
    spent = {name: sum(row.seconds for row in alone if row.family == name) for name in FAMILIES}
    total, left = sum(spent.values()), 0.0
    for name, seconds in spent.items():
        width = 100 * seconds / total if total > 0 else 0.0
        if width >= 0.05:
            yield Slice(name, FAMILIES[name], duration(seconds), round(left, 2), round(width, 2))
        left += width


def setting_lines(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield settings as pairs of text; the versions of the libraries come last, each by its name."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            continue
        if isinstance(value, float) and math.isfinite(value):
            yield name, size(value) if name == "memory" else number(value, 0 if value.is_integer() else None)
        elif isinstance(value, (list, tuple)):
            yield name, ", ".join(map(str, value)) or "–"
        else:
            yield name, "–" if value is None else "no limit" if value == math.inf else str(value)
    for value in settings.values():
        if isinstance(value, Mapping):
            yield from setting_lines(value)

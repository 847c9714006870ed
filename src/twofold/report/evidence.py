"""The verdict and the leaderboard, laid out: intervals as places on shared axes, numbers as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from twofold.evaluate.records import Interval, Row
from twofold.report import number_format as fmt
from twofold.report.plot import Scale, Tick, Whisker, fit_scale, shared_decimals, whisker
from twofold.report.words import FAMILIES, best_of_families, metric_words
from twofold.search.result import Result


@dataclass(frozen=True)
class GainPicture:
    """The gain of joining on an axis with two landmarks: nothing, and the smallest gain that matters.

    `text_at` and `anchor` say where its numbers hang so that they stay inside.
    """

    whisker: Whisker
    zero: float
    smallest: float
    centre: str
    between: str
    text_at: float
    anchor: str
    smallest_text: str
    unit: str
    alt: str


def gain_picture(result: Result) -> GainPicture | None:
    """Lay out the gain of joining; None when nothing was compared."""
    verdict = result.verdict
    gain = verdict.gain
    if gain is None or not math.isfinite(gain.centre):
        return None
    scale = fit_scale([0.0, verdict.smallest, -verdict.smallest / 2, gain.low, gain.high], pad=0.12)
    places = fmt.decimals_of_size((gain.high - gain.low) / 2, 2)
    centre, between = fmt.number(gain.centre, places, signed=True), fmt.between(gain, places, signed=True)
    smallest = fmt.number(verdict.smallest, max(places, fmt.decimals_for(verdict.smallest)), signed=True)
    label, bar = metric_words(result).label, whisker(gain, scale)
    anchor = "start" if bar.centre < 30 else "end" if bar.centre > 70 else "middle"
    return GainPicture(
        bar,
        scale.at(0.0),
        scale.at(verdict.smallest),
        centre,
        between,
        {"start": bar.low, "middle": bar.centre, "end": bar.high}[anchor],
        anchor,
        smallest,
        label,
        f"Gain of joining in {label}: {centre}, with a {gain.level:.0%} interval of {between}. "
        f"The smallest gain that matters is {smallest}.",
    )


@dataclass(frozen=True)
class FamilyLine:
    """One family's best score on the shared axis."""

    family: str
    label: str
    model: str
    score: str
    between: str
    whisker: Whisker


@dataclass(frozen=True)
class FamilyPicture:
    """The families' best scores; further right is better."""

    lines: tuple[FamilyLine, ...]
    ticks: tuple[Tick, ...]
    label: str
    caption: str


def better_to_the_right(scale: Scale, greater_is_better: bool) -> Scale:
    """Return the scale turned so that better values lie further right."""
    return scale if greater_is_better else replace(scale, low=scale.high, high=scale.low)


def family_picture(result: Result) -> FamilyPicture | None:
    """Lay out the best line of each family beside the baseline; None when there is nothing to compare.

    The numbers are those of the leaderboard. The axis is made for the families; a baseline far away is
    cut, so that differences stay visible.
    """
    words = metric_words(result)
    best = best_of_families(result)
    scores = {name: row.score for name, row in best.items() if row.score is not None}
    if len(scores) < 2:
        return None
    learned = [score for name, score in scores.items() if name != "baseline"]
    scale = better_to_the_right(fit_scale(_ends(learned), pad=0.15), words.greater_is_better)
    places = score_decimals(result)
    lines = tuple(
        FamilyLine(
            name,
            FAMILIES[name],
            best[name].name if name != "baseline" else "",
            fmt.number(score.centre, places),
            fmt.between(score, places),
            whisker(score, scale),
        )
        for name, score in scores.items()
    )
    caption = (
        "Further right is better" if words.greater_is_better else "Less is better, and drawn further right"
    )
    if any(line.whisker.cut_low or line.whisker.cut_high for line in lines):
        caption += "; an arrow marks what lies outside the axis"
    return FamilyPicture(lines, scale.ticks(4), words.label, f"{caption}.")


def score_decimals(result: Result) -> int:
    """Return how many decimals the scores of a run are written with, everywhere alike."""
    scored = [row for row in result.rows if row.score is not None]
    learned = [row for row in scored if row.family != "baseline"] or scored
    return shared_decimals(row.score for row in learned if row.score is not None)


def _ends(scores: Iterable[Interval]) -> list[float]:
    return [end for score in scores for end in (score.low, score.high)]


@dataclass(frozen=True)
class BoardLine:
    """One line of the leaderboard, ready to be read and sorted."""

    rank: int
    row: Row
    whisker: Whisker
    score: str
    between: str
    seconds: str
    per_row: str
    size: str
    energy: str
    details: str


@dataclass(frozen=True)
class Board:
    """The leaderboard with the axis of its intervals."""

    lines: tuple[BoardLine, ...]
    ticks: tuple[Tick, ...]
    label: str


def leaderboard(result: Result) -> Board:
    """Lay out every complete trial, best first."""
    words = metric_words(result)
    scored = [(row, row.score) for row in result.rows if row.score is not None]
    scale = board_scale(result.rows, words.greater_is_better)
    places = score_decimals(result)
    lines = tuple(
        BoardLine(
            rank,
            row,
            whisker(score, scale),
            fmt.number(score.centre, places),
            fmt.between(score, places),
            fmt.duration(row.seconds) if row.seconds else "–",
            fmt.per_row(row.row_seconds),
            fmt.size(row.size),
            fmt.energy(row.joules),
            details(row),
        )
        for rank, (row, score) in enumerate(scored, start=1)
    )
    return Board(lines, scale.ticks(4), words.label)


def board_scale(rows: Iterable[Row], greater_is_better: bool) -> Scale:
    """Return the axis of the leaderboard, made for the models that are worth comparing."""
    ends = _ends(worth_comparing(rows, greater_is_better))
    return better_to_the_right(fit_scale(ends, pad=0.06), greater_is_better)


def worth_comparing(rows: Iterable[Row], greater_is_better: bool) -> list[Interval]:
    """Return the scores that an axis is made for.

    The worst quarter, and what closes less than half of the gap between the baseline and the best, may
    leave it: they would squeeze the rest.
    """
    sign = 1 if greater_is_better else -1
    scored = [(row.family, row.score) for row in rows if row.score is not None]
    learned = [score for family, score in scored if family != "baseline"] or [score for _, score in scored]
    learned.sort(key=lambda score: -sign * score.centre)
    kept = learned[: max(3, math.ceil(0.75 * len(learned)))]
    for family, score in scored:
        if family == "baseline":
            floor = (score.centre + learned[0].centre) / 2
            kept = [s for s in kept if sign * (s.centre - floor) >= 0] or kept
    return kept


def details(row: Row) -> str:
    """Say what a line is made of: its members, or what differs from the defaults."""
    if row.members:
        return "joins " + ", ".join(row.members)
    return ", ".join(
        f"{name} {fmt.number(value) if isinstance(value, float) else value}"
        for name, value in row.params.items()
    )

"""Accuracy against cost: every model as a point, with the front of those that nothing beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from twofold.evaluate.records import Interval, Row
from twofold.report.evidence import better_to_the_right, score_decimals, worth_comparing
from twofold.report.number_format import interval, per_row
from twofold.report.plot import Mark, Plot, Scale, Tick, fit_scale, log_steps
from twofold.report.words import best_of_families, metric_words, shorten
from twofold.search.result import Result

_LETTER, _LINE = 6.4, 13.0
"""Pixels that a letter and a line of a label take."""
_MOST_LABELS = 14
_AREAS = {"wide": (640.0, 340.0), "narrow": (290.0, 340.0)}
"""The smallest plotting areas, in pixels, for which labels are laid out."""


def pareto_picture(result: Result) -> Plot | None:
    """Draw score against prediction time; None with fewer than two points to show."""
    words = metric_words(result)
    points = [(row, row.score) for row in result.rows if row.score is not None and row.row_seconds > 0]
    y = _scale(result, words.greater_is_better)
    shown = [(row, score) for row, score in points if 0 <= y.at(score.centre) <= 100]
    if len(shown) < 2:
        return None
    x = fit_scale([row.row_seconds for row, _ in shown], log=True, pad=0.06)
    places = dict(_places(shown, x, y))
    corners = _corners(shown, places)
    marks = [*_front(corners), *_dots(shown, x, y, score_decimals(result))]
    for area in _AREAS:
        marks += _labels(_by_rank(result, [row for row, _ in shown]), places, corners, area)
    front = [row.name for row, _ in shown if row.pareto]
    return Plot(
        "Accuracy against cost",
        _caption(front, [row.name for row, score in points if not 0 <= y.at(score.centre) <= 100]),
        f"{words.label} against prediction time per row. On the front: {', '.join(front)}.",
        x,
        y,
        "Time to predict one row",
        words.label if words.greater_is_better else f"{words.label}, turned so that up is better",
        tuple(marks),
        x_ticks=tuple(Tick(x.at(v), per_row(v).replace(".0 ", " ")) for v in log_steps(x.low, x.high)),
    )


def _scale(result: Result, greater_is_better: bool) -> Scale:
    """Return an axis for the scores that are worth comparing.

    Also on it are the best of each family, the interval of the chosen one, and the rest of the front
    unless it lies far away.
    """
    values = [score.centre for score in worth_comparing(result.rows, greater_is_better)]
    heads = {row.name for row in best_of_families(result).values()}
    learned = [(row, row.score) for row in result.rows if row.score is not None and row.family != "baseline"]
    values += [score.centre for row, score in learned if row.name in heads]
    for row, score in learned:
        if row.chosen:
            values += [score.low, score.high]
    low, high = min(values), max(values)
    reach = high - low
    fronts = [score.centre for row, score in learned if row.pareto]
    values += [centre for centre in fronts if low - reach <= centre <= high + reach]
    return better_to_the_right(fit_scale(values, pad=0.08), greater_is_better)


def _caption(front: Sequence[str], hidden: Sequence[str]) -> str:
    caption = "Up is better, left is cheaper."
    if len(front) == 1:
        caption += f" No other is better than {front[0]}, and none as good is cheaper."
    elif front:
        caption += " The line joins the models that no other beats in both; the pale ones are beaten."
    if hidden:
        names = ", ".join(shorten(name) for name in hidden[:3])
        more = f" and {len(hidden) - 3} more" if len(hidden) > 3 else ""
        lie = "lies" if len(hidden) == 1 else "lie"
        caption += f" Far worse, {names}{more} {lie} below the picture."
    return caption


def _places(
    points: Sequence[tuple[Row, Interval]], x: Scale, y: Scale
) -> list[tuple[str, tuple[float, float]]]:
    return [(row.name, (x.at(row.row_seconds), 100 - y.at(score.centre))) for row, score in points]


def _corners(
    points: Sequence[tuple[Row, Interval]], places: dict[str, tuple[float, float]]
) -> list[tuple[float, float]]:
    """Return the corners of the steps that join the front, in percent."""
    front = sorted(places[row.name] for row, _ in points if row.pareto)
    if len(front) < 2:
        return []
    steps = [front[0]]
    for left, top in front[1:]:
        steps += [(left, steps[-1][1]), (left, top)]
    return [*steps, (100.0, steps[-1][1])]


def _front(corners: Sequence[tuple[float, float]]) -> list[Mark]:
    path = "M" + "L".join(f"{left} {top}" for left, top in corners)
    return [Mark("line", "front", path=path)] if corners else []


def _dots(points: Sequence[tuple[Row, Interval]], x: Scale, y: Scale, decimals: int) -> list[Mark]:
    marks = []
    for (row, score), (_, (left, top)) in zip(points, _places(points, x, y), strict=True):
        text = f"{row.name}: {interval(score, decimals)}, {per_row(row.row_seconds)} a row"
        if row.chosen:
            marks.append(
                Mark(
                    "rule",
                    f"{row.family} thin",
                    left,
                    100 - y.within(score.low),
                    left,
                    100 - y.within(score.high),
                )
            )
            marks.append(Mark("dot", row.family, left, top, text=text, symbol="halo"))
        style = row.family if row.pareto or row.chosen else f"{row.family} dim"
        marks.append(Mark("dot", style, left, top, text=text, symbol=row.family))
    return marks


def _by_rank(result: Result, rows: Sequence[Row]) -> list[Row]:
    """Return rows in the order in which they deserve a label; of many, the beaten ones deserve none."""
    heads = {row.name for row in best_of_families(result).values()}
    ranked = sorted(rows, key=lambda row: (not row.chosen, row.name not in heads, not row.pareto))
    return (
        ranked
        if len(rows) <= _MOST_LABELS
        else [r for r in ranked if r.chosen or r.pareto or r.name in heads]
    )


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


_HANGS = (
    ("middle", 0, -10),
    ("end", -9, -6),
    ("end", -10, 4),
    ("start", 10, 4),
    ("start", 9, -6),
    ("middle", 0, 19),
    ("start", 9, 14),
    ("end", -9, 14),
)
"""Where a label may hang at its point, best first: anchor and pixels. Above is free of the front's line."""


def _labels(
    rows: Sequence[Row],
    places: dict[str, tuple[float, float]],
    corners: Sequence[tuple[float, float]],
    area: str,
) -> list[Mark]:
    """Put names beside their points where there is room, the most important first."""
    width, height = _AREAS[area]
    spots = {name: (left * width / 100, top * height / 100) for name, (left, top) in places.items()}
    taken = [_Box(x - 6, y - 6, x + 6, y + 6) for x, y in spots.values()]
    turns = [(left * width / 100, top * height / 100) for left, top in corners]
    for (a, b), (c, d) in pairwise(turns):
        taken.append(_Box(min(a, c) - 1, min(b, d) - 1, max(a, c) + 1, max(b, d) + 1))
    marks = []
    for row in rows:
        x, y = spots[row.name]
        text = shorten(row.name, 26)
        long = _LETTER * len(text)
        away = 1.6 if row.chosen else 1.0
        for anchor, dx, dy in _HANGS:
            right, down = dx * away, dy * away if abs(dy) > 4 else dy
            left = x + right - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
            box = _Box(left, y + down - _LINE + 3, left + long, y + down + 3)
            inside = box.left >= -30 and box.right <= width + 6 and box.top >= -8 and box.bottom <= height
            if inside and not any(box.meets(other) for other in taken):
                taken.append(box)
                style = f"{area} {row.family} {'strong' if row.chosen else 'label'}"
                marks.append(
                    Mark("text", style, *places[row.name], text=text, anchor=anchor, dx=right, dy=down)
                )
                break
    return marks

"""Accuracy against cost: every model as a point, with the front of those that nothing beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twofold.evaluate.records import Interval, Row
from twofold.report.evidence import board_scale
from twofold.report.number_format import interval, per_row
from twofold.report.plot import Mark, Plot, Scale, Tick, fit_scale, log_steps
from twofold.report.words import best_of_families, metric_words, shorten
from twofold.search.result import Result

_LETTER, _LINE = 6.4, 13.0
"""Pixels that a letter and a line of a label take."""
_AREAS = {"wide": (640.0, 340.0), "narrow": (290.0, 340.0)}
"""The smallest plotting areas, in pixels, for which labels are laid out."""


def pareto_picture(result: Result) -> Plot | None:
    """Draw score against prediction time; None with fewer than two points to show."""
    words = metric_words(result)
    points = [(row, row.score) for row in result.rows if row.score is not None and row.row_seconds > 0]
    y = board_scale(result.rows, words.greater_is_better)
    shown = [(row, score) for row, score in points if 0 <= y.at(score.centre) <= 100]
    if len(shown) < 2:
        return None
    x = fit_scale([row.row_seconds for row, _ in shown], log=True, pad=0.06)
    marks = [*_front(shown, x, y), *_dots(shown, x, y)]
    for area in _AREAS:
        marks += _labels(_by_rank(result, [row for row, _ in shown]), dict(_places(shown, x, y)), area)
    front = [row.name for row, _ in shown if row.pareto]
    return Plot(
        "Accuracy against cost",
        _caption(front, len(points) - len(shown)),
        f"{words.label} against prediction time per row. On the front: {', '.join(front)}.",
        x,
        y,
        "Time to predict one row",
        words.label if words.greater_is_better else f"{words.label}, turned so that up is better",
        tuple(marks),
        x_ticks=tuple(Tick(x.at(v), per_row(v).replace(".0 ", " ")) for v in log_steps(x.low, x.high)),
    )


def _caption(front: Sequence[str], hidden: int) -> str:
    caption = "Up is better, left is cheaper."
    if len(front) == 1:
        caption += f" No other is better than {front[0]}, and none as good is cheaper."
    elif front:
        caption += " The line joins the models that no other beats in both."
    if hidden:
        caption += f" {hidden} far worse {'one lies' if hidden == 1 else 'ones lie'} below the picture."
    return caption


def _places(
    points: Sequence[tuple[Row, Interval]], x: Scale, y: Scale
) -> list[tuple[str, tuple[float, float]]]:
    return [(row.name, (x.at(row.row_seconds), 100 - y.at(score.centre))) for row, score in points]


def _front(points: Sequence[tuple[Row, Interval]], x: Scale, y: Scale) -> list[Mark]:
    front = sorted(
        place for (row, _), (_, place) in zip(points, _places(points, x, y), strict=True) if row.pareto
    )
    if len(front) < 2:
        return []
    steps = f"M{front[0][0]} {front[0][1]}" + "".join(f"H{left}V{top}" for left, top in front[1:])
    return [Mark("line", "front", path=steps + "H100")]


def _dots(points: Sequence[tuple[Row, Interval]], x: Scale, y: Scale) -> list[Mark]:
    marks = []
    for (row, score), (_, (left, top)) in zip(points, _places(points, x, y), strict=True):
        text = f"{row.name}: {interval(score)}, {per_row(row.row_seconds)} a row"
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
    """Return rows in the order in which they deserve a label."""
    heads = {row.name for row in best_of_families(result).values()}
    return sorted(rows, key=lambda row: (not row.chosen, row.name not in heads, not row.pareto))


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
    ("end", -10, -5),
    ("start", 10, 4),
    ("end", -10, 4),
    ("middle", 0, 19),
    ("start", 8, 15),
    ("end", -8, 15),
)
"""Where a label may hang at its point, best first: anchor and pixels. Above is free of the front's line."""


def _labels(rows: Sequence[Row], places: dict[str, tuple[float, float]], area: str) -> list[Mark]:
    """Put names beside their points where there is room, the most important first."""
    width, height = _AREAS[area]
    spots = {name: (left * width / 100, top * height / 100) for name, (left, top) in places.items()}
    taken = [_Box(x - 6, y - 6, x + 6, y + 6) for x, y in spots.values()]
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

"""Pictures as records: scales, ticks and marks, placed in percent of the plotting area.

Positions are percentages so that a picture fills any width while its text and marks keep their size;
colours are CSS classes so that it follows the theme. The macros in ``templates/plot.html`` draw them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.records import Interval
from twofold.report.number_format import decimals_for, decimals_of_size, number

MOST_POINTS = 200
"""A curve is thinned to so many points: more cannot be seen and weigh."""


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis; `at` in percent."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """From values to percent of an axis.

    Parameters
    ----------
    low, high : float
        Values at 0 and 100 percent; `low` may be above `high` for a reversed axis.
    log : bool
    """

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value in percent, rounded to what can be seen."""
        low, high, x = (
            (math.log10(v) for v in (self.low, self.high, value))
            if self.log
            else (self.low, self.high, value)
        )
        return round(100.0 * (x - low) / (high - low), 2)

    def within(self, value: float) -> float:
        """Return the place of a value, kept between 0 and 100."""
        return min(100.0, max(0.0, self.at(value)))

    def path(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the places of many values on a linear scale."""
        return 100.0 * (np.asarray(values, float) - self.low) / (self.high - self.low)

    def ticks(self, about: int = 5) -> tuple[Tick, ...]:
        """Return round places on the axis.

        Examples
        --------
        >>> [tick.text for tick in Scale(0.0, 1.0).ticks()]
        ['0', '0.2', '0.4', '0.6', '0.8', '1']
        """
        if self.log:
            return tuple(Tick(self.at(value), number(value)) for value in log_steps(self.low, self.high))
        step = nice_step(abs(self.high - self.low) / about)
        first, last = sorted((self.low, self.high))
        values = np.arange(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1) * step
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return tuple(Tick(self.at(float(v)), tick_text(float(v), decimals)) for v in values)


def tick_text(value: float, decimals: int) -> str:
    """Write the number at a tick; the ends 0 and 1 without decimals."""
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    if abs(value) >= 100_000:
        return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    return number(value, decimals)


def nice_step(rough: float) -> float:
    """Return the round step (1, 2 or 5 times a power of ten) next to a rough one.

    Examples
    --------
    >>> nice_step(0.17), nice_step(34.0)
    (0.2, 50.0)
    """
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(step for step in (1, 2, 5, 10) if step * power >= rough * 0.75) * power)


def log_steps(low: float, high: float) -> list[float]:
    """Return powers of ten in a range, with 2 and 5 between them where there are few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
        found = [f * 10.0**e for e in exponents for f in factors if low <= f * 10.0**e <= high]
        if len(found) >= 3:
            return found
    return found


def fit_scale(values: Iterable[float], *, pad: float = 0.05, log: bool = False) -> Scale:
    """Return a scale that holds all finite values with a margin on both sides.

    Examples
    --------
    >>> fit_scale([0.0, 10.0], pad=0.1)
    Scale(low=-1.0, high=11.0, log=False)
    """
    finite = [float(v) for v in values if math.isfinite(v) and (v > 0 or not log)]
    low, high = (min(finite), max(finite)) if finite else (1.0, 1.0)
    if log:
        margin = max((high / low) ** pad, 1.25)
        return Scale(low / margin, high * margin, log=True)
    width = (high - low) or abs(high) or 1.0
    return Scale(low - pad * width, high + pad * width)


@dataclass(frozen=True)
class Mark:
    """Something drawn.

    Parameters
    ----------
    shape : str
        ``line`` and ``area`` (SVG path in percent), ``rule`` (straight from x, y to x2, y2), ``bar``
        (rectangle from x, y to x2, y2), ``dot`` (the symbol `symbol` at x, y), ``text``.
    style : str
        CSS classes.
    x, y, x2, y2 : float
        Percent from the left and from the *top*.
    path : str
    text : str
        What a ``text`` says, or the tooltip of anything else.
    anchor : str
        Where the text hangs at its place: ``start``, ``middle`` or ``end``.
    dx, dy : float
        Pixels that the text is shifted by.
    symbol : str
    """

    shape: Literal["line", "area", "rule", "bar", "dot", "text"]
    style: str = ""
    x: float = 0.0
    y: float = 0.0
    x2: float = 0.0
    y2: float = 0.0
    path: str = ""
    text: str = ""
    anchor: str = "start"
    dx: float = 0.0
    dy: float = 0.0
    symbol: str = "ml"


@dataclass(frozen=True)
class Plot:
    """A picture with two axes.

    Parameters
    ----------
    title, caption : str
        What it shows, and what to see in it.
    alt : str
        The same for who cannot see it.
    x, y : Scale
    x_label, y_label : str
    marks : tuple of Mark
    x_ticks, y_ticks : tuple of Tick or None
        None for the scale's own.
    """

    title: str
    caption: str
    alt: str
    x: Scale
    y: Scale
    x_label: str
    y_label: str
    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...] | None = None
    y_ticks: tuple[Tick, ...] | None = None

    def all_x_ticks(self) -> tuple[Tick, ...]:
        """Return the ticks of the horizontal axis."""
        return self.x.ticks() if self.x_ticks is None else self.x_ticks

    def all_y_ticks(self) -> tuple[Tick, ...]:
        """Return the ticks of the vertical axis."""
        return self.y.ticks() if self.y_ticks is None else self.y_ticks


@dataclass(frozen=True)
class Whisker:
    """An interval on a horizontal axis, in percent, with where its ends leave the axis."""

    low: float
    centre: float
    high: float
    cut_low: bool
    cut_high: bool


def whisker(value: Interval, scale: Scale) -> Whisker:
    """Place an interval on a scale; what leaves the scale is cut and marked."""
    low, centre, high = (scale.at(v) for v in (value.low, value.centre, value.high))
    kept = [min(100.0, max(0.0, place)) for place in (low, centre, high)]
    ends = min(low, centre, high), max(low, centre, high)
    return Whisker(kept[0], kept[1], kept[2], cut_low=ends[0] < 0, cut_high=ends[1] > 100)


def thin(x: NDArray[Any], y: NDArray[Any], most: int = MOST_POINTS) -> tuple[NDArray[Any], NDArray[Any]]:
    """Keep at most so many points of a curve, evenly along its length, with both ends."""
    if len(x) <= most:
        return x, y
    spans = (float(np.ptp(x)) or 1.0, float(np.ptp(y)) or 1.0)
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) / spans[0] + np.abs(np.diff(y)) / spans[1])])
    chosen = np.unique(np.searchsorted(along, np.linspace(0.0, along[-1], most - 1)))
    chosen = np.unique(np.concatenate([[0], chosen, [len(x) - 1]]))[:most]
    return x[chosen], y[chosen]


def draw_path(x: Scale, y: Scale, xs: NDArray[Any], ys: NDArray[Any]) -> str:
    """Return the SVG path through points, in percent with the origin at the top left."""
    left, top = x.path(xs), 100.0 - y.path(ys)
    return "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in zip(left.tolist(), top.tolist(), strict=True))


def draw_boxes(boxes: Sequence[tuple[float, float, float, float]]) -> str:
    """Return one SVG path of many rectangles (left, top, width, height), in percent."""
    return "".join(f"M{x:.2f} {y:.2f}h{w:.2f}v{h:.2f}h-{w:.2f}z" for x, y, w, h in boxes)


def shared_decimals(intervals: Iterable[Interval]) -> int:
    """Return one number of decimals for a column of intervals.

    That of the middle one, and at least what shows three digits of the largest centre: wide intervals
    would otherwise write different scores alike.

    Examples
    --------
    >>> shared_decimals([Interval(54.76, 50.3, 59.2), Interval(55.64, 50.7, 60.6)])
    1
    """
    finite = [i for i in intervals if math.isfinite(i.high - i.low)]
    if not finite:
        return 3
    widths = sorted((i.high - i.low) / 2 for i in finite)
    largest = max(abs(i.centre) for i in finite)
    return max(decimals_for(widths[len(widths) // 2]), decimals_of_size(largest))

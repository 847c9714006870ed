"""What a stage gives for one row, as records that the page draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.raster import address, heat, mosaic, strip


@dataclass(frozen=True)
class Raster:
    """A picture of pixels; `alt` says what it shows."""

    source: str
    width: int
    height: int
    alt: str
    shape: str = "raster"


@dataclass(frozen=True)
class Strokes:
    """Straight lines (x1, y1, x2, y2, strength) in a square of the given side."""

    side: float
    lines: tuple[tuple[float, float, float, float, float], ...]
    alt: str
    shape: str = "strokes"


@dataclass(frozen=True)
class Bars:
    """Bars (label, height from 0 to 1, colour or nothing, value as text)."""

    bars: tuple[tuple[str, float, str, str], ...]
    alt: str
    shape: str = "bars"


@dataclass(frozen=True)
class Curve:
    """Lines through points, as SVG paths in a box of 100 by 100."""

    paths: tuple[str, ...]
    alt: str
    shape: str = "curve"


@dataclass(frozen=True)
class Facts:
    """Names with values."""

    lines: tuple[tuple[str, str], ...]
    shape: str = "facts"


@dataclass(frozen=True)
class Passage:
    """A text, shortened."""

    text: str
    shape: str = "passage"


Drawing = Raster | Strokes | Bars | Curve | Facts | Passage


@dataclass(frozen=True)
class View:
    """What one stage gives for one row.

    Parameters
    ----------
    title : str
    detail : str
        In a few words: how much it is.
    drawing : Drawing
    price : str
        What the stage holds and costs.
    """

    title: str
    detail: str
    drawing: Drawing
    price: str = ""


def picture(pixels: NDArray[np.uint8], alt: str) -> Raster:
    """Show pixels of shape (h, w, 3)."""
    return Raster(address(pixels), pixels.shape[1], pixels.shape[0], alt)


def map_of(values: NDArray[Any], alt: str) -> Raster:
    """Show values of shape (h, w) as colours."""
    return picture(heat(values), alt)


def maps_of(maps: NDArray[Any], alt: str, across: int = 4) -> Raster:
    """Show several maps of shape (k, h, w)."""
    pixels = mosaic(maps, across)
    return Raster(address(pixels), pixels.shape[1], pixels.shape[0], alt)


def strip_of(values: NDArray[Any], alt: str) -> Raster:
    """Show a row of numbers as small squares."""
    many = np.size(values)
    pixels = strip(values, across=32 if many <= 512 else 64 if many <= 2048 else 192)
    return Raster(address(pixels), pixels.shape[1], pixels.shape[0], alt)


def curve_of(values: NDArray[Any], alt: str) -> Curve:
    """Show channels of shape (k, length) as lines, all in one scale."""
    known = np.nan_to_num(np.asarray(values, dtype=np.float64))
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    spread = (high - low) or 1.0
    paths = []
    for channel in known:
        thin = channel[np.unique(np.linspace(0, len(channel) - 1, min(len(channel), 300)).astype(np.intp))]
        xs = np.linspace(0, 100, len(thin))
        ys = 100 - 100 * (thin - low) / spread
        paths.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True)))
    return Curve(tuple(paths[:6]), alt)


def wave_of(samples: NDArray[Any], alt: str, columns: int = 240) -> Curve:
    """Show samples of a clip as a band between the lowest and the highest of each stretch."""
    stretch = -(-len(samples) // columns) or 1
    whole = np.zeros(max(1, -(-len(samples) // stretch)) * stretch)
    whole[: len(samples)] = samples
    low, high = (edge(whole.reshape(-1, stretch), axis=1) for edge in (np.min, np.max))
    top = float(np.abs(whole).max()) or 1.0
    xs = np.linspace(0, 100, len(low))
    there = [f"{x:.1f} {50 - 48 * y / top:.1f}" for x, y in zip(xs, high, strict=True)]
    back = [f"{x:.1f} {50 - 48 * y / top:.1f}" for x, y in zip(xs[::-1], low[::-1], strict=True)]
    return Curve(("M" + "L".join(there + back) + "z",), alt)


def shortened(text: str, most: int = 280) -> str:
    """Cut a text at its end.

    Examples
    --------
    >>> shortened("a long text", 8)
    'a long …'
    """
    return text if len(text) <= most else text[: most - 1] + "…"

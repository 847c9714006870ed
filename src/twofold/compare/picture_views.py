"""How features of pictures made by hand look: oriented strokes, colours, edges, fine patterns."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.views import Bars, Strokes, View, map_of
from twofold.core.table import Table
from twofold.steps.colours import HUES, SATURATIONS, VALUES
from twofold.steps.edges import magnitude, sobel
from twofold.steps.hog import BLOCK
from twofold.steps.lbp import brighter_points
from twofold.steps.pictures import decode, grey


def hog_cells(step: Any, features: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean histogram of each cell, of shape (cells, cells, orientations), from its blocks.

    A cell lies in up to four blocks, which normalise it differently.
    """
    n_blocks = step.cells - BLOCK + 1
    blocks = np.asarray(features, dtype=np.float64).reshape(
        n_blocks, n_blocks, BLOCK, BLOCK, step.orientations
    )
    sums = np.zeros((step.cells, step.cells, step.orientations))
    counts = np.zeros((step.cells, step.cells, 1))
    for down in range(BLOCK):
        for right in range(BLOCK):
            there = np.s_[down : down + n_blocks, right : right + n_blocks]
            sums[there] += blocks[:, :, down, right]
            counts[there] += 1
    return sums / counts


def hog_strokes(step: Any, features: NDArray[Any], row: Table) -> View:
    """Draw each cell's edges: a stroke across each gradient, as strong as that is."""
    del row
    cells = hog_cells(step, np.nan_to_num(features))
    top = float(cells.max()) or 1.0
    lines = []
    for down in range(step.cells):
        for right in range(step.cells):
            for position in range(step.orientations):
                strength = float(cells[down, right, position]) / top
                if strength < 0.06:
                    continue
                angle = np.pi * (position + 0.5) / step.orientations + np.pi / 2  # edges run across gradients
                x, y = right + 0.5, down + 0.5
                dx, dy = 0.46 * np.cos(angle), 0.46 * np.sin(angle)
                ends = (round(float(end), 3) for end in (x - dx, y - dy, x + dx, y + dy))
                x1, y1, x2, y2 = ends
                lines.append((x1, y1, x2, y2, round(strength, 2)))
    drawing = Strokes(float(step.cells), tuple(lines), "oriented gradients as strokes along the edges")
    return View("shapes: oriented gradients", f"{step.width:,} numbers", drawing)


def colour_bars(step: Any, features: NDArray[Any], row: Table) -> View:
    """Draw how much of each hue and of each brightness there is in the whole picture."""
    del row
    tiles = step.grid**2
    known = np.nan_to_num(np.asarray(features, dtype=np.float64))
    hues = known[: tiles * HUES].reshape(tiles, HUES).mean(axis=0)
    start = tiles * (HUES + SATURATIONS)
    values = known[start : start + tiles * VALUES].reshape(tiles, VALUES).mean(axis=0)
    bars = [
        ("", float(height), _colour((at + 0.5) / HUES, 0.65, 0.8), f"{height:.2f}")
        for at, height in enumerate(hues / (hues.max() or 1.0))
    ]
    bars += [
        ("", float(height), _colour(0.0, 0.0, (at + 0.5) / VALUES), f"{height:.2f}")
        for at, height in enumerate(values / (values.max() or 1.0))
    ]
    return View(
        "colours: hues and brightness", f"{step.width:,} numbers", Bars(tuple(bars), "colour histogram")
    )


def _colour(hue: float, saturation: float, value: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hsv_to_rgb(hue, saturation, value))


def edge_map(step: Any, features: NDArray[Any], row: Table) -> View:
    """Show how strong the edge is at each pixel."""
    del features
    pixels, _ = decode(row, step.column, step.side)
    strength = magnitude(*sobel(grey(pixels) / np.float32(255)))[0]
    return View("edges", f"{step.width:,} numbers", map_of(np.sqrt(strength), "strength of edges"))


def pattern_map(step: Any, features: NDArray[Any], row: Table) -> View:
    """Show how many of the eight points around each pixel are brighter."""
    del features
    pixels, _ = decode(row, step.column, step.side)
    codes = brighter_points(np.floor(grey(pixels) + np.float32(0.5)))[0]
    ones = np.unpackbits(codes[..., None], axis=-1).sum(axis=-1)
    return View("texture: local patterns", f"{step.width:,} numbers", map_of(ones, "brighter neighbours"))

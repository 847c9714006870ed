"""Encoding number and date columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.features.encoded import Part
from twofold.steps.base import INPUT, Node
from twofold.steps.calendar import PARTS, PERIODS, Calendar, calendar_parts
from twofold.steps.numbers import Hinges, Numbers, Pick, Scale

KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles where a linear model may bend."""
MOST_HINGED = 60
"""With more number columns than this the hinges would outnumber what they bring."""
SMOOTH_LIMIT, LINEAR_LIMIT = 3.0, 8.0
"""Scaled numbers stay within; a linear model would follow an outlier as far as it goes."""


def raw_numbers(table: Table, names: tuple[str, ...]) -> Part:
    """Return numbers as they are, without columns that do not vary."""
    step = Numbers(names)
    X = step.run(table)
    kept = _varying(X)
    chosen = tuple(names[position] for position in kept)
    step = Numbers(chosen)
    return Part((Node(step, (INPUT,), "numbers"),), "numbers", X[:, kept], chosen, chosen)


def _varying(X: NDArray[np.float64]) -> NDArray[np.intp]:
    if not X.size:
        return np.empty(0, dtype=np.intp)
    missing = np.isnan(X)
    low = np.where(missing, np.inf, X).min(axis=0)
    high = np.where(missing, -np.inf, X).max(axis=0)
    some = missing.any(axis=0) & ~missing.all(axis=0)
    return np.flatnonzero((low < high) | some)


def date_parts(table: Table, names: tuple[str, ...], *, cyclic: bool) -> Part:
    """Return the calendar parts that vary."""
    everything = np.hstack([calendar_parts(table.columns[name].astype(np.float64)) for name in names])
    kept = _varying(everything).astype(np.int64)
    step = Calendar(names, kept, cyclic)
    labels = [(name, part) for name in names for part in PARTS]
    periods = np.tile(PERIODS, len(names))[kept]
    chosen = [labels[position] for position in kept]
    if cyclic:
        turning = [label for label, period in zip(chosen, periods, strict=True) if period]
        chosen = [label for label, period in zip(chosen, periods, strict=True) if not period]
        chosen += [(name, f"sin {part}") for name, part in turning]
        chosen += [(name, f"cos {part}") for name, part in turning]
    matrix = step.run(table)
    return Part(
        (Node(step, (INPUT,), "dates"),),
        "dates",
        matrix,
        tuple(f"{name} {part}" for name, part in chosen),
        tuple(name for name, _ in chosen),
    )


def scaled(part: Part, *, smooth: bool) -> Part:
    """Return a part filled with medians, robustly scaled, with flags for what was missing.

    The scale is the distance of the quartiles over 1.35 (the standard deviation of a normal), or the
    standard deviation where the quartiles coincide.
    """
    X = np.asarray(part.matrix, dtype=np.float64)
    missing = np.isnan(X)
    filled = np.where(missing.all(axis=0), 0.0, X)
    low, middle, high = np.nanquantile(filled, [0.25, 0.5, 0.75], axis=0)
    spread = (high - low) / 1.35
    deviation = np.nanstd(filled, axis=0)
    if not smooth:
        middle_or_mean, spread = np.nanmean(filled, axis=0), deviation
    else:
        middle_or_mean = middle
        spread = np.where(spread > 1e-9 * np.maximum(np.abs(middle), 1e-300), spread, deviation)
    spread = np.where(spread > 0, spread, 1.0)
    share = missing.mean(axis=0)
    flagged = np.flatnonzero((share > 0) & (share < 1)).astype(np.int64)
    step = Scale(middle, middle_or_mean, spread, flagged, SMOOTH_LIMIT if smooth else LINEAR_LIMIT)
    output = f"{part.output}/scaled"
    flags = tuple(f"{part.names[position]} is missing" for position in flagged)
    return Part(
        (*part.nodes, Node(step, (part.output,), output)),
        output,
        step.run(X),
        part.names + flags,
        part.origins + tuple(part.origins[position] for position in flagged),
    )


def hinges(part: Part) -> Part | None:
    """Return a piecewise-linear basis of the columns with many values, or None."""
    X = np.asarray(part.matrix, dtype=np.float64)
    columns: list[int] = []
    knots: list[float] = []
    for position in range(X.shape[1] if X.shape[1] <= MOST_HINGED else 0):
        values = X[:, position]
        values = values[~np.isnan(values)]
        places = np.unique(np.quantile(values, KNOTS)) if len(values) else np.empty(0)
        if len(places) >= 3:
            columns += [position] * len(places)
            knots += list(places)
    if not columns:
        return None
    index = np.array(columns, dtype=np.int64)
    spread = np.nanstd(X[:, index], axis=0)
    step = Hinges(index, np.array(knots), np.where(spread > 0, spread, 1.0))
    output = f"{part.output}/hinges"
    return Part(
        (*part.nodes, Node(step, (part.output,), output)),
        output,
        step.run(X),
        tuple(f"{part.names[c]} above {k:.4g}" for c, k in zip(columns, knots, strict=True)),
        tuple(part.origins[c] for c in columns),
    )


def picked(part: Part, columns: NDArray[Any], names: tuple[str, ...], origins: tuple[str, ...]) -> Part:
    """Return some columns of a part."""
    step = Pick(np.asarray(columns, dtype=np.int64))
    output = f"{part.output}/picked"
    node = Node(step, (part.output,), output)
    return Part((*part.nodes, node), output, step.run(part.matrix), names, origins)

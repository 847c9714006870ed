"""Pictures of a model that predicts numbers."""

from __future__ import annotations

import numpy as np

from twofold.report.curves import Floats, spread_by_target
from twofold.report.number_format import number
from twofold.report.plot import Mark, Plot, Scale, draw_boxes, fit_scale

_LEVELS = 5


def _fineness(n_rows: int) -> int:
    """Return how many bins so many rows can fill."""
    return int(np.clip(1.2 * np.sqrt(n_rows), 10, 40))


def density(y: Floats, p: Floats) -> Plot:
    """Show where predictions and true values lie together; darker cells hold more rows."""
    low, high = np.quantile(np.concatenate([y, p]), (0.001, 0.999)).tolist()
    scale = fit_scale([low, high], pad=0.04)
    cells = _fineness(len(y))
    edges = np.linspace(scale.low, scale.high, cells + 1)
    across, up = (np.clip(values, scale.low, scale.high) for values in (p, y))
    counts = np.histogram2d(across, up, bins=[edges, edges])[0]
    levels = np.ceil(_LEVELS * np.log1p(counts) / np.log1p(counts.max())).astype(int)
    cell = 100 / cells
    marks = []
    for level in range(1, _LEVELS + 1):
        boxes = [
            (i * cell, 100 - (j + 1) * cell, cell, cell) for i, j in np.argwhere(levels == level).tolist()
        ]
        if boxes:
            marks.append(Mark("area", f"own level{level}", path=draw_boxes(boxes)))
    half, nine = np.quantile(np.abs(p - y), (0.5, 0.9)).tolist()
    caption = (
        f"On the line, the prediction is exact. Half of the rows are within {number(half)}, "
        f"nine in ten within {number(nine)}."
    )
    return Plot(
        "Predicted and true",
        caption,
        f"True values against predicted ones. {caption}",
        scale,
        scale,
        "Predicted",
        "True",
        (*marks, Mark("rule", "ink thin", 0, 100, 100, 0)),
    )


def residuals(residual: Floats) -> Plot:
    """Show how errors spread around zero; the outermost half percent is put into the end bars."""
    reach = 1.05 * float(np.quantile(np.abs(residual), 0.995)) or 1.0
    x, bins = Scale(-reach, reach), _fineness(len(residual))
    counts = np.histogram(np.clip(residual, -reach, reach), np.linspace(-reach, reach, bins + 1))[0]
    y = Scale(0.0, float(counts.max()) * 1.08)
    width = 100 / bins
    boxes = [
        (k * width + 0.2, 100 - y.at(count), width - 0.4, y.at(count))
        for k, count in enumerate(counts.tolist())
        if count
    ]
    mean = float(residual.mean())
    caption = f"Predictions are {number(abs(mean))} too {'high' if mean > 0 else 'low'} on average."
    return Plot(
        "Residuals",
        caption,
        f"Histogram of the residuals. {caption}",
        x,
        y,
        "Predicted minus true",
        "Rows",
        (Mark("area", "own fill", path=draw_boxes(boxes)), Mark("rule", "ink thin", 50, 0, 50, 100)),
    )


def by_size_of_target(y: Floats, residual: Floats) -> Plot:
    """Show whether small or large targets are predicted with a bias."""
    parts = spread_by_target(y, residual)
    scale = fit_scale([q for part in parts for q in part.quantiles] + [0.0])
    place = Scale(0.5, len(parts) + 0.5)
    zero = 100 - scale.at(0.0)
    marks = [Mark("rule", "ink thin", 0, zero, 100, zero)]
    for k, part in enumerate(parts, start=1):
        at, tops = place.at(k), [100 - scale.at(q) for q in part.quantiles]
        text = (
            f"targets about {number(part.target)}: median {number(part.quantiles[2], signed=True)}, "
            f"{part.count:,} rows"
        )
        marks += [
            Mark("rule", "own whisker", at, tops[0], at, tops[4]),
            Mark("rule", "own thick", at, tops[1], at, tops[3]),
            Mark("dot", "paper", at, tops[2], text=text, symbol="disc"),
        ]
    caption = (
        f"Median {number(parts[0].quantiles[2], signed=True)} in the smallest tenth of the targets, "
        f"{number(parts[-1].quantiles[2], signed=True)} in the largest. "
        "Bars hold half of the rows, whiskers four fifths."
    )
    return Plot(
        "Error by size of the target",
        caption,
        f"Residuals by tenth of the target. {caption}",
        place,
        scale,
        "Tenth of the target, small to large",
        "Predicted minus true",
        tuple(marks),
    )

"""Pictures of stated probabilities, for any number of classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.report import curves
from twofold.report.curves import Floats
from twofold.report.number_format import number, share
from twofold.report.plot import Mark, Plot, Scale, draw_boxes, draw_path, fit_scale, thin

UNIT = Scale(0.0, 1.0)
DIAGONAL = Mark("rule", "faint dashed", 0, 100, 100, 0)
_BINS = 24


def calibration(hit: NDArray[np.bool_], said: Floats, x_label: str) -> Plot:
    """Show stated probabilities against what came true, with Wilson intervals."""
    curve = curves.reliability(hit, said)
    gap = number(100 * float(np.average(np.abs(curve.said - curve.true), weights=curve.counts)), 1)
    marks = [DIAGONAL]
    for x, y, low, high, count in np.column_stack(
        [curve.said, curve.true, curve.low, curve.high, curve.counts]
    ).tolist():
        at = UNIT.at(x)
        text = f"said {share(x)}, came true {share(y)} of {count:,.0f} rows"
        marks.append(Mark("rule", "own whisker", at, 100 - UNIT.at(low), at, 100 - UNIT.at(high)))
        marks.append(Mark("dot", "own", at, 100 - UNIT.at(y), text=text, symbol="disc"))
    caption = (
        "On the diagonal, “70 %” comes true 7 times in 10. "
        f"Here words and facts differ by {gap} points on average."
    )
    alt = f"Calibration curve; the mean distance from the diagonal is {gap} percentage points."
    return Plot("Calibration", caption, alt, UNIT, UNIT, x_label, "Came true", tuple(marks))


def mirrored(up: Floats, down: Floats) -> tuple[Scale, tuple[Mark, ...]]:
    """Draw two histograms of probabilities back to back, each in shares of its own rows."""
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    above, below = (np.histogram(values, edges)[0] / max(len(values), 1) for values in (up, down))
    tops = [max(float(side.max()), 1e-9) for side in (above, below)]
    # each side gets room for its name beside its bars, the smaller one at least a third of the larger
    tops = [1.2 * max(top, max(tops) / 3) for top in tops]
    scale, width = Scale(-tops[1], tops[0]), 100 / _BINS
    zero = 100 - scale.at(0.0)
    marks = [Mark("rule", "axis", 0, zero, 100, zero)]
    for style, side, sign in (("own fill", above, 1), ("grey fill", below, 0)):
        heights = (100 * side / sum(tops)).tolist()
        boxes = [
            (k * width + 0.3, zero - sign * height, width - 0.6, height)
            for k, height in enumerate(heights)
            if height
        ]
        if boxes:
            marks.append(Mark("area", style, path=draw_boxes(boxes)))
    return scale, tuple(marks)


def right_and_wrong(right: NDArray[np.bool_], confidence: Floats) -> Plot:
    """Show how sure the model is where it is right and where it is wrong."""
    scale, marks = mirrored(confidence[right], confidence[~right])
    words = (
        Mark("text", "own strong", 0, 0, text=f"right: {right.sum():,} rows", dx=4, dy=11),
        Mark("text", "muted strong", 0, 100, text=f"wrong: {(~right).sum():,} rows", dx=4, dy=-5),
    )
    return Plot(
        "Confidence",
        "A good model is sure where it is right (up) and unsure where it is wrong (down).",
        "Histogram of the confidence, right answers above the line and wrong ones below it.",
        UNIT,
        scale,
        "Probability of the class that is answered",
        "Share of the rows",
        (*marks, *words),
        y_ticks=(),
    )


def surest(right: NDArray[np.bool_], confidence: Floats) -> Plot:
    """Show how accuracy grows when unsure rows are not answered."""
    answered, accuracy = curves.surest_first(right, confidence)
    settled = answered >= min(0.02, float(answered[-1]))
    y = Scale(fit_scale([float(accuracy[settled].min()), 1.0], pad=0.08).low, 1.0)
    marks = (Mark("line", "own", path=draw_path(UNIT, y, *thin(answered[settled], accuracy[settled]))),)
    at_80 = float(accuracy[min(int(np.searchsorted(answered, 0.8)), len(accuracy) - 1)])
    caption = (
        f"Of all rows, {share(float(right.mean()))} are answered right; "
        f"of the surest four fifths, {share(at_80)}."
    )
    return Plot(
        "Answering the surest alone",
        caption,
        f"Accuracy against the share of rows answered. {caption}",
        UNIT,
        y,
        "Share of rows answered, surest first",
        "Right",
        marks,
    )

"""Pictures of a model that tells two classes apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.report.curves import Floats, rates_at
from twofold.report.number_format import number, share
from twofold.report.plot import Mark, Plot, draw_path, thin
from twofold.report.quality_classes import DIAGONAL, UNIT, mirrored
from twofold.report.words import shorten


def _ring(x: float, y: float, threshold: float) -> Mark:
    return Mark(
        "dot", "own", UNIT.at(x), 100 - UNIT.at(y), text=f"threshold {number(threshold)}", symbol="ring"
    )


def roc(y: NDArray[np.int64], p: Floats, name: str, threshold: float | None) -> Plot:
    """Show what is found of the second class against the false alarms it costs."""
    from sklearn.metrics import roc_auc_score, roc_curve

    false, true, _ = roc_curve(y, p)
    area = number(float(roc_auc_score(y, p)), 3)
    marks = [DIAGONAL, Mark("line", "own", path=draw_path(UNIT, UNIT, *thin(false, true)))]
    caption = f"Area {area}; a coin toss has 0.5."
    if threshold is not None:
        rates = rates_at(y, p, threshold)
        marks.append(_ring(rates.false_positive, rates.true_positive, threshold))
        caption = (
            f"Area {area}; a coin toss has 0.5. The ring is the threshold in use, {number(threshold)}: "
            f"it finds {share(rates.true_positive)} of “{shorten(name)}” and raises a false alarm on "
            f"{share(rates.false_positive)} of the others."
        )
    alt = f"ROC curve with an area of {area}."
    return Plot("ROC curve", caption, alt, UNIT, UNIT, "False alarms", "Found", tuple(marks))


def precision_recall(y: NDArray[np.int64], p: Floats, name: str, threshold: float | None) -> Plot:
    """Show how many alarms are right against how much is found."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, _ = precision_recall_curve(y, p)
    area = number(float(average_precision_score(y, p)), 3)
    base = float(y.mean())
    marks = [
        Mark("rule", "faint dashed", 0, 100 - UNIT.at(base), 100, 100 - UNIT.at(base)),
        Mark("line", "own", path=draw_path(UNIT, UNIT, *thin(recall[::-1], precision[::-1]))),
    ]
    caption = f"Average precision {area}; guessing has {number(base, 3)}, the share of “{shorten(name)}”."
    if threshold is not None:
        rates = rates_at(y, p, threshold)
        if not np.isnan(rates.precision):
            marks.append(_ring(rates.true_positive, rates.precision, threshold))
            caption += f" At the threshold, {share(rates.precision)} of the alarms are right."
    alt = f"Precision against recall, with an average precision of {area}."
    return Plot(
        "Precision and recall", caption, alt, UNIT, UNIT, "Found", "Right among the alarms", tuple(marks)
    )


def scores_by_class(y: NDArray[np.int64], p: Floats, names: tuple[str, str], threshold: float | None) -> Plot:
    """Show how the predicted probability spreads over the rows of each class."""
    scale, marks = mirrored(p[y == 1], p[y == 0])
    caption = "The less the two halves overlap, the better."
    words = [
        Mark("text", "own strong", 0, 0, text=f"is “{shorten(names[1])}”", dx=3, dy=11),
        Mark("text", "muted strong", 100, 100, text=f"is “{shorten(names[0])}”", anchor="end", dx=-3, dy=-6),
    ]
    if threshold is not None:
        at = UNIT.at(threshold)
        words.append(Mark("rule", "ink thin", at, 0, at, 100, text=f"threshold {number(threshold)}"))
        caption += f" Right of the line, at {number(threshold)}, the answer is “{shorten(names[1])}”."
    return Plot(
        "Scores by class",
        caption,
        f"Histogram of the probability of {names[1]}: its rows above the line, the others below.",
        UNIT,
        scale,
        f"Predicted probability of “{shorten(names[1])}”",
        "Share of the class",
        (*marks, *words),
        y_ticks=(),
    )

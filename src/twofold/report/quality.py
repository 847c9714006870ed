"""Pictures of how good the chosen model is, from its out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.report.curves import Floats
from twofold.report.plot import Plot
from twofold.report.quality_classes import calibration, right_and_wrong, surest
from twofold.report.quality_two_classes import precision_recall, roc, scores_by_class
from twofold.report.quality_values import by_size_of_target, density, residuals
from twofold.search.result import Result


def quality_pictures(result: Result) -> tuple[Plot, ...]:
    """Return the pictures that fit the task; rows that no fold scored are left out.

    The trivial baseline has none: it answers the same to all rows.
    """
    prediction = result.choice.predictions
    scored = np.isfinite(prediction).all(axis=1)
    if scored.sum() < 2 or result.choice.family == "baseline":
        return ()
    return _PICTURES[result.task](result, result.y[scored], prediction[scored])


def _binary(result: Result, y: NDArray[np.int64], prediction: Floats) -> tuple[Plot, ...]:
    p, threshold = prediction[:, 1], result.choice.threshold
    names = (str(result.classes[0]), str(result.classes[1]))
    ranked = (roc, precision_recall) if 0 < y.sum() < len(y) else ()
    return (
        *(picture(y, p, names[1], threshold) for picture in ranked),
        calibration(y == 1, p, f"Predicted probability of “{names[1]}”"),
        scores_by_class(y, p, names, threshold),
    )


def _multiclass(result: Result, y: NDArray[np.int64], prediction: Floats) -> tuple[Plot, ...]:
    del result
    confidence, right = prediction.max(axis=1), prediction.argmax(axis=1) == y
    return (
        calibration(right, confidence, "Probability of the class that is answered"),
        right_and_wrong(right, confidence),
        surest(right, confidence),
    )


def _regression(result: Result, y: Floats, prediction: Floats) -> tuple[Plot, ...]:
    del result
    residual = prediction[:, 0] - y
    return density(y, prediction[:, 0]), residuals(residual), by_size_of_target(y, residual)


_PICTURES: dict[str, Callable[[Result, NDArray[Any], Floats], tuple[Plot, ...]]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "regression": _regression,
}

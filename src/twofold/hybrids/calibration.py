"""Making probabilities honest: a temperature, a shift for each class, or a rising curve.

The methods of Guo et al. (2017), Platt (1999), and Zadrozny and Elkan (2002), in this order.

When it helps: boosted trees and networks are often too sure, forests too timid. When not: the answers are
honest already; then nothing is added. Cost: nothing to speak of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.hybrids.stack import fit_classes
from twofold.metrics.losses import mean_log_loss
from twofold.steps.base import Step
from twofold.steps.calibrate import Isotonic, Temperature
from twofold.steps.pool import Pool

Learn = Callable[[NDArray[np.float64], NDArray[Any], NDArray[np.float64]], Step]

WORTH = 0.002
"""Share of the log loss that a calibration has to take away to be kept."""
FEWEST_ROWS = 50
"""Below these a calibration is not tried."""
ISOTONIC_FROM = 2_000
"""Rows from which a free curve is tried; with fewer it follows the noise."""


def learn_temperature(p: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64]) -> Step:
    """Find the sharpness with the smallest log loss."""
    from scipy.optimize import minimize_scalar

    logs = np.log(np.clip(p, 1e-15, 1.0))
    true = logs[np.arange(len(y)), y]

    def loss(log_sharpness: float) -> float:
        s = np.exp(log_sharpness)
        top = (s * logs).max(axis=1)
        total = top + np.log(np.exp(s * logs - top[:, None]).sum(axis=1))
        return float(np.average(total - s * true, weights=weight))

    found = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded", options={"xatol": 1e-3})
    return Temperature(float(np.exp(found.x)))


def learn_shift(p: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64]) -> Step:
    """Find one sharpness, and one shift for each class, with the smallest log loss."""
    weights, bias = fit_classes(p[None], y, weight)
    return Pool(weights, bias, logarithmic=True)


def learn_isotonic(p: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64]) -> Step:
    """Find the rising curve with the smallest squared error, kept away from 0 and 1."""
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(p[:, 1], y == 1, sample_weight=weight)
    x, heights = np.asarray(curve.X_thresholds_, float), np.asarray(curve.y_thresholds_, float)
    margin = 1.0 / (weight.sum() + 2.0)
    rising = np.clip(heights, margin, 1 - margin) + 1e-9 * np.arange(len(x)) / max(len(x), 1)
    return Isotonic(x, np.minimum(rising, 1.0))


@dataclass(frozen=True)
class Calibration:
    """A calibration that is worth its while.

    Parameters
    ----------
    step : Step
        Learned from all rows, for new ones.
    crossed : array of shape (n, C)
        The rows themselves, each half calibrated by what the other half taught: to be judged by.
    """

    step: Step
    crossed: NDArray[np.float64]


def learn_calibration(
    p: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64] | None, *, keep_order: bool
) -> Calibration | None:
    """Return the calibration that is worth its while on halves it has not seen, or None.

    Parameters
    ----------
    p : array of shape (n, C)
        Out-of-fold probabilities.
    y : array of shape (n,)
    weight : array of shape (n,) or None
    keep_order : bool
        Leave out what would change a ranking.
    """
    if len(y) < FEWEST_ROWS:
        return None
    w = np.ones(len(y)) if weight is None else weight
    learners: list[Learn] = [learn_temperature]
    if p.shape[1] == 2 or not keep_order:
        learners.append(learn_shift)
    if p.shape[1] == 2 and not keep_order and len(y) >= ISOTONIC_FROM:
        learners.append(learn_isotonic)
    crossed = [_cross(learn, p, y, w) for learn in learners]
    losses = [mean_log_loss(y, told, w) for told in crossed]
    best = int(np.argmin(losses))
    if not losses[best] < mean_log_loss(y, p, w) * (1 - WORTH):
        return None
    return Calibration(learners[best](p, y, w), crossed[best])


def _cross(
    learn: Learn, p: NDArray[np.float64], y: NDArray[Any], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    half = np.arange(len(y)) % 2 == 0
    out = np.empty_like(p, dtype=np.float64)
    for side in (half, ~half):
        out[~side] = learn(p[side], y[side], w[side]).run(p[~side])
    return out

"""Classes as normal columns whose counts, means and squares are kept, so that they can go on learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax

Array = NDArray[np.float64]
ROWS = 4_000_000
"""Numbers of an intermediate array; rows are taken in parts so that it stays below."""


def log_density(X: Array, count: Array, mean: Array, squares: Array, smooth: float) -> Array:
    """Sum the logarithms of normal densities over the columns.

    Parameters
    ----------
    X : array of shape (n, d)
    count : array of shape (C,) or (n, C)
        Rows behind the statistics of each class.
    mean, squares : arrays of shape (C, d) or (n, C, d)
        Means, and sums of squared distances from them.
    smooth : float
        Pretended rows of variance one; with 0 the variance is that of the sample.

    Returns
    -------
    array of shape (n, C)
        Columns without a variance (a class of one row, a constant) say nothing.
    """
    rows = np.maximum(count - 1.0, 0.0) + smooth
    spread = squares + smooth
    told = (spread > 0.0) & (rows > 0.0)[..., None]
    variance = np.where(told, spread / np.maximum(rows, 1e-300)[..., None], 1.0)
    terms = (X[:, None, :] - mean) ** 2 / variance + np.log(2.0 * np.pi * variance)
    return np.asarray(-0.5 * np.where(told, terms, 0.0).sum(axis=-1))


def log_share(count: Array) -> Array:
    """Return the logarithms of class shares; one row more of each class is pretended."""
    grown = count + 1.0
    return np.asarray(np.log(grown / grown.sum(axis=-1, keepdims=True)))


@dataclass(frozen=True)
class OnlineBayes(Step):
    """Naive Bayes on normal columns, with the statistics that further rows are added to.

    Parameters
    ----------
    count : array of shape (C,)
    mean, squares : arrays of shape (C, d)
    smooth : float
        As of `log_density`.
    """

    kind = "online_bayes"
    count: Array
    mean: Array
    squares: Array
    smooth: float

    def run(self, *inputs: Any) -> Array:
        (X,) = inputs
        out = np.empty((len(X), len(self.count)))
        step = max(1, ROWS // max(1, self.mean.size))
        for start in range(0, len(X), step):
            part = np.asarray(X[start : start + step], dtype=np.float64)
            density = log_density(part, self.count, self.mean, self.squares, self.smooth)
            out[start : start + step] = softmax(log_share(self.count) + density)
        return out

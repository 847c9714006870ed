"""Class probabilities from independent normal columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax


@dataclass(frozen=True)
class GaussianBayes(Step):
    """``softmax(prior + sharpness * sum of log densities)``.

    Parameters
    ----------
    prior : array of shape (C,)
        Logs of the class shares.
    mean, variance : arrays of shape (C, d)
    sharpness : float
        Below one where columns say the same thing twice.
    """

    kind = "gaussian_bayes"
    prior: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    sharpness: float

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        X = X.tocsr() if hasattr(X, "tocsr") else X
        sparse = hasattr(X, "multiply")
        X = X.astype(np.float64)
        squares = X.multiply(X) if sparse else X * X
        precision = 1.0 / self.variance
        constant = -0.5 * (self.mean**2 * precision + np.log(self.variance)).sum(axis=1)
        scores = (
            np.asarray(X @ (self.mean * precision).T) - 0.5 * np.asarray(squares @ precision.T) + constant
        )
        return softmax(self.prior + self.sharpness * scores)

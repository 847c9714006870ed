"""A linear map with a link: the prediction of linear, logistic and linear SVM models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import apply_link


@dataclass(frozen=True)
class Linear(Step):
    """``link(X @ weights.T + bias)``.

    Parameters
    ----------
    weights : array of shape (n_outputs, d)
    bias : array of shape (n_outputs,)
    link : str
        A name in `twofold.steps.links`.
    """

    kind = "linear"
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    link: str

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        return apply_link(self.link, np.asarray(X @ self.weights.T) + self.bias)

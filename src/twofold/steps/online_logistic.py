"""Logistic regression together with what its next step of learning needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import apply_link


@dataclass(frozen=True)
class OnlineLogistic(Step):
    """``link(X @ weights + bias)``, and the state of its optimiser.

    Parameters
    ----------
    weights : array of shape (k, d + 1)
        k is 1 for two classes, else the number of classes; the last column is the bias.
    squares : array of shape (k, d + 1)
        Sums of squared gradients.
    leads : array of shape (k, d + 1)
        What the weights of ``ftrl`` follow from; zeros for other methods.
    method : str
        ``sgd``, ``adagrad`` or ``ftrl``.
    rate, first, l1, l2 : float
    frozen : int
        Leading columns that are the log-odds of a frozen model; see `twofold.hybrids.online.logistic`.
    """

    kind = "online_logistic"
    weights: NDArray[np.float64]
    squares: NDArray[np.float64]
    leads: NDArray[np.float64]
    method: str
    rate: float
    first: float
    l1: float
    l2: float
    frozen: int

    @property
    def link(self) -> str:
        """Name of the link that belongs to the number of outputs."""
        return "sigmoid" if len(self.weights) == 1 else "softmax"

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        return apply_link(self.link, np.asarray(X @ self.weights[:, :-1].T) + self.weights[:, -1])

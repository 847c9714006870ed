"""What a metric is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Score = Callable[[NDArray[Any], NDArray[np.float64], NDArray[np.float64] | None], float]


@dataclass(frozen=True)
class Metric:
    """A named way to judge predictions.

    Parameters
    ----------
    name : str
    label : str
        How a person reads it, for instance ``"AUC"``.
    function : callable (y, prediction, weight) -> float
        `y` are class codes or values of shape (n,); `prediction` has shape (n, n_classes) or (n, 1);
        `weight` has shape (n,) or is None. Zero weights leave rows out.
    greater_is_better : bool
    tasks : frozenset of str
    decides : bool
        It judges the answered classes, so that the threshold of two classes is worth tuning for it.
    """

    name: str
    label: str
    function: Score
    greater_is_better: bool
    tasks: frozenset[str]
    decides: bool = False

    def __call__(
        self,
        y: NDArray[Any],
        prediction: NDArray[np.float64],
        weight: NDArray[np.float64] | None = None,
    ) -> float:
        """Return the score in its own unit."""
        return self.function(y, prediction, weight)

    def gain(
        self,
        y: NDArray[Any],
        prediction: NDArray[np.float64],
        weight: NDArray[np.float64] | None = None,
    ) -> float:
        """Return the score with its sign turned so that more is better."""
        value = self.function(y, prediction, weight)
        return value if self.greater_is_better else -value

"""Models that go on from the log-odds of another one, which stand in the first columns of their rows.

Boosting begins from these scores instead of the share of the classes (Friedman 2001); a network's scores are
added to them. Both answer with the correction alone, as probabilities whose logarithms are to be added.
Values need nothing of it: their corrections are models of what was left over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.models.lightgbm import LightGBM
from twofold.models.realmlp import RealMLP
from twofold.steps.log_scores import STEEP


class TreesCorrection(LightGBM):
    """Boosted trees that begin from scores."""

    def begin_from(self, X: NDArray[Any]) -> NDArray[np.float64] | None:
        k = self.problem_.n_classes
        if not k:
            return None
        scores = STEEP * X[:, : k if k > 2 else 1].astype(np.float64)
        return scores if k > 2 else scores[:, 0]


class NetworkCorrection(RealMLP):
    """A multilayer perceptron whose scores are added to others."""

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        inner = super().build(X, n_outputs)
        if not self.problem_.n_classes:
            return inner
        from twofold.nn.offset import OffsetNetwork

        return OffsetNetwork(inner, n_outputs, STEEP)

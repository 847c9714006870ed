"""A small network that learns answers instead of labels (Hinton, Vinyals and Dean 2015).

When it helps: the teacher is smooth, the rows are many or can be made up, and one quick network shall answer.
When not: the teacher is made of steps, which trees copy better. Cost: the teacher first, then one training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem
from twofold.models.realmlp import RealMLP


class SoftNetwork(RealMLP):
    """RealMLP, smaller and without dropout, on answers of shape (n, n_classes) or (n, 1).

    Parameters
    ----------
    learning_rate, weight_decay
        As of `RealMLP`.
    hidden, layers : int
        64 and 2: a tenth of RealMLP's weights.
    dropout : float
        0: answers hold no noise that could be learned by heart.
    epochs : int
    temperature : float
        Classes only: above 1 the small probabilities of an answer count for more.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> p = 1 / (1 + np.exp(-4 * X))
    >>> model = SoftNetwork(epochs=30).fit(X, np.hstack([1 - p, p]), problem=Problem("binary", 2))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    def __init__(
        self,
        learning_rate: float | None = None,
        hidden: int = 64,
        layers: int = 2,
        dropout: float = 0.0,
        weight_decay: float = 0.02,
        epochs: int = 100,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(learning_rate, hidden, layers, dropout, weight_decay, epochs)
        self.temperature = temperature

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        assert problem is not None, "answers do not tell their problem"
        control = control or Control()
        if not problem.n_classes:
            watched = control.validation
            if watched is not None:
                control = replace(control, validation=replace(watched, y=watched.y[:, 0]))
            y = y[:, 0]
        return super().fit(X, y, sample_weight, problem=problem, control=control)

    def _loss(self) -> Any:
        from twofold.nn.soft_losses import make_soft_loss

        return make_soft_loss(self.problem_, self.temperature)

    def _rows(self, X: NDArray[np.float32], y: NDArray[Any], weight: NDArray[np.float64] | None) -> Any:
        from twofold.nn.soft_losses import soft_rows

        return soft_rows(X, y if self.problem_.n_classes else (y - self.centre_) / self.scale_, weight)

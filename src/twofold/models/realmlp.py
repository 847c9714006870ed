"""RealMLP: a multilayer perceptron with strong defaults (Holzmüller, Grinsztajn and Steinwart 2024)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.space import Choice, Range, Space
from twofold.models.network import Network


class RealMLP(Network):
    """A multilayer perceptron on the ``network`` view.

    Parameters
    ----------
    learning_rate : float or None
        None takes the authors' tuned 0.04 for classes and 0.07 for values.
    hidden : int
        Width of each layer. The authors take 256 on a GPU; within a CPU's seconds 128 runs three times the
        epochs and predicts better (kin8nm, 6 s: RMSE 0.065 against 0.093).
    layers : int
    dropout : float
        0.15 as tuned by the authors.
    weight_decay : float
    epochs : int
        At most. The authors run 256 on a GPU; with early stopping on a CPU fewer are enough.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = RealMLP(epochs=20).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network", network=True, iterative=True, seconds=(1.0, 8e-4, 2e-6), packages=("torch",)
    )
    space: ClassVar[Space] = {
        "learning_rate": Range(0.01, 0.15, log=True),
        "hidden": Choice((128, 256, 384)),
        "layers": Choice((2, 3)),
        "dropout": Range(0.0, 0.4),
        "weight_decay": Range(1e-4, 0.1, log=True),
    }

    def __init__(
        self,
        learning_rate: float | None = None,
        hidden: int = 128,
        layers: int = 3,
        dropout: float = 0.15,
        weight_decay: float = 0.02,
        epochs: int = 200,
    ) -> None:
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.layers = layers
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.epochs = epochs

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        from twofold.nn.mlp import RealMLPNetwork

        return RealMLPNetwork(
            self.layout(X),
            n_outputs,
            (self.hidden,) * self.layers,
            self.dropout,
            smooth=not self.problem_.n_classes,
        )

    def recipe(self, n_rows: int) -> Any:
        from twofold.nn.loop import Recipe, four_cycles

        rate = self.learning_rate or (0.04 if self.problem_.n_classes else 0.07)
        size = 256 if n_rows >= 3_000 else 128 if n_rows >= 1_000 else 64
        return Recipe(rate, (0.9, 0.95), self.weight_decay, size, self.epochs, 60, four_cycles)

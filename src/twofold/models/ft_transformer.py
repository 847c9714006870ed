"""FT-Transformer: attention among columns (Gorishniy, Rubachev, Khrulkov and Babenko 2021)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.space import Choice, Range, Space
from twofold.models.network import Network


class FTTransformer(Network):
    """A transformer over columns on the ``network`` view.

    Parameters
    ----------
    learning_rate : float
        0.001 with small tokens; the authors' 0.0001 goes with tokens three times as wide.
    width : int
        Of a token; a multiple of 4.
    blocks : int
    dropout : float
    weight_decay : float
    epochs : int

    Notes
    -----
    Its time grows with the square of the number of columns; it comes last in a short budget.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = FTTransformer(epochs=20).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network", network=True, iterative=True, seconds=(1.0, 3e-3, 2e-6), packages=("torch",)
    )
    space: ClassVar[Space] = {
        "learning_rate": Range(3e-4, 3e-3, log=True),
        "width": Choice((32, 64)),
        "blocks": Choice((1, 2, 3)),
        "dropout": Range(0.0, 0.3),
    }

    def __init__(
        self,
        learning_rate: float = 1e-3,
        width: int = 48,
        blocks: int = 2,
        dropout: float = 0.1,
        weight_decay: float = 1e-5,
        epochs: int = 100,
    ) -> None:
        self.learning_rate = learning_rate
        self.width = width
        self.blocks = blocks
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.epochs = epochs

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        from twofold.nn.transformer import FTTransformerNetwork

        return FTTransformerNetwork(self.layout(X), n_outputs, self.width, self.blocks, self.dropout)

    def recipe(self, n_rows: int) -> Any:
        from twofold.nn.loop import Recipe, warm_cosine

        size = 256 if n_rows >= 3_000 else 128 if n_rows >= 1_000 else 64
        betas = (0.9, 0.999)
        return Recipe(self.learning_rate, betas, self.weight_decay, size, self.epochs, 20, warm_cosine)

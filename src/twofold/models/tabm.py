"""TabM: an ensemble of perceptrons in one network (Gorishniy, Kotelnikov and Babenko 2025)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.space import Choice, Range, Space
from twofold.models.network import Network


class TabM(Network):
    """Many perceptrons with shared weights on the ``network`` view; their mean answers.

    Parameters
    ----------
    learning_rate : float
        0.01, five times the authors' default, since there are few epochs in a CPU's seconds.
    members : int
        4 instead of the authors' 32, for the same reason (phoneme, 6 s: AUC 0.939 against 0.859 with 16).
    width, blocks : int
        128 and 2; the authors' 512 needs a GPU.
    dropout : float
    weight_decay : float
        0.0003, the authors' default.
    bins : int
        Pieces of the embedding of each number.
    epochs : int

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = TabM(epochs=30).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network",
        network=True,
        iterative=True,
        seconds=(1.0, 2e-3, 2e-6),
        packages=("torch", "tabm", "rtdl_num_embeddings"),
    )
    space: ClassVar[Space] = {
        "learning_rate": Range(2e-3, 2e-2, log=True),
        "width": Choice((64, 128, 192)),
        "blocks": Choice((1, 2, 3)),
        "dropout": Range(0.0, 0.4),
        "weight_decay": Range(1e-5, 0.03, log=True),
    }
    embeds: ClassVar[bool] = False

    def __init__(
        self,
        learning_rate: float = 0.01,
        members: int = 4,
        width: int = 128,
        blocks: int = 2,
        dropout: float = 0.1,
        weight_decay: float = 3e-4,
        bins: int = 16,
        epochs: int = 120,
    ) -> None:
        self.learning_rate = learning_rate
        self.members = members
        self.width = width
        self.blocks = blocks
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.bins = bins
        self.epochs = epochs

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        from twofold.nn.ensemble_mlp import TabMNetwork, bin_edges

        layout = self.layout(X)
        edges = bin_edges(X[:, : layout.numbers], self.bins)
        sizes = (self.members, self.width, self.blocks, self.dropout)
        return TabMNetwork(edges, layout, n_outputs, self.problem_.task, *sizes)

    def recipe(self, n_rows: int) -> Any:
        from twofold.nn.loop import Recipe, warm_cosine

        size = 256 if n_rows >= 3_000 else 128 if n_rows >= 1_000 else 64
        betas = (0.9, 0.999)
        return Recipe(self.learning_rate, betas, self.weight_decay, size, self.epochs, 24, warm_cosine)

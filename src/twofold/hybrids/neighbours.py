"""Nearest neighbours inside a network: it looks training rows up in a space that it learns for this.

Retrieval for tables is from Gorishniy, Rubachev, Kartashev, Shlenskii, Kotelnikov and Babenko (2024: TabR),
neighbours in a learned space from Goldberger, Roweis, Hinton and Salakhutdinov (2005). A training row never
looks up itself, so that its own target tells it nothing.

When it helps: the answer follows from a few similar cases - prices of like objects, readings at near places -
and there are many thousand rows without much noise, as its authors found. When not: a thousand rows; there it
was as good as a perceptron on california-housing, phoneme and kin8nm, and no better, so a fit tries it only
when it is named. Cost: twice the training of a perceptron; the bundle holds a key of each training row, and
each answer is compared with all of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.space import Choice, Range, Space
from twofold.models.network import Network
from twofold.steps.base import EMBEDDING, FEATURES, PREDICTION, Graph, Node
from twofold.steps.look_up import LookUp
from twofold.steps.onnx_graph import OnnxGraph

KEYS, TOLD = "keys", "keys with what was looked up"


class NeighboursNetwork(Network):
    """A network that reads the nearest training rows, on the ``network`` view.

    Parameters
    ----------
    learning_rate : float
    width : int
        Of a row's key.
    near : int
        Rows that are looked up; the authors take 96.
    dropout, weight_decay : float
    epochs : int

    Attributes
    ----------
    steps_ : Graph
        What it answers with.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = NeighboursNetwork(epochs=20).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network",
        network=True,
        joins=True,
        iterative=True,
        stores_rows=True,
        max_rows=10_000,
        seconds=(2.0, 3e-3, 2e-6),
        packages=("torch",),
    )
    space: ClassVar[Space] = {
        "learning_rate": Range(1e-3, 1e-2, log=True),
        "width": Choice((48, 64, 96)),
        "near": Choice((16, 32, 64)),
        "dropout": Range(0.0, 0.4),
    }

    def __init__(
        self,
        learning_rate: float = 3e-3,
        width: int = 64,
        near: int = 24,
        dropout: float = 0.15,
        weight_decay: float = 1e-2,
        epochs: int = 60,
    ) -> None:
        self.learning_rate = learning_rate
        self.width = width
        self.near = near
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.epochs = epochs

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        if self.near < 1:
            raise InputError(
                f"near is {self.near!r}.", "It has to be 1 or more.", "Leave it out for the default."
            )
        control = control or Control()
        if control.validation is not None:
            v = control.validation
            watched = Validation(_placed(v.X, np.zeros(len(v.y))), v.y, v.weight)
            control = replace(control, validation=watched)
        self._known_y = y
        super().fit(_placed(X, 1 + np.arange(len(y))), y, sample_weight, problem=problem, control=control)
        del self._known_y
        self.n_features_ -= 1
        self.steps_ = self._steps()
        return self

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        from twofold.nn.retrieval import RetrievalNetwork

        del n_outputs
        goals = self._known_y if self.problem_.n_classes else (self._known_y - self.centre_) / self.scale_
        shape = (self.width, self.near, self.dropout)
        return RetrievalNetwork(self.layout(X[:, :-1]), X[:, :-1], goals, self.problem_.n_classes, *shape)

    def recipe(self, n_rows: int) -> Any:
        from twofold.nn.loop import Recipe, warm_cosine

        size = 256 if n_rows >= 3_000 else 128 if n_rows >= 1_000 else 64
        betas = (0.9, 0.999)
        return Recipe(self.learning_rate, betas, self.weight_decay, size, self.epochs, 24, warm_cosine)

    def _steps(self) -> Graph:
        from twofold.nn.onnx_writer import OnnxWriter

        first, rest = OnnxWriter(self.n_features_), OnnxWriter(self.width)
        keys = first.finish({KEYS: self.module_.write_keys(first)})
        hidden = rest.finish({EMBEDDING: self.module_.write_rest(rest)})
        look_up = LookUp(near=self.module_.near, **self.module_.stored())
        return Graph(
            (
                Node(OnnxGraph(keys, KEYS), (FEATURES,), KEYS),
                Node(look_up, (KEYS,), TOLD),
                Node(OnnxGraph(hidden, EMBEDDING), (TOLD,), EMBEDDING),
                Node(self._head(), (EMBEDDING,), PREDICTION),
            )
        )

    def output(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self.steps_.run({FEATURES: np.asarray(X, dtype=np.float32)}))

    def lower(self) -> Graph:
        return self.steps_


def _placed(X: Any, places: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows with their places behind: a known row is told not to look up itself."""
    return np.column_stack([np.asarray(X, dtype=np.float32), places.astype(np.float32)])

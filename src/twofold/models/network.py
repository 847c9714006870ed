"""What the network models share: tensors in, the training loop, and the way to an ONNX graph."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core import optional
from twofold.core.control import Control, Problem
from twofold.models.base import Model, infer_problem
from twofold.steps.base import EMBEDDING, FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph

_LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class Network(Model):
    """A network on the ``network`` view. Subclasses build the module and give its recipe."""

    embeds: ClassVar[bool] = True
    """Whether its module gives a penultimate layer; otherwise it gives the finished answer."""

    @abstractmethod
    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        """Return the untrained module; torch's seed is set."""

    def layout(self, X: NDArray[np.float32]) -> Any:
        """Return the `twofold.nn.inputs.Layout` of the rows of X."""
        from twofold.nn.inputs import Layout

        codes, plain, towers = self.problem_.categories, self.problem_.plain, self.problem_.towers
        known = plain + len(codes) + sum(tower.places for tower in towers)
        return Layout(X.shape[1] - known, plain, codes, towers)

    @abstractmethod
    def recipe(self, n_rows: int) -> Any:
        """Return the `twofold.nn.loop.Recipe`."""

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        torch = optional.load("torch", f"The model '{type(self).__name__}'")
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        self.centre_, self.scale_ = 0.0, 1.0
        if not self.problem_.n_classes:
            self.centre_ = float(np.average(y, weights=sample_weight))
            self.scale_ = float(np.std(y)) or 1.0
        X = np.asarray(X, dtype=np.float32)
        self.n_features_ = int(X.shape[1])
        torch.set_num_threads(control.budget.cores)
        watched = None
        if control.validation is not None and control.rounds is None:
            v = control.validation
            watched = self._rows(np.asarray(v.X), v.y, v.weight)
        with torch.random.fork_rng(devices=[]):
            n_outputs = max(1, self.problem_.n_classes if self.problem_.n_classes > 2 else 1)
            rows = self._rows(X, y, sample_weight)
            rules = replace(control, validation=None)
            self.module_, outcome = self._train(lambda: self.build(X, n_outputs), rows, watched, rules)
            self.rounds_ = outcome.epoch
        return self

    def _train(self, make: Callable[[], Any], rows: Any, watched: Any, control: Control) -> tuple[Any, Any]:
        """Return the trained module, and the `twofold.nn.loop.Outcome`."""
        from twofold.nn.lengths import train_to_length

        return train_to_length(make, self._loss(), rows, watched, self.recipe(len(rows.y)), control)

    def _loss(self) -> Any:
        from twofold.nn.losses import make_loss

        return make_loss(self.problem_)

    def _rows(self, X: NDArray[np.float32], y: NDArray[Any], weight: NDArray[np.float64] | None) -> Any:
        import torch

        from twofold.nn.loop import Rows

        goals = y if self.problem_.n_classes else (y - self.centre_) / self.scale_
        weights = np.ones(len(y)) if weight is None else weight / weight.mean()
        dtype = np.int64 if self.problem_.n_classes else np.float32
        return Rows(
            torch.from_numpy(np.array(X, dtype=np.float32)),
            torch.from_numpy(np.array(goals, dtype=dtype)),
            torch.from_numpy(np.array(weights, dtype=np.float32)),
        )

    def _head(self) -> Linear:
        weight, bias = (np.asarray(part, dtype=np.float64) for part in self.module_.head())
        return Linear(
            weight * self.scale_,
            bias * self.scale_ + self.centre_,
            _LINKS[self.problem_.task] if self.embeds else "identity",
        )

    def run_module(self, function: Any, X: Any) -> NDArray[np.float32]:
        """Run a function of the module on rows, in parts, without learning."""
        import torch

        from twofold.nn.loop import parts_of

        with torch.no_grad():
            parts = [function(torch.from_numpy(np.array(X[part], dtype=np.float32))) for part in parts_of(X)]
        return np.asarray(torch.cat(parts).numpy())

    def output(self, X: Any) -> NDArray[np.float64]:
        return self._head().run(self.run_module(self.module_.embed, X).astype(np.float64))

    def lower(self) -> Graph:
        from twofold.nn.onnx_writer import OnnxWriter

        writer = OnnxWriter(self.n_features_)
        name = EMBEDDING if self.embeds else "answers"
        model = writer.finish({name: self.module_.write(writer)})
        first = Node(OnnxGraph(model, name), (FEATURES,), name)
        return Graph((first, Node(self._head(), (name,), PREDICTION)))

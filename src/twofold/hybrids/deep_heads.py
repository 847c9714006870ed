"""Any head over a network's embedding, as one model: deep features by hand, on arrays and on tables.

When it helps: a network has learned what the head cannot express, and the head copes better with few rows,
outliers and steps than the network's own last layer; distances and densities (nearest neighbours, naive
Bayes) mean more in an embedding than in the columns. When not: few rows, from which the network learns
nothing; or a head that is as good alone. Cost: about two trainings of the network, and both models for every
row.

Sources: features of a trained network under another classifier (Donahue et al. 2014; Sharif Razavian et al.
2014). What the head learns from is made out of fold, see `twofold.hybrids.deep_features`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.random import derive_seed
from twofold.core.space import Choice, Space
from twofold.hybrids.deep_features import DeepColumns, embed_out_of_fold, make_deep_columns
from twofold.models import MODELS
from twofold.models.base import Model, infer_problem
from twofold.steps.base import EMBEDDING, FEATURES, PREDICTION, Graph, Node
from twofold.steps.numbers import Pick
from twofold.steps.stack_columns import StackColumns

HEADS = (
    "linear", "lightgbm", "extra_trees", "random_forest", "svm", "linear_svm", "knn", "naive_bayes", "tree",
    "discriminant", "catboost",
)  # fmt: skip

COLUMNS = "columns"
"""What a head sees besides deep columns."""


class DeepFeatures(Model):
    """A head over the columns and a network's embedding of them, on the ``network`` view.

    Columns of codes reach the head through the network alone.

    Parameters
    ----------
    network : str
        A name in `MODELS` of a network that has an embedding, or ``module:Class``.
    head : str
        A name in `MODELS` of any other model.
    epochs : int
        Of each training of the network, at most.

    Attributes
    ----------
    network_, head_ : Model
    deep_ : DeepColumns or None
        None where the head sees columns alone.
    rounds_ : int
        Of the network.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = DeepFeatures(head="knn", epochs=10).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network",
        network=True,
        joins=True,
        iterative=True,
        seconds=(2.0, 1.2e-3, 2e-4),
        packages=("torch",),
    )
    space: ClassVar[Space] = {"head": Choice(("linear", "lightgbm", "extra_trees", "svm", "knn"))}

    def __init__(self, network: str = "realmlp", head: str = "lightgbm", epochs: int = 200) -> None:
        self.network = network
        self.head = head
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
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        self._check()
        rows = Validation(np.asarray(X, dtype=np.float32), np.asarray(y), sample_weight)
        known = self.problem_
        raw = sum(tower.places for tower in known.towers) + len(known.categories)
        self.deep_: DeepColumns | None = None
        self.columns_ = np.arange(rows.X.shape[1] - raw)
        self._learn_network(rows, control)
        watched = control.validation if control.rounds is None else None
        self.head_ = self._learn_head(rows, watched, control)
        return self

    def _check(self) -> None:
        if self.head not in HEADS:
            raise InputError(
                f"head is {self.head!r}.", f"Allowed are: {', '.join(HEADS)}.", "Name one of them."
            )
        if self.problem_.task not in MODELS.load(self.head).capabilities.tasks:
            raise InputError(
                f"The head '{self.head}' does not do {self.problem_.task}.",
                f"It does {', '.join(sorted(MODELS.load(self.head).capabilities.tasks))}.",
                "Name another head.",
            )
        if not getattr(MODELS.load(self.network), "embeds", False):
            raise InputError(
                f"'{self.network}' has no embedding.",
                "The network has to have a layer before its answer, as 'realmlp' and 'ft_transformer' have.",
                "Name one of these.",
            )

    def _learn_network(self, rows: Validation, control: Control) -> None:
        """Train the network, and embed the rows that it learned from by others that have not seen them."""
        rules = replace(control, budget=control.budget.share(0.4))
        self.network_ = self._network().fit(rows.X, rows.y, rows.weight, problem=self.problem_, control=rules)
        self.rounds_ = self.network_.rounds_
        self.lowered_ = self.network_.lower()
        rules = replace(control, rounds=None, seed=derive_seed(control.seed, "out of fold"))
        embedded = embed_out_of_fold(
            self._again(), self.lowered_, rows.X, rows.y, rows.weight, problem=self.problem_, control=rules
        )
        self.deep_ = make_deep_columns(self.lowered_, embedded, self.problem_.n_classes)

    def _network(self) -> Model:
        """Return the network, unfitted."""
        network: Model = MODELS.load(self.network)(epochs=self.epochs)
        return network

    def _again(self) -> Model:
        """Return the network, unfitted, to be trained as long as `network_` was found to learn."""
        network: Model = MODELS.load(self.network)(epochs=self.rounds_)
        return network

    def _learn_head(self, rows: Validation, watched: Validation | None, control: Control) -> Model:
        rules = Control(control.budget.share(), derive_seed(control.seed, "head"))
        if watched is not None:
            rules = replace(rules, validation=replace(watched, X=self._seen(watched.X)))
        problem = Problem(self.problem_.task, self.problem_.n_classes)
        head: Model = MODELS.load(self.head)()
        weight = rows.weight if head.capabilities.sample_weight else None
        return head.fit(self._shown(rows.X), rows.y, weight, problem=problem, control=rules)

    def _shown(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the head learns from: the columns, and the deep ones out of fold."""
        columns = np.asarray(self._columns().run({FEATURES: X}, COLUMNS), dtype=np.float32)
        return columns if self.deep_ is None else np.hstack([columns, self.deep_.matrix])

    def _columns(self) -> Graph:
        """Return the steps from ``features`` to what the head sees besides deep columns."""
        return Graph((Node(Pick(self.columns_), (FEATURES,), COLUMNS),))

    def _before(self) -> Graph:
        """Return the steps from ``features`` to ``head/features``."""
        graph, parts = self._columns(), [COLUMNS]
        if self.deep_ is not None:
            graph += self.lowered_.renamed("net/", keep=(FEATURES, EMBEDDING)) + self.deep_.graph
            parts.append("deep")
        return graph.then(Node(StackColumns(), tuple(parts), "head/" + FEATURES))

    def _seen(self, X: Any) -> NDArray[np.float32]:
        rows = np.asarray(X, dtype=np.float32)
        return np.asarray(self._before().run({FEATURES: rows}, "head/" + FEATURES))

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.head_.output(self._seen(X))

    def lower(self) -> Graph:
        return self._before() + self.head_.lower().renamed("head/", keep=(PREDICTION,))

"""Leaves of boosted trees as tokens of a network, which adds to what the trees say.

Forests are grown by LightGBM, each on all training rows but one part, and that part is read with its leaves.
A perceptron reads the columns and a learned vector for each leaf that a row falls into, summed over groups of
trees, and its scores are added to the trees' own. New rows are read with the leaves of all forests, averaged.
So no row is ever read with a leaf that has seen its target. Predicting needs one ensemble of trees, whose
leaves hold the learned vectors, and one network.

Leaves as inputs of another learner are from He et al. (2014, "Practical lessons from predicting clicks on
ads at Facebook"); leaf vectors, grouped and fed to a network, from Ke et al. (2019, DeepGBM); reading out
of fold replaces their single forest, which has seen every training row's target. A few hundred rows cannot
teach a thousand vectors: with vectors for many trees, rows are learned by heart from their leaves (kin8nm,
1,000 rows: RMSE 0.131 with 16 trees a forest, 0.088 with one). So there are as many vectors as rows allow.

When it helps: where nobody knows whether a target is steps and thresholds, which trees find, or smooth,
which a network finds: one model comes near to the better of both. When not: it did not beat that one on any
of four tables (1,000 rows, five divisions: equal to trees on phoneme and california-housing; kin8nm RMSE
0.095, network 0.086, trees 0.162; segment worse than trees), so a fit tries it only when it is named. Cost:
the boosting of all forests and the network's training; at prediction several times the trees and the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.core.space import Choice, Range, Space
from twofold.models.base import Model, infer_problem
from twofold.models.lightgbm import LightGBM, read_trees
from twofold.models.realmlp import RealMLP
from twofold.steps.base import EMBEDDING, FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.stack_columns import StackColumns
from twofold.steps.tree_graph import Trees, join_trees, lower_trees

ROUNDS = 200
"""Of boosting, not stopped early: the network learns on other rows how far to trust the trees."""
ROWS_A_VECTOR = 12
"""The first trees have vectors for their leaves, while there are so many rows for each; all have scores."""
NOISE = 0.3
"""Of the first leaf vectors, beside what the leaves' values give."""
FOR_FORESTS = 0.3
"""Share of the time that all forests together may take."""
ALL = -1
"""Instead of the number of a forest: rows that none of them has seen are read with all."""
TOKENS, WIDE = "tokens", "columns and tokens"


class Leaves(Model):
    """Forests of boosted trees under a perceptron, on the ``network`` view.

    Parameters
    ----------
    forests : int
        Parts that the training rows are divided into.
    num_leaves : int
        Of each tree.
    groups, width : int
        Vectors of leaves are summed over so many groups of trees, and so wide.
    hidden, layers, dropout, epochs
        Of the perceptron, see `twofold.models.realmlp`.

    Attributes
    ----------
    forests_ : list of Forest
    network_ : RealMLP
    rounds_ : int
        Epochs of the network.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = Leaves(epochs=10).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network", network=True, joins=True, iterative=True, seconds=(1.5, 1.4e-3, 1e-4), packages=("torch",)
    )
    space: ClassVar[Space] = {
        "num_leaves": Choice((8, 16, 31)),
        "groups": Choice((4, 8, 16)),
        "dropout": Range(0.0, 0.4),
    }

    def __init__(
        self,
        forests: int = 4,
        num_leaves: int = 16,
        groups: int = 8,
        width: int = 4,
        hidden: int = 128,
        layers: int = 3,
        dropout: float = 0.15,
        epochs: int = 200,
    ) -> None:
        self.forests = forests
        self.num_leaves = num_leaves
        self.groups = groups
        self.width = width
        self.hidden = hidden
        self.layers = layers
        self.dropout = dropout
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
        if self.forests < 2:
            raise InputError(
                f"forests is {self.forests!r}.", "It has to be 2 or more.", "Leave it out for the default."
            )
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        X = np.asarray(X, dtype=np.float32)
        self.n_features_ = int(X.shape[1])
        part = deal_evenly(y, self.forests, make_generator(control.seed, "forests"))
        self._grow(X, y, sample_weight, part, control)
        wide = self._read(X, part)
        rules = replace(control, budget=control.budget.share(), seed=derive_seed(control.seed, "network"))
        if control.validation is not None:
            v = control.validation
            seen = np.asarray(v.X, dtype=np.float32)
            rules = replace(
                rules,
                validation=Validation(self._read(seen, np.full(len(seen), ALL)), v.y, v.weight),
            )
        vectors = first_vectors(self.forests_, self.groups, self.width, control.seed)
        group = np.tile(np.arange(self._n_trees) * self.groups // self._n_trees, self.forests)
        network = LeafNetwork(vectors, group, self.hidden, self.layers, self.dropout, self.epochs)
        self.network_ = network.fit(wide, y, sample_weight, problem=self.problem_, control=rules)
        self.rounds_ = self.network_.rounds_
        return self

    def _grow(
        self,
        X: NDArray[np.float32],
        y: NDArray[Any],
        weight: NDArray[np.float64] | None,
        part: NDArray[np.intp],
        control: Control,
    ) -> None:
        """Grow each forest on the rows of the other parts."""
        rounds = ROUNDS if control.rounds is not None else None
        whole = control.budget.share(FOR_FORESTS)
        most = len(y) // (ROWS_A_VECTOR * self.forests * self.num_leaves)
        self.forests_: list[Forest] = []
        for place in range(self.forests):
            seen = np.flatnonzero(part != place)
            budget = whole.share(1.0 / (self.forests - place))
            rules = Control(budget, derive_seed(control.seed, "forest", place), rounds)
            model = LightGBM(num_leaves=self.num_leaves, min_child_samples=10)
            own = None if weight is None else weight[seen]
            model.fit(X[seen], y[seen], own, problem=self.problem_, control=rules)
            self.forests_.append(Forest(model, most))
        self.centre_, self.scale_ = 0.0, 1.0
        if not self.problem_.n_classes:  # as networks standardise values
            self.centre_ = float(np.average(y, weights=weight))
            self.scale_ = float(np.std(y)) or 1.0
        starts = np.cumsum([1, *(forest.n_leaves for forest in self.forests_)])
        for forest, start in zip(self.forests_, starts, strict=False):
            forest.place(int(start), self.centre_, self.scale_)

    @property
    def _n_trees(self) -> int:
        return max(forest.n_trees for forest in self.forests_)

    def _read(self, X: NDArray[np.float32], part: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return rows, the leaves they fall into, a leaf's share, and mean scores: of one forest or of all.

        The leaves of each forest have columns of their own, which are 0 where a row is not read with it.
        """
        n_trees, d, q = self._n_trees, X.shape[1], self.forests_[0].n_scores
        share = np.where(part == ALL, 1.0 / self.forests, 1.0)
        wide = np.zeros((len(X), d + self.forests * n_trees + 1 + q), dtype=np.float32)
        wide[:, :d] = X
        wide[:, -q - 1] = share
        for place, forest in enumerate(self.forests_):
            rows = np.flatnonzero((part == place) | (part == ALL))
            if len(rows):
                start = d + place * n_trees
                wide[rows, start : start + forest.n_trees] = forest.leaves(X[rows])
                wide[rows, -q:] += share[rows, None] * forest.scores(X[rows])
        return wide

    def output(self, X: Any) -> NDArray[np.float64]:
        X = np.asarray(X, dtype=np.float32)
        return self.network_.output(self._read(X, np.full(len(X), ALL)))

    def lower(self) -> Graph:
        network = self.network_
        table, group = network.module_.table.detach().numpy(), network.group[: self._n_trees]
        trees = join_trees([forest.telling(table, group) for forest in self.forests_])
        q = self.forests_[0].n_scores
        n_sums = network.module_.width + q
        shift = np.zeros(n_sums)
        shift[-q:] = np.mean([forest.shift for forest in self.forests_])
        mean = Linear(np.eye(n_sums) / self.forests, shift, "identity")
        sums, means = lower_trees(trees, self.n_features_, mean).nodes
        step, head = network.steps(self.n_features_)
        return Graph(
            (
                sums,
                replace(means, output=TOKENS),
                Node(StackColumns(), (FEATURES, TOKENS), WIDE),
                Node(step, (WIDE,), EMBEDDING),
                Node(head, (EMBEDDING,), PREDICTION),
            )
        )


class Forest:
    """Boosted trees that number the leaves of rows they have not learned from.

    Parameters
    ----------
    model : LightGBM
        Fitted.
    most : int
        So many of its first trees may have vectors for their leaves; those of the first round have them.
    """

    def __init__(self, model: LightGBM, most: int) -> None:
        self.model = model
        self.n_scores = model.booster_.num_model_per_iteration()
        self.trees: Trees = read_trees(model.booster_.model_to_string(), self.n_scores)
        tree_of_leaf = np.searchsorted(self.trees.roots, self.trees.leaf, side="right") - 1
        most = max(1, most // self.n_scores) * self.n_scores
        self.n_trees = min(len(self.trees.roots), most)
        self.tree_of_leaf = tree_of_leaf[tree_of_leaf < self.n_trees]
        self.n_leaves = len(self.tree_of_leaf)
        self._starts = np.searchsorted(tree_of_leaf, np.arange(self.n_trees))

    def place(self, start: int, centre: float, scale: float) -> None:
        """Give its leaves numbers from `start` on, and its scores these units."""
        self.start = start
        self.factor = self.model.scale_ / scale
        self.shift = (self.model.centre_ - centre) / scale

    def leaves(self, X: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return leaf numbers, (n, n_trees)."""
        rounds = self.n_trees // self.n_scores
        found = self.model.booster_.predict(X, pred_leaf=True, num_iteration=rounds)
        return np.asarray(found, dtype=np.int64).reshape(len(X), -1) + self._starts + self.start

    def scores(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return raw scores, (n, n_scores)."""
        raw = np.asarray(self.model.booster_.predict(X, raw_score=True), dtype=np.float64)
        return raw.reshape(len(X), -1) * self.factor + self.shift

    def telling(self, table: NDArray[np.float32], group: NDArray[np.int64]) -> Trees:
        """Return its trees with leaves that hold their vectors, and behind these their scores."""
        width, n_groups = table.shape[1], int(group.max(initial=-1)) + 1
        vectors = table[self.start : self.start + self.n_leaves].astype(np.float64)
        places = group[self.tree_of_leaf][:, None] + n_groups * np.arange(width)
        leaf = np.concatenate([np.repeat(self.trees.leaf[: self.n_leaves], width), self.trees.leaf])
        return replace(
            self.trees,
            leaf=leaf,
            output=np.concatenate([places.ravel(), n_groups * width + self.trees.output]),
            value=np.concatenate([vectors.ravel(), self.factor * self.trees.value]),
        )


def first_vectors(forests: Sequence[Forest], groups: int, width: int, seed: int) -> NDArray[np.float32]:
    """Return first leaf vectors, row 0 for no leaf: values along a direction for each class, and noise.

    The directions are common to all forests, so that their vectors mean about the same from the start.
    """
    generator = make_generator(seed, "leaves")
    directions = generator.normal(size=(forests[0].n_scores, width))
    parts = [np.zeros((1, width))]
    for forest in forests:
        values = forest.trees.value[: forest.n_leaves]
        within = np.bincount(forest.tree_of_leaf, values) / np.bincount(forest.tree_of_leaf)
        values = values - within[forest.tree_of_leaf]
        along = directions[forest.trees.output[: forest.n_leaves]]
        vectors = values[:, None] / (values.std() or 1.0) * along
        parts.append(vectors + NOISE * generator.normal(size=vectors.shape))
    in_group = max(1.0, max(forest.n_trees for forest in forests) / groups)
    return np.asarray(np.vstack(parts) / np.sqrt(in_group), dtype=np.float32)


class LeafNetwork(RealMLP):
    """The perceptron over columns, leaf numbers and scores.

    Parameters
    ----------
    vectors : float32 array of shape (leaves + 1, w)
        To begin with.
    group : integer array of shape (t,)
        Of each tree.
    hidden, layers, dropout, epochs
        See `twofold.models.realmlp`.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        group: NDArray[np.int64],
        hidden: int = 128,
        layers: int = 3,
        dropout: float = 0.15,
        epochs: int = 200,
    ) -> None:
        super().__init__(hidden=hidden, layers=layers, dropout=dropout, epochs=epochs)
        self.vectors = vectors
        self.group = group

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        from twofold.nn.inputs import Layout
        from twofold.nn.leaf_mlp import LeafLayout, LeafMLP

        plain, codes = self.problem_.plain, self.problem_.categories
        numbers = X.shape[1] - n_outputs - 1 - len(self.group) - len(codes) - plain
        layout = LeafLayout(Layout(numbers, plain, codes), self.group, n_outputs)
        hidden = (self.hidden,) * self.layers
        return LeafMLP(layout, self.vectors, hidden, self.dropout, smooth=not self.problem_.n_classes)

    def steps(self, n_features: int) -> tuple[OnnxGraph, Linear]:
        """Return the steps to the embedding of rows with summed leaves, and from there to an answer."""
        from twofold.nn.onnx_writer import OnnxWriter

        module = self.module_
        writer = OnnxWriter(n_features + module.width + module.layout.n_scores)
        return OnnxGraph(writer.finish({EMBEDDING: module.write(writer)}), EMBEDDING), self._head()

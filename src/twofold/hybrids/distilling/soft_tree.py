"""One tree that learns answers instead of labels: a teacher in rules that a person can follow.

After TREPAN (Craven and Shavlik 1996) and born-again trees (Breiman and Shang 1996): a teacher has no noise
in its answers, and answers as many made-up rows as are wanted, so that deep splits rest on many rows where
labels would leave a handful.

When it helps: somebody has to read, sign or carry out the rules, and a tree on the labels is too coarse.
When not: a smooth or high-dimensional teacher, which a few leaves cannot follow; the fidelity says how far
they do. Cost: the teacher first; then next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.schema import Schema
from twofold.core.space import Choice, Range, Space
from twofold.core.table import Table
from twofold.features import category, number
from twofold.features.encoded import Encoded
from twofold.models.base import Model
from twofold.models.tree import one_tree, probability_head
from twofold.steps.base import FEATURES, Graph, Node
from twofold.steps.stack_columns import StackColumns
from twofold.steps.tree_graph import lower_trees

FEWEST, PRIOR_ROWS = 5, 2.0
"""Rows in a leaf; rows' worth of the mean answer that are mixed into each, so that no class is certain."""
MOST_LEVELS = 30
"""Levels of a category that a question may name."""


class SoftTree(Model):
    """One regression tree for answers of shape (n, n_classes) or (n, 1).

    Parameters
    ----------
    leaves : int
        16: four questions or so to an answer.
    min_samples_leaf : int

    Examples
    --------
    >>> X = np.linspace(0, 1, 400, dtype=np.float32)[:, None]
    >>> tree = SoftTree(leaves=2).fit(X, (X > 0.5).astype(float), problem=Problem("regression"))
    >>> print(tree.in_words(["size"], ()))
    if size <= 0.5: 0 (200 rows)
    if size > 0.5: 1 (200 rows)
    """

    capabilities = Capabilities("trees", readable=True, seconds=(0.05, 2e-5, 1e-6))
    space: ClassVar[Space] = {
        "leaves": Choice((8, 16, 32)),
        "min_samples_leaf": Range(1, 50, log=True, integer=True),
    }

    def __init__(self, leaves: int = 16, min_samples_leaf: int = FEWEST) -> None:
        self.leaves = leaves
        self.min_samples_leaf = min_samples_leaf

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        from sklearn.tree import DecisionTreeRegressor

        assert problem is not None, "answers do not tell their problem"
        self.problem_ = problem
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        self.n_features_ = int(X.shape[1])
        goals = y[:, -1:] if problem.n_classes <= 2 else y
        fitted = DecisionTreeRegressor(
            max_leaf_nodes=max(2, self.leaves),
            min_samples_leaf=min(self.min_samples_leaf, max(1, len(goals) // 4)),
            random_state=(control or Control()).seed,
        )
        self.gaps_ = frozenset(np.flatnonzero(np.isnan(X).any(axis=0)).tolist())
        fitted.fit(X, goals, sample_weight=sample_weight)
        self.fitted_ = fitted
        self.prior_ = np.average(goals, axis=0, weights=sample_weight)
        return self

    def _values(self) -> NDArray[np.float64]:
        """Return what each node answers, of shape (m, k)."""
        tree = self.fitted_.tree_
        rows = tree.n_node_samples[:, None]
        own, prior = tree.value[:, :, 0], PRIOR_ROWS if self.problem_.n_classes else 0.0
        return np.asarray((rows * own + prior * self.prior_) / (rows + prior))

    def output(self, X: Any) -> NDArray[np.float64]:
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X, dtype=np.float32)
        at = self.fitted_.apply(X)
        return probability_head(self.problem_).run(self._values()[at])

    def lower(self) -> Graph:
        tree = self.fitted_.tree_
        leaf, values = np.flatnonzero(tree.feature < 0), self._values()
        k = values.shape[1]
        trees = one_tree(tree, np.repeat(leaf, k), np.tile(np.arange(k), len(leaf)), values[leaf].ravel())
        return lower_trees(trees, self.n_features_, probability_head(self.problem_))

    def in_words(self, names: Sequence[str], classes: Sequence[Any]) -> str:
        """Return one rule a line: what is asked, what is answered, how many rows were answered so.

        Parameters
        ----------
        names : sequence of str
            Of the features; ``town = Bern`` for a column of zeros and ones.
        classes : sequence
            Labels; empty for values.
        """
        tree, answers = self.fitted_.tree_, probability_head(self.problem_).run(self._values())
        lines: list[str] = []

        def walk(node: int, asked: dict[tuple[int, bool], str]) -> None:
            feature = int(tree.feature[node])
            if feature < 0:
                told = f"{_answer(answers[node], classes)} ({tree.n_node_samples[node]:,} rows)"
                lines.append(f"if {' and '.join(asked.values())}: {told}" if asked else f"always: {told}")
                return
            for left, child in ((True, tree.children_left[node]), (False, tree.children_right[node])):
                gaps = feature in self.gaps_ and left == bool(tree.missing_go_to_left[node])
                question = _question(names[feature], float(tree.threshold[node]), left=left, gaps=gaps)
                walk(int(child), {**asked, (feature, left): question})  # the later bound is the closer one

        walk(0, {})
        return "\n".join(lines)


def _question(name: str, threshold: float, *, left: bool, gaps: bool) -> str:
    """Say one side of a split.

    Examples
    --------
    >>> _question("town = Bern", 0.5, left=False, gaps=False), _question("age", 30.5, left=True, gaps=True)
    ('town = Bern', '(age <= 30.5 or missing)')
    """
    column, between, level = name.partition(" = ")
    if between and 0 < threshold < 1:
        return f"{column} is not {level}" if left else name
    asked = f"{name} {'<=' if left else '>'} {threshold:.4g}"
    return f"({asked} or missing)" if gaps else asked


def _answer(answer: NDArray[np.float64], classes: Sequence[Any]) -> str:
    if not classes:
        return f"{answer[0]:.4g}"
    best = int(answer.argmax())
    return f"{classes[best]} {100 * answer[best]:.0f} %"


def encode_readably(table: Table, schema: Schema) -> Encoded | None:
    """Return numbers, parts of dates, and categories as ``column = level``: what a question can be about.

    Text, pictures, clips and series are left out; None where nothing else is there.
    """
    parts = []
    if names := schema.of_kind("number"):
        parts.append(number.raw_numbers(table, names))
    if names := schema.of_kind("date"):
        parts.append(number.date_parts(table, names, cyclic=False))
    if names := schema.of_kind("category"):
        parts.append(category.one_hot(category.codes(table, names, most=MOST_LEVELS), sparse=False))
    parts = [part for part in parts if part.matrix.shape[1]]
    if not parts:
        return None
    stack = StackColumns()
    final = Node(stack, tuple(part.output for part in parts), FEATURES)
    return Encoded(
        Graph((*(node for part in parts for node in part.nodes), final)),
        stack.run(*(part.matrix for part in parts)),
        tuple(name for part in parts for name in part.names),
        tuple(origin for part in parts for origin in part.origins),
    )

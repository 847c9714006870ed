"""Deep features under an ML head: a network's penultimate layer beside the columns.

When it helps: the network has learned interactions that trees or a linear model would need many splits
or products for, while the head copes better with steps, outliers and few rows. When not: little data
(the network has nothing to teach), or a head that already matches the network. Cost: about one more
training of the network, and both models at prediction.

A network's own embedding of its training rows has seen their targets; a head trained on it would trust
it too much. So the training rows are embedded out of fold: networks trained on one half embed the
other. Each such network has its own arbitrary axes, so its embedding is mapped onto the reference
network's by ridge regression on the half that both have seen (an affine alignment; compare the
Procrustes alignment of Schönemann 1966). New rows go through the reference network alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.models.base import Model
from twofold.steps.base import EMBEDDING, FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.stack_columns import StackColumns

N_COMPONENTS = 32
MAX_ANSWERS = 10
"""The network's own answer joins the features up to this many classes."""


@dataclass(frozen=True)
class DeepColumns:
    """The extra columns of the training rows, and how new rows get them.

    Parameters
    ----------
    matrix : float32 array of shape (n, q)
    graph : Graph
        From ``embedding`` (of the reference network) to ``deep``.
    """

    matrix: NDArray[np.float32]
    graph: Graph


def _align(
    source: NDArray[np.float64], target: NDArray[np.float64], moved: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Map `moved` as the ridge regression from `source` to `target` would."""
    centre, goal = source.mean(axis=0), target.mean(axis=0)
    S = source - centre
    gram = S.T @ S
    gram[np.diag_indices_from(gram)] += 1e-3 * np.trace(gram) / len(gram) + 1e-9
    weights = np.linalg.solve(gram, S.T @ (target - goal))
    return np.asarray((moved - centre) @ weights + goal)


def embed_out_of_fold(
    network: Model,
    reference: Graph,
    X: NDArray[np.float32],
    y: NDArray[Any],
    weight: NDArray[np.float64] | None,
    *,
    problem: Problem,
    control: Control,
) -> NDArray[np.float64]:
    """Embed training rows without letting them see their own targets.

    Parameters
    ----------
    network : Model
        Unfitted; fitted twice here.
    reference : Graph
        The lowered network that was trained on all rows of `X`.
    X : float32 array of shape (n, d)
    y : array of shape (n,)
    weight : array of shape (n,) or None
    problem : Problem
    control : Control
        Each of the two fits takes up to a third of its time; the head needs the rest.

    Returns
    -------
    array of shape (n, k)
        In the axes of the reference network.
    """
    from sklearn.base import clone

    goal = np.asarray(reference.run({FEATURES: X}, EMBEDDING), dtype=np.float64)
    half = deal_evenly(y, 2, make_generator(control.seed, "halves"))
    out = goal.copy()
    for side in (0, 1):
        seen, unseen = np.flatnonzero(half != side), np.flatnonzero(half == side)
        if not len(seen) or not len(unseen):
            continue
        third = control.budget.share(1 / 3 if side == 0 else 1 / 2)
        rules = replace(control, budget=third, seed=derive_seed(control.seed, "half", side), validation=None)
        part = None if weight is None else weight[seen]
        fitted = clone(network).fit(X[seen], y[seen], part, problem=problem, control=rules)
        own = np.asarray(fitted.lower().run({FEATURES: X}, EMBEDDING), dtype=np.float64)
        out[unseen] = _align(own[seen], goal[seen], own[unseen])
    return out


def make_deep_columns(reference: Graph, embedded: NDArray[np.float64], n_classes: int) -> DeepColumns:
    """Turn an embedding into columns for a head: leading components, and the network's own answer.

    Parameters
    ----------
    reference : Graph
        The lowered reference network.
    embedded : array of shape (n, k)
        Out-of-fold embedding of the training rows.
    n_classes : int
    """
    centre = embedded.mean(axis=0)
    _, scale, axes = np.linalg.svd(embedded - centre, full_matrices=False)
    kept = slice(0, max(1, min(N_COMPONENTS, int((scale > 1e-6 * max(scale[0], 1e-12)).sum()))))
    spread = np.maximum(scale[kept, None] / np.sqrt(max(len(embedded), 1)), 1e-9)
    weights = axes[kept] / spread
    nodes = [Node(Linear(weights, -weights @ centre, "identity"), (EMBEDDING,), "components")]
    answer = [node for node in reference.nodes if node.output == PREDICTION and node.inputs == (EMBEDDING,)]
    if answer and n_classes <= MAX_ANSWERS:
        nodes.append(replace(answer[0], output="answer"))
    outputs = tuple(node.output for node in nodes)
    graph = Graph(tuple(nodes)).then(Node(StackColumns(), outputs, "deep"))
    return DeepColumns(np.asarray(graph.run({EMBEDDING: embedded}, "deep"), dtype=np.float32), graph)


def lower_deep_features(columns: Graph, network: Graph, deep: DeepColumns, head: Graph) -> Graph:
    """Build the graph ``table`` -> ``prediction`` of a head over columns and deep features.

    Parameters
    ----------
    columns : Graph
        ``table`` -> ``features`` as the head sees the columns.
    network : Graph
        ``table`` -> ``embedding`` of the reference network.
    deep : DeepColumns
    head : Graph
        ``features`` -> ``prediction``.
    """
    bridge = deep.graph.renamed("deep/", keep=("deep",))
    linked = tuple(
        replace(
            node,
            inputs=tuple("net/" + EMBEDDING if name == "deep/" + EMBEDDING else name for name in node.inputs),
        )
        for node in bridge.nodes
    )
    joined = Node(StackColumns(), ("head/" + FEATURES, "deep"), FEATURES)
    return columns.renamed("head/") + network.renamed("net/") + Graph(linked).then(joined) + head

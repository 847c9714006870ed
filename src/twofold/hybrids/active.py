"""Which rows to label next: where the families disagree, and where a label would move the network most.

The score of a row is how unsure the two families together are (one minus the margin between the best two
classes) and how far their answers lie apart (the divergence from their mean: query by committee, Seung,
Opper and Sompolinsky 1992; Freund, Seung, Shamir and Tishby 1997; McCallum and Nigam 1998). A batch of the
highest scores alone would ask the same question many times; so rows are drawn far from each other, as
k-means++ draws its centres, in the space of the gradients that their likely labels would give the network's
last layer (BADGE, Ash, Zhang, Krishnamurthy, Langford and Agarwal 2020).

When it helps: labels are dear, unlabelled rows are plenty, and some classes are rare or some regions hard.
When not: the first labels are so few that neither family knows what it does not know, or the labels are
noise; then rows drawn at random are as good, and are a fair sample besides. Cost: one fit of each family
for a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.random import make_generator
from twofold.data.partly_labelled import PartlyLabelled
from twofold.hybrids.pair import Means, Pair, answers, fit_pair
from twofold.steps.base import EMBEDDING, FEATURES, INPUT, Graph

TINY = 1e-12


def unsureness(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one minus the margin between the two most probable classes, of shape (n,).

    Examples
    --------
    >>> unsureness(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.0, 1.0]
    """
    best = np.sort(p, axis=1)[:, -2:]
    return np.asarray(1.0 - (best[:, 1] - best[:, 0]))


def disagreement(predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far members lie apart, from 0 (alike) to 1.

    Parameters
    ----------
    predictions : array of shape (n_members, n, k)
        Of two members or more. Probabilities: the Jensen-Shannon divergence over the most that it can be.
        Values (k = 1): the deviation between members over that of all values.

    Returns
    -------
    array of shape (n,)

    Examples
    --------
    >>> disagreement(np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])).round(6).tolist()
    [1.0, 0.0]
    """
    mean = predictions.mean(axis=0)
    if predictions.shape[2] == 1:
        apart = predictions[:, :, 0].std(axis=0)
        return np.asarray(np.minimum(1.0, apart / max(float(mean.std()), TINY)))
    inner = -(predictions * np.log(np.maximum(predictions, TINY))).sum(axis=2).mean(axis=0)
    outer = -(mean * np.log(np.maximum(mean, TINY))).sum(axis=1)
    return np.asarray(np.clip((outer - inner) / np.log(len(predictions)), 0.0, 1.0))


def scores(predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much a label of each row would tell, from its members' answers (n_members, n, k)."""
    apart = disagreement(predictions)
    return apart if predictions.shape[2] == 1 else (unsureness(predictions.mean(axis=0)) + apart) / 2.0


def draw_apart(
    gap: NDArray[np.float64], deep: NDArray[np.float32], score: NDArray[np.float64], n: int, seed: int
) -> NDArray[np.intp]:
    """Draw rows far from each other in the space of ``gap x deep``, the likelier the higher their score.

    Parameters
    ----------
    gap : array of shape (rows, k)
        The gradient of the loss with respect to the network's outputs.
    deep : array of shape (rows, d)
        What its last layer reads. The products of both are never written out.
    score : array of shape (rows,)
        At least 0.
    n : int
    seed : int

    Returns
    -------
    integer array of shape (min(n, rows),)
        In the order in which they were drawn.
    """
    generator = make_generator(seed, "next rows")
    own = (gap**2).sum(axis=1) * (deep**2).sum(axis=1, dtype=np.float64)
    chosen = [int(np.argmax(own * score))]
    left = np.ones(len(gap), dtype=bool)
    nearest = np.full(len(gap), np.inf)
    while len(chosen) < min(n, len(gap)):
        last = chosen[-1]
        left[last] = False
        inner = (gap @ gap[last]) * (deep @ deep[last]).astype(np.float64)
        nearest = np.minimum(nearest, np.maximum(own + own[last] - 2.0 * inner, 0.0))
        weight = nearest * score * left
        if not weight.sum() > 0:  # nothing tells the others apart
            weight = left.astype(float)
        chosen.append(int(generator.choice(len(gap), p=weight / weight.sum())))
    return np.asarray(chosen, dtype=np.intp)


@dataclass(frozen=True)
class Batch:
    """Rows to label next, in the order in which they were drawn.

    Parameters
    ----------
    rows : integer array of shape (n,)
        Their places in the table.
    predictions : array of shape (2, n, k)
        What each family answers.
    unsure, apart : arrays of shape (n,)
        How unsure both together are (NaN for values), and how far they lie apart.
    """

    rows: NDArray[np.intp]
    predictions: NDArray[np.float64]
    unsure: NDArray[np.float64]
    apart: NDArray[np.float64]


def next_rows(pair: Pair, data: PartlyLabelled, n: int, means: Means | None = None) -> Batch:
    """Fit both families on the labelled rows, and draw the unlabelled ones whose labels would tell most.

    Parameters
    ----------
    pair : Pair
    data : PartlyLabelled
    n : int
    means : Means or None

    Raises
    ------
    InputError
        When no row is wanted, or none is left without a label.
    """
    means = means or Means()
    if n < 1:
        raise InputError(f"{n} rows are wanted.", "At least one is.", "Take for instance n=50.")
    data.demand_unlabelled()
    fitted = fit_pair(pair, [data.dataset] * 2, [data.labelled] * 2, means, "next")
    found = answers([one.graph for one in fitted], data.dataset, data.unlabelled)
    apart = disagreement(found)
    picked = choose_rows(found, deep_features(fitted[1].graph, data), n, means.seed)
    values = found.shape[2] == 1
    unsure = np.full(len(picked), np.nan) if values else unsureness(found.mean(axis=0)[picked])
    return Batch(data.unlabelled[picked], found[:, picked], unsure, apart[picked])


def choose_rows(
    predictions: NDArray[np.float64], deep: NDArray[np.float32], n: int, seed: int
) -> NDArray[np.intp]:
    """Choose rows by their members' answers (n_members, rows, k) and what the network's last layer reads."""
    gap: NDArray[np.float64] = predictions.mean(axis=0)
    if gap.shape[1] > 1:  # the gradient with respect to the outputs, were the likeliest class the true one
        gap[np.arange(len(gap)), gap.argmax(axis=1)] -= 1.0
    else:
        gap = np.ones(gap.shape)
    score = scores(predictions) if len(predictions) > 1 else np.ones(len(gap))
    return draw_apart(gap, deep, score, n, seed)


def deep_features(graph: Graph, data: PartlyLabelled) -> NDArray[np.float32]:
    """Return what the network's last layer reads of the unlabelled rows, each column on one scale."""
    name = EMBEDDING if any(node.output == EMBEDDING for node in graph.nodes) else FEATURES
    found: Any = graph.run({INPUT: data.dataset.table.take(data.unlabelled)}, name)
    dense = np.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=np.float32)
    dense = np.nan_to_num(dense - np.nan_to_num(dense).mean(axis=0))
    spread = dense.std(axis=0)
    return np.asarray(dense / np.where(spread > 0, spread, 1.0), dtype=np.float32)

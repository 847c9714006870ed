"""Anomalies without labels: isolation and neighbours (ML) and an autoencoder (DL), judged together.

When it helps: nobody knows beforehand what the unusual rows look like. Trees that isolate rows see values
that are rare one by one, neighbours see rows that stand alone, an autoencoder sees columns that do not fit
each other. The blend is rarely the best of the three and hardly ever the worst, and without labels nobody
can tell which one that is. When not: the kind of anomaly is known, so that the part that sees it is better
alone; or some anomalies have labels: then a classifier is far better. Cost: all three parts at each row, of
which the neighbours cost most; a bundle holds up to 2,000 rows for them.

Sources: isolation forest (Liu, Ting and Zhou 2008); distance to the nearest neighbours (Ramaswamy,
Rastogi and Shim 2000); error of an autoencoder (Hawkins, He, Williams and Baxter 2002). The scores have no
common scale, so each becomes its rank among rows that the part has not learned from, and the logarithms of
the ranks are averaged, as Fisher (1932) joins p-values: one part that is very surprised counts more than
three that wonder. The mean is ranked again, which gives the share of rows that are at least as unusual. It
reads like a p-value, but the rows that it compares with may hold anomalies, and new rows are judged by parts
that learned from all of these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.core import optional
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.random import derive_seed, make_generator
from twofold.core.schema import Schema
from twofold.data.dataset import Dataset
from twofold.features.encoded import Encoded
from twofold.hybrids.isolation import isolation_graph
from twofold.hybrids.unlabelled import encode_unlabelled, learn_to_tell, width_before_codes
from twofold.steps.base import FEATURES, INPUT, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.neighbour_distance import NeighbourDistance
from twofold.steps.numbers import Pick
from twofold.steps.ranks import Ranks, ranks_among, ranks_of
from twofold.steps.stack_columns import StackColumns

PARTS = ("isolation", "neighbours", "autoencoder")
"""In the order of the columns of scores."""
NEIGHBOURS = 30
"""So many that a small group of anomalies does not hide its members from each other."""
MOST_ROWS = 2_000
"""Rows that distances are measured to."""
MOST_REFERENCE = 5_000
"""Scores that others are ranked among."""
FOLDS = 3
CLASSES = ("ordinary", "unusual")
TINY = 1e-9
"""Shares are compared up to rounding."""


@dataclass(frozen=True)
class Parts:
    """The three parts, fitted on some rows.

    Parameters
    ----------
    encoded : Encoded
        The rows that they learned from.
    graph : Graph
        From ``table`` to ``scores`` of shape (n, 3), larger for unusual rows, and to ``column errors``.
    """

    encoded: Encoded
    graph: Graph

    def run(self, dataset: Dataset, rows: NDArray[np.intp]) -> dict[str, Any]:
        """Return ``scores`` and ``column errors`` of rows."""
        return self.graph.run_many({INPUT: dataset.table.take(rows)}, ("scores", "column errors"))


@dataclass(frozen=True)
class Anomalies:
    """What was learned of usual rows.

    Parameters
    ----------
    graph : Graph
        From ``table`` to ``prediction`` (usual, unusual); the second is the share of rows that are less
        unusual.
    scores : array of shape (n, 3)
        Of the rows that it learned from, by parts that did not see them.
    unusual : array of shape (n,)
        The blend of these, as in the prediction.
    errors : array of shape (n, columns)
        How badly each feature fits the others, as multiples of what is usual for it; of the same rows.
    features, origins : tuples of str, length columns
        Names of the features, and of the columns that they come from.
    """

    graph: Graph
    scores: NDArray[np.float64]
    unusual: NDArray[np.float64]
    errors: NDArray[np.float64]
    features: tuple[str, ...]
    origins: tuple[str, ...]

    def reasons(self, row: int, most: int = 3) -> list[tuple[str, float]]:
        """Return the columns that fit the others of a row least, with multiples of the usual error.

        None, where each value fits: the row is far from others in many columns at once.
        """
        worst: dict[str, float] = {}
        for place in np.argsort(-self.errors[row], kind="stable"):
            worst.setdefault(self.origins[place], float(self.errors[row, place]))
        return [item for item in worst.items() if item[1] > 1.0][:most]

    def bundle(self, schema: Schema, share: float, created: str = "") -> Bundle:
        """Return it ready for `twofold.bundle.save.save`: "ordinary" or "unusual".

        Parameters
        ----------
        schema : Schema
            Of the rows that it learned from.
        share : float
            Rows are called unusual where at most this share of those is at least as unusual.
        created : str
            When it was made (ISO 8601).
        """
        check_share(share)
        about = About(
            task="binary",
            target="row",
            classes=CLASSES,
            schema=schema,
            created=created,
            model=" + ".join(PARTS),
            family="hybrid",
            verdict=f"Unusual is what at most {share:.3g} of the rows learned from come up to.",
            threshold=1.0 - share - TINY,
        )
        return Bundle(about, self.graph)


def check_share(share: float) -> None:
    """Insist on a share between 0 and 1.

    Raises
    ------
    InputError
    """
    if not 0.0 < share < 1.0:
        raise InputError(
            f"The share is {share!r}.",
            "It is the share of rows to be called unusual: above 0, below 1.",
            "Write for instance 0.01.",
        )


def _fit_parts(dataset: Dataset, rows: NDArray[np.intp], control: Control, reads: tuple[str, ...]) -> Parts:
    from twofold.nn.autoencoder import SEEN

    encoded = encode_unlabelled(dataset, rows, derive_seed(control.seed, "encoding"), reads)
    X = np.asarray(encoded.matrix, dtype=np.float32)
    before = width_before_codes(encoded)
    network = learn_to_tell(encoded, replace(control, budget=control.budget.share(0.5)))
    seen = (
        Node(network.step, (FEATURES,), SEEN),
        Node(Pick(network.of_errors), (SEEN,), "column errors"),
        Node(Pick(np.zeros(1, dtype=np.int64)), (SEEN,), "autoencoder"),
        # between codes of categories there are no distances: where there is nothing else, the network's serve
        Node(
            Pick(np.arange(before) if before else network.of_codes), (FEATURES if before else SEEN,), "near"
        ),
    )
    chosen = make_generator(control.seed, "neighbours").permutation(len(X))[:MOST_ROWS]
    near = Graph(seen).run({FEATURES: X[np.sort(chosen)]}, "near").astype(np.float32)
    distance = Node(NeighbourDistance(near, NEIGHBOURS), ("near",), "neighbours")
    graph = encoded.graph.then(*seen, distance) + isolation_graph(X, control.seed)
    return Parts(encoded, graph.then(Node(StackColumns(), PARTS, "scores")))


def _mean_surprise(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log(ranks).mean(axis=1, keepdims=True))


def fit_anomalies(
    dataset: Dataset,
    *,
    reads: tuple[str, ...] = (),
    control: Control | None = None,
) -> Anomalies:
    """Learn what is usual, and judge each row by parts that have not seen it.

    Parameters
    ----------
    dataset : Dataset
        Its targets are not looked at.
    reads : tuple of str
        Extractors for text, pictures, clips and series.
    control : Control or None

    Returns
    -------
    Anomalies
    """
    control = control or Control()
    optional.load("torch", "Telling anomalies")
    n = len(dataset.y)
    scores = np.full((n, len(PARTS)), np.nan)
    errors: dict[str, NDArray[np.float64]] = {}
    fold = make_generator(control.seed, "folds").permutation(n) % FOLDS  # a row's repetitions speak for it
    for index in range(FOLDS):
        rules = replace(control, budget=control.budget.share(1.0 / (FOLDS + 1 - index)))
        seen, judged = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        parts = _fit_parts(dataset, seen, rules, reads)
        found = parts.run(dataset, judged)
        scores[judged] = found["scores"]
        for place, name in enumerate(parts.encoded.names[: found["column errors"].shape[1]]):
            errors.setdefault(name, np.zeros(n))[judged] = found["column errors"][:, place]
    whole = _fit_parts(dataset, np.arange(n), control, reads)
    names, origins = whole.encoded.names, whole.encoded.origins
    kept = [place for place, name in enumerate(names) if name in errors]
    table = np.column_stack([errors[names[place]] for place in kept])
    sample = make_generator(control.seed, "reference").permutation(n)[:MOST_REFERENCE]
    first, second = ranks_of(scores[sample], logs=True), ranks_of(_mean_surprise(ranks_among(scores[sample])))
    return Anomalies(
        whole.graph.then(*_judging(first, second)),
        scores,
        1.0 - ranks_among(_mean_surprise(ranks_among(scores)))[:, 0],
        table,
        tuple(names[place] for place in kept),
        tuple(origins[place] for place in kept),
    )


def _judging(first: Ranks, second: Ranks) -> tuple[Node, ...]:
    q = first.reference.shape[1]
    return (
        Node(first, ("scores",), "ranks"),
        Node(Linear(np.full((1, q), 1.0 / q), np.zeros(1), "identity"), ("ranks",), "blend"),
        Node(second, ("blend",), "share"),
        Node(Linear(np.array([[1.0], [-1.0]]), np.array([0.0, 1.0]), "identity"), ("share",), PREDICTION),
    )

"""Clusters of rows: a network makes the space, k-means divides it, and the table's columns tell them apart.

When it helps: columns say the same several times over, or are linked by curves; an autoencoder tells each row
by a few codes, among which distances mean more. For text and pictures the features of a pretrained network
are such a space already. When not: few columns that count alike; then k-means on columns does as well. Cost:
one training of a small network; a row's cluster is one pass through it.

Sources: clusters in the codes of an autoencoder (Xie, Girshick and Farhadi 2016; Guo, Gao, Liu and Yin 2017);
k-means (Lloyd 1982; Arthur and Vassilvitskii 2007). Codes are turned until they are not correlated, and count
by the square root of their deviation: between all alike, where noise counts as much as what matters, and as
they come, where the widest alone decides. How many clusters there are is told by `cluster_number`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.core import optional
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.random import derive_seed, make_generator
from twofold.core.schema import Schema
from twofold.core.trial import Family
from twofold.data.dataset import Dataset
from twofold.features.encoded import Encoded
from twofold.features.extractor import make_extractor
from twofold.features.reading import WORDS
from twofold.hybrids.cluster_number import Evidence, choose_number, k_means, weigh_numbers
from twofold.hybrids.cluster_words import Trait, traits_of
from twofold.hybrids.unlabelled import encode_unlabelled, learn_to_tell, width_before_codes
from twofold.steps.base import FEATURES, INPUT, PREDICTION, Graph, Node
from twofold.steps.codes import OneHot
from twofold.steps.linear import Linear
from twofold.steps.numbers import Pick, Standard
from twofold.steps.stack_columns import StackColumns

SPACES = ("codes", "columns")
SPACE = "space"
STEPS = 2_400
"""Batches that the network learns from: three times what telling anomalies takes."""
FARTHEST = 5.0
"""Codes beyond so many deviations are cut off: one far row shall not be a cluster."""
MOST_FITTED = 20_000
"""Rows that the last k-means learns from."""
STARTS = 10


@dataclass(frozen=True)
class Clusters:
    """Rows divided into clusters.

    Parameters
    ----------
    graph : Graph
        From ``table`` to ``prediction``: the probability of each cluster, as if each were a round normal
        cloud of the same width; the nearest centre has the largest.
    schema : Schema
    space : str
        ``codes`` or ``columns``.
    family : str
        ``hybrid`` where a network makes the space, otherwise ``ml``.
    labels : integer array of shape (n,)
        The cluster of each row, 0 for the largest.
    probabilities : array of shape (n, k)
    central : integer array of shape (k,)
        The row nearest to each centre.
    evidence : tuple of Evidence
        For each number of clusters that was tried.
    chosen : Evidence
    traits : tuple of tuples of Trait
        Of each cluster, the strongest first.
    """

    graph: Graph
    schema: Schema
    space: str
    family: Family
    labels: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    central: NDArray[np.intp]
    evidence: tuple[Evidence, ...]
    chosen: Evidence
    traits: tuple[tuple[Trait, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the clusters are called."""
        return tuple(f"cluster {place + 1}" for place in range(len(self.traits)))

    @property
    def verdict(self) -> str:
        """What speaks for them, in one sentence."""
        one = self.chosen
        agree = f"halves of the rows agree on {one.clusters} clusters by {one.agreement:.2f}"
        chance = f"in one cloud without clusters by {one.by_chance:.2f}"
        end = "" if one.found else ": no better than by chance, so these are no more than slices of one cloud"
        return f"Clustered apart, {agree} (adjusted Rand index), {chance}{end}."

    def bundle(self, created: str = "") -> Bundle:
        """Return it ready for `twofold.bundle.save.save`: clusters are its classes.

        Parameters
        ----------
        created : str
            When it was made (ISO 8601).
        """
        about = About(
            task="multiclass",
            target="cluster",
            classes=self.names,
            schema=self.schema,
            created=created,
            model=f"k-means on {self.space}",
            family=self.family,
            verdict=self.verdict,
        )
        return Bundle(about, self.graph)


def choose_space(reads: tuple[str, ...]) -> str:
    """Return ``columns`` where a pretrained network makes some of them, ``codes`` elsewhere.

    Examples
    --------
    >>> choose_space(("minilm",)), choose_space(())
    ('columns', 'codes')
    """
    return "columns" if _by_network(reads) else "codes"


def _by_network(reads: tuple[str, ...]) -> bool:
    return any(name != WORDS and make_extractor(name).network for name in reads)


def fit_clusters(
    dataset: Dataset,
    *,
    clusters: int | None = None,
    most: int = 12,
    space: str = "auto",
    reads: tuple[str, ...] = (),
    control: Control | None = None,
) -> Clusters:
    """Divide rows into clusters, and tell what sets each apart.

    Parameters
    ----------
    dataset : Dataset
        Its targets are not looked at.
    clusters : int or None
        None takes the number, from 2 to `most`, on which halves of the rows agree best.
    most : int
    space : str
        Where distances are measured: ``codes`` of an autoencoder, ``columns`` (encoded), or ``auto``, see
        `choose_space`.
    reads : tuple of str
        Extractors for text, pictures, clips and series.
    control : Control or None

    Raises
    ------
    InputError
        When the number of clusters or the space is none.
    """
    control = control or Control()
    n = len(dataset.y)
    _check(clusters, most, n, space)
    space = choose_space(reads) if space == "auto" else space
    encoded = encode_unlabelled(dataset, None, derive_seed(control.seed, "encoding"), reads)
    make = _codes if space == "codes" else _columns
    spaced = Graph(make(encoded, control))
    whole = encoded.graph + spaced
    Z = np.asarray(whole.run({INPUT: dataset.table, FEATURES: encoded.matrix}, SPACE), dtype=np.float32)
    numbers = [clusters] if clusters else list(range(2, min(most, n // 4) + 1))
    evidence = weigh_numbers(Z, numbers, derive_seed(control.seed, "number"), control.budget.share(0.8))
    chosen = choose_number(evidence)
    last, central = _nearest_centre(Z, chosen.clusters, control.seed)
    graph = whole.then(Node(last, (SPACE,), PREDICTION))
    probabilities = last.run(Z)
    labels = probabilities.argmax(axis=1)
    traits = tuple(map(tuple, traits_of(dataset.table, dataset.schema, labels)))
    return Clusters(
        graph,
        dataset.schema,
        space,
        "hybrid" if space == "codes" or _by_network(reads) else "ml",
        labels,
        probabilities,
        central,
        tuple(evidence),
        chosen,
        traits,
    )


def _codes(encoded: Encoded, control: Control) -> tuple[Node, ...]:
    """Train an autoencoder; return the steps from ``features`` to its weighed codes."""
    optional.load("torch", "Clustering by codes")
    from twofold.nn.autoencoder import SEEN, Shape

    rules = replace(control, budget=control.budget.share(0.5))
    network = learn_to_tell(encoded, rules, Shape(steps=STEPS))
    weights = np.sqrt(network.deviations / network.deviations.max())
    zeros = np.zeros(len(weights), dtype=np.float32)
    return (
        Node(network.step, (FEATURES,), SEEN),
        Node(Pick(network.of_codes), (SEEN,), "picked codes"),
        Node(Standard(zeros, 1.0 / weights, FARTHEST, False), ("picked codes",), SPACE),
    )


def _columns(encoded: Encoded, control: Control) -> tuple[Node, ...]:
    """Return the steps from ``features`` to columns between which there are distances."""
    del control
    before = width_before_codes(encoded)
    if not encoded.categories:
        return (Node(Pick(np.arange(before)), (FEATURES,), SPACE),)
    return (
        Node(Pick(np.arange(before)), (FEATURES,), "numbers and flags"),
        Node(OneHot(np.array(encoded.categories), False), ("many",), "one-hot levels"),
        Node(StackColumns(), ("numbers and flags", "one-hot levels"), SPACE),
    )


def _nearest_centre(Z: NDArray[np.float32], k: int, seed: int) -> tuple[Linear, NDArray[np.intp]]:
    """Return the step from the space to the clusters' probabilities, the largest first, and central rows.

    Equal round normal clouds around the centres c of variance v make softmax of ``z c / v - c c / 2 v``.
    """
    some = make_generator(seed, "clusters").permutation(len(Z))[:MOST_FITTED]
    fitted = k_means(Z[np.sort(some)], k, derive_seed(seed, "clusters"), STARTS)
    labels = fitted.predict(Z)
    centres = np.asarray(fitted.cluster_centers_, dtype=np.float64)
    centres = centres[np.argsort(-np.bincount(labels, minlength=k), kind="stable")]
    squares = np.einsum("ij,ij->i", centres, centres)
    apart = np.einsum("ij,ij->i", Z, Z)[:, None] - 2.0 * Z @ centres.T + squares
    variance = max(float(apart.min(axis=1).mean()) / Z.shape[1], 1e-9)
    step = Linear(centres / variance, -squares / (2.0 * variance), "softmax")
    return step, apart.argmin(axis=0)


def _check(clusters: int | None, most: int, n: int, space: str) -> None:
    if space not in (*SPACES, "auto"):
        raise InputError(
            f"The space is '{space}'.", f"Allowed are: auto, {', '.join(SPACES)}.", "Use one of these."
        )
    number = min(most, n // 4) if clusters is None else clusters
    if not 2 <= number <= n // 2:
        raise InputError(
            f"{number} clusters were asked for, with {n} rows.",
            "At least 2, and at most half as many as there are rows.",
            "Ask for fewer, or leave the number out.",
        )

"""Clusters in a network's space against clusters in columns, judged by labels that were held back.

python benchmarks/hybrids/clusters.py --out hybrids.jsonl

As many clusters are made as there are labels; the score is the adjusted Rand index. Machine learning alone is
the better, on the scored rows, of k-means on encoded columns (for texts: leading directions of TF-IDF) and on
their principal components (90 % of the variance). The joined way is k-means on an autoencoder's codes, and
for texts on MiniLM's features. Deep learning alone is k-means on what a network gives as it comes: the codes
neither turned nor weighed, for texts the codes of an autoencoder over MiniLM's features.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, main, table_rows, time_rows
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.data.unlabelled import unlabelled_rows
from twofold.hybrids import clusters
from twofold.hybrids.cluster_number import k_means
from twofold.hybrids.clusters import SPACE, Clusters, fit_clusters
from twofold.steps.base import INPUT

ROWS, TEXTS = 1_200, 600


def table(name: str, seed: int) -> tuple[pd.DataFrame, Any]:
    """Rows of a table and their labels; of letters, eight in each division."""
    frame, target, _ = table_rows(name)
    if name == "letter":
        names = np.random.default_rng(seed).permutation(sorted(frame[target].unique()))
        frame = frame[frame[target].isin(names[:8])]
    frame = frame.sample(min(ROWS, len(frame) * 4 // 5), random_state=seed)
    return frame.drop(columns=target), frame[target].to_numpy()


def requests(seed: int) -> tuple[pd.DataFrame, Any]:
    """Texts of seven intents: what people ask of an assistant."""
    frame = pd.read_csv(HOME / "snips-intents" / "snips.csv.gz").sample(TEXTS, random_state=seed)
    return frame[["text"]], frame["intent"].to_numpy()


def fit(rows: Any, k: int, space: str, reads: tuple[str, ...], seed: int) -> tuple[Clusters, float]:
    began = time.perf_counter()
    control = Control(Budget(cores=2), seed)
    found = fit_clusters(rows, clusters=k, space=space, reads=reads, control=control)
    return found, time.perf_counter() - began


def compare(name: str, make_rows: Callable[[int], tuple[pd.DataFrame, Any]], seeds: int) -> Line:
    """Cluster each division in each space."""
    ways: dict[str, list[Outcome]] = {way: [] for way in ("columns", "components", "as it comes", "joined")}
    shared: dict[str, list[float]] = {way: [] for way in ways}
    for seed in range(seeds):
        frame, labels = make_rows(seed)
        k, texts = len(np.unique(labels)), name == "snips-intents"
        rows = unlabelled_rows(frame, declared={"text": "text"} if texts else None)
        reads = ("minilm",) if texts else ()
        plain, plain_seconds = fit(rows, k, "columns", (), seed)
        joined, joined_seconds = fit(rows, k, "columns" if texts else "codes", reads, seed)
        Z = plain.graph.run({INPUT: rows.table}, SPACE)
        components = k_means(PCA(0.9, svd_solver="full").fit_transform(Z), k, seed, clusters.STARTS).labels_
        if texts:
            other, other_seconds = fit(rows, k, "codes", reads, seed)
            as_it_comes = other.labels
        else:
            other, other_seconds = joined, joined_seconds
            as_it_comes = k_means(unweighed(joined, rows), k, seed, clusters.STARTS).labels_
        for way, answer, model, seconds in (
            ("columns", plain.labels, plain, plain_seconds),
            ("components", components, plain, plain_seconds),
            ("as it comes", as_it_comes, other, other_seconds),
            ("joined", joined.labels, joined, joined_seconds),
        ):
            score = float(adjusted_rand_score(labels, answer))
            ways[way].append(Outcome(score, seconds, time_rows(model.graph, rows)))
            shared[way].append(float(normalized_mutual_info_score(labels, answer)))
    best = max(("columns", "components"), key=lambda way: np.mean([one.score for one in ways[way]]))
    note = ", ".join(f"{way} {np.mean(one):.3f}" for way, one in shared.items())
    return Line(
        "clusters",
        name,
        "adjusted Rand index",
        len(labels),
        ways[best],
        ways["as it comes"],
        ways["joined"],
        0.0,
        f"{k} clusters; ML: {best}; mutual information {note}",
    )


def unweighed(model: Clusters, rows: Any) -> Any:
    """Return codes with the deviations that the network gave them."""
    weighed = model.graph.run({INPUT: rows.table}, SPACE)
    return weighed * weighed.std(axis=0)  # weighed by the root of the deviation; once more for the whole


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's data sets."""
    found = [partial(compare, name, partial(table, name), seeds) for name in ("segment", "vehicle", "letter")]
    return [*found, partial(compare, "snips-intents", requests, seeds)]


if __name__ == "__main__":
    main(make)

"""A detector before a classifier: rows of kinds that nobody showed it, and known classes.

python benchmarks/hybrids/detector.py --out hybrids.jsonl

Unknown kinds: `recall at 5%` is the share of rows of unknown kinds that are turned away at the level 0.05.
All ways have the same rows to learn from and the same spared ones for their p-values. Machine learning alone
are boosted trees that doubt (1 minus the largest probability); deep learning alone is the better, on the
scored rows, of RealMLP's doubt and the autoencoder's strangeness (whose seconds are those of the joined way,
of which it is a part). The note tells the share of known rows that the joined way turns away, and the area
under the ROC curve of unknown against known rows for all.

Of letters, six are held out in each division. Of connections, the official test part holds kinds of attacks
that the training part has not; kinds with under `FEWEST` rows among those that are learned are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, compare_plans, main, table_rows, time_rows
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from twofold.core.budget import Budget
from twofold.core.random import derive_seed
from twofold.data.dataset import Dataset
from twofold.data.split import inner_split
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.detector import STRANGENESS
from twofold.hybrids.open_set import CALIBRATION, DETECTOR, P_VALUE, OpenSetClassifier
from twofold.steps.base import INPUT, PREDICTION, Graph
from twofold.steps.conform import columns_of, conform
from twofold.steps.ranks import ranks_of
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

LEVEL, FEWEST, SCORED = 0.05, 20, 3_000
ROWS, KNOWN = 1_600, 1_200
"""Learned from: with kinds held out, and with all classes known."""
SECONDS = 900.0
"""Far more than a fit takes, so that none is cut short."""


@dataclass(frozen=True)
class Case:
    """Rows to learn from, and rows to judge of which some are of no known class."""

    learn: Dataset
    judged: pd.DataFrame
    unknown: NDArray[np.bool_]


def letters(seed: int) -> Case:
    """Twelve letters to learn, six others that turn up later."""
    frame, target, _ = table_rows("letter")
    g = np.random.default_rng(seed)
    names = g.permutation(sorted(frame[target].unique()))
    frame = frame.sample(frac=1.0, random_state=seed)
    known, new = frame[frame[target].isin(names[:12])], frame[frame[target].isin(names[12:18])]
    half = SCORED // 2
    judged = pd.concat([known[ROWS : ROWS + half], new[:half]])
    unknown = np.arange(len(judged)) >= half
    return Case(dataset_from_frame(known[:ROWS], Roles(target)), judged, unknown)


def connections(seed: int) -> Case:
    """Kinds of connections of the training part; in the test part there are others."""
    folder, aside = HOME / "nsl-kdd", ["difficulty", "is_attack"]
    everything = pd.read_csv(folder / "nsl_kdd_train20.csv.gz").drop(columns=aside)
    learn = everything.sample(ROWS, random_state=seed)
    counts = learn["attack"].value_counts()
    known = counts[counts >= FEWEST].index
    test = pd.read_csv(folder / "nsl_kdd_test.csv.gz").drop(columns=aside)
    unseen = ~test["attack"].isin(everything["attack"].unique())
    test = test[test["attack"].isin(known) | unseen].sample(SCORED, random_state=seed)
    unknown = ~test["attack"].isin(known).to_numpy()
    return Case(dataset_from_frame(learn[learn["attack"].isin(known)], Roles("attack")), test, unknown)


def p_values(graph: Graph, spared: Any, table: Any, score: Callable[[Any], NDArray[Any]], name: str) -> Any:
    """Return conformal p-values of one score."""
    told = [score(graph.run({INPUT: rows}, name)) for rows in (spared, table)]
    return ranks_of(told[0]).run(told[1])[:, 0]


def doubt(said: NDArray[Any]) -> NDArray[Any]:
    return 1.0 - said.max(axis=1, keepdims=True)


def unknown_kinds(name: str, make: Callable[[int], Case], seeds: int) -> Line:
    """Compare the ways of turning rows away."""
    ways: dict[str, list[Outcome]] = {"trees": [], "network": [], "autoencoder": [], "joined": []}
    areas: dict[str, list[float]] = {way: [] for way in ways}
    away = []
    for seed in range(seeds):
        case = make(seed)
        schema = case.learn.schema
        table = conform(columns_of(case.judged, schema.names), schema)
        rows = np.arange(len(case.learn.y))
        learn, spared = inner_split(rows, case.learn, CALIBRATION, derive_seed(seed, "spared"))
        known = case.learn.table.take(spared)
        began = time.perf_counter()
        joined = OpenSetClassifier(LEVEL, seed=seed).fit(case.learn, budget=Budget(SECONDS, cores=2))
        seconds = time.perf_counter() - began
        graphs = {"joined": joined.graph_, "autoencoder": joined.graph_}
        spent = {"joined": seconds, "autoencoder": seconds}
        for way, plan in (("trees", Plan("lightgbm", "lightgbm")), ("network", Plan("realmlp", "realmlp"))):
            fitted = fit_plan(plan, case.learn, learn, budget=Budget(SECONDS, cores=2), seed=seed)
            graphs[way], spent[way] = fitted.graph, fitted.seconds
        p = {way: p_values(graphs[way], known, table, doubt, PREDICTION) for way in ("trees", "network")}
        p["autoencoder"] = p_values(joined.graph_, known, table, lambda told: told, STRANGENESS)
        p["joined"] = joined.graph_.run({INPUT: table}, P_VALUE)[:, 0]
        for way, found in p.items():
            recall = float((found[case.unknown] <= LEVEL).mean())
            output = STRANGENESS if way == "autoencoder" else PREDICTION
            cost = time_rows(graphs[way], case.learn, output)
            ways[way].append(Outcome(recall, spent[way], cost))
            areas[way].append(float(roc_auc_score(case.unknown, -found)))
        away.append(float((p["joined"][~case.unknown] <= LEVEL).mean()))
    better = max(("network", "autoencoder"), key=lambda way: np.mean([one.score for one in ways[way]]))
    note = ", ".join(f"{way} {np.mean(area):.3f}" for way, area in areas.items())
    return Line(
        "open set",
        name,
        f"recall at {LEVEL:.0%}",
        len(case.learn.y),
        ways["trees"],
        ways[better],
        ways["joined"],
        SCORED / len(case.learn.y),
        f"DL: {better}; of known rows {np.mean(away):.1%} turned away; AUC {note}",
    )


def known_classes(table: str, seeds: int) -> Line:
    """Compare on known classes alone."""
    plans = {"ml": Plan("lightgbm", "lightgbm"), "dl": Plan("realmlp", "realmlp"), "hybrid": DETECTOR}
    return compare_plans("detector", table, plans, seeds=seeds, seconds=SECONDS, train=KNOWN)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's data sets."""
    return [
        partial(unknown_kinds, "letter", letters, seeds),
        partial(unknown_kinds, "nsl-kdd", connections, seeds),
        partial(known_classes, "mammography", seeds),
    ]


if __name__ == "__main__":
    main(make)

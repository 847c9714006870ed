"""Anomalies without labels: the blend against each of its parts.

python benchmarks/hybrids/anomalies.py --out hybrids.jsonl

Each division takes `ROWS` rows; labels serve to score alone. All scores are of parts that have not learned
from the row. Machine learning alone is the better, on the scored rows, of isolation and neighbours; nobody
could choose it without labels. Its seconds are those of the whole without the autoencoder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, main, table_rows, time_rows
from sklearn.metrics import average_precision_score, roc_auc_score

from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.data.unlabelled import unlabelled_rows
from twofold.hybrids.anomalies import PARTS, fit_anomalies
from twofold.nn import autoencoder
from twofold.steps.base import PREDICTION

ROWS = 3_000


def calcifications(seed: int) -> tuple[pd.DataFrame, Any]:
    """Mammography: 2 % of the rows are calcifications."""
    frame, target, _ = table_rows("mammography")
    frame = frame.sample(ROWS, random_state=seed)
    rare = frame[target].value_counts().index[-1]
    return frame.drop(columns=target), (frame[target] == rare).to_numpy()


def attacks(seed: int) -> tuple[pd.DataFrame, Any]:
    """NSL-KDD: 5 % of the rows are attacks of all kinds."""
    frame = pd.read_csv(HOME / "nsl-kdd" / "nsl_kdd_train20.csv.gz")
    g = np.random.default_rng(seed)
    attack = frame["is_attack"].to_numpy(dtype=bool)
    rare = ROWS // 20
    rows = np.concatenate(
        [
            g.permutation(np.flatnonzero(~attack))[: ROWS - rare],
            g.permutation(np.flatnonzero(attack))[:rare],
        ]
    )
    rows = g.permutation(rows)
    return frame.iloc[rows].drop(columns=["attack", "difficulty", "is_attack"]), attack[rows]


def vehicles(seed: int) -> tuple[pd.DataFrame, Any]:
    """Vehicles: one kind, another one in each division, is rare (5 %)."""
    frame, target, _ = table_rows("vehicle")
    frame = frame.sample(frac=1.0, random_state=seed)
    names = sorted(frame[target].unique())
    odd = (frame[target] == names[seed % len(names)]).to_numpy()
    rows = np.concatenate([np.flatnonzero(~odd), np.flatnonzero(odd)[: int((~odd).sum() / 19)]])
    return frame.iloc[rows].drop(columns=target), odd[rows]


class Stopwatch:
    """Adds up the seconds of a function's calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return self.function(*args, **options)
        finally:
            self.seconds += time.perf_counter() - began


def compare(name: str, make_rows: Callable[[int], tuple[pd.DataFrame, Any]], seeds: int) -> Line:
    """Score the blend and its parts on each division."""
    found: dict[str, list[Outcome]] = {way: [] for way in (*PARTS, "blend")}
    precision: dict[str, list[float]] = {way: [] for way in found}
    own = autoencoder.fit_autoencoder
    for seed in range(seeds):
        frame, odd = make_rows(seed)
        rows = unlabelled_rows(frame)
        watch = Stopwatch(own)
        autoencoder.fit_autoencoder = watch
        began = time.perf_counter()
        model = fit_anomalies(rows, control=Control(Budget(cores=2), seed))
        whole = time.perf_counter() - began
        autoencoder.fit_autoencoder = own
        spent = dict.fromkeys(PARTS, whole - watch.seconds) | {"autoencoder": watch.seconds, "blend": whole}
        for way, outcomes in found.items():
            score = model.unusual if way == "blend" else model.scores[:, PARTS.index(way)]
            output = PREDICTION if way == "blend" else way
            cost = time_rows(model.graph, rows, output)
            outcomes.append(Outcome(float(roc_auc_score(odd, score)), spent[way], cost))
            precision[way].append(float(average_precision_score(odd, score)))
    means = {way: np.mean([one.score for one in outcomes]) for way, outcomes in found.items()}
    best = max(PARTS[:2], key=lambda way: means[way])
    note = "AUC " + ", ".join(f"{way} {mean:.3f}" for way, mean in means.items())
    note += "; average precision " + ", ".join(f"{np.mean(one):.3f}" for one in precision.values())
    return Line(
        "anomalies",
        name,
        "roc_auc",
        len(odd),
        found[best],
        found["autoencoder"],
        found["blend"],
        note=f"ML: {best}; {note}",
    )


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's data sets."""
    return [
        partial(compare, "mammography", calcifications, seeds),
        partial(compare, "nsl-kdd", attacks, seeds),
        partial(compare, "vehicle", vehicles, seeds),
    ]


if __name__ == "__main__":
    main(make)

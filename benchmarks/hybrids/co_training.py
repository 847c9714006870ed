"""Few labels and many rows without: both families teach each other, or each family teaches itself.

python benchmarks/hybrids/co_training.py --out hybrids.jsonl

ML alone and DL alone spread labels by the same rules, from one family to itself (self-training, Yarowsky
1995); there it is fitted as both members of a pair, so that its seconds are those of two. The note has what
the given labels alone teach, and scikit-learn's two ways over the network's features.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from common import Line, Outcome, main
from label_pools import Pool, hidden, pool
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from twofold.data.dataset import Dataset
from twofold.data.partly_labelled import PartlyLabelled
from twofold.hybrids.co_training import Rules, co_train
from twofold.hybrids.pair import Pair, answers, fit_pair
from twofold.steps.base import FEATURES, INPUT

SETS = ("snips-intents", "rotten-tomatoes", "sms-spam")
LABELLED, UNLABELLED, TEST, SECONDS = 60, 800, 400, 60.0
RULES = Rules(rounds=2, folds=3)


def spread(of: Pool, pair: Pair, data: PartlyLabelled, test: Dataset, seed: int) -> tuple[Outcome, int]:
    """Return what a pair comes to on rows that took no part, and its rounds."""
    began = time.perf_counter()
    found = co_train(pair, data, of.means(SECONDS, seed), RULES)
    seconds = time.perf_counter() - began
    told = np.asarray(found.graph.run({INPUT: test.table}))
    return Outcome(float(np.mean(told.argmax(axis=1) == test.y)), seconds), found.choice.rounds


def without(of: Pool, data: PartlyLabelled, test: Dataset, seed: int) -> dict[str, float]:
    """Return the accuracies of what the given labels teach, and of scikit-learn's ways."""
    fitted = fit_pair(of.pair, [data.dataset] * 2, [data.labelled] * 2, of.means(SECONDS, seed), 0)
    told = answers([one.graph for one in fitted], test, np.arange(len(test.y)))
    found = {"ML": told[0], "DL": told[1], "blend": told.mean(axis=0)}
    X, scored = (
        np.asarray(fitted[1].encoder.run({INPUT: table}, FEATURES))
        for table in (data.dataset.table, test.table)
    )
    lines = SelfTrainingClassifier(LogisticRegression(max_iter=1_000)).fit(X, data.dataset.y)
    found["self-training"] = lines.predict_proba(scored)
    found["label spreading"] = (
        LabelSpreading(kernel="knn", n_neighbors=10).fit(X, data.dataset.y).predict_proba(scored)
    )
    return {name: float(np.mean(p.argmax(axis=1) == test.y)) for name, p in found.items()}


def line(name: str, seeds: int) -> Line:
    of = pool(name, UNLABELLED + LABELLED + TEST, LABELLED)
    ml, dl = of.pair.plans
    pairs = {"ml": Pair(ml, ml), "dl": Pair(dl, dl), "hybrid": of.pair}
    found: dict[str, list[Outcome]] = {way: [] for way in pairs}
    beside, rounds = [], []
    for seed in range(seeds):
        learn, test = of.divided(TEST, seed)
        data = hidden(learn, LABELLED, seed)
        for way, pair in pairs.items():
            outcome, kept = spread(of, pair, data, test, seed)
            found[way].append(outcome)
        rounds.append(kept)
        beside.append(without(of, data, test, seed))
    means = [f"{one} {np.mean([told[one] for told in beside]):.3f}" for one in beside[0]]
    note = f"{', '.join(means)}; rounds kept {' '.join(map(str, rounds))}"
    share = TEST / (UNLABELLED + LABELLED)
    return Line(
        "labels spread", name, "accuracy", LABELLED, found["ml"], found["dl"], found["hybrid"], share, note
    )


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, name, seeds) for name in SETS]


if __name__ == "__main__":
    main(make)

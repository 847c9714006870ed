"""Wrong labels on real rows: how well they are found, and what cleaning brings on rows with true labels.

python benchmarks/hybrids/label_noise.py --out hybrids.jsonl

A fifth of the labels is spoilt: to any other class (even), or always to the next one (shifted). Each family
alone, and both joined, rank the rows by suspicion; the same that a family found is left out before it learns
again, and the blend of both leaves out what both found together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
from common import Line, Outcome, main
from label_pools import Pool, pool
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from twofold.core.random import make_generator
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.hybrids.label_noise import Suspects, judge
from twofold.hybrids.pair import answers
from twofold.workflow.fitting import fit_plan, predict_out_of_fold

SETS = {"snips-intents": 800, "rotten-tomatoes": 1_000, "segment": 500}
TEST, NOISE, FOLDS, SECONDS = 400, 0.2, 3, 120.0
WAYS = {"ml": [0], "dl": [1], "hybrid": [0, 1]}
"""Members of the pair."""


def spoilt(dataset: Dataset, kind: str, seed: int) -> Dataset:
    """Give a fifth of the rows another class."""
    generator, k = make_generator(seed, "noise", kind), len(dataset.classes)
    steps = generator.integers(1, k, len(dataset.y)) if kind == "even" else 1
    wrong = generator.random(len(dataset.y)) < NOISE
    return replace(dataset, y=np.where(wrong, (dataset.y + steps) % k, dataset.y))


def out_of_fold(of: Pool, given: Dataset, seed: int) -> tuple[NDArray[np.float64], list[float]]:
    """Return what each family answers on rows that it has not learned from, and the seconds of each."""
    folds, found, seconds = make_folds(given, FOLDS, seed), [], []
    for plan in of.pair.plans:
        began, means = time.perf_counter(), of.means(SECONDS, seed)
        found.append(
            predict_out_of_fold(plan, given, folds, budget=means.budget, seed=seed, ready=means.ready)
        )
        seconds.append(time.perf_counter() - began)
    return np.stack(found), seconds


def right(
    of: Pool, learn: Dataset, test: Dataset, kept: NDArray[np.bool_], members: Sequence[int], seed: int
) -> float:
    """Return the accuracy of the mean of some members of the pair that learn from the kept rows."""
    rows, means = np.flatnonzero(kept), of.means(SECONDS, seed)
    graphs = [
        fit_plan(of.pair.plans[one], learn, rows, budget=means.budget, seed=seed, ready=means.ready).graph
        for one in members
    ]
    told = answers(graphs, test, np.arange(len(test.y))).mean(axis=0)
    return float(np.mean(told.argmax(axis=1) == test.y))


@cache
def outcomes(name: str, kind: str, seeds: int) -> dict[str, Any]:
    """Return, for each way, how well it ranks wrong labels and how right it is after cleaning."""
    of = pool(name, SETS[name] + TEST, SETS[name])
    ranked: dict[str, list[Outcome]] = {way: [] for way in WAYS}
    cleaned: dict[str, list[Outcome]] = {way: [] for way in WAYS}
    before, found = [], []
    for seed in range(seeds):
        true, test = of.divided(TEST, seed)
        given = spoilt(true, kind, seed)
        told, seconds = out_of_fold(of, given, seed)
        checked = judge(given.y, told, classes=True, seed=seed)
        wrong = given.y != true.y
        before.append(right(of, given, test, np.ones(len(wrong), dtype=bool), WAYS["hybrid"], seed))
        for way, one in zip(WAYS, (checked.ml, checked.dl, checked.joined), strict=True):
            score = float(average_precision_score(wrong, one.suspicion))
            spent = sum(seconds[member] for member in WAYS[way])
            ranked[way].append(Outcome(score, spent))
            after = right(of, given, test, ~one.suspected, WAYS[way], seed)
            cleaned[way].append(Outcome(after, spent))
        found.append(told_of(checked.joined, wrong))
    note = "precision {:.2f}, recall {:.2f}, noise told {:.1%} of {:.1%}".format(*np.mean(found, axis=0))
    return {
        "found": (ranked, note),
        "cleaned": (cleaned, f"the blend without cleaning {np.mean(before):.3f}"),
    }


def told_of(found: Suspects, wrong: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return precision and recall of the suspected rows, and the noise as told and as it is."""
    hits = float((found.suspected & wrong).sum())
    return hits / max(1, found.suspected.sum()), hits / wrong.sum(), found.rate, float(wrong.mean())


def line(name: str, kind: str, what: str, seeds: int) -> Line:
    found, note = outcomes(name, kind, seeds)[what]
    metric = "average precision" if what == "found" else "accuracy"
    share = TEST / SETS[name] if what == "cleaned" else 1 / (FOLDS - 1)
    named = f"labels check ({kind}, {what})"
    return Line(named, name, metric, SETS[name], found["ml"], found["dl"], found["hybrid"], share, note)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    kinds = {"snips-intents": ("even", "shifted"), "rotten-tomatoes": ("even",), "segment": ("even",)}
    return [
        partial(line, name, kind, what, seeds)
        for name in SETS
        for kind in kinds[name]
        for what in ("found", "cleaned")
    ]


if __name__ == "__main__":
    main(make)

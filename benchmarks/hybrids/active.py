"""Which rows to label next: accuracy while labels are added, chosen by each family and by both.

python benchmarks/hybrids/active.py --out hybrids.jsonl

Each way begins with the same few labels, asks for a batch, learns again, and so on. The score is the mean
accuracy after each batch, on rows that are never asked for. Trees or lines ask where they are unsure (Lewis
and Gale 1994), the network by its gradients alone (Ash et al. 2020), both together as `twofold labels next`.
The note has what the same number of rows teaches that were drawn at random.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from common import Line, Outcome, interval, main
from label_pools import Pool, hidden, known_at, pool
from numpy.typing import NDArray

from twofold.core.random import make_generator
from twofold.data.dataset import Dataset
from twofold.data.partly_labelled import PartlyLabelled
from twofold.hybrids.active import choose_rows, deep_features, unsureness
from twofold.hybrids.pair import answers
from twofold.steps.base import Graph
from twofold.workflow.fitting import fit_plan

SETS = {"snips-intents": (900, 5), "rotten-tomatoes": (1_200, 5), "segment": (600, 3)}
"""Rows to choose from, and batches."""
FIRST, BATCH, TEST, SECONDS = 20, 20, 400, 60.0
MEMBERS = {"ml": [0], "dl": [1], "hybrid": [0, 1], "random": [0, 1]}


def chosen(
    way: str, found: NDArray[np.float64], graphs: Sequence[Graph], data: PartlyLabelled, seed: int
) -> NDArray[np.intp]:
    """Return the rows that a way asks for, by what its members answer."""
    if way == "random":
        places = make_generator(seed, "random", len(data.labelled)).permutation(len(data.unlabelled))[:BATCH]
    elif way == "ml":
        places = np.argsort(-unsureness(found[0]), kind="stable")[:BATCH]
    else:
        places = choose_rows(found, deep_features(graphs[-1], data), BATCH, seed)
    return data.unlabelled[places]


def curve(of: Pool, way: str, learn: Dataset, test: Dataset, seed: int) -> NDArray[np.float64]:
    """Return accuracies of shape (batches, members + 1): of each member, and of their mean."""
    data, told = hidden(learn, FIRST, seed), []
    for _ in range(SETS[of.name][1] + 1):
        means = of.means(SECONDS, seed)
        graphs = [
            fit_plan(
                of.pair.plans[one],
                data.dataset,
                data.labelled,
                budget=means.budget,
                seed=seed,
                ready=means.ready,
            ).graph
            for one in MEMBERS[way]
        ]
        p = answers(graphs, test, np.arange(len(test.y)))
        told.append([np.mean(one.argmax(axis=1) == test.y) for one in (*p, p.mean(axis=0))])
        found = answers(graphs, data.dataset, data.unlabelled)
        data = known_at(learn, np.concatenate([data.labelled, chosen(way, found, graphs, data, seed)]))
    return np.array(told[1:])


def scored(curves: list[tuple[NDArray[np.float64], float]], member: int) -> list[Outcome]:
    return [Outcome(float(one[:, member].mean()), seconds) for one, seconds in curves]


def line(name: str, seeds: int) -> Line:
    of = pool(name, SETS[name][0] + TEST, FIRST)
    found: dict[str, list[tuple[NDArray[np.float64], float]]] = {way: [] for way in MEMBERS}
    for seed in range(seeds):
        learn, test = of.divided(TEST, seed)
        for way in MEMBERS:
            began = time.perf_counter()
            found[way].append((curve(of, way, learn, test, seed), time.perf_counter() - began))
    ml, dl, joined = (scored(found[way], -1) for way in ("ml", "dl", "hybrid"))
    random = [[one.score for one in scored(found["random"], member)] for member in (0, 1, 2)]
    share = TEST / SETS[name][0]
    gap = interval([one.score for one in joined], random[2], share)
    means = "ML {:.3f}, DL {:.3f}, blend {:.3f}".format(*np.mean(random, axis=1))
    note = f"on random rows {means}; joined over that blend {gap[0]:+.3f} [{gap[1]:+.3f}, {gap[2]:+.3f}]"
    return Line("labels next", name, "accuracy", FIRST + BATCH * SETS[name][1], ml, dl, joined, share, note)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, name, seeds) for name in SETS]


if __name__ == "__main__":
    main(make)

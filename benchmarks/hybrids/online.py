"""A frozen network with an online head, against ML and DL on the same streams, each with and without updates.

python benchmarks/hybrids/online.py --out hybrids.jsonl

A plan is fitted on the first rows of a stretch of each stream; the others are answered in order, and each is
known before the next one. Of the ways of each family the best over all stretches stands in the line, which
favours what the hybrid is compared with. ML: LightGBM (text: linear on words) as it is, fitted again each
1,000 rows on all rows so far, and with online heads over it. DL: a network as it is, and with its last layer
learned online. Networks are not fitted again: on two cores that takes longer than the stream. The note tells
the accuracy of the last label again and of every way, and the rows a second of the hybrid's head.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, main, time_rows
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.core.budget import Budget
from twofold.data.dataset import Dataset
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.online import prequential
from twofold.hybrids.online.drift import Adwin
from twofold.hybrids.online.frozen import columns_of_stream
from twofold.hybrids.online.stream import follow
from twofold.hybrids.online.update import Online
from twofold.steps.base import INPUT, Graph
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan
from twofold.workflow.read_once import ReadOnce, read_once

CORES = 2
SECONDS = 3_600.0
"""Far more than a fit takes, so that none is cut short."""
AGAIN = 1_000
"""Rows after which a batch model is fitted again."""
READS = ("minilm",)


@dataclass(frozen=True)
class Case:
    """A stretch of a stream: rows in order, how many of them are fitted on, and the plans of its families."""

    frame: pd.DataFrame
    first: int
    ml: Plan
    dl: Plan
    frozen: Plan


@dataclass(frozen=True)
class Way:
    """What one way came to: its answers to the stream, seconds of learning, and the graph at the end."""

    answers: NDArray[np.float64]
    seconds: float
    graph: Graph
    speed: float = 0.0


def prices(seed: int) -> Case:
    """Elec2: does the price of electricity rise; without the date and the price itself."""
    frame = pd.read_csv(HOME / "elec2" / "elec2.csv.gz").drop(columns=["date", "nswprice"])
    network = Plan("network", "realmlp")
    return Case(frame[8_800 * seed :][:8_000], 2_000, Plan("trees", "lightgbm"), network, network)


def concepts(seed: int) -> Case:
    """SEA: two numbers above a bound that changes at three places, with a tenth of wrong labels."""
    frame = pd.read_csv(HOME / "sea-concepts" / "sea_concepts.csv.gz")
    network = Plan("network", "realmlp")
    return Case(frame[10_000 * seed :][:10_000], 2_000, Plan("trees", "lightgbm"), network, network)


def messages(seed: int) -> Case:
    """Short messages, wanted or not, in random order: nothing drifts, but labels keep coming."""
    frame = pd.read_csv(HOME / "sms-spam" / "sms_spam.csv.gz")
    frame = frame.sample(3_000, random_state=seed)
    ml, dl = Plan("words", "linear"), Plan("network", "realmlp", reads=READS)
    return Case(frame, 1_000, ml, dl, Plan("sentences", "linear", reads=READS))


def fit(plan: Plan, rows: ReadOnce, count: int, seed: int) -> tuple[Graph, float]:
    """Fit a plan on so many first rows."""
    began = time.perf_counter()
    budget = Budget(SECONDS, cores=CORES)
    ready = rows.ready if plan.reads else None
    fitted = fit_plan(plan, rows.dataset, np.arange(count), budget=budget, seed=seed, ready=ready)
    return fitted.graph, time.perf_counter() - began


def again(plan: Plan, rows: ReadOnce, first: int, seed: int) -> Way:
    """Fit a plan anew after each stretch of rows, on all rows so far."""
    told, spent, graph = [], 0.0, Graph(())
    n = len(rows.dataset.y)
    for start in range(first, n, AGAIN):
        graph, seconds = fit(plan, rows, start, seed)
        spent += seconds
        told.append(graph.run({INPUT: rows.dataset.table.take(np.arange(start, min(n, start + AGAIN)))}))
    return Way(np.vstack(told), spent, graph)


def online(graph: Graph, dataset: Dataset, first: int, head: str, seconds: float) -> Way:
    """Let a head learn over a frozen graph."""
    about = About(dataset.task, dataset.target, dataset.classes, dataset.schema)
    started = Online.of(Bundle(about, graph), dataset.table.take(np.arange(first)), head)
    rest = np.arange(first, len(dataset.y))
    began = time.perf_counter()
    X = columns_of_stream(started.frozen, dataset.table.take(rest))
    learning = time.perf_counter()
    course = follow(started.learner, X, dataset.y[rest], Adwin())
    ended = time.perf_counter()
    done = Online(about, started.frozen, course.head).bundle().graph
    return Way(course.answers, seconds + ended - began, done, len(rest) / (ended - learning))


def ways(case: Case, rows: ReadOnce, seed: int) -> Mapping[str, Mapping[str, Way]]:
    """Return what each way of each family came to."""
    dataset, first = rows.dataset, case.first
    rest = dataset.table.take(np.arange(first, len(dataset.y)))
    trees, tree_seconds = fit(case.ml, rows, first, seed)
    network, network_seconds = fit(case.dl, rows, first, seed)
    frozen, seconds = network, network_seconds
    if case.frozen != case.dl:
        frozen, seconds = fit(case.frozen, rows, first, seed)
    ml = {
        "as it is": Way(trees.run({INPUT: rest}), tree_seconds, trees),
        "fitted again": again(case.ml, rows, first, seed),
        "online heads": online(trees, dataset, first, "mix", tree_seconds),
    }
    dl = {
        "as it is": Way(network.run({INPUT: rest}), network_seconds, network),
        "last layer online": online(network, dataset, first, "logistic", network_seconds),
    }
    return {"ml": ml, "dl": dl, "hybrid": {"mix": online(frozen, dataset, first, "mix", seconds)}}


def compare(name: str, make_case: Callable[[int], Case], seeds: int) -> Line:
    """Go through a stretch of a stream for each seed."""
    found: dict[str, dict[str, list[Outcome]]] = {"ml": {}, "dl": {}, "hybrid": {}}
    last, speeds, count = [], [], 0
    for seed in range(seeds):
        case = make_case(seed)
        dataset = dataset_from_frame(case.frame, Roles("label"), task="binary")
        rows, y = read_once(dataset, case.dl.reads), dataset.y[case.first :]
        for family, told in ways(case, rows, seed).items():
            for way, one in told.items():
                score = prequential.judge(one.answers, y)
                outcome = Outcome(score.accuracy.mean, one.seconds, time_rows(rows.whole(one.graph), dataset))
                found[family].setdefault(way, []).append(outcome)
                print(name, seed, family, way, _told(score), f"{one.seconds:.1f} s", flush=True)
            speeds += [one.speed for one in told.values() if family == "hybrid"]
        last.append(float(prequential.no_change(y).mean()))
        count = len(y)
    means = {
        family: {way: float(np.mean([one.score for one in outcomes])) for way, outcomes in held.items()}
        for family, held in found.items()
    }
    best = {family: max(held, key=lambda way: held[way]) for family, held in means.items()}
    others = [f"{family} {way} {mean:.3f}" for family, held in means.items() for way, mean in held.items()]
    note = f"last label {np.mean(last):.3f}; {'; '.join(others)}; {np.mean(speeds):,.0f} rows/s"
    chosen = {family: found[family][best[family]] for family in found}
    return Line("frozen network, online head", name, "accuracy", count, **chosen, note=note)


def _told(score: prequential.Score) -> str:
    right, loss = score.accuracy, score.log_loss
    return f"accuracy {right.mean:.4f} [{right.low:.4f}, {right.high:.4f}], log loss {loss.mean:.4f}"


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's streams."""
    cases = {"elec2": prices, "sea-concepts": concepts, "sms-spam": messages}
    return [lambda name=name, case=case: compare(name, case, seeds) for name, case in cases.items()]


if __name__ == "__main__":
    main(make)

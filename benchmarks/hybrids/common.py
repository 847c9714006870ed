"""What the benchmarks of joins share: divisions of rows, paired scores, intervals, one line for each set.

Each scenario is a script of its own beside this file and appends JSON lines to a file, which `summary.py`
turns into the table of docs/hybrids.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.model_selection import train_test_split

from twofold.core.budget import Budget, count_cores
from twofold.data.dataset import Dataset
from twofold.data.target import Roles, dataset_from_frame
from twofold.metrics import get_metric
from twofold.steps.base import INPUT, PREDICTION, Graph
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tables import LEFT_OUT, tables

HOME = Path(os.environ.get("TWOFOLD_DATA_HOME", "."))
TIMED_ROWS = 60
ASIDE = 0.3
"""Share of the rows that each division sets aside."""
TEST_SHARE = ASIDE / (1 - ASIDE)


@dataclass(frozen=True)
class Outcome:
    """What one way came to on one division.

    Parameters
    ----------
    score : float
        More is better: losses are negated.
    seconds : float
        Of the fit.
    row_seconds : float
        Median of rows that are answered one by one; NaN when not measured.
    """

    score: float
    seconds: float
    row_seconds: float = float("nan")


@dataclass(frozen=True)
class Line:
    """A join on a data set, against machine learning alone and deep learning alone.

    Parameters
    ----------
    join, data, metric : str
    rows : int
        Learned from.
    ml, dl, hybrid : sequence of Outcome
        One for each division, in the same order.
    test_share : float
        Rows set aside over rows that could be learned from, which widens the intervals (Nadeau and Bengio
        2003); of a sample of these two divisions have fewer in common than that allows for.
    note : str
        What else a reader has to know, in a few words.
    """

    join: str
    data: str
    metric: str
    rows: int
    ml: Sequence[Outcome]
    dl: Sequence[Outcome]
    hybrid: Sequence[Outcome]
    test_share: float = 0.0
    note: str = ""


def interval(a: Sequence[float], b: Sequence[float], test_share: float = 0.0) -> tuple[float, float, float]:
    """Return the mean of a - b with its 95 % interval, corrected for overlapping training rows."""
    gap = np.asarray(a) - np.asarray(b)
    n = len(gap)
    if n < 2:
        return float(gap.mean()), float("-inf"), float("inf")
    half = float(student.ppf(0.975, n - 1) * gap.std(ddof=1) * np.sqrt(1 / n + test_share))
    return float(gap.mean()), float(gap.mean() - half), float(gap.mean() + half)


def table_rows(name: str) -> tuple[pd.DataFrame, str, str]:
    """Return a table of the folder, its target and its task."""
    path, target, task = tables(HOME)[name]
    frame = pd.read_csv(path).drop(columns=LEFT_OUT.get(name, []), errors="ignore")
    frame = frame[frame[target].notna()]
    if task.startswith("regression"):
        return frame, target, "regression"
    counts = frame[target].value_counts()
    frame = frame[frame[target].isin(counts[counts >= 10].index)]
    return frame, target, "binary" if frame[target].nunique() == 2 else "multiclass"


def divided(
    frame: pd.DataFrame, target: str, task: str, seed: int, train: int | None = None
) -> tuple[Dataset, Dataset]:
    """Return rows to learn from (`train` at most) and rows to score: 70/30, anew for each seed."""
    strata = pd.qcut(frame[target].rank(method="first"), 10, labels=False)
    strata = strata if task == "regression" else frame[target]
    learn, score = train_test_split(frame, test_size=ASIDE, random_state=seed, stratify=strata)
    if train is not None and len(learn) > train:
        learn, _ = train_test_split(
            learn, train_size=train, random_state=seed, stratify=strata.loc[learn.index]
        )
    known = dataset_from_frame(learn, Roles(target), task=task)
    kinds = {column.name: column.kind for column in known.schema.columns}
    return known, dataset_from_frame(score, Roles(target), task=task, declared=kinds)


def time_rows(graph: Graph, dataset: Dataset, output: str = PREDICTION) -> float:
    """Return the median seconds of one row, answered alone by one output of a graph."""
    seconds = []
    for row in range(min(TIMED_ROWS, len(dataset.y))):
        one = dataset.table.take(np.array([row]))
        began = time.perf_counter()
        graph.run({INPUT: one}, output)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[5:]))


def score(graph: Graph, dataset: Dataset, metric: str | None = None) -> float:
    """Return the gain of a graph on rows that it never saw: more is better."""
    chosen = get_metric(metric, dataset.task)
    return chosen.gain(dataset.y, np.asarray(graph.run({INPUT: dataset.table}), dtype=np.float64), None)


def run_plan(plan: Plan, learn: Dataset, test: Dataset, seconds: float, seed: int, metric: str) -> Outcome:
    """Fit a plan within so many seconds and score it."""
    fitted = fit_plan(plan, learn, budget=Budget(seconds, cores=count_cores()), seed=seed)
    return Outcome(score(fitted.graph, test, metric), fitted.seconds, time_rows(fitted.graph, test))


@dataclass(frozen=True)
class Compared:
    """Outcomes of plans on the same divisions of a table, by name; the rest as of `Line`."""

    outcomes: Mapping[str, Sequence[Outcome]]
    metric: str
    rows: int
    test_share: float


def compare(
    name: str,
    plans: Mapping[str, Plan],
    *,
    seeds: int = 5,
    seconds: float = 30.0,
    metric: str | None = None,
    train: int | None = None,
) -> Compared:
    """Fit plans on divisions of a table, each with the same seconds."""
    frame, target, task = table_rows(name)
    chosen = get_metric(metric, task).name
    found: dict[str, list[Outcome]] = {key: [] for key in plans}
    for seed in range(seeds):
        learn, test = divided(frame, target, task, seed, train)
        for key, plan in plans.items():
            found[key].append(run_plan(plan, learn, test, seconds, seed, chosen))
    return Compared(found, chosen, len(learn.y), TEST_SHARE)


def compare_plans(
    join: str,
    name: str,
    plans: Mapping[str, Plan],
    *,
    seeds: int = 5,
    seconds: float = 30.0,
    metric: str | None = None,
    train: int | None = None,
    note: str = "",
) -> Line:
    """Compare the plans ``ml``, ``dl`` and ``hybrid`` as `compare` does."""
    found = compare(name, plans, seeds=seeds, seconds=seconds, metric=metric, train=train)
    return Line(
        join, name, found.metric, found.rows, **found.outcomes, test_share=found.test_share, note=note
    )


def main(make: Callable[[int], Sequence[Callable[[], Line]]]) -> None:
    """Run a scenario: `make(seeds)` returns functions, one for each data set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    for one in make(options.seeds):
        line = one()
        told = json.dumps(asdict(line))
        print(told, flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(told + "\n")

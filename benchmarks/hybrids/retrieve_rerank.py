"""Recommending: retrievers re-ranked together, against the best without a network, and the towers alone.

python benchmarks/hybrids/retrieve_rerank.py --out retrieve_rerank.jsonl

Each seed takes 70 % of the users (of the shop all), hides the last fifth of their interactions, and scores
NDCG@10 of those over all items. Machine learning alone is the best of popularity, neighbours, EASE and their
own re-ranked union, on the last window of what was learned from; deep learning alone are the towers. Seconds
of machine learning are those of a fit without the network on the first seed; the towers' are the rest.

MovieLens 100k is read from the wheel of recbole 1.2.1, which carries it, where RECBOLE_WHEEL names the file:
pip download --no-deps recbole==1.2.1
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, main

from twofold.core.budget import Budget
from twofold.hybrids.recommend.interactions import Columns, read_interactions
from twofold.hybrids.recommend.methods import JOINED, Methods, Stage, fit_methods, make_stage, plan_methods
from twofold.hybrids.recommend.retrievers import HISTORY, TOWERS, USERS
from twofold.hybrids.recommend.side import About, Side, read_side

SHARE, TEST = 0.7, 0.2
CORES = 2
SECONDS = 900.0
"""Far more than a fit takes, so that none is cut short."""
TIMED = 40
WHEEL = Path(os.environ.get("RECBOLE_WHEEL", "nowhere"))


@dataclass(frozen=True)
class Case:
    """Interactions, their columns, what is known of users and items, and the share of users of a seed."""

    frame: pd.DataFrame
    columns: Columns
    about: About
    share: float = SHARE


def films() -> Case:
    """MovieLens, latest small: ratings of 4 and above."""
    folder = HOME / "movielens-latest-small"
    columns = Columns("userId", "movieId", "timestamp", "rating")
    about = About("userId", "movieId", None, pd.read_csv(folder / "movies.csv.gz"))
    return Case(pd.read_csv(folder / "ratings.csv.gz"), columns, about)


def older_films() -> Case:
    """MovieLens 100k: ratings of 4 and above."""
    parts = {}
    with zipfile.ZipFile(WHEEL) as wheel:
        for name in ("inter", "item", "user"):
            with wheel.open(f"recbole/dataset_example/ml-100k/ml-100k.{name}") as file:
                table = pd.read_csv(file, sep="\t")
            parts[name] = table.rename(columns=lambda label: label.partition(":")[0])
    columns = Columns("user_id", "item_id", "timestamp", "rating")
    about = About("user_id", "item_id", parts["user"].astype({"age": float}), parts["item"])
    return Case(parts["inter"], columns, about)


def shop() -> Case:
    """Online Retail, France: what customers bought for the first time."""
    frame = pd.read_csv(HOME / "online-retail-france" / "online_retail_france.csv.gz")
    frame = frame[frame["CustomerID"].notna() & (frame["Quantity"] > 0)]
    goods = frame.groupby("StockCode").agg(text=("Description", "first"), price=("UnitPrice", "median"))
    about = About("CustomerID", "StockCode", None, goods.reset_index())
    return Case(frame, Columns("CustomerID", "StockCode", "InvoiceDate"), about, 1.0)


def time_answers(methods: Methods, name: str, stage: Stage, side: Side) -> float:
    """Return the median seconds of one user, answered alone."""
    graph, seconds = methods.graph(name), []
    for user in stage.users[:TIMED]:
        inputs = {HISTORY: stage.history[[user]], USERS: side.users[[user]]}
        began = time.perf_counter()
        graph.run(inputs, name)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds[5:]))


def compare(name: str, case: Case, seeds: int) -> Line:
    """Fit and score all methods on the users of each seed."""
    found: dict[str, list[Outcome]] = {"ml": [], "dl": [], "hybrid": []}
    bests, rows = [], 0
    spent: dict[bool, float] = {}
    everybody = case.frame[case.columns.user].unique()
    for seed in range(seeds):
        chosen = np.random.default_rng(seed).permutation(everybody)[: int(case.share * len(everybody))]
        frame = case.frame[case.frame[case.columns.user].isin(chosen)]
        data = read_interactions(frame, case.columns, 4.0 if case.columns.rating else None)
        side = read_side(data.users, data.items, case.about, seed)
        stage = make_stage(data, data.windows((TEST,), "last"), 1)
        for network in (False, True) if not seed else (True,):
            began, budget = time.perf_counter(), Budget(SECONDS, cores=CORES)
            planned = plan_methods(stage.past, side, "last", network=network, budget=budget, seed=seed)
            methods = fit_methods(stage.past, side, planned, budget=budget, seed=seed)
            spent[network] = time.perf_counter() - began
        judged = methods.judge(stage, side)
        others = [one for one in planned.validation if one not in (TOWERS, JOINED)]
        best = max(others, key=lambda one: planned.validation[one].ndcg.mean())
        bests.append(best)
        ways = {"ml": (best, spent[False]), "dl": (TOWERS, spent[True] - spent[False])}
        for family, (way, seconds) in {**ways, "hybrid": (JOINED, spent[True])}.items():
            answer = time_answers(methods, way, stage, side)
            found[family].append(Outcome(float(judged[way].ndcg.mean()), seconds, answer))
        rows = len(stage.past.user)
        told = {one: round(float(judged[one].ndcg.mean()), 4) for one in judged}
        recall = {one: round(float(judged[one].recall.mean()), 4) for one in (best, TOWERS, JOINED)}
        print(name, seed, len(stage.users), "users", told, "recall@20", recall, flush=True)
    note = f"ml: {', '.join(sorted(set(bests)))}"
    return Line(
        "retrieve, re-rank", name, "ndcg_at_10", rows, **found, test_share=TEST / (1 - TEST), note=note
    )


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's data sets."""
    cases: dict[str, Callable[[], Case]] = {"movielens-latest-small": films, "online-retail-france": shop}
    if WHEEL.exists():
        cases["movielens-100k"] = older_films
    return [lambda name=name, case=case: compare(name, case(), seeds) for name, case in cases.items()]


if __name__ == "__main__":
    main(make)

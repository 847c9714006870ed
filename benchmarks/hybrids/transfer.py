"""Pictures: a pretrained network frozen, or trained further in its last layers or whole, under a linear head.

python benchmarks/hybrids/transfer.py --out hybrids.jsonl

Against features made by hand under the same head, and against the network alone, trained as deep. A few
hundred pictures of CIFAR-10's training part and of chest X-rays; each seed divides anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import pandas as pd
from common import TEST_SHARE, Line, Outcome, divided, main, run_plan
from sklearn.model_selection import train_test_split

import cell_sets
from twofold.hybrids import HYBRIDS
from twofold.workflow.plan import Plan

SECONDS, ROWS, SCORED = 120.0, 420, 180
EPOCHS = 4
BY_HAND = Plan("by hand", "linear", reads=("hog", "colours"))
DEPTHS = ("frozen", "last", "all")
SETS = {"cifar10-jpeg": (cell_sets.ten_classes, "label"), "pneumoniamnist": (cell_sets.chests, "label")}


def plans(depth: str) -> dict[str, Plan]:
    """Return the network alone and under the head; frozen, it answers by a layer of its own."""
    alone = Plan(f"{depth} alone", "transfer_towers", {"depth": depth, "epochs": EPOCHS}, reads=("pixels",))
    probe = Plan("frozen alone", "linear", {"penalty": 100.0}, reads=("efficientnet@64",))
    settings = {"depth": depth, "epochs": EPOCHS}
    return {
        "dl": probe if depth == "frozen" else alone,
        "hybrid": Plan(depth, HYBRIDS["transfer"], settings, reads=("pixels",)),
    }


@cache
def frame(data: str) -> pd.DataFrame:
    read, target = SETS[data]
    whole = read()
    size = ROWS + SCORED
    _, kept = train_test_split(whole, test_size=size, random_state=0, stratify=whole[target])
    return kept.reset_index(drop=True)


@cache
def by_hand(data: str, seed: int) -> Outcome:
    learn, test = divided(frame(data), SETS[data][1], task(data), seed, ROWS)
    return run_plan(BY_HAND, learn, test, SECONDS, seed, "accuracy")


def task(data: str) -> str:
    return "binary" if frame(data)[SETS[data][1]].nunique() == 2 else "multiclass"


def line(data: str, depth: str, seeds: int) -> Line:
    found: dict[str, list[Outcome]] = {"ml": [], "dl": [], "hybrid": []}
    for seed in range(seeds):
        learn, test = divided(frame(data), SETS[data][1], task(data), seed, ROWS)
        found["ml"].append(by_hand(data, seed))
        for family, plan in plans(depth).items():
            found[family].append(run_plan(plan, learn, test, SECONDS, seed, "accuracy"))
    return Line(f"transfer ({depth})", data, "accuracy", len(learn.y), **found, test_share=TEST_SHARE)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, data, depth, seeds) for data in SETS for depth in DEPTHS]


if __name__ == "__main__":
    main(make)

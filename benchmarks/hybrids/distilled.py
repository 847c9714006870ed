"""Small trees taught by LightGBM and RealMLP inside one model, against each of them alone.

python benchmarks/hybrids/distilled.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from common import Line, compare_plans, main

from twofold.workflow.plan import Plan

SECONDS, ROWS = 120.0, 800
TABLES = ("magic-telescope", "adult-income")
PLANS = {
    "ml": Plan("lightgbm", "lightgbm"),
    "dl": Plan("realmlp", "realmlp"),
    "hybrid": Plan("distilled", "twofold.hybrids.distilled:DistilledTrees"),
}


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [
        partial(compare_plans, "distilled", table, PLANS, seeds=seeds, seconds=SECONDS, train=ROWS)
        for table in TABLES
    ]


if __name__ == "__main__":
    main(make)

"""A network that looks up its nearest training rows, against boosted trees alone and a network alone.

python benchmarks/hybrids/neighbours.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from common import Line, compare_plans, main

from twofold.workflow.plan import Plan

SECONDS, ROWS = 90.0, 1_000
TABLES = ("california-housing", "phoneme", "kin8nm")
PLANS = {
    "ml": Plan("lightgbm", "lightgbm"),
    "dl": Plan("realmlp", "realmlp"),
    "hybrid": Plan("neighbours", "twofold.hybrids.neighbours:NeighboursNetwork"),
}


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's data sets."""
    return [
        partial(compare_plans, "neighbours", table, PLANS, seeds=seeds, seconds=SECONDS, train=ROWS)
        for table in TABLES
    ]


if __name__ == "__main__":
    main(make)

"""Leaves of boosted trees as tokens of a network, against boosted trees alone and a network alone.

python benchmarks/hybrids/leaves.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from common import Line, compare_plans, main

from twofold.workflow.plan import Plan

SECONDS, ROWS = 60.0, 1_000
TABLES = ("phoneme", "segment", "kin8nm", "california-housing")
PLANS = {
    "ml": Plan("lightgbm", "lightgbm"),
    "dl": Plan("realmlp", "realmlp"),
    "hybrid": Plan("leaves", "twofold.hybrids.leaves:Leaves"),
}


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's data sets."""
    return [
        partial(compare_plans, "leaves", table, PLANS, seeds=seeds, seconds=SECONDS, train=ROWS)
        for table in TABLES
    ]


if __name__ == "__main__":
    main(make)

"""A network corrected by boosted trees, and the reverse, against each alone.

python benchmarks/hybrids/residual.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from common import Line, compare_plans, main

from twofold.workflow.plan import Plan

SECONDS, ROWS = 60.0, 1_500
TABLES = ("phoneme", "segment", "kin8nm")
ALONE = {"ml": Plan("lightgbm", "lightgbm"), "dl": Plan("realmlp", "realmlp")}
FIRST = ("network", "trees")


def line(table: str, first: str, seeds: int) -> Line:
    joined = Plan(f"{first} first", "twofold.hybrids.residual:Residual", {"first": first})
    found = compare_plans(
        "residual", table, {**ALONE, "hybrid": joined}, seeds=seeds, seconds=SECONDS, train=ROWS
    )
    return replace(found, join=f"residual ({first} first)")


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, table, first, seeds) for table in TABLES for first in FIRST]


if __name__ == "__main__":
    main(make)

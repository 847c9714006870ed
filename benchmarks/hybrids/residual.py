"""A network corrected by boosted trees, and the reverse, against each alone.

python benchmarks/hybrids/residual.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from common import Compared, Line, compare, main

from twofold.workflow.plan import Plan

SECONDS, ROWS = 60.0, 1_000
TABLES = ("phoneme", "segment", "kin8nm")
JOINED = "twofold.hybrids.residual:Residual"
PLANS = {
    "lightgbm": Plan("lightgbm", "lightgbm"),
    "realmlp": Plan("realmlp", "realmlp"),
    "trees": Plan("trees", JOINED, {"first": "trees"}),
    "network": Plan("network", JOINED, {"first": "network"}),
}


@cache
def compared(table: str, seeds: int) -> Compared:
    """Fit each plan once on each division."""
    return compare(table, PLANS, seeds=seeds, seconds=SECONDS, train=ROWS)


def line(table: str, first: str, seeds: int) -> Line:
    found = compared(table, seeds)
    ml, dl, joined = (found.outcomes[name] for name in ("lightgbm", "realmlp", first))
    return Line(
        f"residual ({first} first)", table, found.metric, found.rows, ml, dl, joined, found.test_share
    )


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, table, first, seeds) for table in TABLES for first in ("trees", "network")]


if __name__ == "__main__":
    main(make)

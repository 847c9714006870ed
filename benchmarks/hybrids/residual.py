"""A network corrected by boosted trees, and the reverse, against each alone.

python benchmarks/hybrids/residual.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from common import Line, Outcome, divided, main, run_plan, table_rows

from twofold.metrics import get_metric
from twofold.workflow.plan import Plan

SECONDS, ROWS = 60.0, 1_000
TABLES = ("phoneme", "segment", "kin8nm")
JOINED = "twofold.hybrids.residual:Residual"
PLANS = (
    Plan("lightgbm", "lightgbm"),
    Plan("realmlp", "realmlp"),
    Plan("trees", JOINED, {"first": "trees"}),
    Plan("network", JOINED, {"first": "network"}),
)


@cache
def outcomes(table: str, seeds: int) -> tuple[dict[str, list[Outcome]], str, int, float]:
    """Fit each plan once on each division; return the outcomes, the metric, the rows and the test's share."""
    frame, target, task = table_rows(table)
    metric = get_metric(None, task).name
    found: dict[str, list[Outcome]] = {plan.name: [] for plan in PLANS}
    for seed in range(seeds):
        learn, test = divided(frame, target, task, seed, ROWS)
        for plan in PLANS:
            found[plan.name].append(run_plan(plan, learn, test, SECONDS, seed, metric))
    return found, metric, len(learn.y), len(test.y) / len(learn.y)


def line(table: str, first: str, seeds: int) -> Line:
    found, metric, rows, share = outcomes(table, seeds)
    ml, dl, joined = found["lightgbm"], found["realmlp"], found[first]
    return Line(f"residual ({first} first)", table, metric, rows, ml, dl, joined, share)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, table, first, seeds) for table in TABLES for first in ("trees", "network")]


if __name__ == "__main__":
    main(make)

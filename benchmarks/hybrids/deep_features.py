"""A network's embedding under heads of machine learning, against the head alone and the network alone.

python benchmarks/hybrids/deep_features.py --out hybrids.jsonl
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from common import Compared, Line, compare, main

from twofold.hybrids import HYBRIDS
from twofold.workflow.plan import Plan

SECONDS, ROWS = 120.0, 1_000
TABLES = ("phoneme", "segment", "kin8nm")
HEADS = ("lightgbm", "linear", "extra_trees", "svm", "knn")


@cache
def compared(table: str, seeds: int) -> Compared:
    """Fit the network, each head over the columns, and each over the embedding beside them."""
    plans = {"realmlp": Plan("realmlp", "realmlp")}
    plans |= {head: Plan(head, head) for head in HEADS}
    plans |= {f"deep {head}": Plan(head, HYBRIDS["deep_features"], {"head": head}) for head in HEADS}
    return compare(table, plans, seeds=seeds, seconds=SECONDS, train=ROWS)


def line(table: str, head: str, seeds: int) -> Line:
    found = compared(table, seeds)
    ml, dl, joined = (found.outcomes[name] for name in (head, "realmlp", f"deep {head}"))
    return Line(f"deep features ({head})", table, found.metric, found.rows, ml, dl, joined, found.test_share)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, table, head, seeds) for table in TABLES for head in HEADS]


if __name__ == "__main__":
    main(make)

"""A gate over boosted trees and a network, against each alone and against a stack of both.

python benchmarks/hybrids/gate.py --out hybrids.jsonl

All learn from the same out-of-fold predictions. With the columns the gate is that of `gated_experts`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
from common import TEST_SHARE, Line, Outcome, divided, interval, main, table_rows
from members import fit_members
from numpy.typing import NDArray

from twofold.data.dataset import Dataset
from twofold.hybrids.gate import choose_pull, fit_gate, learn_gate
from twofold.hybrids.stack import learn_stack
from twofold.metrics import get_metric
from twofold.workflow.plan import Plan

ROWS = 500
TABLES = ("phoneme", "segment", "kin8nm")
PLANS = (Plan("lightgbm", "lightgbm"), Plan("realmlp", "realmlp"))
BOTH = (0, 1)
Found = dict[str, list[Outcome]]


def numbers(dataset: Dataset) -> NDArray[np.float64]:
    """Return the columns of a table of numbers."""
    columns = [dataset.table.columns[column.name] for column in dataset.schema.used]
    return np.column_stack(columns).astype(np.float64)


@cache
def outcomes(table: str, seeds: int) -> tuple[Found, str, int, float]:
    """Fit everything once on each division; return outcomes, the metric, the rows, the test's share."""
    frame, target, task = table_rows(table)
    metric, chances = get_metric(None, task), task != "regression"
    found: Found = {name: [] for name in ("ml", "dl", "answers", "columns", "stack")}
    for seed in range(seeds):
        learn, test = divided(frame, target, task, seed, ROWS)
        members = fit_members(PLANS, learn, test, seed, metric.name)
        found["ml"].append(members.alone[0])
        found["dl"].append(members.alone[1])
        seen, told = members.evidence, members.told
        rows, others = numbers(learn), numbers(test)
        pull = choose_pull(seen.predictions, seen.y, None, chances=chances)
        gate = learn_gate(seen, BOTH, pull)
        pull = choose_pull(seen.predictions, seen.y, None, chances=chances, columns=rows)
        wide = fit_gate(seen.predictions, seen.y, None, chances=chances, pull=pull, columns=rows)
        answers = {
            "answers": gate.combine(told),
            "columns": wide.run(others, *told),
            "stack": learn_stack(seen, BOTH).combine(told),
        }
        for name, p in answers.items():
            row = gate.row_seconds(seen.row_seconds)
            found[name].append(Outcome(metric.gain(test.y, p, None), members.seconds, row))
    return found, metric.name, len(learn.y), TEST_SHARE


def line(table: str, way: str, name: str, seeds: int) -> Line:
    found, metric, rows, share = outcomes(table, seeds)
    scores = {key: [one.score for one in found[key]] for key in (way, "stack")}
    gap = interval(scores[way], scores["stack"], share)
    note = f"{gap[0]:+.3g} [{gap[1]:+.3g}, {gap[2]:+.3g}] over a stack of {abs(np.mean(scores['stack'])):.4g}"
    return Line(name, table, metric, rows, found["ml"], found["dl"], found[way], share, note)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    ways = (("answers", "gate (sees answers)"), ("columns", "gate (sees columns too)"))
    return [partial(line, table, way, name, seeds) for table in TABLES for way, name in ways]


if __name__ == "__main__":
    main(make)

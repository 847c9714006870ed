"""Rows for rare classes, from weights, SMOTE and a generative network, or as evidence chooses.

python benchmarks/hybrids/augment.py --out hybrids.jsonl

Machine learning alone are boosted trees on their own view of the rows as they are, deep learning alone is a
perceptron; `plain` are trees on the view that all ways share. The line of the generative network tells how
good its rows are on the first division.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

from common import Compared, Line, compare, divided, main, table_rows

from twofold.core.control import Control, Validation
from twofold.hybrids.augmenting.quality import judge
from twofold.hybrids.augmenting.ways import gan
from twofold.steps.base import FEATURES, INPUT
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

SECONDS, ROWS = 120.0, 1_500
TABLES = {"mammography": "average_precision", "car-evaluation": "log_loss"}
JOINED = "twofold.hybrids.augment:Augmented"
WAYS = ("plain", "weights", "smote", "gan")
CHOSEN = "chosen"
PLANS = {
    "lightgbm": Plan("lightgbm", "lightgbm"),
    "realmlp": Plan("realmlp", "realmlp"),
    **{way: Plan(way, JOINED, {"way": way}) for way in WAYS},
    CHOSEN: Plan(CHOSEN, JOINED),
}


@cache
def compared(table: str, seeds: int) -> Compared:
    return compare(table, PLANS, seeds=seeds, seconds=SECONDS, metric=TABLES[table], train=ROWS)


def quality(table: str) -> str:
    """Say how good the rows of the network are, made in the shares of all classes."""
    learn, test = divided(*table_rows(table), 0, ROWS)
    plain = fit_plan(Plan("plain", JOINED, {"way": "plain"}), learn)
    known, unseen = (
        Validation(plain.encoder.run({INPUT: rows.table}, FEATURES), rows.y) for rows in (learn, test)
    )
    made = gan(known, plain.model.problem_, Control(rounds=1))(known.y, 1)
    found = judge(known, Validation(made, known.y), unseen, plain.model.problem_, 0)
    return (
        f"told apart {found.told_apart:.3f}, teaches {found.teaches:.3f} (real {found.real_teaches:.3f}), "
        f"copies {found.copies:.1%} (real {found.real_copies:.1%}), nearness {found.nearness:.2f}"
    )


def line(table: str, way: str, seeds: int) -> Line:
    found = compared(table, seeds)
    ml, dl, joined = (found.outcomes[name] for name in ("lightgbm", "realmlp", way))
    note = quality(table) if way == "gan" else ""
    return Line(f"augmented ({way})", table, found.metric, found.rows, ml, dl, joined, found.test_share, note)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's lines."""
    return [partial(line, table, way, seeds) for table in TABLES for way in (*WAYS, CHOSEN)]


if __name__ == "__main__":
    main(make)

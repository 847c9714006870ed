"""Cascades that hold a floor: what is saved, and whether fresh rows are answered as the last stage answers.

python benchmarks/hybrids/cascade.py --out hybrids.jsonl

ML alone is the machine-learning stage that is best out of fold, DL alone the network that is the last stage.
Where no cascade can be proven, the last stage answers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from common import TEST_SHARE, Line, Outcome, divided, main, table_rows
from members import fit_members

from twofold.hybrids.cascade import Chain, learn_cascade
from twofold.workflow.plan import Plan

FLOOR, METRIC = 0.98, "accuracy"


@dataclass(frozen=True)
class Scenario:
    """A data set and its stages.

    Parameters
    ----------
    read : callable
        Returns a frame, its target and its task.
    plans : tuple of Plan
        From cheap to dear; the last is a network, and the last stage.
    chains : tuple of Chain
    train : int
        Rows to learn from; three times as many are drawn, of which 30 % are scored.
    """

    read: Callable[[], tuple[pd.DataFrame, str, str]]
    plans: tuple[Plan, ...]
    chains: tuple[Chain, ...]
    train: int


def text_rows(name: str) -> tuple[pd.DataFrame, str, str]:
    """Return short texts and their classes."""
    from cell_sets import SETS

    frame = SETS[name].read()
    target = SETS[name].target
    return frame, target, "binary" if frame[target].nunique() == 2 else "multiclass"


WORDS = (
    Plan("naive_bayes", "naive_bayes", reads=("words",)),
    Plan("linear", "linear", reads=("words",)),
    Plan("realmlp", "realmlp", reads=("minilm",)),
)
NUMBERS = (Plan("linear", "linear"), Plan("lightgbm", "lightgbm"), Plan("realmlp", "realmlp"))
CHAINS: tuple[Chain, ...] = (((0,), (2,)), ((1,), (2,)), ((0, 1), (2,)), ((0,), (1,), (2,)))
SCENARIOS = {
    "magic-telescope": Scenario(partial(table_rows, "magic-telescope"), NUMBERS, CHAINS, 1_200),
    "intents": Scenario(partial(text_rows, "intents"), WORDS, CHAINS, 1_000),
}


def line(name: str, seeds: int) -> Line:
    of = SCENARIOS[name]
    frame, target, task = of.read()
    found: dict[str, list[Outcome]] = {family: [] for family in ("ml", "dl", "hybrid")}
    agreed, reached, made = [], [], 0
    for seed in range(seeds):
        rows = frame.sample(3 * of.train, random_state=seed)
        learn, test = divided(rows, target, task, seed, of.train)
        members = fit_members(of.plans, learn, test, seed, METRIC)
        seen = members.evidence
        apart = [seen.metric.gain(seen.y, p, None) for p in seen.predictions[:-1]]
        last = members.alone[-1]
        found["ml"].append(members.alone[int(np.argmax(apart))])
        found["dl"].append(last)
        join = learn_cascade(seen, of.chains, FLOOR)
        if join is None:
            found["hybrid"].append(last)
            continue
        made += 1
        answers = join.combine(members.told)
        agreed.append(float(np.mean(answers.argmax(axis=1) == members.told[-1].argmax(axis=1))))
        reached.append(join.reached[-1])
        gain = seen.metric.gain(test.y, answers, None)
        row = join.row_seconds(seen.row_seconds)
        found["hybrid"].append(Outcome(gain, members.seconds, row))
    note = f"proven in {made} of {seeds}"
    if made:
        note += f"; as the last stage {np.mean(agreed):.1%}, least {min(agreed):.1%}"
        note += f"; passed to it {np.mean(reached):.0%}"
    return Line(
        f"cascade (floor {FLOOR})",
        name,
        METRIC,
        len(learn.y),
        found["ml"],
        found["dl"],
        found["hybrid"],
        TEST_SHARE,
        note,
    )


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [partial(line, name, seeds) for name in SCENARIOS]


if __name__ == "__main__":
    main(make)

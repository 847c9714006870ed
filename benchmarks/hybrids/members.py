"""Plans side by side, as joins that learn from out-of-fold predictions need them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from common import Outcome, time_rows

from twofold.core.random import derive_seed
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.hybrids.base import Evidence
from twofold.metrics import get_metric
from twofold.steps.base import INPUT
from twofold.workflow.fitting import fit_plan, predict_out_of_fold
from twofold.workflow.plan import Plan
from twofold.workflow.read_once import read_once


@dataclass(frozen=True)
class Members:
    """What plans said of the rows that they learned from, out of fold, and of others.

    Parameters
    ----------
    evidence : Evidence
        To learn a join from.
    told : float64 array of shape (number of plans, n, k)
        What the plans, fitted on all rows, said of the rows to be scored.
    alone : tuple of Outcome
        Each plan on the rows to be scored.
    seconds : float
        Of all fits, those on folds too.
    """

    evidence: Evidence
    told: np.ndarray
    alone: tuple[Outcome, ...]
    seconds: float


def fit_members(
    plans: Sequence[Plan], learn: Dataset, test: Dataset, seed: int, metric: str, folds: int = 3
) -> Members:
    """Fit plans on folds and on all rows; cells are read once, and their reading counts for a row's time."""
    once = read_once(learn, {name for plan in plans for name in plan.reads}, seed)
    parts = make_folds(learn, folds, seed)
    chosen = get_metric(metric, learn.task)
    apart, told, alone, seconds = [], [], [], 0.0
    for plan in plans:
        inner = derive_seed(seed, plan.name)
        began = time.perf_counter()
        apart.append(predict_out_of_fold(plan, once.dataset, parts, seed=inner, ready=once.ready))
        fitted = fit_plan(plan, once.dataset, seed=inner, ready=once.ready)
        seconds += time.perf_counter() - began
        graph = once.whole(fitted.graph)
        answers = np.asarray(graph.run({INPUT: test.table}), dtype=np.float64)
        told.append(answers)
        alone.append(Outcome(chosen.gain(test.y, answers, None), fitted.seconds, time_rows(graph, learn)))
    row_seconds = np.array([one.row_seconds for one in alone])
    evidence = Evidence(np.stack(apart), learn.y, None, chosen, learn.task, row_seconds)
    return Members(evidence, np.stack(told), tuple(alone), seconds)

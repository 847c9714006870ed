"""What each kind of column brings: a good plan is fitted once more for each kind, without it.

The variants are trials like all others: blends of them are blends of experts for some of the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twofold.core.fold import Fold
from twofold.core.random import make_generator
from twofold.core.schema import READ, Schema
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.evaluate.entrants import blocks_of, overlap_of
from twofold.metrics.base import Metric
from twofold.search.agenda import Agenda
from twofold.search.result import KindWorth
from twofold.workflow.plan import Plan

DRAWS = 200
NEAR = 4.0
"""The plan that is fitted again is the best of those that take at most so many times as long as any."""


def next_without(
    agenda: Agenda, schema: Schema, gains: Mapping[str, float], *, timed: bool
) -> tuple[Plan, float] | None:
    """Return the next variant to be fitted, and the seconds that a fold of it is expected to take.

    Parameters
    ----------
    agenda : Agenda
    schema : Schema
        Only tables of several kinds, one of them text, pictures, clips or series, are asked.
    gains : mapping of str to float
        Of complete plans; more is better.
    timed : bool
        A run that counts its trials is not asked: the variants would be trials too.
    """
    kinds = tuple(dict.fromkeys(column.kind for column in schema.used))
    if not timed or len(kinds) < 2 or not READ & set(kinds):
        return None
    begun = {plan.without[0]: name for name, item in agenda.plans.items() if (plan := item.plan).without}
    left = [kind for kind in kinds if kind not in begun]
    whole = [
        i for i in agenda.complete() if not i.plan.network and not i.plan.without and i.plan.name in gains
    ]
    whole = [item for item in whole if item.plan.capabilities.view != "towers"]
    if not left or not whole:
        return None
    if begun:
        name = next(iter(begun.values())).partition(" without ")[0]
        item = agenda.plans[name]
    else:
        quickest = min(item.measured for item in whole)
        near = [item for item in whole if item.measured <= NEAR * max(quickest, 0.25)]
        item = max(near, key=lambda item: gains[item.plan.name])
    plan = item.plan
    variant = Plan(
        f"{plan.name} without {left[0]}", plan.model, plan.params, reads=plan.reads, without=(left[0],)
    )
    return variant, item.measured


def kinds_worth(
    trials: Mapping[str, Trial],
    plans: Mapping[str, Plan],
    dataset: Dataset,
    metric: Metric,
    folds: Sequence[Fold],
    seed: int,
) -> tuple[KindWorth, ...]:
    """Compare each variant with its whole plan on the same rows.

    Parameters
    ----------
    trials : mapping of str to Trial
    plans : mapping of str to Plan
    dataset : Dataset
    metric : Metric
    folds : sequence of Fold
    seed : int

    Returns
    -------
    tuple of KindWorth
        Largest first. The interval is that of the rows drawn again (blocks of groups or times whole), widened
        for the overlap of the folds' training rows (Nadeau and Bengio 2003).
    """
    found = []
    for name, plan in plans.items():
        base = name.partition(" without ")[0]
        pair = [trials.get(base), trials.get(name)]
        if not plan.without or any(trial is None or trial.status != "complete" for trial in pair):
            continue
        with_kind, without = (np.asarray(trial.predictions) for trial in pair if trial is not None)
        losses, whole = _losses(with_kind, without, dataset, metric, seed)
        half = 1.96 * float(np.nanstd(losses)) * np.sqrt(overlap_of(folds))
        found.append(KindWorth(plan.without[0], whole, whole - half, whole + half, base))
    return tuple(sorted(found, key=lambda entry: -entry.loss))


def sentence_of(kinds: Sequence[KindWorth], metric: Metric) -> str:
    """Say what the kinds bring.

    Examples
    --------
    >>> from twofold.metrics import get_metric
    >>> sentence_of([KindWorth("text", 0.1, 0.08, 0.12, "linear")], get_metric("roc_auc", "binary"))
    "What the kinds of columns bring: 'linear' loses 0.1 AUC [0.08, 0.12] without text."
    """
    told = [f"{k.loss:.3g} {metric.label} [{k.low:.3g}, {k.high:.3g}] without {k.kind}" for k in kinds]
    return f"What the kinds of columns bring: '{kinds[0].model}' loses {', '.join(told)}."


def _losses(
    with_kind: NDArray[np.float64],
    without: NDArray[np.float64],
    dataset: Dataset,
    metric: Metric,
    seed: int,
) -> tuple[NDArray[np.float64], float]:
    """Return the loss over bootstraps of the rows, and on all of them."""
    rows = np.flatnonzero(np.isfinite(with_kind).all(axis=1) & np.isfinite(without).all(axis=1))
    y, weight = dataset.y[rows], np.ones(len(rows))
    if dataset.weight is not None:
        weight = np.asarray(dataset.weight[rows])
    p, q = with_kind[rows], without[rows]
    block = blocks_of(dataset, rows)
    n_blocks = int(block.max()) + 1
    generator = make_generator(seed, "kinds")
    losses = np.empty(DRAWS)
    for draw in range(DRAWS):
        counts = np.bincount(generator.integers(0, n_blocks, n_blocks), minlength=n_blocks)[block] * weight
        losses[draw] = metric.gain(y, p, counts) - metric.gain(y, q, counts)
    return losses, metric.gain(y, p, weight) - metric.gain(y, q, weight)

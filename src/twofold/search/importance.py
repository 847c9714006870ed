"""What the model loses when a column of the user's table is shuffled (Breiman 2001)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.data.dataset import Dataset
from twofold.metrics.base import Metric
from twofold.search.result import Importance

ROWS, GROUPS = 1_000, 5


def permutation_importance(
    answer: Callable[[Table], NDArray[np.float64]],
    dataset: Dataset,
    rows: NDArray[np.intp],
    metric: Metric,
    budget: Budget,
    seed: int,
) -> tuple[Importance, ...]:
    """Shuffle one column after the other, among rows the model has not learned from.

    Parameters
    ----------
    answer : callable (table) -> predictions
    dataset : Dataset
    rows : integer array
        Rows that the models behind `answer` have not seen.
    metric : Metric
    budget : Budget
        Columns beyond it are left out.
    seed : int

    Returns
    -------
    tuple of Importance
        Largest first. The interval is the one of a mean over `GROUPS` groups of rows.
    """
    generator = make_generator(seed, "importance")
    chosen = rows if len(rows) <= ROWS else np.sort(generator.choice(rows, ROWS, replace=False))
    table = dataset.table.take(chosen)
    y = dataset.y[chosen]
    weight = None if dataset.weight is None else dataset.weight[chosen]
    group = generator.permutation(len(chosen)) % GROUPS
    if len(chosen) < 10 * GROUPS:
        return ()

    def gains(predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [np.flatnonzero(group == g) for g in range(GROUPS)]
        return np.array(
            [metric.gain(y[p], predictions[p], None if weight is None else weight[p]) for p in parts]
        )

    whole = gains(answer(table))
    found = []
    for column in dataset.schema.used:
        if budget.expired:
            break
        order = generator.permutation(len(chosen))
        losses = whole - gains(answer(table.shuffled(column.name, order)))
        losses = losses[np.isfinite(losses)]
        if not len(losses):
            continue
        half = 2.776 * losses.std(ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else float("nan")
        centre = float(losses.mean())
        found.append(Importance(column.name, centre, centre - half, centre + half))
    return tuple(sorted(found, key=lambda entry: -entry.loss))

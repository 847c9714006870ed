"""One plan of each family on the same rows: what joins that watch agreement and disagreement stand on.

On tables these are trees and a network; with text or pictures they are one model over features made by hand
and one over features that a pretrained network made, which are two views in the sense of Blum and Mitchell
(1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.fold import Fold
from twofold.core.random import derive_seed
from twofold.data.dataset import Dataset
from twofold.features.reading import Ready
from twofold.steps.base import INPUT, Graph
from twofold.workflow.fitting import Fitted, fit_plan, predict_out_of_fold
from twofold.workflow.plan import Plan

FEW_ROWS = 1_000
"""Below so many rows averaged random trees are surer than boosted ones."""


@dataclass(frozen=True)
class Pair:
    """Two plans.

    Parameters
    ----------
    ml, dl : Plan
    """

    ml: Plan
    dl: Plan

    @property
    def plans(self) -> tuple[Plan, Plan]:
        """Both, machine learning first."""
        return self.ml, self.dl

    @property
    def reads(self) -> tuple[str, ...]:
        """Every extractor that one of them needs."""
        return self.ml.reads + self.dl.reads


def choose_pair(
    n_rows: int,
    hand: Sequence[str] = (),
    deep: Sequence[str] = (),
    raw: Sequence[str] = (),
    *,
    columns: bool = True,
) -> Pair:
    """Return the pair for a data set.

    Parameters
    ----------
    n_rows : int
        To learn from.
    hand, deep, raw : sequence of str
        Extractors for its text, pictures, clips and series: by hand, by a pretrained network, as they are.
        Raw cells are read where there is no pretrained network.
    columns : bool
        Whether there are numbers, categories or dates besides.

    Examples
    --------
    >>> [plan.model for plan in choose_pair(200).plans]
    ['extra_trees', 'realmlp']
    >>> [plan.reads for plan in choose_pair(200, ["words"], ["minilm"], ["tokens"], columns=False).plans]
    [('words',), ('minilm',)]
    """
    trees = "extra_trees" if n_rows < FEW_ROWS else "lightgbm"
    ml, dl = (trees, "realmlp") if columns or not hand else ("linear", "linear")
    if raw and not deep:
        return Pair(Plan(ml, ml, reads=tuple(hand)), Plan("towers", "towers", reads=tuple(raw)))
    by_network = f"{dl} over {' and '.join(deep)}" if deep else dl
    return Pair(Plan(ml, ml, reads=tuple(hand)), Plan(by_network, dl, reads=tuple(deep)))


@dataclass(frozen=True)
class Means:
    """What fits of a pair may use.

    Parameters
    ----------
    budget : Budget
        Of everything together.
    seed : int
    ready : mapping of (column, extractor) to Ready
        What was read before.
    """

    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    ready: Mapping[tuple[str, str], Ready] = field(default_factory=dict)


def fit_pair(
    pair: Pair, datasets: Sequence[Dataset], rows: Sequence[NDArray[np.intp]], means: Means, part: str | int
) -> tuple[Fitted, Fitted]:
    """Fit each plan of a pair on its own rows.

    Parameters
    ----------
    pair : Pair
    datasets, rows : sequence of two
        For each plan.
    means : Means
    part : str or int
        Its name; other parts get other randomness.
    """
    seed = derive_seed(means.seed, part)
    shares = (0.5, 1.0)  # of the time left: the first plan gives what it does not need to the second
    ml, dl = (
        fit_plan(plan, dataset, some, budget=means.budget.share(share), seed=seed, ready=means.ready)
        for plan, dataset, some, share in zip(pair.plans, datasets, rows, shares, strict=True)
    )
    return ml, dl


def answers(graphs: Sequence[Graph], dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what graphs answer for some rows, of shape (n_graphs, n, k)."""
    table = dataset.table.take(rows)
    return np.stack([np.asarray(graph.run({INPUT: table}), dtype=np.float64) for graph in graphs])


def out_of_fold(pair: Pair, dataset: Dataset, folds: Sequence[Fold], means: Means) -> NDArray[np.float64]:
    """Predict every row with fits of both plans that never saw it; of shape (2, n, k)."""
    return np.stack(
        [
            predict_out_of_fold(
                plan, dataset, folds, budget=means.budget.share(share), seed=means.seed, ready=means.ready
            )
            for plan, share in zip(pair.plans, (0.5, 1.0), strict=True)
        ]
    )

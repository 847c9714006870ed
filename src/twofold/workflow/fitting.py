"""Fitting one plan on some rows of a data set, here and now: by a worker, or by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Validation
from twofold.core.fold import Fold
from twofold.core.random import derive_seed
from twofold.data.dataset import Dataset
from twofold.data.split import inner_split
from twofold.features.encoded import Encoded
from twofold.features.reading import Reading, Ready
from twofold.models.base import Model
from twofold.steps.base import INPUT, Graph
from twofold.workflow.plan import Plan
from twofold.workflow.views import encode

VALIDATION_SHARE = 0.12
"""Of a part's training rows, watched for early stopping (capped at `MAX_VALIDATION` rows)."""
MAX_VALIDATION = 5_000
FEW = 20
"""Below so many rows none are watched."""


@dataclass(frozen=True)
class Sample:
    """Training rows, encoded for one plan.

    Parameters
    ----------
    X : float32 array or CSR of shape (n, d)
    y : array of shape (n,)
    weight : array of shape (n,) or None
    rows : integer array of shape (n,)
        Their places in the data set.
    encoder : Graph
        From ``table`` to ``features``.
    problem : Problem
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.float64] | None
    rows: NDArray[np.intp]
    encoder: Graph
    problem: Problem


@dataclass(frozen=True)
class Fitted:
    """A plan that was fitted.

    Parameters
    ----------
    model : Model
    encoder : Graph
        From ``table`` to ``features``.
    graph : Graph
        From ``table`` to ``prediction``.
    seconds : float
        That encoding and fitting took.
    """

    model: Model
    encoder: Graph
    graph: Graph
    seconds: float


def sample_of(encoded: Encoded, dataset: Dataset, rows: NDArray[np.intp]) -> Sample:
    """Put encoded rows beside their targets and weights."""
    return Sample(
        encoded.matrix,
        dataset.y[rows],
        None if dataset.weight is None else dataset.weight[rows],
        rows,
        encoded.graph,
        encoded.problem(dataset.task, len(dataset.classes)),
    )


def fit_sample(
    plan: Plan,
    sample: Sample,
    dataset: Dataset,
    *,
    budget: Budget,
    seed: int,
    part: str,
    rounds: int | None = None,
) -> Model:
    """Fit a plan's model on encoded rows; models that stop early watch some of them.

    Parameters
    ----------
    plan : Plan
    sample : Sample
    dataset : Dataset
        Where the rows are from: groups and times are kept together when some are put aside to be watched.
    budget : Budget
        Its cores are the threads.
    seed : int
    part : str
        Name of the part; other parts get other randomness.
    rounds : int or None
        Rounds to run exactly; None to stop early.
    """
    control = Control(budget, derive_seed(seed, plan.name, part), rounds)
    learn = np.arange(len(sample.rows))
    if rounds is None and plan.capabilities.iterative and len(learn) >= FEW:
        control, learn = _watching(control, sample, dataset, derive_seed(seed, "watch", part))
    weight = None if sample.weight is None else sample.weight[learn]
    return plan.make().fit(sample.X[learn], sample.y[learn], weight, problem=sample.problem, control=control)


def _watching(
    control: Control, sample: Sample, dataset: Dataset, seed: int
) -> tuple[Control, NDArray[np.intp]]:
    """Put rows aside to be watched; return the positions of the others."""
    share = min(VALIDATION_SHARE, MAX_VALIDATION / len(sample.rows))
    _, watched = inner_split(sample.rows, dataset, share, seed)
    seen = np.isin(sample.rows, watched, invert=True)
    learn, watch = np.flatnonzero(seen), np.flatnonzero(~seen)
    if not len(learn) or not len(watch):
        return control, np.arange(len(sample.rows))
    weight = None if sample.weight is None else sample.weight[watch]
    return replace(control, validation=Validation(sample.X[watch], sample.y[watch], weight)), learn


def fit_plan(
    plan: Plan,
    dataset: Dataset,
    rows: NDArray[np.intp] | None = None,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    rounds: int | None = None,
    ready: Mapping[tuple[str, str], Ready] | None = None,
) -> Fitted:
    """Encode rows as a plan wants them, and fit its model.

    Parameters
    ----------
    plan : Plan
        One that stands on no other's network.
    dataset : Dataset
    rows : integer array or None
        To learn from; None for all.
    budget : Budget or None
        Of the fit; None leaves it its time, on one core.
    seed : int
    rounds : int or None
        Rounds to run exactly; None to stop early.
    ready : mapping of (column, extractor) to Ready, or None
        What was read of the cells before: see `twofold.workflow.read_once`.

    Returns
    -------
    Fitted

    Examples
    --------
    >>> import pandas as pd
    >>> from twofold.data.target import Roles, dataset_from_frame
    >>> sizes = [(7 * n) % 60 / 2 for n in range(60)]
    >>> frame = pd.DataFrame({"size": sizes, "sold": [size > 15 for size in sizes]})
    >>> dataset = dataset_from_frame(frame, Roles("sold"))
    >>> fitted = fit_plan(Plan("a tree", "tree"), dataset)
    >>> fitted.graph.run({"table": dataset.table}).argmax(axis=1)[:5].tolist()
    [0, 0, 0, 0, 0]
    """
    if plan.network:
        raise ValueError(f"'{plan.name}' stands on the network of '{plan.network}', which a run fits first.")
    began = time.perf_counter()
    rows = np.arange(len(dataset.y)) if rows is None else rows
    sample = _encoded(plan, dataset, rows, seed, Reading(plan.reads, ready or {}))
    model = fit_sample(
        plan, sample, dataset, budget=budget or Budget(cores=1), seed=seed, part="all", rounds=rounds
    )
    return Fitted(model, sample.encoder, sample.encoder + model.lower(), time.perf_counter() - began)


def _encoded(plan: Plan, dataset: Dataset, rows: NDArray[np.intp], seed: int, reading: Reading) -> Sample:
    encoded = encode(
        plan.capabilities.view,
        dataset.table.take(rows),
        dataset.schema.without(plan.without),
        dataset.y[rows],
        Problem(dataset.task, len(dataset.classes)),
        seed=derive_seed(seed, plan.capabilities.view),
        weight=None if dataset.weight is None else dataset.weight[rows],
        reading=reading,
    )
    return sample_of(encoded, dataset, rows)


def predict_out_of_fold(
    plan: Plan,
    dataset: Dataset,
    folds: Sequence[Fold],
    *,
    budget: Budget | None = None,
    seed: int = 0,
    ready: Mapping[tuple[str, str], Ready] | None = None,
) -> NDArray[np.float64]:
    """Predict each fold's rows with a model that never saw them.

    Parameters
    ----------
    plan, dataset, seed, ready
        As of `fit_plan`.
    folds : sequence of Fold
    budget : Budget or None
        Of all folds together.

    Returns
    -------
    array of shape (n, k)
        Probabilities of the k classes, or values (k = 1); NaN where no fold scores.
    """
    whole = budget or Budget(cores=1)
    out = np.full((len(dataset.y), max(1, len(dataset.classes))), np.nan)
    for done, fold in enumerate(folds):
        part = whole.share(1.0 / (len(folds) - done))
        fitted = fit_plan(
            plan, dataset, fold.train, budget=part, seed=derive_seed(seed, fold.index), ready=ready
        )
        out[fold.test] = fitted.graph.run({INPUT: dataset.table.take(fold.test)})
    return out

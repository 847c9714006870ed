"""Pictures made by a network, where there are few, if out-of-fold evidence says that they help.

A plan is fitted on inner folds without and with made pictures, for as many rounds, so that none of these is
watched; the scored pictures are real, and the maker of pictures never saw them. The network is a small one of
convolutions (Radford, Metz and Chintala 2016), trained as Gulrajani et al. (2017) do.

When it helps: hardly ever on a processor; where pictures of simple, like things are few. When not: some
hundred pictures do not teach a network what is not in them. Cost: a training of the network for each fold and
one more, each about half a minute, and twice the fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.fold import Fold
from twofold.core.random import derive_seed
from twofold.core.table import Table
from twofold.data.dataset import Dataset
from twofold.hybrids.augmenting.gain import Gain
from twofold.steps.base import INPUT
from twofold.steps.cells import pack_array
from twofold.steps.pictures import decode
from twofold.workflow.fitting import Fitted, fit_plan
from twofold.workflow.plan import Plan

SIDE = 28
"""Pixels of a made picture; a network for more is not trained in minutes."""


def picture_column(dataset: Dataset) -> str:
    """Return the only column of a data set, which has to hold pictures.

    Raises
    ------
    InputError
        When there are other columns, groups or times, or values instead of classes.
    """
    kinds = [column.kind for column in dataset.schema.used]
    alone = kinds == ["image"] and dataset.groups is None and dataset.time is None
    if not alone or not dataset.classes:
        raise InputError(
            f"There are columns of these kinds: {', '.join(kinds) or 'none'}; the task is {dataset.task}.",
            "Pictures are made for classes, and for tables that hold one picture a row and nothing else.",
            "Leave the other columns out, or make no pictures.",
        )
    return dataset.schema.used[0].name


def make_pictures(dataset: Dataset, classes: NDArray[np.int64], control: Control) -> NDArray[np.object_]:
    """Make pictures by a network that learns from those of a data set.

    Parameters
    ----------
    dataset : Dataset
    classes : integer array of shape (n_new,)
        What each of them shall show.
    control : Control
        Without `rounds`, its budget ends the training.

    Returns
    -------
    object array of shape (n_new,)
        Cells of grey or coloured pictures of `SIDE` pixels.
    """
    from twofold.nn.image_gan import ImageGan

    pixels, present = decode(dataset.table, picture_column(dataset), SIDE)
    seen, y = pixels[present], dataset.y[present]
    grey = bool((seen == seen[..., :1]).all())
    seen = seen[..., :1] if grey else seen
    rows = np.ascontiguousarray(seen.transpose(0, 3, 1, 2), dtype=np.float32) / 127.5 - 1
    network = ImageGan(rows, y, len(dataset.classes), control)
    made = network.make(classes, derive_seed(control.seed, "made"))
    bytes_ = np.clip(np.round(127.5 * (made + 1)), 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    cells = np.empty(len(classes), dtype=object)
    cells[:] = [pack_array(picture[..., 0] if grey else picture) for picture in bytes_]
    return cells


def with_made(dataset: Dataset, times: float, control: Control) -> Dataset:
    """Return a data set with made pictures behind its own.

    Parameters
    ----------
    dataset : Dataset
    times : float
        Made pictures for each real one of a class, so that classes keep their shares.
    control : Control
    """
    counts = np.bincount(dataset.y, minlength=len(dataset.classes))
    classes = np.repeat(np.arange(len(counts)), np.round(times * counts).astype(np.int64))
    cells = make_pictures(dataset, classes, control)
    table = dataset.table.joined(Table({picture_column(dataset): cells}, len(cells)))
    weight = dataset.weight
    if weight is not None:
        usual = np.bincount(dataset.y, weight, minlength=len(counts)) / np.maximum(counts, 1)
        weight = np.concatenate([weight, usual[classes]])
    return replace(dataset, table=table, y=np.concatenate([dataset.y, classes]), weight=weight)


def fit_with_made(plan: Plan, dataset: Dataset, times: float, control: Control) -> tuple[Fitted, Fitted]:
    """Fit a plan on the rows as they are, and for as many rounds on these and made pictures."""
    untimed = Budget(cores=control.budget.cores)
    plain = fit_plan(plan, dataset, budget=untimed, seed=control.seed)
    fuller = with_made(dataset, times, control)
    rounds = plain.model.rounds_ if plan.capabilities.iterative else None
    return plain, fit_plan(plan, fuller, budget=untimed, seed=control.seed, rounds=rounds)


def fit_on_evidence(
    plan: Plan, dataset: Dataset, folds: Sequence[Fold], times: float, control: Control
) -> tuple[Fitted, Gain]:
    """Fit a plan with made pictures if these helped out of fold, and say what they brought.

    Parameters
    ----------
    plan : Plan
    dataset : Dataset
        See `picture_column`.
    folds : sequence of Fold
        Of the rows; what none of them scores does not count.
    times : float
        See `with_made`.
    control : Control
        Seed, cores, and with `rounds` a training of the network that no clock ends.
    """
    chance: list[NDArray[np.float64]] = []
    for fold in folds:
        learn = _rows(dataset, fold.train)
        both = fit_with_made(plan, learn, times, replace(control, seed=derive_seed(control.seed, fold.index)))
        score = _rows(dataset, fold.test)
        answers = [fitted.graph.run({INPUT: score.table}) for fitted in both]
        chance.append(np.array([answer[np.arange(len(score.y)), score.y] for answer in answers]))
    plain, made = np.hstack(chance)
    gain = Gain.between(made, plain)
    if gain.sure():
        return fit_with_made(plan, dataset, times, control)[1], gain
    return fit_plan(plan, dataset, budget=Budget(cores=control.budget.cores), seed=control.seed), gain


def _rows(dataset: Dataset, rows: NDArray[np.intp]) -> Dataset:
    weight = None if dataset.weight is None else dataset.weight[rows]
    return replace(dataset, table=dataset.table.take(rows), y=dataset.y[rows], weight=weight)

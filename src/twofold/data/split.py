"""Dividing rows so that what is scored was never learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.fold import Fold
from twofold.core.random import make_generator
from twofold.data.dataset import Dataset
from twofold.data.leakage import row_hashes

HOLD_OUT_FROM = 200_000
"""From so many rows on, one hold-out of a fifth is scored instead of folds."""


def choose_fold_count(n_rows: int) -> int:
    """Return the number of folds: fewer for more rows, where each fit costs more and each score is surer.

    Examples
    --------
    >>> choose_fold_count(400), choose_fold_count(4_000), choose_fold_count(30_000)
    (8, 5, 3)
    """
    for most, folds in ((1_000, 8), (5_000, 5), (10_000, 4), (HOLD_OUT_FROM, 3)):
        if n_rows <= most:
            return max(2, min(folds, n_rows))
    return 1


def _blocks(dataset: Dataset) -> NDArray[np.int64]:
    """Return a code for each row; rows of one code must stay together: a group, or exact duplicates."""
    if dataset.groups is not None:
        return dataset.groups
    return np.unique(row_hashes(dataset.table), return_inverse=True)[1].astype(np.int64).reshape(-1)


def _strata(dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    y = dataset.y[rows]
    if dataset.classes:
        return y.astype(np.int64)
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return (ranks * 10 // max(len(rows), 1)).astype(np.int64)


def _deal(
    dataset: Dataset, rows: NDArray[np.intp], n_parts: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Deal rows to parts of equal size, stratum by stratum, blocks whole; return each row's part."""
    blocks, strata = _blocks(dataset)[rows], _strata(dataset, rows)
    ids, first, inverse, sizes = np.unique(blocks, return_index=True, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    part_of = np.empty(len(ids), dtype=np.int64)
    single = sizes == 1
    lonely = np.flatnonzero(single)[generator.permutation(int(single.sum()))]
    ordered = lonely[np.argsort(strata[first[lonely]], kind="stable")]
    part_of[ordered] = np.arange(len(ordered)) % n_parts
    n_strata = int(strata.max(initial=0)) + 1
    filled = np.zeros((n_parts, n_strata))
    np.add.at(filled, (part_of[ordered], strata[first[ordered]]), 1)
    big = np.flatnonzero(~single)
    counts = np.zeros((len(ids), n_strata))
    np.add.at(counts, (inverse, strata), 1)
    shuffled = big[generator.permutation(len(big))]
    for block in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        load = filled @ counts[block] / counts[block].sum() + filled.sum(axis=1)
        part = int(np.argmin(load))
        part_of[block] = part
        filled[part] += counts[block]
    return part_of[inverse]


def make_folds(dataset: Dataset, n_folds: int, seed: int) -> tuple[Fold, ...]:
    """Divide the rows into folds.

    Classes stay in proportion (regression: tenths of the target); groups, and exact duplicates among the
    features, stay in one fold; with times, each fold learns from what came before it only, so that the
    earliest rows are never scored.

    Parameters
    ----------
    dataset : Dataset
    n_folds : int
        1 makes a single hold-out of a fifth.
    seed : int

    Returns
    -------
    tuple of Fold
    """
    n = len(dataset.y)
    if n_folds < 1 or (n_folds > 1 and n_folds > n):
        raise InputError(
            f"{n_folds} folds were asked for, with {n} rows.",
            "From 1 to the number of rows.",
            "Use fewer folds.",
        )
    if dataset.time is not None:
        return _time_folds(dataset.time, max(n_folds, 1))
    part = _deal(dataset, np.arange(n), max(n_folds, 5 if n_folds == 1 else 2), make_generator(seed, "folds"))
    rows = np.arange(n)
    folds = [(rows[part != index], rows[part == index]) for index in range(n_folds)]
    whole = [(train, test) for train, test in folds if len(train) and len(test)]
    if len(whole) < min(2, n_folds):
        raise InputError(
            "The rows cannot be divided: all of them belong to one group or repeat each other.",
            "At least two different groups (or rows) are needed.",
            "Give other groups, or none.",
        )
    return tuple(Fold(index, train, test) for index, (train, test) in enumerate(whole))


def _time_folds(time: NDArray[np.float64], n_folds: int) -> tuple[Fold, ...]:
    """Cut the rows by time into equal slices; slice k is scored after learning from all before it."""
    cuts = np.quantile(time, np.linspace(0, 1, n_folds + 2)[1:-1])
    part = np.searchsorted(cuts, time, side="left")
    rows = np.arange(len(time))
    folds = [(rows[part < index], rows[part == index]) for index in range(1, n_folds + 1)]
    whole = [(train, test) for train, test in folds if len(train) and len(test)]
    if not whole:
        raise InputError("All rows have the same time.", "Different times are needed.", "Leave time out.")
    return tuple(Fold(index, train, test) for index, (train, test) in enumerate(whole))


def inner_split(
    rows: NDArray[np.intp], dataset: Dataset, share: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide rows once, by the same rules as the folds.

    Parameters
    ----------
    rows : integer array
    dataset : Dataset
    share : float
        Of the rows, to be returned second.
    seed : int

    Returns
    -------
    two sorted integer arrays
        Rows to learn from, rows to watch; the second may be empty for very few rows.
    """
    if dataset.time is not None:
        cut = np.quantile(dataset.time[rows], 1 - share)
        late = dataset.time[rows] > cut
        return rows[~late], rows[late]
    n_parts = max(2, round(1 / max(share, 1e-6)))
    part = _deal(dataset, rows, n_parts, make_generator(seed, "inner"))
    return rows[part != 0], rows[part == 0]

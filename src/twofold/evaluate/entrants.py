"""The complete trials side by side, as arrays, on the rows that the evidence is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.fold import Fold
from twofold.core.random import make_generator
from twofold.core.trial import Trial, read_twice
from twofold.data.dataset import Dataset
from twofold.metrics.base import Metric

MOST_ROWS = 4_000
"""Rows that joins are learned and compared on; more make the intervals narrower than they make the
answer different, and every bootstrap dearer."""
MOST_CELLS = 20_000_000
SLOW = 5e-4
"""Seconds a row, without reading cells, from which on a trial may be chosen alone, but joins do without it:
a hundredth of the score is not worth ten times the wait of every answer."""

READING = 10.0
"""A trial that reads cells may take so many times as long: reading alone is dearer than most models."""


@dataclass(frozen=True)
class Entrants:
    """Complete single trials and what they predicted out of fold.

    Parameters
    ----------
    names : tuple of str
    families : array of str of shape (T,)
        ``ml``, ``dl`` or ``hybrid``.
    predictions : float array of shape (T, m, k)
        On a sample of the scored rows.
    y, weight : arrays of shape (m,)
    blocks : integer array of shape (m,)
        Rows of one block are resampled together: groups, stretches of time, or single rows.
    strata : integer array of shape (m,)
        Classes; zeros where blocks matter more, and for values.
    share : float
        Of the blocks of all scored rows, those that came into the sample.
    overlap : float
        Variance of a score over folds, in terms of that of as many independent rows: the models of two
        folds learned from mostly the same rows (Nadeau and Bengio 2003).
    row_seconds : array of shape (T,)
        As measured.
    cost : array of shape (T,)
        What decisions are weighed with: the same, or bytes where the clock must not decide.
    twice : callable (members) -> (float, int)
        Seconds a row, and bytes, that a sum over these members counts more than once.
    timed : bool
        Whether `cost` is seconds.
    readable, native : boolean arrays of shape (T,)
    slow : boolean array of shape (T,)
        Takes too long a row to be one of several members; never where the clock must not decide.
    task : str
    metric : Metric
    trivial : float array of shape (m, k)
        The trivial answer.
    floor : float or None
        Share of the answers of a cascade that have to be those of its last stage, provably.
    """

    names: tuple[str, ...]
    families: NDArray[np.str_]
    predictions: NDArray[np.float64]
    y: NDArray[Any]
    weight: NDArray[np.float64]
    blocks: NDArray[np.int64]
    strata: NDArray[np.int64]
    share: float
    overlap: float
    row_seconds: NDArray[np.float64]
    cost: NDArray[np.float64]
    twice: Callable[[Sequence[int]], tuple[float, int]]
    timed: bool
    readable: NDArray[np.bool_]
    native: NDArray[np.bool_]
    slow: NDArray[np.bool_]
    task: str
    metric: Metric
    trivial: NDArray[np.float64]
    floor: float | None = None


def line_up(
    trials: Sequence[Trial],
    baseline: Trial,
    dataset: Dataset,
    metric: Metric,
    folds: Sequence[Fold],
    *,
    readable: Mapping[str, bool],
    native: Mapping[str, bool],
    timed: bool,
    seed: int,
) -> Entrants:
    """Put complete trials side by side.

    Parameters
    ----------
    trials : sequence of Trial
        Complete ones; at least one.
    baseline : Trial
    dataset : Dataset
    metric : Metric
    folds : sequence of Fold
    readable, native : mapping of trial name to bool
        Whether a person can read the model; whether it needs a booster's own file.
    timed : bool
        Whether measured times may decide.
    seed : int
    """
    arrays = [trial.predictions for trial in trials]
    assert all(array is not None for array in arrays)
    rows, blocks, share = _sampled(baseline, dataset, len(trials) * np.asarray(arrays[0]).shape[1], seed)
    weight = np.ones(len(dataset.y)) if dataset.weight is None else dataset.weight
    ordered = dataset.groups is not None or dataset.time is not None
    strata = dataset.y[rows] if dataset.classes and not ordered else np.zeros(len(rows))
    return Entrants(
        tuple(trial.name for trial in trials),
        np.array([trial.family for trial in trials]),
        np.stack([np.asarray(array)[rows] for array in arrays]),
        np.asarray(dataset.y[rows]),
        np.asarray(weight[rows], dtype=np.float64),
        blocks,
        strata.astype(np.int64),
        share,
        overlap_of(folds),
        np.array([trial.row_seconds for trial in trials]),
        np.array([trial.row_seconds if timed else trial.size for trial in trials], dtype=np.float64),
        lambda members: read_twice([trials[member] for member in members]),
        timed,
        np.array([readable.get(trial.name, False) for trial in trials]),
        np.array([native.get(trial.name, False) for trial in trials]),
        np.array(
            [timed and trial.own_seconds > SLOW * (READING if trial.reads else 1.0) for trial in trials]
        ),
        dataset.task,
        metric,
        np.asarray(baseline.predictions)[rows],
    )


def _sampled(
    baseline: Trial, dataset: Dataset, cells: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.int64], float]:
    """Return scored rows, the block of each, and the share of all blocks; `cells` are those of one row."""
    rows = np.flatnonzero(np.isfinite(np.asarray(baseline.predictions)).all(axis=1))
    most = min(MOST_ROWS, max(500, MOST_CELLS // cells))
    blocks = blocks_of(dataset, rows)
    n_blocks = int(blocks.max()) + 1
    if len(rows) > most:
        sample = np.sort(make_generator(seed, "evidence").choice(len(rows), most, replace=False))
        rows, blocks = rows[sample], np.unique(blocks[sample], return_inverse=True)[1].reshape(-1)
    return rows, blocks, (int(blocks.max()) + 1) / n_blocks


def overlap_of(folds: Sequence[Fold]) -> float:
    """Return how much wider a score over folds varies than over independent rows (Nadeau and Bengio 2003)."""
    return 1.0 + len(folds) * float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))


def blocks_of(dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the block of each row, to be resampled whole: its group, its stretch of time, or itself."""
    if dataset.groups is not None:
        return np.unique(dataset.groups[rows], return_inverse=True)[1].reshape(-1).astype(np.int64)
    if dataset.time is not None:
        place = np.argsort(np.argsort(dataset.time[rows], kind="stable"), kind="stable")
        n_blocks = max(10, int(np.sqrt(len(rows))))
        return (place * n_blocks // len(rows)).astype(np.int64)
    return np.arange(len(rows))


def draw_in_bag(entrants: Entrants, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each row is drawn in a bootstrap: blocks whole, classes in proportion."""
    n_blocks = int(entrants.blocks.max()) + 1
    if n_blocks < len(entrants.y):
        times = np.bincount(generator.integers(0, n_blocks, n_blocks), minlength=n_blocks)
        return times[entrants.blocks].astype(np.float64)
    counts = np.zeros(len(entrants.y))
    for stratum in np.unique(entrants.strata):
        rows = np.flatnonzero(entrants.strata == stratum)
        drawn = generator.integers(0, len(rows), len(rows))
        counts[rows] = np.bincount(drawn, minlength=len(rows))
    return counts

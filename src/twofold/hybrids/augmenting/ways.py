"""The ways to give rare classes more say: weights, rows between neighbours, rows from a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem, Validation
from twofold.core.random import derive_seed, make_generator
from twofold.hybrids.augmenting.smote import between_neighbours
from twofold.hybrids.augmenting.spans import Spans

FEWEST = 8
"""A class with fewer rows is left as it is: nothing can be learned from them."""
WAYS = ("plain", "weights", "smote", "gan")

Make = Callable[[NDArray[np.int64], int], NDArray[np.float32]]
"""(classes, seed) -> rows of these classes, one each."""


@dataclass(frozen=True)
class Fuller:
    """Rows with more of the rare classes.

    Parameters
    ----------
    rows : Validation
        The real rows first.
    factors : float array of shape (k,)
        What each class weighs now over what it weighed.
    """

    rows: Validation
    factors: NDArray[np.float64]


def missing_rows(y: NDArray[np.int64], n_classes: int, level: float) -> NDArray[np.int64]:
    """Return how many rows each class is short of a share of the largest one.

    Examples
    --------
    >>> missing_rows(np.repeat([0, 1, 2], [100, 10, 2]), 3, 0.3).tolist()
    [0, 20, 0]
    """
    counts = np.bincount(y, minlength=n_classes)
    short = np.maximum(np.round(level * counts.max()).astype(np.int64) - counts, 0)
    return np.where(counts >= FEWEST, short, 0)


def smote(rows: Validation, problem: Problem) -> Make:
    """Return what makes rows between neighbours."""

    def make(classes: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        generator = make_generator(seed, "smote")
        out = np.empty((len(classes), rows.X.shape[1]), dtype=np.float32)
        for label in np.unique(classes):
            wanted, own = classes == label, rows.X[rows.y == label]
            out[wanted] = between_neighbours(own, problem, int(wanted.sum()), generator)
        return out

    return make


def gan(rows: Validation, problem: Problem, control: Control) -> Make:
    """Return what makes rows by a network that is trained now."""
    from twofold.nn.tabular_gan import TabularGan

    spans = Spans(rows.X, problem)
    stretches = [(part.numbers, part.choices) for part in spans.written]
    network = TabularGan(spans.write(rows.X), rows.y, problem.n_classes, stretches, control)

    def make(classes: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return spans.read(network.make(classes, seed), make_generator(seed, "gan"))

    return make


def fuller(way: str, rows: Validation, problem: Problem, level: float, control: Control) -> Fuller:
    """Give the rare classes of some rows more say.

    Parameters
    ----------
    way : str
        One of `WAYS`.
    rows : Validation
    problem : Problem
    level : float
        Share of the largest class that the others shall reach.
    control : Control
        Of the network.
    """
    k = problem.n_classes
    short = missing_rows(rows.y, k, level)
    counts = np.bincount(rows.y, minlength=k)
    factors = 1.0 + short / np.maximum(counts, 1)
    if way == "plain" or not short.any():
        return Fuller(rows, np.ones(k))
    weight = np.ones(len(rows.y)) if rows.weight is None else rows.weight
    if way == "weights":
        return Fuller(Validation(rows.X, rows.y, weight * factors[rows.y]), factors)
    make = gan(rows, problem, control) if way == "gan" else smote(rows, problem)
    classes = np.repeat(np.arange(k), short)
    usual = np.bincount(rows.y, weight, minlength=k) / np.maximum(counts, 1)
    made = make(classes, derive_seed(control.seed, "made"))
    return Fuller(
        Validation(
            np.vstack([rows.X, made]),
            np.concatenate([rows.y, classes]),
            np.concatenate([weight, usual[classes]]),
        ),
        factors,
    )

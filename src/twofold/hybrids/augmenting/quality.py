"""How good made rows are: whether they teach, can be told from real ones, or are copies.

Learning from made rows alone and being judged on real ones is the test of Esteban, Hyland and Rätsch (2017);
the classifier that tells two samples apart is that of Lopez-Paz and Oquab (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem, Validation
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.metrics.ranking import roc_auc
from twofold.models.lightgbm import LightGBM
from twofold.steps.neighbour_distance import NeighbourDistance

ROUNDS = 100
"""Of the judges, which are all boosted trees."""
TINY = 1e-4
"""A made row that is nearer to a training row than this is a copy; columns have deviations around 1."""


@dataclass(frozen=True)
class Quality:
    """A report on made rows.

    Parameters
    ----------
    told_apart : float
        AUC of telling them from real rows of the same classes that were not learned from: 0.5 when they
        cannot be told, 1 when they always can.
    teaches, real_teaches : float
        AUC on rows not learned from, after learning from made rows alone, and from as many real ones.
    copies, real_copies : float
        Share of made rows that are training rows, and of real rows that were not learned from.
    nearness : float
        Median distance of made rows to the nearest training row of their class, over that of real rows which
        were not learned from: far below 1 they are learned by heart, far above 1 they lie elsewhere.
    """

    told_apart: float
    teaches: float
    real_teaches: float
    copies: float
    real_copies: float
    nearness: float


def judge(known: Validation, made: Validation, unseen: Validation, problem: Problem, seed: int) -> Quality:
    """Judge made rows.

    Parameters
    ----------
    known : Validation
        Real rows that the maker learned from.
    made : Validation
        Of every class that is to be judged.
    unseen : Validation
        Real rows that it did not learn from.
    problem : Problem
    seed : int
    """
    generator = make_generator(seed, "quality")
    classes = np.unique(made.y)
    real, old = (_of(rows, classes) for rows in (unseen, known))
    pick = _as_often(real.y, made.y, generator)
    both = np.vstack([made.X[pick], real.X])
    which = np.repeat([0, 1], [len(pick), len(real.y)])
    apart, far = _told_apart(both, which, seed), []
    for label in classes:
        measure = NeighbourDistance(old.X[old.y == label], 1)
        far.append([measure.run(rows.X[rows.y == label])[:, 0] for rows in (made, real)])
    made_far, real_far = (np.concatenate(part) for part in zip(*far, strict=True))
    usual = float(np.median(real_far)) if len(real_far) else float("nan")
    own = _as_often(made.y, known.y, generator)
    return Quality(
        apart,
        _taught(made, unseen, problem, seed),
        _taught(Validation(known.X[own], known.y[own]), unseen, problem, seed),
        float(np.mean(made_far < TINY)),
        float(np.mean(real_far < TINY)),
        float(np.median(made_far)) / usual if usual > 0 else float("nan"),
    )


def _of(rows: Validation, classes: NDArray[Any]) -> Validation:
    kept = np.isin(rows.y, classes)
    return Validation(rows.X[kept], rows.y[kept])


def _as_often(wanted: NDArray[Any], among: NDArray[Any], generator: np.random.Generator) -> NDArray[np.intp]:
    """Return places in `among` that hold each class as often as `wanted` does, as far as there are any."""
    order = generator.permutation(len(among))
    picked = [order[among[order] == label][: int(np.sum(wanted == label))] for label in np.unique(wanted)]
    return np.concatenate(picked)


def _told_apart(X: NDArray[np.float32], which: NDArray[np.int64], seed: int) -> float:
    """Return the AUC of a classifier of real and made rows, each half judged by the other."""
    half = deal_evenly(which, 2, make_generator(seed, "halves"))
    answer = np.empty((len(X), 2))
    for side in (0, 1):
        model = LightGBM(min_child_samples=5).fit(
            X[half != side], which[half != side], control=Control(seed=seed, rounds=ROUNDS)
        )
        answer[half == side] = model.output(X[half == side])
    return roc_auc(which, answer, None)


def _taught(rows: Validation, unseen: Validation, problem: Problem, seed: int) -> float:
    """Return the AUC on unseen rows of their classes, of trees that learned from some rows."""
    if len(np.unique(rows.y)) < 2:
        return float("nan")
    rules = Control(seed=derive_seed(seed, "taught"), rounds=ROUNDS)
    model = LightGBM(min_child_samples=5).fit(rows.X, rows.y, problem=problem, control=rules)
    return roc_auc(unseen.y, model.output(unseen.X), None)

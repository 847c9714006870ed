"""From margins to probabilities: sigmoids fitted on rows that the machine has not seen (Platt 1999)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.core.random import make_generator
from twofold.steps.linear import Linear

FLATTEST = 1e-2
"""A sigmoid is no flatter: the few rows that it was fitted on must not undo the order of the margins."""
HELD_OUT = 0.2
"""Share of the rows set aside for the sigmoids where nothing is watched."""


def split_rows(y: NDArray[Any], n_classes: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide rows into those that a machine learns from and those that its sigmoids learn from."""
    order = make_generator(seed, "sigmoid").permutation(len(y))
    if n_classes:
        order = order[np.argsort(y[order], kind="stable")]
    held = np.zeros(len(y), dtype=bool)
    held[order[:: round(1 / HELD_OUT)]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def fit_sigmoids(
    margins: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64] | None, problem: Problem
) -> Linear:
    """Return the step from margins of shape (n, q) to probabilities.

    q is 1 for two classes; else each class has its margin against the rest, and the probabilities are
    made to sum to one.
    """
    from sklearn.linear_model import LogisticRegression

    q = margins.shape[1]
    slopes, bias = np.full(q, FLATTEST), np.zeros(q)
    w = np.ones(len(y)) if weight is None else weight
    for column in range(q):
        positive = y == (1 if q == 1 else column)
        n_positive, n_negative = (w * positive).sum(), (w * ~positive).sum()
        high, low = (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2)  # Platt's softened targets
        if not n_positive or not n_negative:
            share = high if not n_negative else low
            bias[column] = np.log(share / (1 - share))
            continue
        goal = np.where(positive, high, low)
        X = np.concatenate([margins[:, [column]]] * 2)
        labels = np.repeat([1, 0], len(y))
        fitted = LogisticRegression(C=1e4).fit(X, labels, np.concatenate([w * goal, w * (1 - goal)]))
        slopes[column], bias[column] = max(fitted.coef_[0, 0], FLATTEST), fitted.intercept_[0]
    link = "sigmoid" if problem.n_classes == 2 else "one_against_rest"
    return Linear(np.diag(slopes), bias, link)

"""Rows between near rows of a class (SMOTE: Chawla, Bowyer, Hall and Kegelmeyer 2002)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.hybrids.distilling.munge import Munge, nearest_known, pair_up, units_of


def between_neighbours(
    X: NDArray[np.float32], problem: Problem, n_new: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Make rows of one class from its own.

    Numbers lie on the way from a row to a near one and become the nearest that their column has; columns
    that stand for one category are taken together from either of the two.

    Parameters
    ----------
    X : float32 array of shape (n, d), n at least 2
        Rows of the ``network`` view, all of one class.
    problem : Problem
    n_new : int
    generator : numpy.random.Generator

    Returns
    -------
    float32 array of shape (n_new, d)

    Examples
    --------
    >>> X = np.array([[0.0], [1.0]], dtype=np.float32)
    >>> sorted(set(between_neighbours(X, Problem("binary", 2), 9, np.random.default_rng(0)).ravel().tolist()))
    [0.0, 1.0]
    """
    d, codes = X.shape[1], len(problem.categories)
    numbers = d - problem.plain - codes
    pairs = pair_up(X[:, : d - codes] if d > codes else X, n_new, Munge(), generator)
    own, other = X[pairs.first], X[pairs.other]
    out = own + generator.random((n_new, 1), dtype=np.float32) * (other - own)
    for place in range(numbers):
        out[:, place] = nearest_known(np.unique(X[:, place]), out[:, place])
    units = [*units_of(X, numbers, problem.plain), *(np.array([place]) for place in range(d - codes, d))]
    for unit in units:
        taken = generator.random((n_new, 1)) < 0.5
        out[:, unit] = np.where(taken, other[:, unit], own[:, unit])
    return out

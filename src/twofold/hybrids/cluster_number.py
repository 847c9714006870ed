"""How many clusters there are: as many as come out alike from different rows, and would not by chance.

Two halves of the rows are clustered apart, and each half's centres divide all rows. How well both divisions
agree is the adjusted Rand index (Hubert and Arabie 1985): 1 for the same, 0 for chance. Agreement as a sign
of the right number is due to Ben-Hur, Elisseeff and Guyon (2002) and Lange, Roth, Braun and Buhmann (2004). A
single long cloud is cut alike by any halves too; so the agreement in one normal cloud of the same spread is
taken off, as Tibshirani, Walther and Hastie (2001) compare with rows without clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.random import derive_seed, make_generator

REPEATS = 8
MOST_ROWS = 2_000
"""Rows that agreement is measured on."""
STARTS = 3
"""Of k-means."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a number of clusters.

    Parameters
    ----------
    clusters : int
    agreement : float
        Mean adjusted Rand index of divisions by two halves of the rows.
    by_chance : float
        The same in a single normal cloud of the same spread.
    error : float
        Standard error of the difference.
    """

    clusters: int
    agreement: float
    by_chance: float
    error: float

    @property
    def gain(self) -> float:
        """How much better the halves agree than by chance."""
        return self.agreement - self.by_chance

    @property
    def found(self) -> bool:
        """Whether they agree better than by chance beyond doubt."""
        return self.gain > 2.0 * self.error


def choose_number(evidence: Sequence[Evidence]) -> Evidence:
    """Return the evidence for the largest gain; of those within a standard error of it, the most clusters.

    Examples
    --------
    >>> found = [Evidence(2, 0.7, 0.5, 0.02), Evidence(3, 0.9, 0.3, 0.02), Evidence(4, 0.89, 0.3, 0.02)]
    >>> choose_number(found).clusters
    4
    """
    best = max(evidence, key=lambda one: one.gain)
    return max((one for one in evidence if one.gain >= best.gain - best.error), key=lambda one: one.clusters)


def weigh_numbers(
    Z: NDArray[np.float32], numbers: Sequence[int], seed: int, budget: Budget
) -> list[Evidence]:
    """Measure how well halves of the rows agree on each number of clusters.

    Parameters
    ----------
    Z : float32 array of shape (n, d)
        Where distances are measured.
    numbers : sequence of int
        Rising; those for which no time is left are not tried, but the first always is.
    seed : int
    budget : Budget
    """
    chosen = make_generator(seed, "rows").permutation(len(Z))[:MOST_ROWS]
    Z = Z[np.sort(chosen)]
    cloud = _cloud(Z, make_generator(seed, "cloud"))
    found: list[Evidence] = []
    for k in numbers:
        if found and budget.expired:
            break
        real, chance = (_agreements(rows, k, derive_seed(seed, k)) for rows in (Z, cloud))
        error = float(np.sqrt((real.var(ddof=1) + chance.var(ddof=1)) / REPEATS))
        found.append(Evidence(k, float(real.mean()), float(chance.mean()), error))
    return found


def k_means(Z: NDArray[np.float32], k: int, seed: int, starts: int = STARTS) -> Any:
    """Return a fitted `sklearn.cluster.KMeans`."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=starts, random_state=seed).fit(Z)


def _cloud(Z: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Return rows of one normal distribution with the covariance of others."""
    centred = Z.astype(np.float64) - Z.mean(axis=0)
    mixed = generator.normal(size=(len(Z), len(Z))) @ centred / np.sqrt(len(Z))
    return np.asarray(mixed, dtype=np.float32)


def _agreements(Z: NDArray[np.float32], k: int, seed: int) -> NDArray[np.float64]:
    from sklearn.metrics import adjusted_rand_score

    found = np.empty(REPEATS)
    for repeat in range(REPEATS):
        half = make_generator(seed, "halves", repeat).permutation(len(Z)) % 2
        parts = (k_means(Z[half == side], k, derive_seed(seed, repeat, side)).predict(Z) for side in (0, 1))
        found[repeat] = adjusted_rand_score(*parts)
    return found

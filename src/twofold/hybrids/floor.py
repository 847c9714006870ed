"""How often a cascade has to be right, or to answer like its last stage, and the proof that it does.

When it helps: a cheaper model may stand in for a dear one only under a promise. When not: few rows (with a
floor of 98 % and no slip at all the proof takes 149 of them), or rows that depend on each other (groups,
time), for which the promise is too bold. Cost: half of the rows are kept from the choice of the bounds.

Bounds are tried on one half of the rows: those that are best for their price are put into an order from
the safest to the boldest. The other half tests them in this order, each by the exact binomial bound of
Clopper and Pearson (1934), until one fails. As the order was fixed beforehand, the last one that passed
keeps its promise with the whole confidence, however many were tried (fixed-sequence testing as in "Learn
then Test" by Angelopoulos, Bates, Candès, Jordan and Lei 2021; the order as in Laufer-Goldshtein, Fisch,
Barzilay and Jaakkola 2023). With sample weights the rows count as many as they are worth (Kish 1965), and
the bound is close, not exact. The promise is one for the models whose answers were tested: of a fit, those
of its folds, which learned from fewer rows than the ones that ship.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.random import make_generator

Means = Literal["last", "right"]
"""What a floor counts: answers that the last stage would have given, or answers that are right."""
Pair = tuple[float, float]
"""Bounds of one stage: on its largest probability, and on the share of its members that agree."""
DOUBT = 0.05
"""Chance that a promise is broken, at most."""
MOST_TRIED = 150
"""Combinations of bounds that are tried for a chain, where it has more than two stages."""
MOST_BOUNDS = 40
"""Bounds that are tried for a stage."""


def lower_bound(share: float, n: float, doubt: float = DOUBT) -> float:
    """Return the share that is exceeded but for this doubt, seen `share` in `n` independent rows.

    Examples
    --------
    >>> round(lower_bound(1.0, 149), 3)
    0.98
    >>> lower_bound(0.0, 100)
    0.0
    """
    from scipy.special import betaincinv

    hits = share * n
    return float(betaincinv(hits, n - hits + 1, doubt)) if hits > 0 else 0.0


@dataclass(frozen=True)
class Proof:
    """What was shown of a cascade on rows that set none of its bounds.

    Parameters
    ----------
    floor : float
        Share that was asked for.
    means : Means
    share : float
        As seen.
    bound : float
        Lower bound of the true share, right but for `DOUBT`.
    rows : int
        That it was shown on.
    """

    floor: float
    means: Means
    share: float
    bound: float
    rows: int

    @property
    def sentence(self) -> str:
        """The proof in words."""
        what = {"last": "are those of the last stage", "right": "are right"}[self.means]
        return (
            f"at least {self.bound:.1%} of its answers {what} ({1 - DOUBT:.0%} confidence; "
            f"{self.share:.1%} of {self.rows:,} rows that set no bound)"
        )


@dataclass(frozen=True)
class Stages:
    """What the S stages of a cascade say of n rows.

    Parameters
    ----------
    code : integer array of shape (S, n)
        The answers.
    sureness, agreed : arrays of shape (S, n)
        As in `twofold.steps.cascade.Trace`, with every stage asked.
    sizes : tuple of int
        Members of each.
    seconds : array of shape (S,)
        What a row costs with each.
    weight : array of shape (n,)
    """

    code: NDArray[np.intp]
    sureness: NDArray[np.float64]
    agreed: NDArray[np.float64]
    sizes: tuple[int, ...]
    seconds: NDArray[np.float64]
    weight: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp]) -> Stages:
        """Return these rows alone."""
        parts = (self.code[:, rows], self.sureness[:, rows], self.agreed[:, rows])
        return Stages(*parts, self.sizes, self.seconds, self.weight[rows])

    def good(self, means: Means, y: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return 1 where the floor counts a stage's answer, else 0; of shape (S, n)."""
        return np.asarray(self.code == (self.code[-1] if means == "last" else y), dtype=np.float64)

    def mean(self, values: NDArray[np.float64], tried: Sequence[Sequence[Pair]]) -> NDArray[np.float64]:
        """Return the weighted mean of a value that a row gets where it ends, for each combination of bounds.

        Parameters
        ----------
        values : array of shape (S, n) or (S, 1)
        tried : sequence of sequences of Pair
            Of each stage but the last.

        Returns
        -------
        array of shape (number of combinations,)
            In the order of `combinations`.
        """
        share = self.weight / self.weight.sum()
        later = np.broadcast_to(values[-1], (1, len(share)))
        for place in reversed(range(len(tried))):
            sure, agreed = np.array(tried[place]).T
            stands = (self.sureness[place] >= sure[:, None]) & (self.agreed[place] >= agreed[:, None])
            later = np.where(stands[:, None, :], values[place], later[None]).reshape(-1, len(share))
        return np.asarray(later @ share)

    def price(self, tried: Sequence[Sequence[Pair]]) -> NDArray[np.float64]:
        """Return what a row costs on average, for each combination of bounds."""
        return self.mean(np.cumsum(self.seconds)[:, None], tried)


@dataclass(frozen=True)
class Bounds:
    """Bounds of each stage but the last, as the step has them.

    Parameters
    ----------
    sure, agreed : tuple of float, of length S - 1
    """

    sure: tuple[float, ...]
    agreed: tuple[float, ...]

    @property
    def pairs(self) -> list[list[Pair]]:
        """The same, as the only ones that are tried."""
        return [[pair] for pair in zip(self.sure, self.agreed, strict=True)]


def combinations(tried: Sequence[Sequence[Pair]]) -> list[Bounds]:
    """Return every combination of bounds, the last stage's changing fastest."""
    return [Bounds(tuple(s for s, _ in one), tuple(a for _, a in one)) for one in product(*tried)]


def _bounds_for(stages: Stages) -> list[list[Pair]]:
    """Return the bounds that are tried of each stage, at quantiles of its sureness."""
    n_stages, committees = len(stages.sizes), max(stages.sizes[:-1], default=1) > 1
    most = MOST_BOUNDS if n_stages == 2 else int(MOST_TRIED ** (1 / (n_stages - 1)))
    levels = np.linspace(0, 1, max(3, most // (2 if committees else 1)) + 2)[1:-1]
    tried = []
    for place, size in enumerate(stages.sizes[:-1]):
        tops = np.quantile(stages.sureness[place], levels, method="higher")
        sure = [*dict.fromkeys([0.0, *map(float, tops)])]
        together = [(bound, 1.0) for bound in sure] if size > 1 else []
        tried.append([*((bound, 0.0) for bound in sure), *together, (np.inf, 0.0)])
    return tried


def in_order(good: NDArray[np.float64], price: NDArray[np.float64]) -> list[int]:
    """Return those that are cheaper than all that are better, the safest first.

    Examples
    --------
    >>> in_order(np.array([0.9, 1.0, 1.0, 0.8]), np.array([2.0, 4.0, 3.0, 2.5]))
    [1, 2, 0]
    """
    order = np.lexsort((-price, -good))
    least = np.minimum.accumulate(np.concatenate([[np.inf], price[order][:-1]]))
    return [int(one) for one in order[price[order] < least]]


def halves(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Divide n rows: those that set the bounds, and those that test them."""
    order = make_generator(n, "floor").permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


@dataclass(frozen=True)
class Promise:
    """Bounds whose floor is proven.

    Parameters
    ----------
    chain : int
        Which of the chains.
    bounds : Bounds
    proof : Proof
    """

    chain: int
    bounds: Bounds
    proof: Proof


def promise(
    chains: Sequence[Stages],
    y: NDArray[np.int64],
    floor: float,
    means: Means = "last",
    doubt: float = DOUBT,
) -> Promise | None:
    """Find the cheapest bounds whose floor can be proven.

    Parameters
    ----------
    chains : sequence of Stages
        With the same rows and the same last stage.
    y : array of shape (n,)
        Class codes.
    floor : float
    means : Means
    doubt : float

    Returns
    -------
    Promise or None
        None where not even the safest bounds can be proven.
    """
    choose, prove = halves(len(y))
    if not chains or not all(chains[0].weight[half].any() for half in (choose, prove)):
        return None
    options: list[tuple[int, Bounds]] = []
    good, price = [], []
    for place, stages in enumerate(chains):
        seen = stages.take(choose)
        tried = _bounds_for(seen)
        options += [(place, bounds) for bounds in combinations(tried)]
        good.append(seen.mean(seen.good(means, y[choose]), tried))
        price.append(seen.price(tried))
    unseen = [stages.take(prove) for stages in chains]
    weight = unseen[0].weight
    rows = float(weight.sum() ** 2 / (weight**2).sum())
    found = None
    for one in in_order(np.concatenate(good), np.concatenate(price)):
        place, bounds = options[one]
        stages = unseen[place]
        share = min(float(stages.mean(stages.good(means, y[prove]), bounds.pairs)[0]), 1.0)
        bound = lower_bound(share, rows, doubt)
        if means == "last" and np.isinf(bounds.sure).all():
            bound = 1.0  # the last stage answers every row
        if bound < floor:
            break
        found = Promise(place, bounds, Proof(floor, means, share, bound, round(rows)))
    return found


def check_floor(floor: float | None, task: str) -> None:
    """Insist on a share below one, and on classes; None is always right.

    Raises
    ------
    InputError
    """
    number = isinstance(floor, (int, float)) and not isinstance(floor, bool)
    if floor is not None and not (number and 0 < floor < 1):
        raise InputError(
            f"The floor is {floor!r}.",
            "It is a share of the answers, above 0 and below 1, such as 0.98.",
            "Give such a share, or leave it out.",
        )
    if floor is not None and task == "regression":
        raise InputError(
            "A floor was asked of a model for regression.",
            "A floor is a share of equal answers, which only classes have.",
            "Leave it out.",
        )

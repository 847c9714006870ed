"""What methods come to on users, with intervals, and whether joining was worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.metrics.top_items import ndcg_by_row, recall_by_row

DRAWS = 2_000


@dataclass(frozen=True)
class Judged:
    """A method's NDCG@10 and recall@20 over all items, one value a user."""

    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]


def judge(scores: NDArray[Any], wanted: Any) -> Judged:
    """Judge scores (n, m) by what was wanted, CSR of shape (n, m)."""
    return Judged(ndcg_by_row(scores, wanted, 10), recall_by_row(scores, wanted, 20))


def interval(values: NDArray[np.float64], seed: int = 0) -> tuple[float, float, float]:
    """Return the mean over users and its 95 % interval by the bootstrap over users (Efron 1979).

    Examples
    --------
    >>> interval(np.array([0.5, 0.5, 0.5]))
    (0.5, 0.5, 0.5)
    """
    n = len(values)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=DRAWS)
    means = draws @ values / n
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def simplest_within_noise(judged: Mapping[str, Judged], names: Sequence[str]) -> str:
    """Return the first that is no more than a standard error behind the best (Breiman et al. 1984).

    Parameters
    ----------
    judged : mapping of method to Judged
    names : sequence of str
        The simplest first.
    """
    best = max(names, key=lambda name: judged[name].ndcg.mean())
    for name in names:
        behind = judged[best].ndcg - judged[name].ndcg
        if behind.mean() <= behind.std(ddof=1) / np.sqrt(len(behind)):
            return name
    return best


@dataclass(frozen=True)
class Verdict:
    """Whether joining helped.

    Parameters
    ----------
    sentence : str
    gain, low, high : float
        NDCG@10 of the join less that of the best other method, with its 95 % interval over users.
    against : str
    """

    sentence: str
    gain: float
    low: float
    high: float
    against: str


def give_verdict(judged: Mapping[str, Judged], joined: str, against: str) -> Verdict:
    """Compare the join with one other method on the same users.

    Parameters
    ----------
    judged : mapping of method to Judged
    joined, against : str
        The other method was chosen on other interactions than these.
    """
    gap = judged[joined].ndcg - judged[against].ndcg
    gain, low, high = interval(gap)
    smallest = 0.5 * float(judged[against].ndcg.std(ddof=1)) / np.sqrt(len(gap))
    if low > 0 and gain >= smallest:
        word = "Joining helps"
    elif high < smallest:
        word = "No worthwhile gain from joining"
    else:
        word = "Undecided whether joining helps"
    sentence = f"{word}: {gain:+.4f} NDCG@10 [{low:+.4f}, {high:+.4f}] over '{against}', {len(gap)} users."
    return Verdict(sentence, gain, low, high, against)

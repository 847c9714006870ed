"""chrF: how many short runs of letters two texts share (Popović 2015), as sacreBLEU counts it (Post 2018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 6
"""Letters of the longest runs."""
RECALL = 2.0
"""How many times as much recall counts as precision."""

Runs = list[Counter[str]]


def runs_of(text: str) -> Runs:
    """Count the runs of 1 to `LONGEST` letters of a text, spaces left out.

    Examples
    --------
    >>> runs_of("a ba")[1] == {"ab": 1, "ba": 1}
    True
    """
    letters = "".join(text.split())
    return [
        Counter(letters[at : at + size] for at in range(len(letters) - size + 1))
        for size in range(1, LONGEST + 1)
    ]


def shared(told: Runs, truth: Runs) -> NDArray[np.float64]:
    """Return how many runs of each length are told, true and both, shape (LONGEST, 3).

    Of several texts the sums are taken. Runs of a length that the truth is too short for are not counted.
    """
    return np.array(
        [
            (
                sum(a.values()) if b else 0,
                sum(b.values()),
                sum(min(n, b[run]) for run, n in a.items() if run in b),
            )
            for a, b in zip(told, truth, strict=True)
        ],
        dtype=np.float64,
    )


def chrf(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score from counts of shape (..., LONGEST, 3), 0 to 100.

    Examples
    --------
    >>> float(chrf(shared(runs_of("ein Hund"), runs_of("ein Hund"))))
    100.0
    """
    told, true, both = np.moveaxis(counts, -1, 0)
    known = (told > 0) & (true > 0)
    lengths = np.maximum(known.sum(axis=-1), 1)
    precision = (both / np.maximum(told, 1) * known).sum(axis=-1) / lengths
    recall = (both / np.maximum(true, 1) * known).sum(axis=-1) / lengths
    weight = RECALL**2
    return np.asarray(
        100 * (1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-300)
    )


def chrf_counts(told: Sequence[str], truth: Sequence[str]) -> NDArray[np.float64]:
    """Return the counts of pairs of texts, shape (n, LONGEST, 3)."""
    pairs = zip(told, truth, strict=True)
    return np.array([shared(runs_of(a), runs_of(b)) for a, b in pairs]).reshape(-1, LONGEST, 3)

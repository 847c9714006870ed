"""Summaries over time of rows that belong to clips of different lengths, all clips at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

REACH = 4
"""Frames on either side that a slope is fitted to."""
Rows = NDArray[np.float32]
Offsets = NDArray[np.int64]


def means(rows: Rows, offsets: Offsets) -> Rows:
    """Return the mean of each clip's rows: float32 of shape (k, d)."""
    sums = np.add.reduceat(rows, offsets[:-1], axis=0, dtype=np.float64)
    return (sums / np.diff(offsets)[:, None]).astype(np.float32)


def deviations(rows: Rows, offsets: Offsets) -> Rows:
    """Return the standard deviation of each clip's rows: float32 of shape (k, d)."""
    away = rows - np.repeat(means(rows, offsets), np.diff(offsets), axis=0)
    away *= away
    return np.sqrt(means(away, offsets))


def quantiles(rows: Rows, offsets: Offsets, shares: tuple[float, ...]) -> Rows:
    """Return quantiles of each clip's rows, linearly interpolated: float32 of shape (k, len(shares) * d).

    Examples
    --------
    >>> quantiles(np.array([[1.0], [3.0], [9.0]], dtype=np.float32), np.array([0, 2, 3]), (0.5,))
    array([[2.],
           [9.]], dtype=float32)
    """
    counts = np.diff(offsets)
    low = rows.min(axis=0).astype(np.float64)
    # Numbers of later clips are lifted above those of earlier ones: one sort puts each clip in order.
    lift = np.arange(len(counts))[:, None] * (rows.max(axis=0) - low + 1.0)
    keys = np.ascontiguousarray((rows - low + np.repeat(lift, counts, axis=0)).T)
    keys.sort(axis=1)
    found = []
    for share in shares:
        place = share * (counts - 1)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, counts - 1)
        part = place - below
        lower, upper = keys[:, offsets[:-1] + below], keys[:, offsets[:-1] + above]
        found.append((lower + (upper - lower) * part).T - lift + low)
    return np.concatenate(found, axis=1).astype(np.float32)


def part_means(rows: Rows, offsets: Offsets, parts: int) -> Rows:
    """Return the means of equal parts of each clip, in order: float32 of shape (k, parts * d).

    A clip with fewer rows than parts has rows that count in two.

    Examples
    --------
    >>> part_means(np.array([[1.0], [3.0], [9.0]], dtype=np.float32), np.array([0, 3]), 3)
    array([[1., 3., 9.]], dtype=float32)
    """
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    counts = np.diff(offsets)
    found = []
    for part in range(parts):
        begin = np.minimum(counts * part // parts, counts - 1)
        end = np.maximum(counts * (part + 1) // parts, begin + 1)
        total = sums[offsets[:-1] + end] - sums[offsets[:-1] + begin]
        found.append(total / (end - begin)[:, None])
    return np.concatenate(found, axis=1).astype(np.float32)


def slopes(rows: Rows, offsets: Offsets, order: int) -> Rows:
    """Return the first or second derivative over time of each row, of its clip's polynomial of that degree.

    The polynomial is fitted to `REACH` neighbours on either side (Savitzky and Golay 1964); before the first
    and behind the last row of a clip, these are repeated.

    Parameters
    ----------
    rows : float32 array of shape (frames, d)
    offsets : int64 array of shape (k + 1,)
    order : int
        1 or 2.
    """
    counts = np.diff(offsets)
    first, last = np.repeat(offsets[:-1], counts), np.repeat(offsets[1:] - 1, counts)
    here = np.arange(len(rows))
    out = np.zeros_like(rows)
    for step, weight in zip(range(-REACH, REACH + 1), _slope_weights(order), strict=True):
        out += weight * rows[np.clip(here + step, first, last)]
    return out


@lru_cache(maxsize=2)
def _slope_weights(order: int) -> NDArray[np.float32]:
    """Return what each neighbour counts in the highest coefficient, as a derivative."""
    powers = np.vander(np.arange(-REACH, REACH + 1), order + 1, increasing=True)
    return np.asarray(order * np.linalg.pinv(powers)[order], dtype=np.float32)

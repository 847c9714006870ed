"""Whether pictures mean the same when they are mirrored, as photographs mostly do and letters do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST, SIDE = 2_000, 12
"""Pictures that are looked at, and how small they are made."""
PENALTY = 0.1
"""Of the ridge regression, times the mean square of a pixel and the number of pictures."""
LEAST, KEPT = 0.02, 0.5
"""A share of the targets' variance that has to be known at all, and how much of it mirroring has to keep."""


def mirrored_alike(
    cells: NDArray[np.float32],
    shape: tuple[int, ...],
    goals: NDArray[np.float64],
    generator: np.random.Generator,
) -> bool:
    """Tell whether a ridge regression knows mirrored pictures nearly as well as pictures.

    It learns from small grey versions of half of the pictures and explains the others, as they are and
    mirrored. Where it explains nothing, mirroring is taken to be harmless.

    Parameters
    ----------
    cells : float32 array of shape (n, channels * height * width)
        A row of NaN stands for a missing picture.
    shape : tuple (channels, height, width)
    goals : array of shape (n, k)
        What is to be told: values, or one column for each class.
    generator : numpy.random.Generator
        Deals the pictures.
    """
    rows = generator.permutation(np.flatnonzero(np.isfinite(cells[:, 0])))[:MOST]
    if len(rows) < 2 * SIDE:
        return True
    small = _small(cells[rows].reshape(-1, *shape))
    half = len(rows) // 2
    X = small.reshape(len(rows), -1)
    y = goals[rows].astype(np.float64)
    centre, mean = X[:half].mean(axis=0), y[:half].mean(axis=0)
    Z = X[:half] - centre
    ridge = PENALTY * half * np.mean(Z**2) + 1e-12
    weights = np.linalg.solve(Z.T @ Z + ridge * np.eye(Z.shape[1]), Z.T @ (y[:half] - mean))

    def explained(pictures: NDArray[np.float64]) -> float:
        told = (pictures.reshape(len(pictures), -1) - centre) @ weights + mean
        left, whole = np.sum((y[half:] - told) ** 2), np.sum((y[half:] - mean) ** 2)
        return float(1 - left / whole) if whole else 0.0

    known = explained(small[half:])
    return known < LEAST or explained(small[half:, :, ::-1]) >= KEPT * known


def _small(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return means of blocks over all channels, (n, at most 12, at most 12), of values about 0 to 1."""
    grey: NDArray[np.float64] = pictures.mean(axis=1, dtype=np.float64) / 255.0
    for axis in (1, 2):
        size = grey.shape[axis]
        edges = np.linspace(0, size, min(SIDE, size) + 1).astype(int)
        counts = np.diff(edges).reshape([-1 if place == axis else 1 for place in range(3)])
        grey = np.add.reduceat(grey, edges[:-1], axis=axis) / counts
    return grey

"""Number columns as a matrix; filling, scaling and bending it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.sparse_rows import SparseRows

FLOAT32_MAX = 3.0e38
FARTHEST = 10.0
"""Standard deviations beyond which a piece of a piecewise-linear basis stops to grow."""
SMALL = 200_000
"""Cells that are laid out densely without a second thought."""


@dataclass(frozen=True)
class Numbers(Step):
    """Columns of a table as a float64 matrix of shape (n, len(names)), NaN where missing."""

    kind = "numbers"
    names: tuple[str, ...]

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (table,) = inputs
        out = np.empty((table.n_rows, len(self.names)))
        for position, name in enumerate(self.names):
            out[:, position] = table.columns[name]
        return np.clip(out, -FLOAT32_MAX, FLOAT32_MAX, out=out)


@dataclass(frozen=True)
class Pick(Step):
    """Some columns of a matrix, in the given order, dense."""

    kind = "pick"
    columns: NDArray[np.int64]

    def run(self, *inputs: Any) -> Any:
        (X,) = inputs
        if isinstance(X, SparseRows):
            return X.pick(self._position(X.width), len(self.columns))
        if hasattr(X, "toarray") and X.shape[0] * X.shape[1] <= SMALL:
            X = X.toarray()  # quicker than picking from a sparse matrix
        picked = X[:, self.columns]
        return picked.toarray() if hasattr(picked, "toarray") else picked

    @cached_property
    def _positions(self) -> dict[int, NDArray[np.int64]]:
        return {}

    def _position(self, width: int) -> NDArray[np.int64]:
        """Return where each of so many columns goes; -1 where nowhere."""
        if width not in self._positions:
            position = np.full(width, -1)
            position[self.columns] = np.arange(len(self.columns))
            self._positions[width] = position
        return self._positions[width]


@dataclass(frozen=True)
class Scale(Step):
    """Fill missing values, scale, and clip smoothly.

    ``z = (x - centre) / scale``, then ``z / sqrt(1 + (z / limit)^2)``, which is nearly z in the middle
    and never beyond the limit (Holzmüller, Grinsztajn and Steinwart 2024). A limit of 0 does not clip.
    Columns of zeros and ones for the missing values of `flagged` columns are put behind.

    Parameters
    ----------
    fill, centre, scale : arrays of shape (d,)
    flagged : integer array
    limit : float
    """

    kind = "scale"
    fill: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    flagged: NDArray[np.int64]
    limit: float

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (X,) = inputs
        absent = np.isnan(X)
        z = (np.where(absent, self.fill, X) - self.centre) / self.scale
        if self.limit:
            z = np.clip(z, -1e8, 1e8)
            z = z / np.sqrt(1.0 + (z / self.limit) ** 2)
        else:
            z = np.clip(z, -1e4, 1e4)
        if len(self.flagged):
            z = np.hstack([z, absent[:, self.flagged]])
        return z.astype(np.float32)


@dataclass(frozen=True)
class Standard(Step):
    """Many features of one cell brought to mean 0 and deviation 1, in float32.

    A missing cell becomes zeros, that is the mean.

    Parameters
    ----------
    centre, scale : arrays of shape (d,)
    limit : float
        Farther values are cut off.
    flag : bool
        Whether a last column tells that the cell is missing.
    """

    kind = "standard"
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    limit: float
    flag: bool

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (X,) = inputs
        out = np.empty((len(X), X.shape[1] + self.flag), dtype=np.float32)
        z = out[:, : X.shape[1]]
        np.subtract(X, self.centre, out=z, casting="same_kind")
        z /= self.scale
        np.clip(z, -self.limit, self.limit, out=z)
        if self.flag:
            out[:, -1] = np.isnan(z[:, 0]) if z.shape[1] else 0.0
        return np.nan_to_num(out, copy=False, nan=0.0)


@dataclass(frozen=True)
class Hinges(Step):
    """Piecewise-linear basis: ``max(0, x - knot) / scale`` for each knot of each column.

    Lets a linear model bend at the quantiles of a column and stay readable.

    Parameters
    ----------
    columns : integer array of shape (m,)
        The column that each knot belongs to.
    knots, scale : arrays of shape (m,)
    """

    kind = "hinges"
    columns: NDArray[np.int64]
    knots: NDArray[np.float64]
    scale: NDArray[np.float64]

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (X,) = inputs
        above = np.maximum(0.0, np.nan_to_num(X[:, self.columns], nan=-np.inf, neginf=-np.inf) - self.knots)
        return np.asarray(np.minimum(above / self.scale, FARTHEST), dtype=np.float32)

"""Naive Bayes on normal columns, learned row by row: exact, and in stretches of rows at once.

What a row is answered with follows from counts, sums and sums of squares of the rows before it, which are
cumulative sums; so no loop over rows is needed (updating formulas: Chan, Golub and LeVeque 1983).
"""

from __future__ import annotations

from typing import Self

import numpy as np

from twofold.hybrids.online.head import Array, Codes, Head
from twofold.steps.links import softmax
from twofold.steps.normals import OnlineBayes, log_density, log_share

ROWS = 1_000_000
"""Numbers of an intermediate array."""


class Normals:
    """Counts, means and sums of squares of classes, to which rows are added.

    Parameters
    ----------
    count : array of shape (C,)
    mean, squares : arrays of shape (C, d)
    """

    def __init__(self, count: Array, mean: Array, squares: Array) -> None:
        self.count, self.mean, self.squares = count.copy(), mean.copy(), squares.copy()

    @classmethod
    def empty(cls, n_classes: int, width: int) -> Self:
        """Return statistics of no rows."""
        blank = np.zeros((n_classes, width))
        return cls(np.zeros(n_classes), blank, blank)

    def density_then_add(self, X: Array, y: Codes, smooth: float) -> tuple[Array, Array]:
        """Return for each row the densities and the class counts before it; then hold all rows.

        Parameters
        ----------
        X : array of shape (n, d)
        y : int64 array of shape (n,)
        smooth : float
            As of `twofold.steps.normals.log_density`.

        Returns
        -------
        density : array of shape (n, C)
        count : array of shape (n, C)
        """
        member = (y[:, None] == np.arange(len(self.count))).astype(np.float64)
        fresh = self.count == 0
        base = np.where(fresh[:, None], X[0], self.mean)  # near the values, so that no figures are lost
        away = (X[:, None, :] - base) * member[:, :, None]
        count, sums, squares = (_with_zero(part) for part in (member, away, away * away))
        count += self.count
        held = np.maximum(count, 1.0)[:, :, None]
        mean = base + sums / held
        squares = np.maximum(self.squares + squares - sums * sums / held, 0.0)
        density = log_density(X, count[:-1], mean[:-1], squares[:-1], smooth)
        self.count, self.squares = count[-1], squares[-1]
        self.mean = np.where(self.count[:, None] > 0, mean[-1], 0.0)
        return density, count[:-1]


def _with_zero(parts: Array) -> Array:
    """Return sums of all rows before each, and of all."""
    out = np.zeros((len(parts) + 1, *parts.shape[1:]))
    np.cumsum(parts, axis=0, out=out[1:])
    return out


class Bayes(Head):
    """Naive Bayes learned row by row.

    Parameters
    ----------
    state : OnlineBayes

    Examples
    --------
    >>> head = Bayes.start(1, 2)
    >>> _ = head.test_then_train(np.tile([[1.0], [-1.0]], (50, 1)), np.tile([1, 0], 50))
    >>> head.answer(np.array([[1.0], [-1.0]])).argmax(axis=1).tolist()
    [1, 0]
    """

    def __init__(self, state: OnlineBayes) -> None:
        self._normals = Normals(state.count, state.mean, state.squares)
        self._smooth = state.smooth

    @classmethod
    def start(cls, width: int, n_classes: int, *, smooth: float = 1.0) -> Self:
        """Return a head that has learned nothing."""
        blank = Normals.empty(n_classes, width)
        return cls(OnlineBayes(blank.count, blank.mean, blank.squares, smooth))

    @classmethod
    def resume(cls, step: OnlineBayes) -> Self:
        return cls(step)

    def step(self) -> OnlineBayes:
        held = self._normals
        return OnlineBayes(held.count.copy(), held.mean.copy(), held.squares.copy(), self._smooth)

    def anew(self) -> Self:
        n_classes, width = self._normals.mean.shape
        return self.start(width, n_classes, smooth=self._smooth)

    def test_then_train(self, X: Array, y: Codes) -> Array:
        answers = np.empty((len(X), len(self._normals.count)))
        step = max(1, ROWS // max(1, self._normals.mean.size))
        for start in range(0, len(X), step):
            part = slice(start, start + step)
            density, count = self._normals.density_then_add(X[part], y[part], self._smooth)
            answers[part] = softmax(log_share(count) + density)
        return answers

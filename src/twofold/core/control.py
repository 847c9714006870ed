"""What a model is told besides its rows: the problem, and how long and how to run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget


@dataclass(frozen=True)
class Tower:
    """A stretch of columns that holds one raw cell a row, flattened, for a part of a network of its own.

    Parameters
    ----------
    kind : str
        ``image``, ``text``, ``audio`` or ``series``.
    shape : tuple of int
        Of a cell: ``(3, side, side)`` of a picture (red, green, blue; 0..255), ``(length,)`` of token
        numbers of a text (0 is padding at the end, 1 an unknown token), ``(mels, frames)`` of a clip (log-mel
        spectrogram, standardised), ``(channels, length)`` of a series (standardised). A cell whose values
        are all NaN is missing.
    size : int
        Number of different tokens of a text; 0 otherwise.

    Examples
    --------
    >>> Tower("image", (3, 32, 32)).places
    3072
    """

    kind: str
    shape: tuple[int, ...]
    size: int = 0

    @property
    def places(self) -> int:
        """Columns that a cell takes."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Problem:
    """The learning problem that a matrix belongs to.

    Parameters
    ----------
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    n_classes : int
        2 or more for classification, 0 for regression. Targets are class codes 0..n_classes-1 as
        int64, or float64 values.
    categories : tuple of int
        Numbers of codes of the *trailing* columns of the matrix (but for towers): code columns hold
        integers 0..categories[j]-1 (0 unknown or rare, 1 missing). Empty when there are none.
    plain : int
        Columns just before the codes that networks take as they are, without an embedding: zeros and
        ones, components of text.
    towers : tuple of Tower
        Raw cells after the codes, one stretch of columns each; only the view ``towers`` has any.
    """

    task: str
    n_classes: int = 0
    categories: tuple[int, ...] = ()
    plain: int = 0
    towers: tuple[Tower, ...] = ()


@dataclass(frozen=True)
class Validation:
    """Rows to watch while training: an inner split of the training part, never the scored fold.

    Parameters
    ----------
    X : array of shape (n, d), dense or CSR
    y : array of shape (n,)
    weight : array of shape (n,) or None
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.intp]) -> Validation:
        """Return some of the rows."""
        return Validation(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True)
class Control:
    """How a fit shall run.

    Parameters
    ----------
    budget : Budget
        Iterative models stop in time and keep their best state; `budget.cores` is the number of threads.
    seed : int
    rounds : int or None
        Run exactly so many rounds, without early stopping.
    validation : Validation or None
        With it and without `rounds`, iterative models keep the best round.
    """

    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    rounds: int | None = None
    validation: Validation | None = None

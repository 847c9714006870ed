"""A network that makes rows of a table for a class (CTGAN: Xu et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.core.control import Control
from twofold.nn.adversaries import NOISE, Match, make_rows, trained_maker

WIDTH = 128
"""Of each hidden layer; the authors take 256."""
SHARP = 0.2
"""Temperature of the choices (Gumbel softmax: Jang, Gu and Poole 2017)."""


class RowMaker(nn.Module):  # type: ignore[misc]
    """Two layers, each beside what it read, then numbers between -1 and 1 and choices.

    - Input: noise (n, NOISE) and classes as columns (n, k). Output: written rows (n, w).

    Parameters
    ----------
    n_classes : int
    stretches : sequence of (int, int)
        Numbers and choices of each stretch of a written row.
    """

    def __init__(self, n_classes: int, stretches: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.stretches = tuple(stretches)
        start = NOISE + n_classes
        self.first = nn.Sequential(nn.Linear(start, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU())
        self.second = nn.Sequential(nn.Linear(start + WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU())
        self.last = nn.Linear(start + 2 * WIDTH, sum(map(sum, self.stretches)))

    def forward(self, noise: Any, told: Any) -> Any:
        x = torch.cat([noise, told], dim=1)
        for layer in (self.first, self.second):
            x = torch.cat([layer(x), x], dim=1)
        x, out, start = self.last(x), [], 0
        for numbers, choices in self.stretches:
            out += [torch.tanh(x[:, start : start + numbers])] if numbers else []
            start += numbers + choices
            out += [F.gumbel_softmax(x[:, start - choices : start], SHARP)] if choices else []
        return torch.cat(out, dim=1)


class RowCritic(nn.Module):  # type: ignore[misc]
    """Reads several rows with their classes as one and gives a number.

    - Input: written rows (n, w) and classes as columns (n, k). Output: (n / packed,).
    """

    def __init__(self, n_classes: int, width: int, packed: int) -> None:
        super().__init__()
        self.packed = packed
        self.layers = nn.Sequential(
            nn.Linear(packed * (width + n_classes), WIDTH),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(WIDTH, WIDTH),
            nn.LeakyReLU(0.2),
            nn.Dropout(0.3),
            nn.Linear(WIDTH, 1),
        )

    def forward(self, rows: Any, told: Any) -> Any:
        together = torch.cat([rows, told], dim=1)
        return self.layers(together.reshape(len(rows) // self.packed, -1))[:, 0]


class TabularGan:
    """A trained maker of written rows.

    Parameters
    ----------
    rows : float32 array of shape (n, w)
        As `stretches` say.
    y : integer array of shape (n,)
    n_classes : int
    stretches : sequence of (int, int)
        Numbers between -1 and 1, and columns of which one is 1, of each stretch.
    control : Control
    match : Match or None
    """

    def __init__(
        self,
        rows: NDArray[np.float32],
        y: NDArray[np.int64],
        n_classes: int,
        stretches: Sequence[tuple[int, int]],
        control: Control,
        match: Match | None = None,
    ) -> None:
        match = match or Match()
        self.n_classes = n_classes

        def make() -> tuple[RowMaker, RowCritic]:
            critic = RowCritic(n_classes, rows.shape[1], match.packed)
            return RowMaker(n_classes, stretches), critic

        self.maker, self.steps = trained_maker(make, rows, y, n_classes, match, control)

    def make(self, classes: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        """Return written rows of these classes, (n, w); choices are sharp but not whole."""
        return make_rows(self.maker, classes, self.n_classes, seed)

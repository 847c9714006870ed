"""Two networks against each other: one makes rows of a class, the other tells them from real ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from twofold.core.control import Control

NOISE = 64
"""Random numbers that a row is made from."""
PENALTY = 10.0
"""Of the critic's slope, as Gulrajani et al. (2017) chose it."""


@dataclass(frozen=True)
class Match:
    """How the two are trained.

    Parameters
    ----------
    steps : int
        Of the maker, at most.
    batch : int
    rate : float
        The maker's, and the critic's.
    critic_steps : int
        For each step of the maker.
    packed : int
        Rows that the critic sees at once and judges as one (Lin et al. 2018), so that a maker which always
        makes the same row is found out.
    """

    steps: int = 500
    batch: int = 200
    rate: float = 1e-3
    critic_steps: int = 2
    packed: int = 8


def play(
    maker: Any,
    critic: Any,
    rows: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    match: Match,
    control: Control,
) -> int:
    """Train both in place as a Wasserstein pair with a penalty of the slope (Gulrajani et al. 2017).

    Classes are met by the logarithm of their size, and real rows are drawn from the class that is met, as
    for conditional tables (Xu et al. 2019).

    Parameters
    ----------
    maker : module (noise, classes as columns) -> rows
    critic : module (rows, classes as columns) -> one number for each `match.packed` rows
    rows : float32 array of shape (n, ...)
    y : integer array of shape (n,)
    n_classes : int
    match : Match
    control : Control
        Without `rounds`, its budget ends the training.

    Returns
    -------
    int
        The steps that were run.
    """
    size = match.batch // match.packed * match.packed
    cards = _Cards(rows, y, n_classes, size, control.seed)
    betas = (0.5, 0.9)
    makes = torch.optim.Adam(maker.parameters(), match.rate, betas, weight_decay=1e-6, fused=True)
    tells = torch.optim.Adam(critic.parameters(), match.rate, betas, fused=True)
    ends = time.monotonic() + control.budget.left()
    maker.train(), critic.train()
    for step in range(match.steps):
        if control.rounds is None and time.monotonic() > ends:
            return step
        for _ in range(match.critic_steps):
            noise, told = cards.some()
            true = cards.real(told)
            with torch.no_grad():
                made = maker(noise, told)
            apart = critic(made, told).mean() - critic(true, told).mean()
            _step(tells, apart + PENALTY * _slope(critic, true, made, told, match.packed, cards.draw))
        noise, told = cards.some()
        _step(makes, -critic(maker(noise, told), told).mean())
    return match.steps


class _Cards:
    """Draws classes by the logarithm of their size, noise, and real rows of a class."""

    def __init__(
        self, rows: NDArray[np.float32], y: NDArray[np.int64], n_classes: int, size: int, seed: int
    ) -> None:
        self.draw = torch.Generator().manual_seed(seed)
        self._size = size
        self._rows, self._classes = torch.from_numpy(rows), torch.eye(n_classes)
        self._order = torch.from_numpy(np.argsort(y, kind="stable"))
        self._counts = torch.from_numpy(np.bincount(y, minlength=n_classes))
        self._starts = self._counts.cumsum(0) - self._counts

    def some(self) -> tuple[Any, Any]:
        """Return noise (n, NOISE) and classes as columns (n, k)."""
        odds = torch.log1p(self._counts.double())
        drawn = torch.multinomial(odds, self._size, replacement=True, generator=self.draw)
        return torch.randn(self._size, NOISE, generator=self.draw), self._classes[drawn]

    def real(self, told: Any) -> Any:
        """Return a real row of each class."""
        classes = told.argmax(dim=1)
        place = (torch.rand(len(told), generator=self.draw) * self._counts[classes]).long()
        return self._rows[self._order[self._starts[classes] + place]]


def _step(optimizer: Any, loss: Any) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _slope(critic: Any, true: Any, made: Any, told: Any, packed: int, draw: torch.Generator) -> Any:
    """Return how far the critic's slope is from 1 between real and made rows."""
    share = torch.rand(len(true) // packed, generator=draw).repeat_interleave(packed)
    share = share.reshape(-1, *[1] * (true.ndim - 1))
    between = (share * true + (1 - share) * made).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between, told).sum(), between, create_graph=True)
    norm = slope.reshape(len(true) // packed, -1).norm(dim=1)
    return ((norm - 1) ** 2).mean()


def trained_maker(
    make: Callable[[], tuple[Any, Any]],
    rows: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    match: Match,
    control: Control,
) -> tuple[Any, int]:
    """Return a maker that was trained against a critic, and its steps; global randomness stays as it is.

    Parameters
    ----------
    make : callable () -> (maker, critic)
    rows, y, n_classes, match, control
        As of `play`.
    """
    torch.set_num_threads(control.budget.cores)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(control.seed)
        maker, critic = make()
        return maker, play(maker, critic, rows, y, n_classes, match, control)


def make_rows(maker: Any, classes: NDArray[np.int64], n_classes: int, seed: int) -> NDArray[np.float32]:
    """Return rows of these classes, one each, made without learning."""
    told = F.one_hot(torch.from_numpy(classes), n_classes).float()
    maker.eval()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = [maker(torch.randn(len(part), NOISE), part) for part in told.split(512)]
    return np.asarray(torch.cat(parts).numpy())

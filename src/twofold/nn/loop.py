"""The one training loop: batches, AdamW, a schedule, early stopping, and a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from twofold.core.control import Control

Schedule = Callable[[float], float]


def four_cycles(progress: float) -> float:
    """Four waves of growing length that end at zero (Holzmüller, Grinsztajn and Steinwart 2024).

    Examples
    --------
    >>> round(four_cycles(0.0), 6), round(four_cycles(1.0), 6)
    (0.0, 0.0)
    """
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * progress)))


def warm_cosine(progress: float) -> float:
    """Rise over the first twentieth, then fall as half a cosine wave (Loshchilov and Hutter 2017).

    Examples
    --------
    >>> warm_cosine(0.05), round(warm_cosine(1.0), 6)
    (1.0, 0.0)
    """
    rise = 0.05
    if progress < rise:
        return 0.1 + 0.9 * progress / rise
    return 0.5 * (1 + math.cos(math.pi * (progress - rise) / (1 - rise)))


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    learning_rate : float
        Largest rate; a group of parameters may carry a ``factor`` of its own.
    betas : tuple of float
    weight_decay : float
    batch_size : int
    epochs : int
        At most; fewer when the time is short, and the schedule is drawn out over those.
    patience : int
        Epochs without a better loss on the watched rows before it stops.
    schedule : callable (progress in 0..1) -> factor on the rates
    mixup : float
        Rows are mixed by a share drawn from Beta(mixup, mixup) (Zhang, Cissé, Dauphin and Lopez-Paz 2018);
        0 leaves them as they are.
    short_first : bool
        Whether a short schedule is tried first, see `twofold.nn.lengths`.
    """

    learning_rate: float
    betas: tuple[float, float]
    weight_decay: float
    batch_size: int
    epochs: int
    patience: int
    schedule: Schedule
    mixup: float = 0.0
    short_first: bool = True


@dataclass(frozen=True)
class Rows:
    """Tensors of one set of rows: features (n, d), targets (n,), weights (n,)."""

    X: Any
    y: Any
    weight: Any


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Parameters
    ----------
    epoch : int
        Whose state was kept, counted from 1.
    epochs : int
        That were run.
    loss : float
        On the watched rows in that state; infinite without any.
    """

    epoch: int
    epochs: int
    loss: float


Loss = Callable[[Any, Any], Any]
"""(scores, targets) -> one loss a row."""


def train(
    network: Any, loss: Loss, rows: Rows, watched: Rows | None, recipe: Recipe, control: Control
) -> Outcome:
    """Train a network in place and leave it in its best state.

    With `control.rounds` exactly so many epochs are run and the last state stays. Otherwise the number of
    epochs follows from the measured speed and the time left; with watched rows the epoch with the smallest
    loss there is kept.

    Returns
    -------
    Outcome
    """
    generator = torch.Generator().manual_seed(control.seed)
    groups = network.parameter_groups()
    for group in groups:
        group["lr"] = 0.0
        group.setdefault("weight_decay", recipe.weight_decay)
        group.setdefault("factor", 1.0)
    optimizer = torch.optim.AdamW(groups, betas=recipe.betas, fused=True)
    n = len(rows.y)
    size = min(recipe.batch_size, n)
    steps = max(1, n // size)  # a short last batch joins the next epoch's shuffle
    epochs = control.rounds or recipe.epochs
    clock = _Clock(control)
    best, best_loss, best_state, done = 0, math.inf, None, 0
    for epoch in range(1, epochs + 1):
        order = torch.randperm(n, generator=generator)
        network.train()
        for step in range(steps):
            progress = max((epoch - 1 + step / steps) / epochs, clock.progress())
            factor = recipe.schedule(min(progress, 1.0))
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * factor * group["factor"]
            batch = order[step * size : (step + 1) * size]
            mean_loss = _batch_loss(network, loss, rows, batch, recipe.mixup, generator)
            optimizer.zero_grad(set_to_none=True)
            mean_loss.backward()
            optimizer.step()
            if clock.over():
                break
        done = epoch
        if watched is not None:
            value = evaluate(network, loss, watched)
            if value < best_loss:
                best, best_loss = epoch, value
                best_state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        stale = best_state is not None and epoch - best >= recipe.patience
        if stale or clock.over():
            break
    if best_state is not None:
        network.load_state_dict(best_state)
    network.eval()
    return Outcome(best or done, done, best_loss)


def _batch_loss(network: Any, loss: Loss, rows: Rows, batch: Any, mixup: float, generator: Any) -> Any:
    """Return the mean loss of a batch, changed at random where the network knows how and mixed if wanted."""
    X, y, weight = rows.X[batch], rows.y[batch], rows.weight[batch]
    if hasattr(network, "augment"):
        X = network.augment(X, generator)
    if not mixup:
        return (loss(network(X), y) * weight).mean()
    share = float(torch.distributions.Beta(mixup, mixup).sample())
    scores = network(share * X + (1 - share) * X.flip(0))  # the order of a batch is random already
    first, second = loss(scores, y) * weight, loss(scores, y.flip(0)) * weight.flip(0)
    return (share * first + (1 - share) * second).mean()


def evaluate(network: Any, loss: Loss, rows: Rows) -> float:
    """Return the weighted mean loss of a network that does not learn meanwhile; infinite when undefined."""
    network.eval()
    with torch.no_grad():
        parts = [
            loss(network.answer(network(rows.X[part])), rows.y[part]) * rows.weight[part]
            for part in parts_of(rows.X)
        ]
    value = float(torch.cat(parts).sum() / rows.weight.sum())
    return value if math.isfinite(value) else math.inf


def parts_of(X: Any) -> list[slice]:
    """Divide rows into parts that a network reads at once: at most 4096, fewer of long rows.

    Examples
    --------
    >>> [part.stop - part.start for part in parts_of(torch.empty(700, 3072))]
    [85, 85, 85, 85, 85, 85, 85, 85, 20]
    """
    size = max(16, min(4096, 2**18 // max(1, X.shape[1])))
    return [slice(start, min(start + size, len(X))) for start in range(0, max(1, len(X)), size)]


class _Clock:
    """How much of the time is gone; a seventh is spared for scoring and lowering."""

    def __init__(self, control: Control) -> None:
        self.timed = control.rounds is None and math.isfinite(control.budget.seconds)
        self.began = time.monotonic()
        self.seconds = max(0.05, 0.85 * control.budget.left()) if self.timed else math.inf

    def progress(self) -> float:
        """Share of the time that is gone."""
        return (time.monotonic() - self.began) / self.seconds if self.timed else 0.0

    def over(self) -> bool:
        """Whether no time is left."""
        return self.progress() >= 1.0

"""Two towers: one network reads a history, another an item, and the nearest items are proposed.

Covington, Adams and Sargin (2016) read a user as the mean of what was watched; Yi et al. (2019) compare each
user with the items of the batch and correct their scores by how often an item is drawn.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.core.control import Control
from twofold.nn.loop import warm_cosine
from twofold.nn.onnx_layers import write_linear
from twofold.nn.onnx_writer import OnnxWriter

USERS = 128
"""Users in a batch."""
TARGETS = 40
"""Items that one user of a batch is asked for, at most."""
SPARED = 0.85
"""Of the time that is left, the share that may be trained in."""


@dataclass(frozen=True)
class TowerRecipe:
    """How two towers are built and trained.

    Parameters
    ----------
    width : int
        Of the vectors.
    hidden : int
        Of the user's tower.
    many, few : int
        Newest items that the two means of a history are over.
    temperature : float
        What cosines are divided by.
    dropout : float
        Share of a history that is left out in training.
    shuffled : float
        Share of the users whose items are put in random order, for an epoch.
    uniform : int
        Items drawn evenly into each batch, besides those that its users had.
    learning_rate, weight_decay : float
    epochs : int
        At most; fewer when the time is short, and the schedule is drawn out over those.
    """

    width: int = 128
    hidden: int = 128
    many: int = 50
    few: int = 5
    temperature: float = 0.2
    dropout: float = 0.5
    shuffled: float = 0.5
    uniform: int = 512
    learning_rate: float = 1e-2
    weight_decay: float = 1e-2
    epochs: int = 80


@dataclass(frozen=True)
class Sequences:
    """Histories of users, as training reads them.

    Parameters
    ----------
    items : integer array of shape (n,)
        Of all users one after the other, each oldest first.
    starts : integer array of shape (u + 1,)
    user_features : float32 array of shape (u, p)
    item_features : float32 array of shape (m, q)
    """

    items: NDArray[np.int64]
    starts: NDArray[np.int64]
    user_features: NDArray[np.float32]
    item_features: NDArray[np.float32]


class TwoTower(nn.Module):  # type: ignore[misc]
    """Vectors of items and a network that turns a pooled history into one of the same space.

    - Items: an embedding of its own plus a linear map of its features, (m, width).
    - User: means over the last `many` and the last `few` items, and features, (n, 2 width + p) -> (n, width).
    - Score: cosine over temperature, plus a bias of the item.
    """

    def __init__(self, item_features: Any, n_user_features: int, recipe: TowerRecipe, bias: Any) -> None:
        super().__init__()
        d = recipe.width
        self.register_buffer("features", item_features)
        self.own = nn.Parameter(torch.randn(len(item_features), d) / d**0.5)
        self.of_features = (
            nn.Linear(item_features.shape[1], d, bias=False) if item_features.shape[1] else None
        )
        self.first = nn.Linear(2 * d + n_user_features, recipe.hidden)
        self.second = nn.Linear(recipe.hidden, d)
        self.bias = nn.Parameter(bias)
        self.temperature, self.width = recipe.temperature, d

    def items(self) -> Any:
        """Return the vectors of all items, before they are scaled to length 1."""
        return self.own if self.of_features is None else self.own + self.of_features(self.features)

    def user(self, pooled: Any) -> Any:
        """Return users' vectors of length 1, (n, width)."""
        out = pooled[:, : self.width] + self.second(F.silu(self.first(pooled)))
        return F.normalize(out, dim=1, eps=1e-6)

    def write_user(self) -> bytes:
        """Return the user's tower as an ONNX model with the output ``user``."""
        writer = OnnxWriter(self.first.in_features)
        x = write_linear(writer, writer.x, self.first)
        x = write_linear(writer, writer.add("Mul", x, writer.add("Sigmoid", x)), self.second)
        x = writer.add("Add", writer.columns(0, self.width), x)
        axes = writer.constant(np.array([1], dtype=np.int64))
        length = writer.add("ReduceL2", x, axes, keepdims=1)
        x = writer.add("Div", x, writer.add("Max", length, writer.constant(np.float32(1e-6))))
        return writer.finish({"user": (x, self.width)})


@dataclass(frozen=True)
class TrainedTowers:
    """What two towers are after training.

    Parameters
    ----------
    read : float32 array of shape (m, width)
        Vectors that a history is pooled from.
    answers : float32 array of shape (m, width)
        Vectors that a user is compared with, over the temperature.
    bias : float32 array of shape (m,)
    user : bytes
        ONNX model of the user's tower.
    many, few : int
        Newest items that the two means of a history are over.
    epoch : int
        That were run.
    """

    read: NDArray[np.float32]
    answers: NDArray[Any]
    bias: NDArray[Any]
    user: bytes
    many: int
    few: int
    epoch: int


def train_towers(sequences: Sequences, recipe: TowerRecipe, control: Control) -> TrainedTowers:
    """Train two towers along one schedule.

    Parameters
    ----------
    sequences : Sequences
    recipe : TowerRecipe
    control : Control
        With `rounds` exactly so many epochs are run; otherwise their number follows from the time that the
        first one takes.
    """
    torch.set_num_threads(control.budget.cores)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(control.seed)
        counts = np.bincount(sequences.items, minlength=len(sequences.item_features)) + 0.5
        bias = torch.from_numpy(np.log(counts / counts.sum()).astype(np.float32))
        features = torch.from_numpy(sequences.item_features)
        network = TwoTower(features, sequences.user_features.shape[1], recipe, bias)
        batches = _Batches(sequences, recipe, counts, np.random.default_rng(control.seed))
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        planned, epoch = control.rounds or recipe.epochs, 0
        while epoch < planned:
            began = time.monotonic()
            for number, batch in enumerate(batches.epoch()):
                progress = (epoch + number / batches.steps) / planned
                optimizer.param_groups[0]["lr"] = recipe.learning_rate * warm_cosine(progress)
                optimizer.zero_grad(set_to_none=True)
                _loss(network, batch, recipe).backward()
                optimizer.step()
            epoch += 1
            if control.rounds is None:
                affordable = SPARED * control.budget.left() / max(1e-6, time.monotonic() - began)
                planned = min(planned, epoch + int(affordable))
        return frozen(network, recipe, epoch)


def frozen(network: TwoTower, recipe: TowerRecipe, epoch: int) -> TrainedTowers:
    """Return the towers as arrays and bytes."""
    with torch.no_grad():
        items = network.items()
        answers = F.normalize(items, dim=1, eps=1e-6) / network.temperature
        read, answers, bias = (part.numpy().copy() for part in (items, answers, network.bias))
        return TrainedTowers(read, answers, bias, network.write_user(), recipe.many, recipe.few, epoch)


@dataclass(frozen=True)
class _Batch:
    """Some users: pooled histories as indices and shares, what they had next, and the items compared."""

    history: Any
    shares: Any
    features: Any
    wanted: Any
    pool: Any
    log_drawn: Any


class _Batches:
    """Cuts each user's items at a random place: what lies before is read, what lies behind is asked for."""

    def __init__(self, sequences: Sequences, recipe: TowerRecipe, counts: Any, draws: Any) -> None:
        self.sequences, self.recipe, self.draws = sequences, recipe, draws
        self.share = counts / counts.sum()
        self.users = np.flatnonzero(np.diff(sequences.starts) >= 3)
        self.steps = -(-len(self.users) // USERS)

    def epoch(self) -> Any:
        """Yield every user once."""
        order = self.draws.permutation(self.users)
        for start in range(0, len(order), USERS):
            yield self._batch(order[start : start + USERS])

    def _batch(self, users: NDArray[np.int64]) -> _Batch:
        recipe, sequences = self.recipe, self.sequences
        begin, size = sequences.starts[users], np.diff(sequences.starts)[users]
        # one column for each place of a user's items, padded at the end
        longest = int(size.max())
        place = np.arange(longest)[None]
        there = place < size[:, None]
        items = sequences.items[np.minimum(begin[:, None] + place, len(sequences.items) - 1)]
        keys = np.where(there, self.draws.random(items.shape), 2.0)
        mixed = self.draws.random(len(users)) < recipe.shuffled
        keys[~mixed] = np.where(there, place / (longest + 1.0), 2.0)[~mixed]
        order = np.argsort(keys, axis=1, kind="stable")
        items = np.take_along_axis(items, order, axis=1)
        cut = np.clip((self.draws.uniform(0.3, 1.0, len(users)) * size).astype(int), 1, size - 1)[:, None]
        asked_for = np.arange(recipe.many)[None] + cut - recipe.many
        behind = np.maximum(asked_for, 0)
        read = asked_for >= 0
        read &= (self.draws.random(behind.shape) >= recipe.dropout) | (asked_for == cut - 1)
        recent = read & (asked_for >= cut - recipe.few)
        history = np.take_along_axis(items, np.minimum(behind, longest - 1), axis=1)
        asked = there & (place >= cut) & (place < cut + TARGETS)
        return self._compared(users, history, (read, recent), np.nonzero(asked)[0], items[asked])

    def _compared(self, users: Any, history: Any, read: Any, row: Any, targets: Any) -> _Batch:
        m = len(self.share)
        drawn = self.draws.integers(m, size=min(self.recipe.uniform, m))
        pool = np.unique(np.concatenate([targets, drawn]))
        chance = 1.0 - (1.0 - self.share[pool]) ** len(targets) * (1.0 - 1.0 / m) ** len(drawn)
        wanted = np.zeros((len(users), len(pool)), dtype=np.float32)
        wanted[row, np.searchsorted(pool, targets)] = 1.0
        wanted /= wanted.sum(axis=1, keepdims=True)
        shares = [part / np.maximum(part.sum(axis=1, keepdims=True), 1) for part in read]
        return _Batch(
            torch.from_numpy(history),
            [torch.from_numpy(part.astype(np.float32)) for part in shares],
            torch.from_numpy(self.sequences.user_features[users]),
            torch.from_numpy(wanted),
            torch.from_numpy(pool),
            torch.from_numpy(np.log(chance).astype(np.float32)),
        )


def _loss(network: TwoTower, batch: _Batch, recipe: TowerRecipe) -> Any:
    """Return the cross-entropy over the compared items, corrected by how likely each was drawn."""
    items = network.items()
    gathered = F.embedding(batch.history, items)
    pooled = [torch.bmm(share[:, None], gathered)[:, 0] for share in batch.shares]
    user = network.user(torch.cat([*pooled, batch.features], dim=1))
    answers = F.normalize(items[batch.pool], dim=1, eps=1e-6)
    scores = user @ answers.T / recipe.temperature + network.bias[batch.pool] - batch.log_drawn
    return -(batch.wanted * F.log_softmax(scores, dim=1)).sum(dim=1).mean()

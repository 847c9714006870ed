"""Training a text encoder further, so that texts of a class lie together and others apart."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from twofold.core.control import Control
from twofold.core.random import deal_evenly, make_generator
from twofold.nn.minilm import LAYERS, load_minilm, settle, vectors

AT_ONCE = 64
"""Texts that go through the network together."""
SPARED = 0.85
"""Of the time that is left, the share that may be trained in."""
DROPPED = 0.1
"""Share of what reaches the layers that learn which is set to zero, anew in each step."""
LOWER = 0.85
"""Rate of a layer over that of the layer above it (Howard and Ruder 2018)."""


@dataclass(frozen=True)
class ContrastiveRecipe:
    """How an encoder is trained further.

    Parameters
    ----------
    layers : int
        That learn, counted from the last.
    steps : int
        At most, for rows that fit into one; more rows get more, up to `most_steps`.
    most_steps : int
    learning_rate : float
        Of the last layer; it rises over the first tenth of the steps and falls to zero.
    """

    layers: int = 2
    steps: int = 20
    most_steps: int = 60
    learning_rate: float = 3e-4


class ContrastiveTuner:
    """An encoder in front of rows of texts; what its lower layers make of them is computed once.

    A row with several texts is as like another as its texts are on average: its vector is theirs, side by
    side.

    Parameters
    ----------
    ids : integer array of shape (n, columns, longest)
        Tokens, 0 behind a text's last one.
    recipe : ContrastiveRecipe
    cores : int
        Threads.
    """

    def __init__(self, ids: NDArray[np.int64], recipe: ContrastiveRecipe, cores: int) -> None:
        torch.set_num_threads(cores)
        self.n, self.columns, longest = ids.shape
        self.recipe = recipe
        with torch.random.fork_rng(devices=[]):  # a new network draws weights before it gets its own
            self.network = load_minilm().requires_grad_(False)
        self.below = LAYERS - recipe.layers
        self.ids = torch.from_numpy(np.ascontiguousarray(ids))
        self._lower = torch.zeros(*ids.shape, self.network.norm.weight.shape[0])
        with torch.no_grad():
            for start in range(0, self.n, AT_ONCE):
                there = self.ids[start : start + AT_ONCE].flatten(0, 1) != 0
                made = self.network.read(self.ids[start : start + AT_ONCE].flatten(0, 1), self.below)
                self._lower[start : start + AT_ONCE].view(-1, longest, made.shape[1])[there] = made

    @property
    def frozen(self) -> Any:
        """The last layers as they came."""
        return self.network.layers[self.below :]

    def vectors(self, layers: Any, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the vectors of rows, (n, columns * 384), by these last layers."""
        with torch.no_grad():
            parts = [
                self._vectors(layers, torch.from_numpy(rows[start : start + AT_ONCE]), dropped=0.0)
                for start in range(0, len(rows), AT_ONCE)
            ]
        return np.asarray(torch.cat(parts).numpy())

    def _vectors(self, layers: Any, rows: Any, dropped: float) -> Any:
        ids = self.ids[rows].flatten(0, 1)
        longest = max(1, int((ids != 0).sum(dim=1).max()))
        there = ids[:, :longest] != 0
        x = self._lower[rows].flatten(0, 1)[:, :longest][there]
        return vectors(layers, F.dropout(x, dropped), there).reshape(len(rows), -1)

    def tune(
        self,
        rows: NDArray[np.intp],
        y: NDArray[np.int64],
        weight: NDArray[np.float64],
        control: Control,
    ) -> tuple[Any, int]:
        """Train a copy of the last layers on pairs of rows, all that a batch has, and settle it.

        The cosine of two rows shall be 1 where they are of one class and 0 elsewhere; both kinds of pairs
        count alike (pairs: Tunstall et al. 2022).

        Parameters
        ----------
        rows : integer array of shape (m,)
            The only rows that are looked at.
        y : array of shape (m,)
            Their classes.
        weight : array of shape (m,)
        control : Control
            With `rounds` exactly so many steps are made; otherwise as many as the time allows.

        Returns
        -------
        layers : torch module
        steps : int
            That were made.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(control.seed)
            return self._tuned(rows, y, weight, control)

    def _tuned(
        self, rows: NDArray[np.intp], y: NDArray[np.int64], weight: NDArray[np.float64], control: Control
    ) -> tuple[Any, int]:
        layers = copy.deepcopy(self.frozen).requires_grad_(True)
        groups = [
            {"params": list(layer.parameters()), "factor": LOWER**depth}
            for depth, layer in enumerate(reversed(layers))
        ]
        optimizer = torch.optim.AdamW(groups, lr=0.0, weight_decay=0.01)
        parts = max(1, math.ceil(len(rows) / AT_ONCE))
        steps = control.rounds or min(self.recipe.most_steps, self.recipe.steps * parts)
        seconds = math.inf if control.rounds else max(0.01, SPARED * control.budget.left())
        began, made = time.monotonic(), 0
        generator = make_generator(control.seed, "batches")
        for step in range(steps):
            if step % parts == 0:
                part = deal_evenly(y, parts, generator)
            progress = max(step / steps, (time.monotonic() - began) / seconds)
            if step and progress >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = self.recipe.learning_rate * group["factor"] * _rate(progress, steps)
            batch = np.flatnonzero(part == step % parts)
            made_vectors = self._vectors(layers, torch.from_numpy(rows[batch]), DROPPED)
            loss = _pair_loss(made_vectors / self.columns**0.5, y[batch], weight[batch])
            if loss is not None:
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            made = step + 1
        layers.requires_grad_(False)
        settle(layers)
        return layers, made

    def onnx(self, layers: Any) -> bytes:
        """Return the graph that gives the vectors of a text by the layers as they came, then by these."""
        model: bytes = self.network.onnx(self.below, [self.frozen, layers])
        return model


def _rate(progress: float, steps: int) -> float:
    """Rise over the first tenth, then fall to zero, in straight lines."""
    return min(1.0, (progress * steps + 1) / max(1.0, 0.1 * steps)) * (1 - progress)


def _pair_loss(rows: Any, y: NDArray[np.int64], weight: NDArray[np.float64]) -> Any:
    """Return how far the cosines of all pairs are off, or None where a batch has no pair."""
    same = torch.from_numpy(y[:, None] == y[None])
    pair = torch.from_numpy(np.outer(weight, weight)).float().fill_diagonal_(0.0)
    off = (rows @ rows.T - same.float()).square() * pair
    kinds = [kind for kind in (same, ~same) if float(pair[kind].sum()) > 0]
    if not kinds:
        return None
    return sum(off[kind].sum() / pair[kind].sum() for kind in kinds) / len(kinds)

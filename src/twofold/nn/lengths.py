"""How long to train: a short schedule first, then a long one, and the better of both is kept.

A rate that falls to zero is worth more than many epochs: where a network has learned by heart after a
few epochs, the best state of a long schedule is one at full rate. A short schedule costs a small part
of the time, and tells from where its best epoch lies whether more epochs are wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from twofold.core.control import Control
from twofold.nn.loop import Loss, Outcome, Recipe, Rows, train

SHORT = 16
"""The short schedule has a sixteenth of the epochs ..."""
SHORT_TIME = 0.15
"""... and at most this share of the time."""
EARLY = 0.6
"""A best epoch before this share of the short schedule: more epochs would be learned by heart."""


def train_to_length(
    make: Callable[[], Any],
    loss: Loss,
    rows: Rows,
    watched: Rows | None,
    recipe: Recipe,
    control: Control,
) -> tuple[Any, Outcome]:
    """Train a network for as many epochs as suit it.

    Parameters
    ----------
    make : callable () -> network
        Untrained, and the same each time that torch's seed is the same.
    loss, rows, watched, recipe, control
        As for `twofold.nn.loop.train`. Without watched rows, with prescribed rounds, or with a recipe that
        says so, one schedule is run.

    Returns
    -------
    network : torch module
    outcome : Outcome
    """

    def run(epochs: int, rules: Control) -> tuple[Any, Outcome]:
        torch.manual_seed(control.seed)
        network = make()
        return network, train(network, loss, rows, watched, replace(recipe, epochs=epochs), rules)

    if watched is None or control.rounds is not None or not recipe.short_first:
        return run(recipe.epochs, control)
    first = max(6, recipe.epochs // SHORT)
    if first >= recipe.epochs:
        return run(recipe.epochs, control)
    short = run(first, replace(control, budget=control.budget.share(SHORT_TIME)))
    early = short[1].epoch <= EARLY * short[1].epochs
    epochs = min(recipe.epochs, 2 * short[1].epochs) if early else recipe.epochs
    long = run(epochs, replace(control, budget=control.budget.share()))
    return min(short, long, key=lambda found: found[1].loss)

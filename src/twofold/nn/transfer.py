"""Training a pretrained network further, deeper and deeper: its last layers, then all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twofold.core.control import Control, Tower
from twofold.nn.efficientnet import load_network
from twofold.nn.fusion import ReadOrMissing
from twofold.nn.loop import Loss, Outcome, Recipe, Rows, train
from twofold.nn.onnx_layers import write_slice
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.pretrained import LAST_GROUPS, EfficientNetTower
from twofold.steps.base import EMBEDDING

ALL_GROUPS = 18
STAGES = (LAST_GROUPS, ALL_GROUPS)
"""Groups of layers that learn, in one stage after the other (Howard and Ruder 2018: gradual unfreezing)."""
SHARES = (0.35, 1.0)
"""Of the time that is left, what a stage may take."""


def train_by_stages(
    network: Any,
    loss: Loss,
    rows: Rows,
    watched: Rows | None,
    recipe: Recipe,
    control: Control,
    stages: int,
) -> tuple[Any, Outcome]:
    """Train a network of towers in stages, each of `recipe.epochs`, and keep the best of them.

    Parameters
    ----------
    network : Fusion
        Its pretrained towers have been thawed for the first stage or for all.
    loss, rows, watched, recipe : see `twofold.nn.loop.train`
    control : Control
        With `rounds`, exactly so many epochs of all stages together.
    stages : int
        At most; a stage that gains nothing on the watched rows is undone.

    Returns
    -------
    network : Fusion
    outcome : Outcome
        Epochs are counted through all stages.
    """
    towers = [part.tower for part in network.towers if isinstance(part.tower, EfficientNetTower)]
    most = recipe.epochs * stages
    left = control.rounds and min(control.rounds, most)
    kept, state, done = Outcome(0, 0, float("inf")), None, 0
    for groups, share in zip(STAGES[:stages], SHARES, strict=False):
        if left == 0 or (done and control.budget.expired):
            break
        for tower in towers:
            tower.network.thaw(groups)
        last = groups == STAGES[stages - 1]
        epochs = None if left is None else left if last else min(left, recipe.epochs)
        rules = replace(control, rounds=epochs, budget=control.budget.share(1.0 if last else share))
        found = train(network, loss, rows, watched, recipe, rules)
        left = None if left is None else left - found.epochs
        if state is None or watched is None or found.loss < kept.loss:
            kept = Outcome(done + found.epoch, done + found.epochs, found.loss)
            state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        done += recipe.epochs
    network.load_state_dict(state)
    network.eval()
    return network, kept


def frozen_features(towers: Sequence[tuple[Tower, int]], n_features: int) -> bytes:
    """Return an ONNX graph from rows ``X`` to what the pretrained network sees in their pictures.

    Parameters
    ----------
    towers : sequence of (Tower, int)
        Pictures, and the first column of each; a missing one gives zeros.
    n_features : int
        Columns of a row.

    Returns
    -------
    bytes
        With the output ``embedding``.
    """
    writer = OnnxWriter(n_features)
    parts, width = [], 0
    for tower, start in towers:
        part = ReadOrMissing(EfficientNetTower(tower.shape, load_network(), last_only=True))
        cells = write_slice(writer, writer.x, start, start + tower.places, axis=1)
        parts.append(part.write(writer, cells))
        width += part.width
    both = parts[0] if len(parts) == 1 else writer.add("Concat", *parts, axis=1)
    return writer.finish({EMBEDDING: (both, width)})

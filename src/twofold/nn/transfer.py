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
FIRST_SHARE = 0.35
"""Of the time that is left, what a stage before the last one may take."""


def train_by_stages(
    network: Any,
    loss: Loss,
    rows: Rows,
    watched: Rows | None,
    recipe: Recipe,
    control: Control,
    stages: int,
) -> tuple[Outcome, int]:
    """Train a network of towers in place, in stages of `recipe.epochs` each, and keep the best of them.

    Parameters
    ----------
    network : Fusion
    loss, rows, watched, recipe : see `twofold.nn.loop.train`
    control : Control
        With `rounds`, exactly so many epochs, evenly shared out to the stages.
    stages : int
        At most; one that gains nothing on the watched rows is undone.

    Returns
    -------
    outcome : Outcome
        Its epoch, told as `Control.rounds`, gives the last stage as many epochs as were good here.
    kept : int
        Stages that were kept.
    """
    towers = [part.tower for part in network.towers if isinstance(part.tower, EfficientNetTower)]
    best, state, kept = Outcome(0, 0, float("inf")), None, 0
    for stage in range(1, stages + 1):
        rounds = control.rounds and control.rounds * stage // stages - control.rounds * (stage - 1) // stages
        if rounds == 0 or (kept and control.budget.expired):
            continue
        for tower in towers:
            tower.network.thaw(STAGES[stage - 1])
        budget = control.budget.share(1.0 if stage == stages else FIRST_SHARE)
        found = train(network, loss, rows, watched, recipe, replace(control, rounds=rounds, budget=budget))
        if state is None or watched is None or found.loss < best.loss:
            best, kept = replace(found, epoch=control.rounds or stage * found.epoch), stage
            state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(state)
    network.eval()
    return best, kept


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

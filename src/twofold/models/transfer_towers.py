"""A network for photographs that others trained, trained further: first its last layers, then all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from twofold.core.control import Control
from twofold.core.space import Choice, Range, Space
from twofold.models.towers import Towers

DEPTHS = ("last", "all")


class TransferTowers(Towers):
    """`Towers` whose pictures are read by EfficientNet-Lite0, thawed in stages (Howard and Ruder 2018).

    Parameters
    ----------
    depth : str
        How deep it may learn: ``last``, its last three groups of layers, or ``all``, those first and then
        all 18. With watched rows the second stage is undone where it gains nothing.
    epochs : int
        Of each stage, at most.
    learning_rate : float
        Of new layers; pretrained ones get a tenth and less, the earlier they stand.

    Attributes
    ----------
    depth_ : str
        That was kept.
    rounds_ : int
        Epochs of all stages, as if each had had as many as the last one that was kept.

    Examples
    --------
    >>> TransferTowers(depth="last").get_params()["epochs"]
    8
    """

    space: ClassVar[Space] = {"learning_rate": Range(5e-4, 8e-3, log=True), "depth": Choice(DEPTHS)}

    def __init__(self, depth: str = "all", epochs: int = 8, learning_rate: float = 2e-3) -> None:
        super().__init__(image="efficientnet", learning_rate=learning_rate, epochs=epochs)
        self.depth = depth

    def recipe(self, n_rows: int) -> Any:
        return replace(super().recipe(n_rows), batch_size=32, short_first=False)

    def _train(self, make: Callable[[], Any], rows: Any, watched: Any, control: Control) -> tuple[Any, Any]:
        import torch

        from twofold.nn.transfer import train_by_stages

        torch.manual_seed(control.seed)
        stages = DEPTHS.index(self.depth) + 1
        module = make()
        recipe = self.recipe(len(rows.y))
        outcome, kept = train_by_stages(module, self._loss(), rows, watched, recipe, control, stages)
        self.depth_ = DEPTHS[kept - 1]
        return module, outcome

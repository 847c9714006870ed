"""Pictures as networks read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.extraction import RawExtraction
from twofold.steps.pictures import decode


@dataclass(frozen=True)
class Pixels(RawExtraction):
    """The red, then the green, then the blue plane of each picture, values from 0 to 255.

    Parameters
    ----------
    column : str
    side : int
        Pixels to which pictures are brought.
    """

    kind = "pixels"
    requires = ("PIL",)
    side: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (3, self.side, self.side)

    def extract(self, table: Table) -> NDArray[np.float32]:
        pixels, present = decode(table, self.column, self.side)
        planes = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), self.width).astype(np.float32)
        planes[~present] = np.nan
        return planes

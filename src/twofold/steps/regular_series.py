"""The series themselves, brought to one length: what a network reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import RawExtraction
from twofold.steps.series import decode, regular


@dataclass(frozen=True)
class RegularSeries(RawExtraction):
    """Standardised series of one length, channel after channel in a row.

    Parameters
    ----------
    column : str
    channels, length : int
        What each series is brought to.
    mean, scale : float32 arrays of shape (channels,)
        Standardise each channel.
    """

    kind = "regular_series"
    channels: int
    length: int
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        return self.channels, self.length

    def extract(self, table: Any) -> NDArray[np.float32]:
        series = decode(table, self.column)
        out = regular(series, self.channels, self.length, self.mean, self.scale)
        out[~series.present] = np.nan
        return out.reshape(len(series), self.width)

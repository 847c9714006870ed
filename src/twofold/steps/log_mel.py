"""Clips as pictures for networks: mel bands over time, all of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.clips import Clips, decode
from twofold.steps.extraction import RawExtraction
from twofold.steps.spectra import QUIETEST, RANGE, Framing, frame_offsets, log_mels


@dataclass(frozen=True)
class LogMel(RawExtraction):
    """Mel spectra in decibels of a fixed number of frames, standardised band by band.

    Shorter clips end in silence (the clip's loudest value less `RANGE` decibels), longer ones are cut.

    Parameters
    ----------
    column : str
    rate : int
        Samples a second.
    window, hop : int
        Samples of a frame, and from one to the next.
    frames : int
        Frames of each clip.
    mean, deviation : float32 array of shape (mels,)
        Of each band in decibels, over the frames of a sample of clips.
    """

    kind = "log_mel"
    requires = ("scipy",)
    rate: int
    window: int
    hop: int
    frames: int
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Bands and frames: a row is such a matrix, row by row."""
        return len(self.mean), self.frames

    def extract(self, table: Any) -> NDArray[np.float32]:
        out = np.full((table.n_rows, *self.shape), np.nan, dtype=np.float32)
        for clips in decode(table, self.column, self.rate):
            if len(clips.rows):
                levels = self.levels(clips).transpose(0, 2, 1)
                out[clips.rows] = (levels - self.mean[:, None]) / self.deviation[:, None]
        return out.reshape(table.n_rows, self.width)

    def levels(self, clips: Clips) -> NDArray[np.float32]:
        """Return decibels, not standardised: float32 of shape (k, frames, mels)."""
        framing = Framing(self.window, 1 << (self.window - 1).bit_length(), self.hop)
        offsets = frame_offsets(clips, framing, self.frames)
        found = log_mels(clips, framing, len(self.mean), offsets)
        loudest = np.maximum.reduceat(found.max(axis=1), offsets[:-1])
        floor = np.maximum(loudest - RANGE, 10.0 * np.log10(QUIETEST)).astype(np.float32)
        out = np.empty((len(clips.rows), self.frames, len(self.mean)), dtype=np.float32)
        out[:] = floor[:, None, None]
        clip = np.repeat(np.arange(len(clips.rows)), np.diff(offsets))
        out[clip, np.arange(len(found)) - offsets[clip]] = found
        return out

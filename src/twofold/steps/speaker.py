"""Clips read by a network that tells speakers apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from twofold.steps.clips import Clips, decode
from twofold.steps.extraction import Extraction
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.over_time import means
from twofold.steps.spectra import Framing, blocks, frame_offsets, mel_filters

RATE, BANDS, NUMBERS = 16_000, 40, 256
"""What the network was trained with: samples a second, mel bands, and the numbers that it gives."""
FRAMING = Framing(window=400, size=400, hop=160)
FRAMES, STEP = 160, 80
"""Frames of a window, and from one window to the next: half of them."""
COVERED = 0.75
"""Of a last window, what has to be sound; else it is left out."""
LEVEL = 10 ** (-30 / 20)
"""Quieter clips are made as loud as this (root of the mean square)."""
TOGETHER = 64
"""Windows that go through the network at once."""


@dataclass(frozen=True)
class SpeakerNetwork(Extraction):
    """The mean embedding of a clip's windows, of length 1 (Wan, Wang, Papir and Moreno 2018).

    Windows of 1.6 s overlap by half; a shorter clip is filled up with silence; pauses are kept.

    Parameters
    ----------
    column : str
    model : bytes
        ONNX, from (n, 160 * 40) mel powers, frame by frame, to (n, 256).
    """

    kind = "speaker"
    requires = ("onnxruntime", "scipy")
    model: bytes

    @property
    def width(self) -> int:
        return NUMBERS

    @cached_property
    def _graph(self) -> OnnxGraph:
        return OnnxGraph(self.model, "embedding")

    def extract(self, table: Any) -> NDArray[np.float32]:
        out = np.full((table.n_rows, self.width), np.nan, dtype=np.float32)
        for clips in decode(table, self.column, RATE):
            if len(clips.rows):
                windows, offsets = window_mels(clips)
                found = [
                    np.asarray(self._graph.run(windows[first : first + TOGETHER].reshape(-1, FRAMES * BANDS)))
                    for first in range(0, len(windows), TOGETHER)
                ]
                mean = means(np.concatenate(found), offsets)
                length = np.linalg.norm(mean, axis=1, keepdims=True)
                out[clips.rows] = mean / np.maximum(length, 1e-12)
        return out


def window_mels(clips: Clips) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the mel powers of all windows, (w, 160, 40), and where those of each clip begin and end."""
    counts = _windows(clips.lengths)
    whole = _stretched(clips, (FRAMES + STEP * (counts - 1)) * FRAMING.hop)
    offsets = frame_offsets(whole, FRAMING)
    mels = np.empty((int(offsets[-1]), BANDS), dtype=np.float32)
    bands = mel_filters(RATE, FRAMING.size, BANDS)
    for block in blocks(whole, FRAMING, offsets):
        np.matmul(block.power, bands, out=mels[block.place])
    ends = np.concatenate([[0], np.cumsum(counts)])
    starts = np.repeat(offsets[:-1] - STEP * ends[:-1], counts) + STEP * np.arange(ends[-1])
    return sliding_window_view(mels, FRAMES, axis=0)[starts].transpose(0, 2, 1), ends


def _windows(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many windows clips of so many samples have, at least one each.

    Examples
    --------
    >>> _windows(np.array([4_000, 25_600, 36_000, 39_000])).tolist()
    [1, 1, 2, 2]
    """
    frames = -(-(lengths + 1) // FRAMING.hop)
    counts: NDArray[np.int64] = np.maximum(1, -(-np.maximum(1, frames - FRAMES + STEP + 1) // STEP))
    left = lengths - (counts - 1) * STEP * FRAMING.hop
    short = left < COVERED * FRAMES * FRAMING.hop
    return counts - (short & (counts > 1))


def _stretched(clips: Clips, lengths: NDArray[np.int64]) -> Clips:
    """Return clips cut or filled up with silence to new lengths, the quiet ones made louder."""
    power = np.add.reduceat(clips.samples.astype(np.float64) ** 2, clips.offsets[:-1]) / clips.lengths
    level = np.sqrt(power)
    louder = np.where((level > 0) & (level < LEVEL), LEVEL / np.maximum(level, 1e-30), 1.0)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    kept = np.minimum(clips.lengths, lengths)
    within = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
    source = within + np.repeat(clips.offsets[:-1], kept)
    samples = np.zeros(int(offsets[-1]), dtype=np.float32)
    samples[within + np.repeat(offsets[:-1], kept)] = clips.samples[source] * np.repeat(louder, kept)
    return Clips(samples, offsets, clips.rows, clips.rate)

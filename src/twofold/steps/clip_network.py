"""Clips read by a network that others trained on speech, in overlapping windows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from twofold.steps.clips import Clips, decode
from twofold.steps.extraction import Extraction
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.over_time import deviations, means
from twofold.steps.spectra import BLOCK, decibels, hann
from twofold.steps.threads import thread_count

RATE, WINDOW, SIZE, HOP, BANDS = 16_000, 400, 512, 160, 32
"""What the network was trained with: samples a second, of a frame, of its transform, of a hop; mel bands."""
FRAMES, STEP, NUMBERS = 76, 8, 96
"""Frames of a window, from one window to the next, and the numbers that the network gives for it."""
SILENCE = 20 * HOP
"""Samples of silence on either side of a clip. What is said is told best when a window ends with it, so the
ends of a clip have to be seen at several places of a window."""
FULL_SCALE = 32_768.0
"""The network knows samples as 16-bit integers."""
TOGETHER = 2_048
"""Frames, about, that go through the network at once."""


@dataclass(frozen=True)
class ClipNetwork(Extraction):
    """Mean, maximum and deviation of a speech embedding over the windows of a clip.

    The network (Lin, Kilgour, Roblek and Sharifi 2020) gives 96 numbers for each 775 ms, 80 ms apart. As it
    pads in bands alone, it runs once over all frames of many clips, one behind the other, and shares what
    neighbouring windows have in common; windows that reach from one clip into the next are left out. A clip
    shorter than a window is filled up with silence, and `SILENCE` lies on either side of each.

    Parameters
    ----------
    column : str
    filters : float32 array of shape (257, 32)
        From the power spectrum to mel bands.
    model : bytes
        ONNX, from (frames, 32) to (windows, 96): decibels / 10 + 2 go in.
    """

    kind = "clip_network"
    requires = ("onnxruntime", "scipy")
    filters: NDArray[np.float32]
    model: bytes

    @property
    def width(self) -> int:
        return 3 * NUMBERS

    @cached_property
    def _graph(self) -> OnnxGraph:
        return OnnxGraph(self.model, "embedding")

    def extract(self, table: Any) -> NDArray[np.float32]:
        out = np.full((table.n_rows, self.width), np.nan, dtype=np.float32)
        for clips in decode(table, self.column, RATE):
            if len(clips.rows):
                found, offsets = self.windows(clips)
                highest = np.maximum.reduceat(found, offsets[:-1], axis=0)
                parts = [means(found, offsets), highest, deviations(found, offsets)]
                out[clips.rows] = np.concatenate(parts, axis=1)
        return out

    def windows(self, clips: Clips) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the embeddings of all windows of all clips, and where those of each clip begin and end."""
        clips = _between_silences(clips)
        levels, offsets = self.levels(clips)
        counts = 1 + (np.diff(offsets) - FRAMES) // STEP
        # Each clip begins where a window begins, so that the windows of all lie on one grid.
        begins = np.concatenate([[0], np.cumsum(-(-np.diff(offsets) // STEP))])
        frames = np.zeros((int(begins[-1]) * STEP, BANDS), dtype=np.float32)
        clip = np.repeat(np.arange(len(counts)), np.diff(offsets))
        frames[np.arange(len(levels)) + (begins[clip] * STEP - offsets[clip])] = levels
        ends = np.concatenate([[0], np.cumsum(counts)])
        wanted = np.repeat(begins[:-1] - ends[:-1], counts) + np.arange(ends[-1])
        return self._embed(frames, len(frames) // STEP)[wanted], ends

    def _embed(self, frames: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        """Return what the network gives for each window that begins on the grid and ends within."""
        each = TOGETHER // STEP
        last = count - (FRAMES - 1) // STEP
        parts = [
            frames[first * STEP : (min(first + each, last) - 1) * STEP + FRAMES]
            for first in range(0, last, each)
        ]
        session = self._graph.session

        def run(part: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.asarray(session.run(["embedding"], {"X": part})[0])

        threads = min(thread_count(), len(parts))
        if threads == 1:
            return np.concatenate(list(map(run, parts)))
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(run, parts)))

    def levels(self, clips: Clips) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return what the network reads, float32 of shape (frames, 32), and the offsets of frames.

        Frames are not centred, the first begins where its clip begins. Every clip has to hold a frame.
        """
        from scipy.fft import rfft

        counts = 1 + (clips.lengths - SIZE) // HOP
        offsets = np.concatenate([[0], np.cumsum(counts)])
        starts = np.repeat(clips.offsets[:-1] - offsets[:-1] * HOP, counts) + np.arange(offsets[-1]) * HOP
        cuts = sliding_window_view(clips.samples, SIZE)
        out = np.empty((len(starts), BANDS), dtype=np.float32)
        shape = hann(WINDOW, SIZE) * np.float32(FULL_SCALE)
        for first in range(0, len(starts), BLOCK):
            spectrum = rfft(cuts[starts[first : first + BLOCK]] * shape, axis=1)
            np.matmul(spectrum.real**2 + spectrum.imag**2, self.filters, out=out[first : first + BLOCK])
        decibels(out, offsets)
        out /= 10.0
        out += 2.0
        return out, offsets


def _between_silences(clips: Clips) -> Clips:
    """Return clips of at least one window, and `SILENCE` on either side."""
    least = (FRAMES - 1) * HOP + SIZE
    lengths = np.maximum(clips.lengths, least) + 2 * SILENCE
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    begins = offsets[:-1] + (lengths - clips.lengths) // 2
    samples = np.zeros(int(offsets[-1]), dtype=np.float32)
    places = np.arange(len(clips.samples)) + np.repeat(begins - clips.offsets[:-1], clips.lengths)
    samples[places] = clips.samples
    return Clips(samples, offsets, clips.rows, clips.rate)

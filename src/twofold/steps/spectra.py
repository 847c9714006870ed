"""Short-time spectra of many clips at once: frames, power, mel bands, decibels.

The conventions are those of librosa (McFee et al. 2015), so that numbers can be compared: frames are centred,
clips stand between zeros, the Hann window is periodic, and mel bands are those of Slaney (1998), each with
an area of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from twofold.steps.clips import Clips

BLOCK = 512
"""Frames that are transformed at once: their arrays stay in the cache."""
QUIETEST = 1e-10
"""The power below which decibels are not counted: -100 dB."""
RANGE = 80.0
"""Decibels below the loudest value of a clip that are still told apart."""


@dataclass(frozen=True)
class Framing:
    """How clips are cut into frames.

    Parameters
    ----------
    window : int
        Samples that the Hann window covers.
    size : int
        Samples of the Fourier transform, at least `window`.
    hop : int
        Samples from one frame to the next.
    """

    window: int
    size: int
    hop: int

    @property
    def bins(self) -> int:
        """Number of frequencies."""
        return self.size // 2 + 1


class Block(NamedTuple):
    """Some neighbouring frames."""

    place: slice
    samples: NDArray[np.float32]
    """As they are, not windowed, of shape (f, size)."""
    power: NDArray[np.float32]
    """Of shape (f, bins)."""


def frame_offsets(clips: Clips, framing: Framing, most: int = 0) -> NDArray[np.int64]:
    """Return where the frames of each clip begin and end among the frames of all.

    Parameters
    ----------
    clips : Clips
    framing : Framing
    most : int
        Frames of a clip that are looked at; 0 for all.

    Returns
    -------
    int64 array of shape (k + 1,); every clip has at least one frame.
    """
    counts = 1 + clips.lengths // framing.hop
    return np.concatenate([[0], np.cumsum(np.minimum(counts, most) if most else counts)])


def blocks(clips: Clips, framing: Framing, offsets: NDArray[np.int64]) -> Iterator[Block]:
    """Yield the power spectra of all frames, block by block."""
    from scipy.fft import rfft

    half = framing.size // 2
    padded, begins = _padded(clips, half)
    clip_of_frame = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    starts = begins[clip_of_frame] + (np.arange(offsets[-1]) - offsets[clip_of_frame]) * framing.hop
    windows = sliding_window_view(padded, framing.size)
    shape = hann(framing.window, framing.size)
    for first in range(0, int(offsets[-1]), BLOCK):
        place = slice(first, min(first + BLOCK, int(offsets[-1])))
        samples = windows[starts[place]]
        spectrum = rfft(samples * shape, axis=1)
        yield Block(place, samples, spectrum.real**2 + spectrum.imag**2)


def _padded(clips: Clips, half: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the clips with `half` zeros on either side, and where each one's padding begins."""
    k = len(clips.rows)
    begins = clips.offsets[:-1] + 2 * half * np.arange(k)
    padded = np.zeros(len(clips.samples) + 2 * half * max(k, 1), dtype=np.float32)
    shift = np.repeat(begins + half - clips.offsets[:-1], clips.lengths)
    padded[np.arange(len(clips.samples)) + shift] = clips.samples
    return padded, begins


@lru_cache(maxsize=16)
def hann(window: int, size: int) -> NDArray[np.float32]:
    """Return the periodic Hann window in the middle of `size` samples.

    Examples
    --------
    >>> hann(4, 6)
    array([0. , 0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    out = np.zeros(size, dtype=np.float32)
    before = (size - window) // 2
    out[before : before + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    return out


def mel_of(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mel scale of Slaney (1998): linear up to 1,000 Hz, logarithmic above."""
    high = 15.0 + np.log(np.maximum(hertz, 1_000.0) / 1_000.0) / (np.log(6.4) / 27.0)
    return np.where(hertz < 1_000.0, hertz * 3.0 / 200.0, high)


def hertz_of(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the frequencies of mel values.

    Examples
    --------
    >>> hertz_of(mel_of(np.array([440.0, 4_000.0]))).round(6)
    array([ 440., 4000.])
    """
    high = 1_000.0 * np.exp((np.maximum(mel, 15.0) - 15.0) * np.log(6.4) / 27.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, high)


@lru_cache(maxsize=16)
def mel_filters(rate: int, size: int, mels: int) -> NDArray[np.float32]:
    """Return triangular bands from 0 Hz to half the rate: float32 of shape (size // 2 + 1, mels)."""
    bins = np.fft.rfftfreq(size, 1.0 / rate)
    top = mel_of(np.array([0.0, rate / 2.0]))
    edges = hertz_of(np.linspace(top[0], top[1], mels + 2))
    widths = np.diff(edges)
    slopes = edges[:, None] - bins
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    bands = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return np.ascontiguousarray(bands.T, dtype=np.float32)


def decibels(power: NDArray[np.float32], offsets: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return powers in decibels, those of each clip at most `RANGE` below its loudest.

    Parameters
    ----------
    power : float32 array of shape (frames, bands)
        Of all clips; it is overwritten.
    offsets : int64 array of shape (k + 1,)
        As `frame_offsets` returns them.
    """
    if not len(power):
        return power
    np.maximum(power, QUIETEST, out=power)
    np.log10(power, out=power)
    power *= 10.0
    loudest = np.maximum.reduceat(power.max(axis=1), offsets[:-1])
    np.maximum(power, np.repeat(loudest - RANGE, np.diff(offsets))[:, None], out=power)
    return power


def log_mels(clips: Clips, framing: Framing, mels: int, offsets: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mel spectrum of all frames in decibels: float32 of shape (frames, mels)."""
    bands = mel_filters(clips.rate, framing.size, mels)
    out = np.empty((int(offsets[-1]), mels), dtype=np.float32)
    for block in blocks(clips, framing, offsets):
        np.matmul(block.power, bands, out=out[block.place])
    return decibels(out, offsets)

"""Handmade features of clips: what their spectra look like, and how they change (MFCC and statistics)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.clips import Clips, decode
from twofold.steps.extraction import Extraction
from twofold.steps.over_time import deviations, means, part_means, quantiles, slopes
from twofold.steps.spectra import QUIETEST, Block, Framing, blocks, decibels, frame_offsets, mel_filters

SHARES = (0.1, 0.5, 0.9)
PARTS = 3
ROLL_OFF = 0.85
"""Share of the magnitude that lies below the roll-off frequency."""
CURVES = ("centroid", "bandwidth", "roll-off", "flatness", "loudness", "crossings", "flux")
"""Numbers of each frame beside its bands."""
_TINY = np.float32(1e-30)


@lru_cache(maxsize=8)
def cosines(mels: int, coefficients: int) -> NDArray[np.float32]:
    """Return the orthonormal cosine transform (DCT-II): float32 of shape (mels, coefficients)."""
    angles = np.pi * np.outer(np.arange(mels) + 0.5, np.arange(coefficients)) / mels
    out = np.cos(angles) * np.sqrt(2.0 / mels)
    out[:, 0] /= np.sqrt(2.0)
    return np.asarray(out, dtype=np.float32)


def curves_of(block: Block, rate: int) -> NDArray[np.float32]:
    """Return the first five of `CURVES` of each frame: float32 of shape (f, 5); frequencies in Hz.

    They are those of librosa: of the magnitude, flatness of the power, loudness the mean square in decibels.
    """
    power = block.power
    magnitude = np.sqrt(power)
    frequencies = np.linspace(0.0, rate / 2.0, power.shape[1], dtype=np.float32)
    total = np.maximum(magnitude.sum(axis=1), _TINY)
    centroid = magnitude @ frequencies / total
    away = (frequencies - centroid[:, None]) ** 2
    bandwidth = np.sqrt(np.einsum("fb,fb->f", magnitude, away) / total)
    heaped = np.cumsum(magnitude, axis=1)
    below = (heaped < ROLL_OFF * heaped[:, -1:]).sum(axis=1)
    audible = np.maximum(power, np.float32(QUIETEST))
    flatness = np.exp(np.log(audible).mean(axis=1)) / audible.mean(axis=1)
    energy = np.einsum("fs,fs->f", block.samples, block.samples) / block.samples.shape[1]
    loudness = 10.0 * np.log10(np.maximum(energy, np.float32(QUIETEST)))
    curves = [centroid, bandwidth, frequencies[below], flatness, loudness]
    return np.asarray(np.stack(curves, axis=1), dtype=np.float32)


def crossings(clips: Clips, framing: Framing, offsets: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the share of samples of each frame at which the sign changes: float32 of shape (frames,)."""
    negative = clips.samples < -1e-10
    heaped = np.zeros(len(negative) + 1, dtype=np.int64)
    np.cumsum(negative[1:] != negative[:-1], out=heaped[2:])
    clip = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    begin, end = clips.offsets[clip], clips.offsets[clip + 1]
    start = begin + (np.arange(offsets[-1]) - offsets[clip]) * framing.hop - framing.size // 2
    first = np.clip(start + 1, begin + 1, end)
    last = np.clip(start + framing.size, first, end)
    return np.asarray((heaped[last] - heaped[first]) / framing.size, dtype=np.float32)


def flux(levels: NDArray[np.float32], offsets: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return by how many decibels the bands of each frame are louder than before, where they are.

    Float32 of shape (frames,), 0 for the first frame of a clip.
    """
    out = np.zeros(len(levels), dtype=np.float32)
    np.maximum(levels[1:] - levels[:-1], 0.0).mean(axis=1, out=out[1:])
    out[offsets[:-1]] = 0.0
    return out


@dataclass(frozen=True)
class Mfcc(Extraction):
    """Mel-frequency cepstral coefficients and spectral statistics, summarised over time.

    Frames of 25 ms every 10 ms become mel bands in decibels, and these the coefficients (Davis and
    Mermelstein 1980) with their first and second slopes. Means, deviations, quantiles and the means of the
    three thirds of a clip make its features; the last of them is its duration in seconds. Quantiles and
    thirds are relative to the clip's mean (Atal 1974), and mean bands to the mean of all bands: what a
    voice, a microphone or a level adds to the whole clip stays out of all features but the means.

    Parameters
    ----------
    column : str
    rate : int
        Samples a second.
    mels : int
        Bands.
    coefficients : int
        At most `mels`.
    """

    kind = "mfcc"
    requires = ("scipy",)
    rate: int
    mels: int
    coefficients: int

    @cached_property
    def framing(self) -> Framing:
        """Windows of 25 ms every 10 ms."""
        window = self.rate // 40
        return Framing(window, 1 << (window - 1).bit_length(), self.rate // 100)

    @property
    def width(self) -> int:
        return len(self.labels)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A name for each feature."""
        times = ("mean", "deviation", *(f"quantile {share} less the mean" for share in SHARES))
        times += tuple(f"third {part + 1} less the mean" for part in range(PARTS))
        cepstra = [f"coefficient {number}" for number in range(self.coefficients)]
        bands = [f"band {number}" for number in range(self.mels)]
        groups = [
            *((name, time) for time in times for name in [*cepstra, *CURVES]),
            *((f"slope of {name}", "deviation") for name in cepstra),
            *((f"slope of {name}", f"third {part + 1}") for part in range(PARTS) for name in cepstra),
            *((f"second slope of {name}", "deviation") for name in cepstra),
            *((name, "mean less that of all bands") for name in bands),
            *((name, "deviation") for name in bands),
        ]
        return (*(f"{name}, {time}" for name, time in groups), "seconds")

    def extract(self, table: Any) -> NDArray[np.float32]:
        out = np.full((table.n_rows, self.width), np.nan, dtype=np.float32)
        for clips in decode(table, self.column, self.rate):
            if len(clips.rows):
                out[clips.rows] = self._features(clips)
        return out

    def frames(self, clips: Clips) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """Return bands in decibels, coefficients with `CURVES` behind, and the offsets of all frames."""
        offsets = frame_offsets(clips, self.framing)
        levels = np.empty((int(offsets[-1]), self.mels), dtype=np.float32)
        described = np.empty((len(levels), self.coefficients + len(CURVES)), dtype=np.float32)
        bands = mel_filters(self.rate, self.framing.size, self.mels)
        for block in blocks(clips, self.framing, offsets):
            np.matmul(block.power, bands, out=levels[block.place])
            described[block.place, self.coefficients : -2] = curves_of(block, self.rate)
        decibels(levels, offsets)
        described[:, : self.coefficients] = levels @ cosines(self.mels, self.coefficients)
        described[:, -2] = crossings(clips, self.framing, offsets)
        described[:, -1] = flux(levels, offsets)
        return levels, described, offsets

    def _features(self, clips: Clips) -> NDArray[np.float32]:
        levels, described, offsets = self.frames(clips)
        cepstra = np.ascontiguousarray(described[:, : self.coefficients])
        slope = slopes(cepstra, offsets, 1)
        centre, bands = means(described, offsets), means(levels, offsets)
        found = [
            centre,
            deviations(described, offsets),
            quantiles(described, offsets, SHARES) - np.tile(centre, len(SHARES)),
            part_means(described, offsets, PARTS) - np.tile(centre, PARTS),
            deviations(slope, offsets),
            part_means(slope, offsets, PARTS),
            deviations(slopes(cepstra, offsets, 2), offsets),
            bands - bands.mean(axis=1, keepdims=True),
            deviations(levels, offsets),
            (clips.lengths / self.rate)[:, None].astype(np.float32),
        ]
        return np.concatenate(found, axis=1)

"""Features of clips: coefficients and statistics of their spectra, and the spectra for networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.features.extractor import Extractor
from twofold.steps.clip_features import Mfcc
from twofold.steps.clips import decode
from twofold.steps.extraction import Extraction
from twofold.steps.log_mel import LogMel

RATE = 16_000
"""Speech and most events lie below 8 kHz; what the clips are brought to."""
MELS = 64
WINDOW, HOP = RATE // 40, RATE // 100
MOST_FRAMES = 256
ENOUGH = 0.95
"""Share of the clips that are not cut."""
LEARNED_ROWS = 1_000
"""Clips that durations, means and deviations are learned from; more change them little."""
LEAST_DEVIATION = 1e-3


class MfccFeatures(Extractor):
    """Mel-frequency cepstral coefficients and spectral statistics, summarised over time.

    Parameters
    ----------
    size : int
        Coefficients; 0 for 20.
    """

    reads = "audio"
    network = False
    seconds = 2e-3

    def make(self, column: str, table: Table, seed: int) -> Mfcc:
        del table, seed  # nothing is learned
        return Mfcc(column, RATE, MELS, min(self.size or 20, MELS))

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, Mfcc)
        return step.labels


class LogMelFrames(Extractor):
    """Mel spectra of a fixed number of frames, for networks that read clips.

    Nineteen of twenty clips are taken whole. Frames are 10 ms apart; where that makes more than 256, they
    are farther apart and longer.

    Parameters
    ----------
    size : int
        Mel bands; 0 for 40.
    """

    reads = "audio"
    network = False
    raw = True
    fitted = True
    seconds = 1e-3
    sizes = (64, 40)

    def make(self, column: str, table: Table, seed: int) -> LogMel:
        del seed  # nothing is drawn
        mels = self.size or 40
        table = table.take(np.arange(min(table.n_rows, LEARNED_ROWS)))
        lengths = [clips.lengths for clips in decode(table, column, RATE)]
        hop, frames = frames_for(np.concatenate(lengths))
        window = max(WINDOW, 2 * hop)
        plain = np.zeros(mels, dtype=np.float32)
        step = LogMel(column, RATE, window, hop, frames, plain, plain + 1)
        mean, deviation = _moments(step, table)
        return LogMel(column, RATE, window, hop, frames, mean, deviation)

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, LogMel)
        mels, frames = step.shape
        return tuple(f"band {mel}, frame {frame}" for mel in range(mels) for frame in range(frames))


def frames_for(lengths: NDArray[np.int64]) -> tuple[int, int]:
    """Return samples from one frame to the next, and frames that hold nearly all clips of such lengths.

    Examples
    --------
    >>> frames_for(np.array([8_000])), frames_for(np.array([960_000]))
    ((160, 51), (3765, 255))
    """
    long = int(np.quantile(lengths, ENOUGH, method="higher")) if len(lengths) else RATE
    hop = max(HOP, -(-long // (MOST_FRAMES - 1)))
    return hop, 1 + long // hop


def _moments(step: LogMel, table: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation of each band over all frames of all clips."""
    bands = step.shape[0]
    total, square, count = np.zeros(bands), np.zeros(bands), 0
    for clips in decode(table, step.column, step.rate):
        if len(clips.rows):
            levels = step.levels(clips).reshape(-1, bands)
            total += levels.sum(axis=0, dtype=np.float64)
            square += np.square(levels, dtype=np.float64).sum(axis=0)
            count += len(levels)
    mean = total / max(count, 1)
    deviation = np.sqrt(np.maximum(square / max(count, 1) - mean**2, 0.0))
    deviation[deviation < LEAST_DEVIATION] = 1.0
    return mean.astype(np.float32), deviation.astype(np.float32)

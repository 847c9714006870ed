"""How often a series matches each of 84 short patterns at many widths (Dempster, Schmidt and Webb 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import Extraction
from twofold.steps.series import blocks, decode

POINTS = 9
"""Points of a pattern: six of weight -1, three of weight 2."""
KERNELS = np.array(list(combinations(range(POINTS), 3)), dtype=np.int64)
"""The points of weight 2 in each of the 84 patterns."""
_IN_CACHE = 120_000
"""Values of a channel that are convolved at once: they, and their masks, stay in the processor's cache."""
_FEW_ROWS = 128
"""Fewer rows at once are not worth the calls, however long they are."""
_IN_MEMORY = 4_000_000
"""Values of all channels that are held at once."""
_SIDE_BY_SIDE = 256
"""Bytes that are added up at once."""
_BYTE = 255
"""Most matches that a byte counts."""


@dataclass(frozen=True)
class MiniRocket(Extraction):
    """Shares of the time points at which a dilated pattern exceeds a threshold.

    A pattern with weights -1 and 2 is a sum of nine shifted copies of the series that all 84 share, and three
    times a sum of three of them. The shifted copies are slices of one array that has time in its first axis
    and rows in its second, so that no copy is made and all rows are added up together.

    Parameters
    ----------
    column : str
    channels, length : int
        What each series is brought to; the length is at least 9.
    mean, scale : float32 arrays of shape (channels,)
        Standardise each channel.
    dilations : integer array of shape (d,)
        Distances between the points of a pattern; ``8 * dilation < length``.
    counts : integer array of shape (d,)
        Thresholds of each pattern with that dilation.
    biases : float32 array of shape (84 * counts.sum(),)
        Thresholds, by dilation, then pattern.
    sizes : integer array of shape (d * 84,)
        Number of channels that are added up, by dilation, then pattern.
    members : integer array of shape (sizes.sum(),)
        Those channels.
    """

    kind = "minirocket"
    channels: int
    length: int
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    dilations: NDArray[np.int64]
    counts: NDArray[np.int64]
    biases: NDArray[np.float32]
    sizes: NDArray[np.int64]
    members: NDArray[np.int64]

    @property
    def width(self) -> int:
        return len(self.biases)

    @property
    def form(self) -> tuple[int, int, NDArray[np.float32], NDArray[np.float32]]:
        """What each series is brought to: channels, length, mean, scale."""
        return self.channels, self.length, self.mean, self.scale

    def extract(self, table: Any) -> NDArray[np.float32]:
        series = decode(table, self.column)
        out = np.full((len(series), self.width), np.nan, dtype=np.float32)
        block = max(_FEW_ROWS, _IN_CACHE // self.length)
        block = max(1, min(block, _IN_MEMORY // (self.length * self.channels)))
        for rows, X in blocks(series, *self.form, most=block):
            out[rows] = self.shares(X)
        return out

    def shares(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features of standardised series.

        Parameters
        ----------
        X : float32 array of shape (n, channels, length)

        Returns
        -------
        float32 array of shape (n, width)
        """
        n = len(X)
        out = np.empty((self.width, n), dtype=np.float32)
        groups = np.split(self.members, np.cumsum(self.sizes)[:-1])
        place = 0
        for number, (dilation, count) in enumerate(zip(self.dilations, self.counts, strict=True)):
            shifted = Shifted(X, int(dilation))
            margin = 4 * int(dilation)
            mask = np.empty((count, self.length, n), dtype=np.bool_)
            for kernel in range(len(KERNELS)):
                found = shifted.convolve(kernel, groups[number * len(KERNELS) + kernel])
                seen = mask
                if (number + kernel) % 2:  # every second one without the margins where the series was padded
                    found, seen = found[margin:-margin], mask[:, : self.length - 2 * margin]
                biases = self.biases[place : place + count, None, None]
                np.greater(found, biases, out=seen)
                out[place : place + count] = _true(seen) / np.float32(seen.shape[1])
                place += count
        return out.T


class Shifted:
    """Series with time in the first axis, ready to be convolved with all patterns of one dilation.

    Parameters
    ----------
    X : float32 array of shape (n, channels, length)
    dilation : int
    """

    def __init__(self, X: NDArray[np.float32], dilation: int) -> None:
        n, channels, self.length = X.shape
        self.dilation = dilation
        padded = np.zeros((channels, self.length + 8 * dilation, n), dtype=np.float32)
        padded[:, 4 * dilation : 4 * dilation + self.length] = X.transpose(1, 2, 0)
        copies = [padded[:, place * dilation :][:, : self.length] for place in (4, 0, 1, 2, 3, 5, 6, 7, 8)]
        self.shared = -copies[0]
        for copy in copies[1:]:
            self.shared -= copy
        self.threefold = padded * np.float32(3)
        self.made = np.empty((self.length, n), dtype=np.float32)

    def convolve(self, kernel: int, members: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the sum over channels of their convolution with one pattern, of shape (length, n).

        The array is overwritten by the next call.
        """
        shared, threefold = self.shared[members[0]], self.threefold[members[0]]
        if len(members) > 1:
            shared, threefold = self.shared[members].sum(axis=0), self.threefold[members].sum(axis=0)
        first, second, third = KERNELS[kernel] * self.dilation
        np.add(shared, threefold[first : first + self.length], out=self.made)
        self.made += threefold[second : second + self.length]
        self.made += threefold[third : third + self.length]
        return self.made


def _true(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count along the second axis; bytes are added as bytes, many at once, as long as they cannot overflow.

    Where there are few rows, stretches of time are laid side by side first: long rows of bytes add up faster.
    """
    count, length, n = mask.shape
    side = min(max(1, _SIDE_BY_SIDE // n), length)
    whole = length - length % side
    found = mask.view(np.uint8)
    laid = found[:, :whole].reshape(count, whole // side, side * n)
    total = np.zeros((count, side * n), dtype=np.int64)
    for first in range(0, laid.shape[1], _BYTE):
        total += np.add.reduce(laid[:, first : first + _BYTE], axis=1, dtype=np.uint8)
    counted: NDArray[np.int64] = total.reshape(count, side, n).sum(axis=1)
    if whole < length:
        counted += found[:, whole:].sum(axis=1, dtype=np.int64)
    return counted

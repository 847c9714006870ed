"""How often a series matches each of 84 short patterns at many widths (Dempster, Schmidt and Webb 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from twofold.steps.extraction import Extraction
from twofold.steps.series import blocks, decode

POINTS = 9
"""Points of a pattern: six of weight -1, three of weight 2."""
KERNELS = np.array(list(combinations(range(POINTS), 3)), dtype=np.int64)
"""The points of weight 2 in each of the 84 patterns."""
_IN_CACHE = 120_000
"""Values of a channel that are convolved at once: they, and their masks, stay in the processor's cache."""
_TOGETHER = 120_000
"""Values of all patterns that are convolved in one call: more only where there are few rows."""
_FEW_VALUES = 1_000
"""With several channels, patterns are convolved together where there are no more values than these."""
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
        group = max(1, min(len(KERNELS) // 2, _TOGETHER // (self.length * n)))
        if self.channels > 1 and self.length * n > _FEW_VALUES:
            group = 1
        memory = np.empty(group * int(self.counts.max()) * self.length * n, dtype=np.bool_)
        members = np.split(self.members, np.cumsum(self.sizes)[:-1])
        place = 0
        for number, (dilation, count) in enumerate(zip(self.dilations, self.counts, strict=True)):
            shifted = Shifted(X, int(dilation))
            end = place + len(KERNELS) * int(count)
            biases = self.biases[place:end].reshape(len(KERNELS), count, 1, 1)
            into = out[place:end].reshape(len(KERNELS), count, n)
            own = members[number * len(KERNELS) :]
            for trimmed in (0, 1):  # every second pattern leaves out the margins, where the series is padded
                margin = trimmed * 4 * int(dilation)
                points = self.length - 2 * margin
                for first in range((number + trimmed) % 2, len(KERNELS), 2 * group):
                    kernels = np.arange(first, min(first + 2 * group, len(KERNELS)), 2)
                    found = shifted.convolve(kernels, [own[kernel] for kernel in kernels])
                    mask = memory[: len(kernels) * count * points * n].reshape(-1, count, points, n)
                    np.greater(found[:, None, margin : margin + points], biases[kernels], out=mask)
                    into[kernels] = _true(mask) / np.float32(points)
            place = end
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
        self.made = np.empty((1, self.length, n), dtype=np.float32)
        self.sums = np.empty_like(self.shared[0]), np.empty_like(padded[0])

    def convolve(
        self, kernels: NDArray[np.int64], members: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.float32]:
        """Return the convolutions with some patterns, each of the sum of its channels, until the next call.

        Parameters
        ----------
        kernels : integer array of shape (k,)
        members : k integer arrays
            The channels that each pattern adds up.

        Returns
        -------
        float32 array of shape (k, length, n)
        """
        if len(kernels) == 1:
            return self._convolve_one(int(kernels[0]), members[0])
        shared, threefold = self.shared, self.threefold
        if len(shared) > 1:
            leading = np.array([one[0] for one in members])
            shared, threefold = shared[leading], threefold[leading]
            for place in range(1, max(map(len, members))):  # in the same order as for one pattern
                more = np.array([number for number, one in enumerate(members) if len(one) > place])
                added = np.array([one[place] for one in members if len(one) > place])
                shared[more] += self.shared[added]
                threefold[more] += self.threefold[added]
        windows = sliding_window_view(threefold, self.length, axis=1)[:, :: self.dilation].swapaxes(-1, -2)
        which = np.arange(len(kernels)) if len(threefold) > 1 else 0
        made: NDArray[np.float32] = shared + windows[which, KERNELS[kernels, 0]]
        made += windows[which, KERNELS[kernels, 1]]
        made += windows[which, KERNELS[kernels, 2]]
        return made

    def _convolve_one(self, kernel: int, members: NDArray[np.int64]) -> NDArray[np.float32]:
        """Use slices in the place of copies, and the memory of the last answer: for many rows."""
        shared, threefold = self.shared[members[0]], self.threefold[members[0]]
        if len(members) > 1:
            shared = np.add(shared, self.shared[members[1]], out=self.sums[0])
            threefold = np.add(threefold, self.threefold[members[1]], out=self.sums[1])
            for member in members[2:]:
                shared += self.shared[member]
                threefold += self.threefold[member]
        first, second, third = KERNELS[kernel] * self.dilation
        np.add(shared, threefold[first : first + self.length], out=self.made[0])
        self.made += threefold[second : second + self.length]
        self.made += threefold[third : third + self.length]
        return self.made


def _true(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count along the last axis but one; bytes are added as bytes, as long as they cannot overflow.

    Where there are few rows, stretches of time are laid side by side first: long rows of bytes add up faster.
    """
    *before, length, n = mask.shape
    side = min(max(1, _SIDE_BY_SIDE // n), length)
    whole = length - length % side
    found = mask.view(np.uint8)
    laid = found[..., :whole, :].reshape(*before, whole // side, side * n)
    total = np.zeros((*before, side * n), dtype=np.int64)
    for first in range(0, whole // side, _BYTE):
        total += np.add.reduce(laid[..., first : first + _BYTE, :], axis=-2, dtype=np.uint8)
    counted: NDArray[np.int64] = total.reshape(*before, side, n).sum(axis=-2)
    if whole < length:
        counted += found[..., whole:, :].sum(axis=-2, dtype=np.int64)
    return counted

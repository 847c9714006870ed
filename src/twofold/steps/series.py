"""The series of a column, one behind the other, and a common length for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table, Unreadable
from twofold.steps.cells import CellError, name_cell
from twofold.steps.series_cells import numbers_of, series_cell

__all__ = ["Series", "blocks", "decode", "regular", "series_cell"]
_AT_ONCE = 2_000_000
"""Values that are resampled in one go."""


@dataclass(frozen=True)
class Series:
    """The decoded series of one column, one behind the other.

    Parameters
    ----------
    values : float32 array of shape (total,)
        Channel after channel of row after row; gaps are NaN.
    offsets : integer array of shape (n_rows + 1,)
        Where each row begins.
    channels : integer array of shape (n_rows,)
        Number of channels; 1 where nothing is present.
    present : boolean array of shape (n_rows,)
        Whether the row has a single value that is no gap.
    """

    values: NDArray[np.float32]
    offsets: NDArray[np.int64]
    channels: NDArray[np.int64]
    present: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.present)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of time points of each row."""
        return np.asarray(np.diff(self.offsets) // self.channels)

    def rows(self, first: int, last: int) -> Series:
        """Return the rows ``first <= row < last`` without a copy of their values."""
        offsets = self.offsets[first : last + 1]
        values = self.values[offsets[0] : offsets[-1]]
        return Series(values, offsets - offsets[0], self.channels[first:last], self.present[first:last])

    def take(self, rows: NDArray[np.intp]) -> Series:
        """Return these rows, with their values copied one behind the other."""
        sizes = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][rows] - offsets[:-1], sizes)
        return Series(self.values[places], offsets, self.channels[rows], self.present[rows])


def decode(table: Table, column: str) -> Series:
    """Return the series of a column, read once for all steps that share a table.

    Cells that cannot be read are complained about and count as missing.
    """
    return table.once(("series", column), lambda: _decode(table, column))


def _decode(table: Table, column: str) -> Series:
    arrays: list[NDArray[np.float32]] = []
    nothing = np.empty((1, 0), dtype=np.float32)
    for row, cell in enumerate(table.columns[column].tolist()):
        array = nothing
        if cell is not None:
            try:
                array = numbers_of(cell)
            except CellError as error:
                table.complain(Unreadable(column, row, name_cell(cell)[:100], str(error)))
        arrays.append(array)
    sizes = np.array([array.size for array in arrays], dtype=np.int64)
    values = np.concatenate([nothing[0], *(array.reshape(-1) for array in arrays)])
    finite = np.isfinite(values)
    if not finite.all():
        values[~finite] = np.nan
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    known = np.concatenate([[0], np.cumsum(finite)])
    channels = np.array([len(array) for array in arrays], dtype=np.int64)
    return Series(values, offsets, channels, known[offsets[1:]] > known[offsets[:-1]])


def regular(
    series: Series,
    channels: int,
    length: int,
    mean: NDArray[np.float32] | None = None,
    scale: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return all series with the same channels and the same number of time points.

    Gaps are filled linearly between their neighbours, at the ends with the nearest value. Other lengths are
    resampled linearly, from the first point to the last. Channels that a series lacks, or that have nothing
    but gaps, are zero (after standardising: the mean); further ones are dropped.

    Parameters
    ----------
    series : Series
    channels, length : int
    mean, scale : float32 arrays of shape (channels,), optional
        What is subtracted from each channel, and what it is then divided by.

    Returns
    -------
    float32 array of shape (n_rows, channels, length)
        Zeros in rows that are missing.

    Examples
    --------
    >>> cells = np.array([series_cell([0, np.nan, 4]), series_cell([7])], dtype=object)
    >>> regular(decode(Table({"x": cells}, 2), "x"), 1, 5)[:, 0]
    array([[0., 1., 2., 3., 4.],
           [7., 7., 7., 7., 7.]], dtype=float32)
    """
    out = np.zeros((len(series), channels, length), dtype=np.float32)
    lengths = series.lengths
    places = np.arange(channels)
    there = series.present[:, None] & (places < series.channels[:, None])
    starts = series.offsets[:-1, None] + places * lengths[:, None]
    rows, columns = np.nonzero(there)
    begin, points = starts[rows, columns], lengths[rows]
    values = series.values
    if np.isnan(values).any():
        values, known = _filled(values, begin, points)
        rows, columns, begin, points = rows[known], columns[known], begin[known], points[known]
    step = max(1, _AT_ONCE // length)
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        made = _resampled(values, begin[part], points[part], length)
        if mean is not None:
            made -= mean[columns[part], None]
        if scale is not None:
            made /= scale[columns[part], None]
        out[rows[part], columns[part]] = made
    return out


def _resampled(
    values: NDArray[np.float32], begin: NDArray[np.int64], points: NDArray[np.int64], length: int
) -> NDArray[np.float32]:
    """Return stretches of the values, each interpolated linearly at so many evenly spaced places."""
    if (points == length).all():
        return np.asarray(values[begin[:, None] + np.arange(length)])
    exact = np.arange(length) / max(length - 1, 1) * (points[:, None] - 1)
    low = exact.astype(np.int64)
    high = np.minimum(low + 1, points[:, None] - 1)
    weight = (exact - low).astype(np.float32)
    return np.asarray(values[begin[:, None] + low] * (1 - weight) + values[begin[:, None] + high] * weight)


def blocks(
    series: Series,
    channels: int,
    length: int,
    mean: NDArray[np.float32] | None = None,
    scale: NDArray[np.float32] | None = None,
    *,
    most: int,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Yield the present rows, at most so many at once, with what `regular` makes of them."""
    present = np.flatnonzero(series.present)
    for first in range(0, len(present), most):
        rows = present[first : first + most]
        yield rows, regular(series.take(rows), channels, length, mean, scale)


def _filled(
    values: NDArray[np.float32], begin: NDArray[np.int64], points: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Fill the gaps of each channel from inside it; tell which channels have any value."""
    finite = ~np.isnan(values)
    place = np.arange(len(values))
    before = np.maximum.accumulate(np.where(finite, place, -1))
    after = np.minimum.accumulate(np.where(finite, place, len(values))[::-1])[::-1]
    known = after[begin] < begin + points
    gaps = np.flatnonzero(~finite)
    number = np.searchsorted(begin, gaps, "right") - 1  # channels are disjoint and in order
    gaps, number = gaps[number >= 0], number[number >= 0]
    left, right = before[gaps], after[gaps]
    has_left, has_right = left >= begin[number], right < (begin + points)[number]
    inside = has_left | has_right
    gaps, left, right = gaps[inside], left[inside], right[inside]
    left = np.where(has_left[inside], left, right)
    right = np.where(has_right[inside], right, left)
    weight = (gaps - left) / np.maximum(right - left, 1)
    filled = values.copy()
    filled[gaps] = values[left] * (1 - weight) + values[right] * weight
    return filled, known

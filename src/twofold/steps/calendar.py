"""Dates as calendar parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

PARTS = ("year", "month", "day", "weekday", "hour", "day of year", "elapsed")
PERIODS = (0.0, 12.0, 31.0, 7.0, 24.0, 365.25, 0.0)
"""Length of the cycle of each part; 0 where there is none."""
_DAY = 86_400.0
_EARLIEST, _LATEST = -2.0e11, 2.0e11


@dataclass(frozen=True)
class Calendar(Step):
    """Calendar parts of date columns, NaN where the date is missing.

    Parameters
    ----------
    names : tuple of str
    parts : integer array of shape (m,)
        Which of ``len(names) * len(PARTS)`` parts to return.
    cyclic : bool
        Return the parts that repeat as sine and cosine (two columns each), for models that scale.
    """

    kind = "calendar"
    names: tuple[str, ...]
    parts: NDArray[np.int64]
    cyclic: bool

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (table,) = inputs
        blocks = [calendar_parts(table.columns[name]) for name in self.names]
        parts = np.hstack(blocks)[:, self.parts]
        if not self.cyclic:
            return parts
        periods = np.tile(PERIODS, len(self.names))[self.parts]
        turning = periods > 0
        angle = 2 * np.pi * parts[:, turning] / periods[turning]
        return np.hstack([parts[:, ~turning], np.sin(angle), np.cos(angle)])


def calendar_parts(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the `PARTS` of times given as seconds since 1970, shape (n, 7)."""
    missing = np.isnan(seconds)
    whole = np.clip(np.where(missing, 0.0, seconds), _EARLIEST, _LATEST)
    stamps = whole.astype(np.int64).astype("datetime64[s]")
    days, months, years = (stamps.astype(f"datetime64[{unit}]") for unit in "DMY")
    out = np.column_stack(
        [
            years.astype(np.int64) + 1970,
            (months - years).astype(np.int64),
            (days - months).astype(np.int64) + 1,
            (days.astype(np.int64) + 3) % 7,
            (whole % _DAY) / 3600.0,
            (days - years).astype(np.int64),
            whole / _DAY,
        ]
    ).astype(np.float64)
    out[missing] = np.nan
    return out

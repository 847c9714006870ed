"""Where a tuner may look: plain records beside each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """Numbers between two ends.

    Parameters
    ----------
    low, high : float
        Both included.
    log : bool
        Equal ratios are equally likely.
    integer : bool
        Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False


@dataclass(frozen=True)
class Choice:
    """One of several values (plain data)."""

    options: tuple[Any, ...]


Space = Mapping[str, Range | Choice]

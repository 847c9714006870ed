"""Randomness as an argument: seeds are derived by name, global state is never touched."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def derive_seed(seed: int, *names: str | int) -> int:
    """Derive a stable 31-bit seed for a named part of the work.

    The same seed and names give the same answer in every process and on every platform.

    Examples
    --------
    >>> derive_seed(0, "lightgbm", 3) == derive_seed(0, "lightgbm", 3)
    True
    >>> derive_seed(0, "lightgbm", 3) == derive_seed(0, "lightgbm", 4)
    False
    """
    words = [zlib.crc32(str(name).encode()) for name in names]
    return int(np.random.SeedSequence([seed & 0xFFFFFFFF, *words]).generate_state(1)[0] >> 1)


def deal_evenly(y: NDArray[Any], parts: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Deal rows to parts of like targets: each class, or stretch of values, in turn; return each row's part.

    Examples
    --------
    >>> np.bincount(deal_evenly(np.array([0, 1, 0, 1, 0, 1]), 3, make_generator(0))).tolist()
    [2, 2, 2]
    """
    order = generator.permutation(len(y))
    part = np.empty(len(y), dtype=np.intp)
    part[order[np.argsort(y[order], kind="stable")]] = np.arange(len(y)) % parts
    return part


def make_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator for a named part of the work."""
    return np.random.default_rng(derive_seed(seed, *names))

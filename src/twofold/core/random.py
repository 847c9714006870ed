"""Randomness as an argument: seeds are derived by name, global state is never touched."""

from __future__ import annotations

import zlib

import numpy as np


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


def make_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator for a named part of the work."""
    return np.random.default_rng(derive_seed(seed, *names))

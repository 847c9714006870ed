"""How much memory the process tree holds."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Iterable

import psutil

from twofold.core.errors import InputError

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_bytes(text: str | float | None) -> float:
    """Read an amount of memory: ``2e9``, ``"2GB"``, ``"512 MiB"``; None gives 80 % of what is free now.

    Examples
    --------
    >>> parse_bytes("2GB")
    2000000000.0
    """
    if text is None:
        return 0.8 * float(psutil.virtual_memory().available)
    word = str(text).strip().lower()
    digits = word.rstrip("kmgib ")
    try:
        amount = float(digits) * _UNITS[word[len(digits) :].strip()]
    except (KeyError, ValueError):
        amount = 0.0
    if not amount > 0:
        raise InputError(
            f"The memory limit is {text!r}.",
            "It has to be a number of bytes, or a number with MB, GB, MiB or GiB.",
            "Write for instance memory='4GB'.",
        )
    return amount


def held_by(pids: Iterable[int]) -> dict[int, float]:
    """Return the bytes of each process: its proportional share of pages (PSS), or the resident size.

    PSS counts a page that several processes map once; summing resident sizes would count the libraries
    and the memory-mapped data once for each worker.
    """
    held: dict[int, float] = {}
    for pid in pids:
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            full = process.memory_full_info()
            held[pid] = float(getattr(full, "pss", 0) or full.rss)
    return held


def resident(pids: Iterable[int]) -> float:
    """Return the resident bytes of all processes; pages that they share count once for each."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error, OSError):
            total += psutil.Process(pid).memory_info().rss
    return total


def give_back() -> None:
    """Return freed memory to the system; the C library would keep much of it for what comes next."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # only glibc can
        ctypes.CDLL(None).malloc_trim(0)

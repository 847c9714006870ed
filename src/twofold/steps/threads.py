"""How many threads a prediction may keep busy in this process."""

from __future__ import annotations

import os

from twofold.core.budget import count_cores


def thread_count() -> int:
    """Return ``TWOFOLD_THREADS`` if set, else the number of cores."""
    return int(os.environ.get("TWOFOLD_THREADS", "0")) or count_cores()

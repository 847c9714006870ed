"""Ctrl-C that waits until what is being written is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def uninterrupted() -> Iterator[list[int]]:
    """Keep Ctrl-C waiting while the block runs; the list that is given fills with what was heard.

    Only the main thread can do this; elsewhere, and where nobody listens to Ctrl-C, nothing changes.

    Examples
    --------
    >>> with uninterrupted() as heard:
    ...     signal.raise_signal(signal.SIGINT)
    >>> len(heard)
    1
    """
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def hear(number: int, frame: Any) -> None:
        del frame
        heard.append(number)

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)

"""One fit at a time in a run folder: a lock that the system lifts when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from twofold.core.errors import InputError

LOCK = "lock"


def _take(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder while the block runs.

    Raises
    ------
    InputError
        When another fit holds it.
    """
    with (folder / LOCK).open("ab") as file:
        try:
            _take(file)
        except (BlockingIOError, PermissionError):
            raise InputError(
                f"Another fit works in '{folder}' at this moment.",
                "One fit at a time may write to a run.",
                "Wait for it to end, or name another folder.",
            ) from None
        except OSError:  # a file system without locks: two fits at once are then the user's own affair
            pass
        yield

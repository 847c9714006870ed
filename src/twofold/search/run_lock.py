"""One fit at a time in a run folder: a lock that the system lifts when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from twofold.core.errors import InputError

LOCK = "lock"
TEMPORARY = "twofold-"
"""How the names of temporary runs begin."""
ABANDONED = 600.0
"""Seconds after which a temporary run without a process is nobody's any more."""


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


def sweep_abandoned() -> None:
    """Remove temporary runs of processes that were killed: nobody holds their locks."""
    for lock in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*/{LOCK}"):
        with contextlib.suppress(InputError, OSError):
            if time.time() - lock.stat().st_mtime > ABANDONED:
                with locked(lock.parent):
                    shutil.rmtree(lock.parent, ignore_errors=True)

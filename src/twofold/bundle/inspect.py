"""What lies in a bundle, told without running a step, and without failing where it is damaged."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from twofold.bundle.manifest import MANIFEST, Blob, Manifest
from twofold.bundle.read import Trust, read_blob, read_graph, read_manifest
from twofold.bundle.signature import check_signature
from twofold.bundle.source import Source, open_source
from twofold.core.errors import BundleError, MissingExtraError, TwofoldError

Signature = Literal["none", "not checked", "valid", "invalid"]


@dataclass(frozen=True)
class BlobState:
    """A blob as it was found.

    Parameters
    ----------
    path : str
    bytes : int
        As the manifest says.
    problem : str
        What is wrong with it; empty when its size and hash are right.
    elsewhere : bool
        The bundle may lack it.
    where : str
        ``bundle``, ``package`` (an installed one) or ``store``; empty when it was not found, or is damaged.
    sha256 : str
        As the manifest says.
    """

    path: str
    bytes: int
    problem: str = ""
    elsewhere: bool = False
    where: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class StepLine:
    """A step in a line.

    Parameters
    ----------
    kind : str
    inputs, outputs : tuple of str
        Names that its nodes read and write; empty for a step nested in another.
    bytes : int
        Of its blobs.
    requires : tuple of str
        Packages that it uses, besides numpy.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    bytes: int
    requires: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """Everything there is to know about a bundle from outside.

    Parameters
    ----------
    path : str
    manifest : Manifest or None
        None when it cannot be read.
    blobs : tuple of BlobState
    steps : tuple of StepLine
    extra : tuple of str
        Files that the manifest does not name; they are never read.
    signature : str
        ``none``, ``not checked`` (no key was given), ``valid`` or ``invalid``.
    problems : tuple of str
        Every reason why `twofold.load` would refuse it.
    """

    path: str
    manifest: Manifest | None = None
    blobs: tuple[BlobState, ...] = ()
    steps: tuple[StepLine, ...] = ()
    extra: tuple[str, ...] = ()
    signature: Signature = "none"
    problems: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems

    @property
    def size(self) -> int:
        """Bytes of all blobs, wherever they are."""
        return sum(blob.bytes for blob in self.blobs)

    @property
    def elsewhere(self) -> tuple[BlobState, ...]:
        """Blobs that the bundle does not hold itself."""
        return tuple(blob for blob in self.blobs if blob.elsewhere and blob.where != "bundle")

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        manifest = None if self.manifest is None else self.manifest.to_json()
        return {**asdict(replace(self, manifest=None)), "manifest": manifest, "whole": self.whole}


def inspect(path: str | os.PathLike[str], *, verify: str | bytes | None = None) -> Inspection:
    """Look at a bundle and check every hash; no step is run.

    Parameters
    ----------
    path : path
        A folder or a zip file.
    verify : str or bytes, optional
        The key it should be signed with.

    Returns
    -------
    Inspection

    Raises
    ------
    BundleError
        When there is no bundle at all. Damage is reported, not raised.

    Examples
    --------
    >>> inspect("no/such/folder")
    Traceback (most recent call last):
    ...
    twofold.core.errors.BundleError: 'no/such/folder' does not exist...
    """
    source = open_source(path)
    try:
        manifest = read_manifest(source)
    except BundleError as error:
        return Inspection(str(path), problems=(str(error),))
    blobs = tuple(_look_at(source, name, blob) for name, blob in manifest.blobs.items())
    signature, problems = _look_at_signature(manifest, verify)
    problems += tuple(blob.problem for blob in blobs if blob.problem)
    if not problems:
        problems = _look_at_steps(source, manifest)
    return Inspection(
        path=str(path),
        manifest=manifest,
        blobs=blobs,
        steps=tuple(_describe_step(manifest, place) for place in range(len(manifest.steps))),
        extra=tuple(sorted(source.names() - {MANIFEST, *manifest.blobs})),
        signature=signature,
        problems=problems,
    )


def _look_at(source: Source, path: str, blob: Blob) -> BlobState:
    where, problem = "", ""
    try:
        where = read_blob(source, path, blob).where
    except (BundleError, MissingExtraError) as error:
        problem = str(error)
    return BlobState(path, blob.bytes, problem, blob.elsewhere, where, blob.sha256)


def _look_at_signature(manifest: Manifest, key: str | bytes | None) -> tuple[Signature, tuple[str, ...]]:
    if key is None:
        return ("not checked" if manifest.signature else "none"), ()
    try:
        check_signature(manifest.to_json(), key)
    except BundleError as error:
        return ("invalid" if manifest.signature else "none"), (str(error),)
    return "valid", ()


def _look_at_steps(source: Source, manifest: Manifest) -> tuple[str, ...]:
    try:
        read_graph(source, manifest, Trust(native=True))
    except TwofoldError as error:
        return (str(error),)
    return ()


def _describe_step(manifest: Manifest, place: int) -> StepLine:
    step = manifest.steps[place]
    nodes = [node for node in manifest.nodes if node["step"] == place]
    paths = {path for path in (step["npz"], *step["files"].values()) if path}
    return StepLine(
        kind=str(step["kind"]),
        inputs=_names(name for node in nodes for name in node["inputs"]),
        outputs=_names(node["output"] for node in nodes),
        bytes=sum(manifest.blobs[path].bytes for path in paths if path in manifest.blobs),
        requires=tuple(step["requires"]),
    )


def _names(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, names)))

"""From the files of a bundle to a graph, every check on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twofold.bundle.damage import MAX_BLOB, MAX_MANIFEST, MAX_TOTAL, Allowance, damaged
from twofold.bundle.decode import Decoder, step_class
from twofold.bundle.elsewhere import Found, find_blob
from twofold.bundle.encode import StepData
from twofold.bundle.manifest import MANIFEST, Blob, Manifest
from twofold.bundle.npz import unpack
from twofold.bundle.onnx_check import check_onnx
from twofold.bundle.signature import check_signature
from twofold.bundle.source import Source, check_blob_path
from twofold.bundle.strict_json import parse
from twofold.core.errors import BundleError
from twofold.steps.base import INPUT, PREDICTION, Graph, Step

PLAIN_PACKAGES = frozenset({"numpy", "scipy", "onnxruntime", "tokenizers", "PIL", "soundfile"})
"""Packages (by import name) that read no format of their own without a check; any other is a booster's."""


@dataclass(frozen=True)
class Trust:
    """What the reader of a bundle relies on.

    Parameters
    ----------
    verify : str, bytes or None
        Key that the bundle has to be signed with.
    native : bool
        Accept booster files of bundles that are not signed.
    """

    verify: str | bytes | None = None
    native: bool = False


def is_native(step: Step | type[Step]) -> bool:
    """Tell whether a step says, or its packages show, that it reads a booster's own format."""
    return bool(getattr(step, "native", False)) or not PLAIN_PACKAGES.issuperset(step.requires)


def holds_onnx(step: type[Step]) -> bool:
    """Tell whether the bytes of a step are ONNX models."""
    return "onnxruntime" in step.requires


def read_manifest(source: Source, verify: str | bytes | None = None) -> Manifest:
    """Read and check ``manifest.json``, without looking at any blob.

    Parameters
    ----------
    source : Source
    verify : str, bytes or None
        Key that it has to be signed with.

    Raises
    ------
    BundleError
        When it is missing, too large, no JSON, of a newer format, damaged, or not signed as wanted.
    """
    data = parse(source.read(MANIFEST, MAX_MANIFEST), MANIFEST)
    if not isinstance(data, dict):
        raise damaged(f"{MANIFEST} holds a {type(data).__name__}.", "It has to be a JSON object.")
    if verify is not None:
        check_signature(data, verify)
    return Manifest.from_json(data)


def read_blob(source: Source, path: str, blob: Blob) -> Found:
    """Read one blob, wherever it is held, and compare it with what the manifest says.

    Raises
    ------
    BundleError
        When its path leaves the bundle, or it is missing or changed.
    MissingExtraError
        When it is held elsewhere, and the package that carries it is not installed.
    """
    check_blob_path(path)
    if not 0 <= blob.bytes <= MAX_BLOB:
        raise damaged(f"The file '{path}' is said to have {blob.bytes:,} bytes.", f"At most {MAX_BLOB:,}.")
    found = find_blob(source, path, blob)
    here = found.where == "bundle"  # what is held elsewhere has been compared where it was found
    if here and (len(found.data) != blob.bytes or hashlib.sha256(found.data).hexdigest() != blob.sha256):
        raise BundleError(
            f"The file '{path}' of the bundle was changed: its size or SHA-256 is not that of the manifest.",
            "Files are read only as they were written.",
            "Copy the bundle again, whole, or save the model again.",
        )
    return found


def read_graph(source: Source, manifest: Manifest, trust: Trust) -> Graph:
    """Read the steps of a bundle; none of them is run.

    Raises
    ------
    BundleError
        When anything is damaged, unsafe, unknown, or held elsewhere and not found.
    MissingExtraError
        When a package carries what is held elsewhere, and is not installed.
    """
    check_steps(manifest, trust)
    if sum(blob.bytes for blob in manifest.blobs.values()) > MAX_TOTAL:
        raise damaged("The blobs are said to be larger than any bundle.", f"At most {MAX_TOTAL:,} bytes.")
    blobs = {path: read_blob(source, path, blob).data for path, blob in manifest.blobs.items()}
    allowance = Allowance(sum(map(len, blobs.values())))
    decoder = Decoder(allowance)
    for step in manifest.steps:
        decoder.add(_step_data(step, blobs, allowance))
    graph = decoder.graph(list(manifest.nodes))
    check_names(graph)
    return graph


def check_steps(manifest: Manifest, trust: Trust) -> None:
    """Insist on known kinds, on an honest manifest, and on trust where it is needed.

    Raises
    ------
    BundleError
        For an unknown kind; for training rows or native files that the manifest denies; for native files
        without a signature or the word of the caller.
    """
    classes = [step_class(step["kind"]) for step in manifest.steps]
    native = sorted({cls.kind for cls in classes if is_native(cls)})
    rows = any(cls.stores_rows for cls in classes)
    if (native and not manifest.native) or (rows and not manifest.contains_training_rows):
        raise damaged("The bundle holds native files or training rows that its manifest denies.")
    if native and not (trust.native or trust.verify is not None):
        raise BundleError(
            f"The bundle holds a booster's own file: {', '.join(native)}.",
            "The packages that read such files do not guard against made-up ones.",
            "Load it with trust_native=True if you made it, or have it signed and load it with verify=KEY.",
        )


def check_names(graph: Graph) -> None:
    """Insist that a graph leads from ``table`` to ``prediction``, each node reading what came before.

    Raises
    ------
    BundleError
        When it does not.
    """
    known = {INPUT}
    for node in graph.nodes:
        lost = set(node.inputs) - known
        if lost or node.output == INPUT:
            raise damaged(f"A step '{node.step.kind}' reads {sorted(lost)}, which no step before it writes.")
        known.add(node.output)
    if PREDICTION not in known:
        raise damaged("The graph of the bundle makes no prediction.")


def _step_data(step: Mapping[str, Any], blobs: Mapping[str, bytes], allowance: Allowance) -> StepData:
    files = {name: _blob(blobs, path) for name, path in step["files"].items()}
    if holds_onnx(step_class(step["kind"])):
        for model in files.values():
            check_onnx(model)
    arrays = unpack(_blob(blobs, step["npz"]), step["arrays"], allowance) if step["arrays"] else {}
    return StepData(step["kind"], dict(step["fields"]), arrays, files)


def _blob(blobs: Mapping[str, bytes], path: str) -> bytes:
    if path not in blobs:
        raise damaged(f"A step reads the file {path[:120]!r}, which the manifest does not list.")
    return blobs[path]

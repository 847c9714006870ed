"""One step as a folder of data, for what answers with no number or class: sentences for sentences.

A bundle answers rows of a table with probabilities or values. A step that answers otherwise is kept in the
same way, without a table's schema::

    FOLDER/
      manifest.json                    steps, nested ones first, and the SHA-256 of every blob
      blobs/KIND-HASH.npz|onnx|bin

Nothing in it is code; kinds of steps are looked up in twofold's own list.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import twofold
from twofold.bundle.damage import MAX_MANIFEST, MAX_TOTAL, Allowance, damaged
from twofold.bundle.decode import Decoder, step_class
from twofold.bundle.encode import Encoder, StepData
from twofold.bundle.files import sync_folder, whole_folder, write_file
from twofold.bundle.manifest import MANIFEST
from twofold.bundle.npz import pack, unpack
from twofold.bundle.onnx_check import check_onnx
from twofold.bundle.read import holds_onnx, is_native
from twofold.bundle.source import Source, check_blob_path, open_source
from twofold.bundle.strict_json import parse
from twofold.core.errors import BundleError
from twofold.steps.base import Step

WHAT = "step"
"""What the manifest says that the folder holds."""


def save_step(step: Step, folder: str | os.PathLike[str]) -> Path:
    """Save a step as data.

    Parameters
    ----------
    step : Step
    folder : path
        A new folder, or an empty one.

    Returns
    -------
    Path

    Raises
    ------
    BundleError
        When the step cannot be data, or something lies in the place.
    """
    place = Path(folder)
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise BundleError(
            f"'{place}' already exists.",
            "A step is saved to a new folder, or an empty one.",
            "Name another place, or move what is there.",
        )
    encoder = Encoder()
    encoder.add(step)
    files: dict[str, bytes] = {}
    described = [_describe(data, files) for data in encoder.steps]
    manifest = {
        "format": 1,
        "what": WHAT,
        "twofold": twofold.__version__,
        "steps": described,
        "blobs": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
    }
    place.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(place) as draft:
        (draft / "blobs").mkdir()
        for path, data in files.items():
            write_file(draft / path, data)
        write_file(draft / MANIFEST, json.dumps(manifest, indent=1, allow_nan=False).encode("ascii"))
        sync_folder(draft / "blobs")
    return place


def _describe(data: StepData, files: dict[str, bytes]) -> dict[str, Any]:
    """Return a step for the manifest; its files are put to the others."""

    def keep(content: bytes, ending: str) -> str:
        path = f"blobs/{data.kind}-{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
        files[path] = content
        return path

    ending = "onnx" if holds_onnx(step_class(data.kind)) else "bin"
    return {
        "kind": data.kind,
        "fields": data.fields,
        "arrays": data.declared,
        "npz": keep(pack(data.arrays, compress=True), "npz") if data.arrays else "",
        "files": {name: keep(blob, ending) for name, blob in data.blobs.items()},
    }


def load_step(folder: str | os.PathLike[str]) -> Step:
    """Load a step that `save_step` wrote: every byte is checked first, and none of it is code.

    Raises
    ------
    BundleError
        When the folder is missing, damaged, or holds anything else.
    """
    source = open_source(folder)
    manifest = parse(source.read(MANIFEST, MAX_MANIFEST), MANIFEST)
    wanted = {"format", "what", "twofold", "steps", "blobs"}
    if not isinstance(manifest, dict) or set(manifest) != wanted or manifest["what"] != WHAT:
        raise damaged("The manifest is not that of a step.", "A folder that save_step wrote is read.")
    if manifest["format"] != 1:
        raise damaged(f"The folder has the format {str(manifest['format'])[:20]}.", "This version reads 1.")
    if not isinstance(manifest["blobs"], dict) or not isinstance(manifest["steps"], list):
        raise damaged("The steps or blobs of the manifest are not what they should be.")
    blobs = {path: _read(source, path, told) for path, told in manifest["blobs"].items()}
    allowance = Allowance(sum(map(len, blobs.values())))
    decoder = Decoder(allowance)
    for entry in manifest["steps"]:
        decoder.add(_step_data(entry, blobs, allowance))
    if not decoder.steps:
        raise damaged("The manifest holds no step.")
    return decoder.steps[-1]


def _read(source: Source, path: str, told: Any) -> bytes:
    check_blob_path(path)
    data = source.read(path, MAX_TOTAL)
    if hashlib.sha256(data).hexdigest() != told:
        raise BundleError(
            f"The file '{path}' was changed: its SHA-256 is not that of the manifest.",
            "Files are read only as they were written.",
            "Copy the folder again, whole, or save the model again.",
        )
    return data


def _step_data(entry: Any, blobs: dict[str, bytes], allowance: Allowance) -> StepData:
    if not isinstance(entry, dict) or set(entry) != {"kind", "fields", "arrays", "npz", "files"}:
        raise damaged("A step of the manifest is not described as it should be.")
    if not all(isinstance(entry[name], dict) for name in ("fields", "arrays", "files")):
        raise damaged("The fields, arrays or files of a step are not what they should be.")
    paths = [*entry["files"].values(), *([entry["npz"]] if entry["arrays"] else [])]
    if not all(isinstance(path, str) and path in blobs for path in paths):
        raise damaged("A step reads a file which the manifest does not list.")
    cls = step_class(entry["kind"])
    if is_native(cls):
        raise damaged(f"The folder holds a booster's own file: {cls.kind}.", "Such files are not read.")
    files = {name: blobs[path] for name, path in entry["files"].items()}
    if holds_onnx(cls):
        for model in files.values():
            check_onnx(model)
    arrays = unpack(blobs[entry["npz"]], entry["arrays"], allowance) if entry["arrays"] else {}
    return StepData(entry["kind"], dict(entry["fields"]), arrays, files)

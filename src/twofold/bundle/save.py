"""Saving a model so that at every moment there is a whole bundle, or none.

A new bundle is written to a hidden folder beside its place and renamed. One that takes the place of
another first adds its blobs, whose names follow from their content, to those of the old one; then the
manifest is exchanged in one atomic call, and what it no longer names is removed. Whoever loads sees the
old model or the new one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import twofold
from twofold.bundle.about import Bundle
from twofold.bundle.damage import MAX_GROWTH, MAX_MANIFEST
from twofold.bundle.elsewhere import LARGE, STORE, keep, store_folder
from twofold.bundle.encode import Encoder, StepData
from twofold.bundle.files import add_files, demand_folders, sync_folder, whole_file, whole_folder, write_file
from twofold.bundle.manifest import MANIFEST, Blob, Manifest
from twofold.bundle.npz import pack
from twofold.bundle.predictor import Predictor
from twofold.bundle.read import Trust, holds_onnx, is_native, read_graph, read_manifest
from twofold.bundle.simplify import simplify, steps_of
from twofold.bundle.source import MemorySource, is_blob_path, open_source
from twofold.core.errors import BundleError
from twofold.core.weights import find
from twofold.steps import STEPS
from twofold.steps.base import Step
from twofold.steps.extraction import Extraction

BLOBS = "blobs"


def save(
    bundle: Bundle,
    folder: str | os.PathLike[str],
    *,
    sign: str | bytes | None = None,
    private: bool = False,
    slim: bool = False,
) -> Path:
    """Save a model as data: a manifest and blobs, no code.

    Parameters
    ----------
    bundle : Bundle
    folder : path
        A new folder, an empty one, or a bundle to be replaced; one zip file when it ends in ``.zip``.
    sign : str or bytes, optional
        A secret key; whoever loads with the same key knows that nothing was changed.
    private : bool
        Refuse models that carry training rows, and leave out the example rows.
    slim : bool
        Put large networks that read text, pictures, clips or series once into the store of this machine
        (see `twofold.bundle.elsewhere`), not into the bundle. It loads where they are found: here, and where
        the packages that carry them are installed.

    Returns
    -------
    Path
        Where it was saved.

    Raises
    ------
    BundleError
        When a step cannot be data, or carries training rows and `private` is set; when something else
        lies in the place; when the disk is full. The old bundle is whole in every case.
    """
    place = Path(folder)
    if private:
        bundle = _private(bundle)
    zipped = place.suffix.lower() == ".zip"
    check_place(place)
    contents, elsewhere = _contents(bundle, sign, private=private, slim=slim)
    _keep(elsewhere)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if zipped:
            _write_zip(place, contents)
        elif (place / MANIFEST).exists():
            _replace(place, contents)
        else:
            _write_new(place, contents)
    except OSError as error:
        size = sum(map(len, contents.values()))
        raise BundleError(
            f"Writing the bundle '{place}' failed: {error.strerror or error}.",
            f"It needs {size:,} bytes in a folder that may be written to.",
            "Make room or name another place, and save again; what was there before is unchanged.",
        ) from error
    return place


def _private(bundle: Bundle) -> Bundle:
    carriers = sorted({step.kind for step in steps_of(bundle.graph) if step.stores_rows})
    if carriers:
        raise BundleError(
            f"The model carries training rows in its step(s): {', '.join(carriers)}.",
            "A private bundle holds no rows of the training data.",
            "Choose another model (neighbours and kernel machines keep rows), or save without private=True.",
        )
    return replace(bundle, about=replace(bundle.about, examples=()))


def check_place(place: Path) -> None:
    """Insist that nothing but a bundle of twofold is replaced.

    Raises
    ------
    BundleError
        When something else lies there.
    InputError
        When a file lies where a folder is needed.
    """
    demand_folders(place)
    if place.is_dir() and not any(place.iterdir()):
        return
    if (place.exists() or place.is_symlink()) and not _is_bundle(place):
        raise BundleError(
            f"'{place}' already exists and is no bundle.",
            "Only a bundle of twofold, or an empty folder, is replaced.",
            "Name another place, or move what is there.",
        )


def _is_bundle(place: Path) -> bool:
    """Tell whether a bundle lies there, be it damaged or of a newer format."""
    try:
        text = open_source(place).read(MANIFEST, MAX_MANIFEST)
    except BundleError:
        return False
    return text.lstrip().startswith(b"{") and b'"twofold"' in text


@dataclass(frozen=True)
class _Described:
    """A step for the manifest, its files by path, and which of them a slim bundle leaves out."""

    entry: dict[str, Any]
    files: dict[str, bytes]
    large: tuple[str, ...]


def _contents(
    bundle: Bundle, sign: str | bytes | None, *, private: bool, slim: bool
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return every file of the bundle, the manifest last, and what is held elsewhere.

    They have been read back as a loader would.
    """
    graph = simplify(bundle.graph)
    encoder = Encoder()
    nodes = encoder.add_graph(graph)
    described = [_describe(step) for step in encoder.steps]
    files = {path: data for step in described for path, data in step.files.items()}
    elsewhere = {path: files[path] for step in described if slim for path in step.large}
    steps = list(steps_of(graph))
    manifest = Manifest(
        about=bundle.about,
        steps=tuple(step.entry for step in described),
        nodes=tuple(nodes),
        blobs={
            path: Blob(hashlib.sha256(data).hexdigest(), len(data), path in elsewhere)
            for path, data in files.items()
        },
        twofold=twofold.__version__,
        libraries=_versions(package for step in steps for package in step.requires),
        contains_training_rows=any(step.stores_rows for step in steps),
        native=any(map(is_native, steps)),
        private=private,
        format=2 if elsewhere else 1,
    )
    if sign is not None:
        manifest = manifest.sign(sign)
    text = json.dumps(manifest.to_json(), indent=1, ensure_ascii=True, allow_nan=False)
    contents = {**files, MANIFEST: text.encode("ascii")}
    _check(contents)
    return {path: data for path, data in contents.items() if path not in elsewhere}, elsewhere


def _keep(elsewhere: Mapping[str, bytes]) -> None:
    """Put blobs into the store; one that an installed package carries may be left out of it."""
    for path, data in elsewhere.items():
        try:
            keep(data)
        except OSError as error:
            if find(hashlib.sha256(data).hexdigest()) is None:
                raise BundleError(
                    f"The file '{path}' cannot be put into the store '{store_folder()}': "
                    f"{error.strerror or error}.",
                    f"A slim bundle needs a store with room for {len(data):,} bytes that may be written to.",
                    f"Name another folder by {STORE}, or save without slim.",
                ) from error


def _check(contents: dict[str, bytes]) -> None:
    source = MemorySource(contents)
    manifest = read_manifest(source)
    Predictor(manifest.about, read_graph(source, manifest, Trust(native=True)), manifest).check()


def _describe(step: StepData) -> _Described:
    cls: type[Step] = STEPS.load(step.kind)
    files = {}
    npz = ""
    if step.arrays:
        packed = pack(step.arrays, compress=True)
        npz = _blob_path(step.kind, packed, "npz")
        files[npz] = packed
    ending = "onnx" if holds_onnx(cls) else "bin"
    paths = {name: _blob_path(step.kind, blob, ending) for name, blob in step.blobs.items()}
    files.update({path: step.blobs[name] for name, path in paths.items()})
    entry = {
        "kind": step.kind,
        "requires": sorted(cls.requires),
        "fields": step.fields,
        "arrays": step.declared,
        "npz": npz,
        "files": paths,
    }
    apart = issubclass(cls, Extraction)
    return _Described(entry, files, tuple(path for path in files if apart and len(files[path]) >= LARGE))


def _blob_path(kind: str, data: bytes, ending: str) -> str:
    return f"{BLOBS}/{kind}-{hashlib.sha256(data).hexdigest()[:16]}.{ending}"


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for package in sorted({"numpy", *packages}):
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _write_new(place: Path, contents: dict[str, bytes]) -> None:
    with whole_folder(place) as draft:
        (draft / BLOBS).mkdir()
        for name, data in contents.items():
            write_file(draft / name, data)
        sync_folder(draft / BLOBS)


def _replace(place: Path, contents: dict[str, bytes]) -> None:
    blobs = {name: data for name, data in contents.items() if name != MANIFEST}
    (place / BLOBS).mkdir(exist_ok=True)
    added: list[Path] = []
    try:
        for path in add_files(place, blobs):
            added.append(path)  # noqa: PERF402 - has to be known when a write fails
        sync_folder(place / BLOBS)
        with whole_file(place / MANIFEST) as draft:
            write_file(draft, contents[MANIFEST])
    except BaseException:
        if (place / MANIFEST).read_bytes() != contents[MANIFEST]:
            for path in added:
                path.unlink(missing_ok=True)
        raise
    for path in (place / BLOBS).iterdir():
        name = f"{BLOBS}/{path.name}"
        if name not in contents and is_blob_path(name):
            path.unlink()


def _write_zip(place: Path, contents: dict[str, bytes]) -> None:
    with whole_file(place) as draft:
        write_file(draft, _zip(contents))


def _zip(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    if len(buffer.getvalue()) * MAX_GROWTH // 2 > sum(map(len, contents.values())):
        return buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()

"""A graph as files: ``graph.json``, ``arrays.npz`` and one file for each blob."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from twofold.bundle.codec import Store, damaged, decode_graph, encode_graph
from twofold.core.errors import BundleError
from twofold.steps.base import Graph

ARRAYS = "arrays.npz"
GRAPH = "graph.json"


def pack_arrays(store: Store, *, compress: bool) -> bytes:
    """Return the arrays of a store as the bytes of an ``.npz`` file, the same for the same arrays."""
    buffer = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for key, values in store.arrays.items():
            with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(values), allow_pickle=False)
    return buffer.getvalue()


def unpack_arrays(data: bytes, limit: int = 2**33) -> dict[str, Any]:
    """Read the arrays of an ``.npz`` file, without pickle and within `limit` bytes.

    Raises
    ------
    BundleError
        When it is no such file, unpacks to more than the limit, or holds Python objects.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
        small = total <= min(limit, 1000 * max(len(data), 1024))
        if small:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
    except Exception as error:  # noqa: BLE001 - numpy and zipfile raise many kinds on rubbish
        raise damaged(f"The arrays cannot be read: {error}.") from None
    raise BundleError(
        f"The arrays would unpack from {len(data):,} to {total:,} bytes.",
        f"At most {limit:,} bytes and a thousandfold growth are allowed.",
        "Do not trust this bundle.",
    )


def save_graph(graph: Graph, folder: Path) -> None:
    """Write a graph into a new folder, uncompressed and without a manifest."""
    folder.mkdir(parents=True)
    store = Store()
    description = encode_graph(graph, store)
    (folder / GRAPH).write_text(json.dumps(description), encoding="utf-8")
    (folder / ARRAYS).write_bytes(pack_arrays(store, compress=False))
    for key, data in store.blobs.items():
        (folder / key).write_bytes(data)


def load_graph(folder: Path) -> Graph:
    """Read what `save_graph` wrote."""
    try:
        description = json.loads((folder / GRAPH).read_text(encoding="utf-8"))
        arrays = unpack_arrays((folder / ARRAYS).read_bytes())
        blobs = {path.name: path.read_bytes() for path in folder.glob("b*.*")}
    except (OSError, ValueError) as error:
        raise damaged(f"The graph in '{folder}' cannot be read: {error}.") from None
    return decode_graph(description, Store(arrays, blobs))

"""Encoded matrices, made once for each view and part and shared by every model through the disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy import sparse

from twofold.bundle.graph_files import load_graph, save_graph
from twofold.core.control import Problem, Tower
from twofold.core.fold import Fold
from twofold.core.random import derive_seed
from twofold.data.dataset import Dataset
from twofold.features.encoded import Encoded
from twofold.features.reading import Reading
from twofold.search.run_folder import RunFolder, whole_folder
from twofold.workflow.views import encode


def encode_part(
    run: RunFolder,
    dataset: Dataset,
    fold: Fold,
    view: str,
    part: str,
    seed: int,
    reading: Reading | None = None,
    without: tuple[str, ...] = (),
) -> Encoded:
    """Return the training rows of a part as `view` shows them, from disk when they were encoded before.

    Parameters
    ----------
    run : RunFolder
    dataset : Dataset
    fold : Fold
        The rows of the part.
    view : str
    part : str
    seed : int
    reading : Reading or None
        With what cells are read.
    without : tuple of str
        Kinds of columns that the schema leaves out.
    """
    folder = run.view(view, part, (reading.names if reading else ()) + without)
    if folder.is_dir():
        return _read(folder)
    weight = None if dataset.weight is None else dataset.weight[fold.train]
    encoded = encode(
        view,  # type: ignore[arg-type]  # a declared capability, checked by its type there
        dataset.table.take(fold.train),
        dataset.schema,
        dataset.y[fold.train],
        Problem(dataset.task, len(dataset.classes)),
        seed=derive_seed(seed, view, part),
        weight=weight,
        reading=reading,
    )
    with whole_folder(folder) as beside:
        save_graph(encoded.graph, beside / "graph")
        if sparse.issparse(encoded.matrix):
            sparse.save_npz(beside / "matrix.npz", encoded.matrix, compressed=False)
        else:
            np.save(beside / "matrix.npy", encoded.matrix)
        meta = {key: getattr(encoded, key) for key in ("names", "origins", "categories", "plain")}
        meta["towers"] = [asdict(tower) for tower in encoded.towers]
        (beside / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return encoded


def _read(folder: Any) -> Encoded:
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    dense = folder / "matrix.npy"
    matrix = (
        np.load(dense, mmap_mode="r", allow_pickle=False)
        if dense.exists()
        else sparse.csr_array(sparse.load_npz(folder / "matrix.npz"))
    )
    return Encoded(
        load_graph(folder / "graph"),
        matrix,
        tuple(meta["names"]),
        tuple(meta["origins"]),
        tuple(meta["categories"]),
        meta["plain"],
        tuple(Tower(**{**tower, "shape": tuple(tower["shape"])}) for tower in meta["towers"]),
    )

"""A data set on disk, for the worker processes: numbers memory-mapped, strings as Arrow, no pickle.

Cells of pictures, clips and series are binary: a first byte tells paths from contents.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

from twofold.core.fold import Fold
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.data.dataset import Dataset, Finding


def save_dataset(dataset: Dataset, folds: tuple[Fold, ...], folder: Path) -> None:
    """Write a data set and its folds into an empty folder; `meta.json` is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    strings = {}
    for position, (name, values) in enumerate(dataset.table.columns.items()):
        if values.dtype == object:
            strings[name] = _arrow(values)
        else:
            np.save(folder / f"column-{position}.npy", values)
    if strings:
        feather.write_feather(pa.table(strings), folder / "strings.feather", compression="uncompressed")
    for role in ("y", "weight", "groups", "time"):
        values = getattr(dataset, role)
        if values is not None:
            np.save(folder / f"{role}.npy", values)
    np.savez(
        folder / "folds.npz", **{f"{k}{f.index}": getattr(f, k) for f in folds for k in ("train", "test")}
    )
    meta = {
        "schema": dataset.schema.to_json(),
        "task": dataset.task,
        "target": dataset.target,
        "classes": list(dataset.classes),
        "findings": [asdict(finding) for finding in dataset.findings],
        "columns": list(dataset.table.columns),
        "strings": list(strings),
        "n_rows": dataset.table.n_rows,
        "n_folds": len(folds),
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


PATH, CONTENT = b"p", b"c"


def _arrow(values: NDArray[Any]) -> Any:
    if not any(isinstance(value, bytes) for value in values.tolist()):
        with suppress(UnicodeEncodeError):  # a path whose bytes are no UTF-8
            return pa.array(values, type=pa.string()).dictionary_encode()
    return pa.array(list(map(_marked, values.tolist())), type=pa.large_binary())


def _marked(value: str | bytes | None) -> bytes | None:
    if isinstance(value, str):
        return PATH + value.encode("utf-8", "surrogatepass")
    return None if value is None else CONTENT + value


def _cells(column: Any) -> NDArray[Any]:
    if not pa.types.is_large_binary(column.type):
        strings = column.combine_chunks().cast(pa.string())
        return strings.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
    out = np.empty(len(column), dtype=object)
    for row, value in enumerate(column.to_pylist()):
        if value is not None:
            out[row] = value[1:] if value[:1] == CONTENT else value[1:].decode("utf-8", "surrogatepass")
    return out


def _array(folder: Path, name: str) -> NDArray[Any] | None:
    path = folder / f"{name}.npy"
    return np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None


def load_dataset(folder: Path) -> tuple[Dataset, tuple[Fold, ...]]:
    """Read what `save_dataset` wrote."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    strings = feather.read_table(folder / "strings.feather") if meta["strings"] else None
    columns: dict[str, NDArray[Any]] = {}
    for position, name in enumerate(meta["columns"]):
        if strings is not None and name in meta["strings"]:
            columns[name] = _cells(strings.column(name))
        else:
            columns[name] = np.load(folder / f"column-{position}.npy", mmap_mode="r", allow_pickle=False)
    y = _array(folder, "y")
    assert y is not None
    dataset = Dataset(
        Table(columns, meta["n_rows"]),
        Schema.from_json(meta["schema"]),
        meta["task"],
        meta["target"],
        y,
        tuple(meta["classes"]),
        _array(folder, "weight"),
        _array(folder, "groups"),
        _array(folder, "time"),
        tuple(Finding(f["code"], f["sentence"], tuple(f["columns"])) for f in meta["findings"]),
    )
    with np.load(folder / "folds.npz", allow_pickle=False) as arrays:
        folds = tuple(Fold(i, arrays[f"train{i}"], arrays[f"test{i}"]) for i in range(meta["n_folds"]))
    return dataset, folds

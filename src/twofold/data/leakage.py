"""Looking for what would make a score too good: duplicates, copies of the target, groups, order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.core.schema import MEDIA
from twofold.core.table import Table
from twofold.data.dataset import Dataset, Finding

SAMPLE = 20_000
COPY = 0.995
"""A single column that orders or separates the target this well is likely a copy of it."""


def row_hashes(table: Table) -> NDArray[np.uint64]:
    """Return a hash for each row; rows with the same values have the same hash."""
    import pandas as pd

    total = np.zeros(table.n_rows, dtype=np.uint64)
    for position, (name, values) in enumerate(sorted(table.columns.items())):
        del name
        if values.dtype == object:
            codes = _hash_objects(np.where(values == None, "\0", values))  # noqa: E711
        else:
            codes = pd.util.hash_array(np.ascontiguousarray(values, dtype=np.float64) + 0.0)
        total = total * np.uint64(0x9E3779B97F4A7C15) + codes + np.uint64(position)
    return total if table.columns else np.arange(table.n_rows, dtype=np.uint64)


def _hash_objects(values: NDArray[np.object_]) -> NDArray[np.uint64]:
    import pandas as pd

    try:
        return pd.util.hash_array(values, categorize=True)
    except UnicodeEncodeError:  # a path whose bytes are no UTF-8
        for place, value in enumerate(values.tolist()):
            if isinstance(value, str):
                values[place] = value.encode("utf-8", "surrogatepass")
        return pd.util.hash_array(values, categorize=True)


def find_leaks(dataset: Dataset) -> tuple[Finding, ...]:
    """Return warnings about the data, most serious first."""
    return (*_copies(dataset), *_duplicates(dataset), *_groups(dataset), *_order(dataset), *_rare(dataset))


def _duplicates(dataset: Dataset) -> list[Finding]:
    hashes = row_hashes(dataset.table)
    unique, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    repeated = int((counts[counts > 1] - 1).sum())
    if repeated < max(2, 0.001 * len(hashes)):
        return []
    inverse = inverse.reshape(-1)
    low, high = np.full(len(unique), np.inf), np.full(len(unique), -np.inf)
    np.minimum.at(low, inverse, dataset.y)
    np.maximum.at(high, inverse, dataset.y)
    contradicting = int(((counts > 1) & (low < high)).sum())
    more = f"; {contradicting:,} sets of them disagree about the target" if contradicting else ""
    return [
        Finding(
            "duplicates",
            f"{repeated:,} of {len(hashes):,} rows repeat another row{more}. "
            "Repeated rows were kept together in one fold.",
        )
    ]


def _copies(dataset: Dataset) -> list[Finding]:
    """Find single columns that tell the target almost without error."""
    n = len(dataset.y)
    if n < 50:
        return []
    rows = np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.intp)
    y = dataset.y[rows]
    out = []
    for name, values in dataset.table.columns.items():
        if dataset.schema[name].kind in MEDIA:
            continue
        strength = _strength(values[rows], y, bool(dataset.classes))
        if strength > COPY:
            out.append(
                Finding(
                    "leak",
                    f"'{name}' alone tells '{dataset.target}' almost without error ({strength:.3f}). If it "
                    "is not known at the time of the prediction, leave it out (declare it as 'id').",
                    (name,),
                )
            )
    return out


def _strength(values: NDArray[np.generic], y: NDArray[np.generic], classes: bool) -> float:
    """Return the accuracy (above the largest class) or squared correlation of the best rule on one column."""
    n = len(y)
    import pandas as pd

    if values.dtype == object:
        codes = pd.factorize(values, use_na_sentinel=False)[0]
    else:
        filled = np.nan_to_num(values.astype(np.float64), nan=-1e300)
        codes = np.searchsorted(np.unique(np.quantile(filled, np.linspace(0, 1, 257))), filled)
    codes = codes.reshape(-1)
    n_codes = int(codes.max()) + 1
    if n_codes > n / 4 or n_codes < 2:
        return 0.0
    if classes:
        labels = y.astype(np.int64)
        table = np.zeros((n_codes, int(labels.max()) + 1))
        np.add.at(table, (codes, labels), 1)
        largest = table.sum(axis=0).max() / n
        return float((table.max(axis=1).sum() / n - largest) / max(1 - largest, 1e-9))
    sums = np.bincount(codes, weights=y.astype(float), minlength=n_codes)
    counts = np.maximum(np.bincount(codes, minlength=n_codes), 1)
    residual = y.astype(float) - (sums / counts)[codes]
    return float(1 - residual.var() / max(y.astype(float).var(), 1e-300))


def _groups(dataset: Dataset) -> list[Finding]:
    if dataset.groups is not None:
        return []
    n = len(dataset.y)
    out = []
    for column in dataset.schema.used:
        word = column.name.lower()
        named = word.endswith(("_id", " id", "id_")) or word in {"customer", "patient", "subject", "user"}
        if named and column.kind in {"category", "number"} and 1.5 < n / max(column.unique, 1) < 200:
            out.append(
                Finding(
                    "group_column",
                    f"'{column.name}' looks like a key whose rows belong together. If new rows bring new "
                    f"keys, say groups='{column.name}'.",
                    (column.name,),
                )
            )
    return out


def _order(dataset: Dataset) -> list[Finding]:
    if dataset.time is not None:
        return []
    for name in dataset.schema.of_kind("date"):
        values = dataset.table.columns[name].astype(np.float64)
        values = values[~np.isnan(values)]
        if len(values) > 50 and np.mean(np.diff(values) >= 0) > 0.99 and values[0] < values[-1]:
            return [
                Finding(
                    "time_order",
                    f"The rows are in the order of '{name}'. If the future is to be predicted from the past, "
                    f"say time='{name}'; without it the score may be too good.",
                    (name,),
                )
            ]
    return []


def _rare(dataset: Dataset) -> list[Finding]:
    if not dataset.classes:
        return []
    counts = np.bincount(dataset.y.astype(np.int64), minlength=len(dataset.classes))
    rare = int((counts < 10).sum())
    if not rare:
        return []
    return [
        Finding(
            "rare_classes",
            f"{rare} of {len(counts)} classes have fewer than 10 rows; nothing sure can be said about them.",
            (dataset.target,),
        )
    ]

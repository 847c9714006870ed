"""Divide the rows of a table into clusters, and tell them in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twofold.shell.told import Told, demand_table, finite, write_table

if TYPE_CHECKING:
    from twofold.hybrids.clusters import Clusters

TRAITS = 5
"""Told of each cluster, and only as far as they are this many deviations off:"""
WEAKEST = 0.3


def cluster(
    data: str, out: Path, clusters: int | None, most: int, space: str, options: dict[str, Any]
) -> Told:
    """Find clusters; write a model that assigns new rows, and a table of these rows.

    Parameters
    ----------
    data : str
    out : Path
        A folder.
    clusters : int or None
        None takes the most stable number.
    most : int
    space : str
        ``codes``, ``columns`` or ``auto``.
    options : dict
        ``leave_out``, ``schema``, ``budget`` and ``random_state``.
    """
    from twofold.bundle.about import moment
    from twofold.bundle.save import check_place, save
    from twofold.core.interrupt import uninterrupted
    from twofold.hybrids.clusters import fit_clusters
    from twofold.shell.unlabelled import read_unlabelled

    check_place(out / "model")
    demand_table(out / "rows.csv", data)
    rows, reads, control = read_unlabelled(data, options)
    found = fit_clusters(rows, clusters=clusters, most=most, space=space, reads=reads, control=control)
    with uninterrupted():
        save(found.bundle(moment()), out / "model")
        write_table(_rows(found), out / "rows.csv")
    sizes = np.bincount(found.labels, minlength=len(found.names)).tolist()
    lines = [_told(found, place, size) for place, size in enumerate(sizes)]
    lines += ["", found.verdict]
    if len(found.evidence) > 1:
        lines += [
            f"  {one.clusters:3} clusters: {one.agreement:.2f}, by chance {one.by_chance:.2f}"
            for one in found.evidence
        ]
    tried = found.evidence[-1].clusters
    if clusters is None and tried < min(most, len(found.labels) // 4):
        lines += [f"! There was no time to try more than {tried} clusters; raise --budget."]
    lines += ["", f"  model   {out / 'model'}", f"  rows    {out / 'rows.csv'}", "", "Next:"]
    lines += [f"  twofold predict {out} NEW.csv --out clusters.csv"]
    parts = zip(found.names, sizes, found.central.tolist(), found.traits, strict=True)
    told = {
        "clusters": [
            {"name": name, "rows": size, "central_row": row, "traits": [vars(one) for one in traits[:TRAITS]]}
            for name, size, row, traits in parts
        ],
        "space": found.space,
        "evidence": [vars(one) for one in found.evidence],
        "found": found.chosen.found,
        "folder": str(out),
    }
    return Told("\n".join(lines), finite(told))


def _rows(found: Clusters) -> Any:
    """Return the cluster of each row, counted from 0."""
    import pandas as pd

    return pd.DataFrame(
        {
            "row": np.arange(len(found.labels)),
            "cluster": np.array(found.names, dtype=object)[found.labels],
            "probability": found.probabilities.max(axis=1),
        }
    )


def _told(found: Clusters, place: int, size: int) -> str:
    """Say what sets one cluster apart."""
    share = size / len(found.labels)
    head = (
        f"{found.names[place]}: {size:,} rows ({share:.0%}), the most central is row {found.central[place]}"
    )
    strong = [trait.words for trait in found.traits[place] if abs(trait.strength) >= WEAKEST][:TRAITS]
    return "\n".join([head, *(f"    {words}" for words in strong or ["like all rows in every column"])])

"""Ask for the labels that would tell most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twofold.core.table import told_unreadable
from twofold.shell.labels import ROW, Effort, labels_of, prepared, with_front
from twofold.shell.told import Told, demand_table, finite, write_table

if TYPE_CHECKING:
    import pandas as pd

    from twofold.data.partly_labelled import PartlyLabelled
    from twofold.hybrids.active import Batch


def next_batch(data: str, target: str, n: int, out: Path, effort: Effort) -> Told:
    """Write the rows whose labels would tell most, the one to be asked for first on top.

    Parameters
    ----------
    data : str
    target : str
    n : int
    out : Path
    effort : Effort
    """
    from twofold.data.partly_labelled import partly_labelled
    from twofold.data.read import read_table
    from twofold.hybrids.active import next_rows

    demand_table(out, data)
    frame = read_table(data)
    rows = partly_labelled(frame, target, task=effort.task, declared=effort.declared)
    rows.demand_unlabelled()
    seen, pair, means = prepared(rows.dataset, len(rows.labelled), effort)
    batch = next_rows(pair, rows.seen_as(seen.dataset), n, means)
    write_table(_asked(frame, rows, batch), out)
    alike = (batch.predictions.argmax(axis=2) == batch.predictions[0].argmax(axis=1)).all(axis=0)
    told = {
        "labelled": len(rows.labelled),
        "unlabelled": len(rows.unlabelled),
        "rows": (batch.rows + 1).tolist(),
        "answered_alike": int(alike.sum()) if rows.dataset.classes else None,
        "apart": float(batch.apart.mean()),
        "out": str(out),
    }
    lines = [
        f"{len(rows.labelled):,} rows have a value of '{target}', {len(rows.unlabelled):,} have none.",
        f"{len(batch.rows):,} of these would tell most; the first in {out} is to be labelled first.",
    ]
    if rows.dataset.classes:
        lines.append(f"'{pair.ml.name}' and '{pair.dl.name}' answer {int(alike.sum()):,} of them alike.")
    lines += [f"! {sentence}" for sentence in told_unreadable(seen.unreadable, len(frame))]
    lines += ["", f"Fill in '{target}' there, copy it to the rows of the table, and ask again."]
    return Told("\n".join(lines), finite(told))


def _asked(frame: pd.DataFrame, rows: PartlyLabelled, batch: Batch) -> pd.DataFrame:
    """Return the chosen rows with what each family answers; the column of the target waits to be filled."""
    dataset = rows.dataset
    table = frame.iloc[batch.rows].reset_index(drop=True)
    ml, dl = (p.argmax(axis=1) if dataset.classes else p[:, 0] for p in batch.predictions)
    added = {
        ROW: batch.rows + 1,
        "ml answers": labels_of(dataset, ml),
        "dl answers": labels_of(dataset, dl),
        "unsure": batch.unsure.round(4),
        "apart": batch.apart.round(4),
    }
    return with_front(table, added)

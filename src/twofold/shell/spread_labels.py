"""Spread the labels of a few rows to the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twofold.core.errors import InputError
from twofold.core.table import told_unreadable
from twofold.shell.labels import Effort, labels_of, prepared
from twofold.shell.told import Told, demand_table, finite, write_table

if TYPE_CHECKING:
    import pandas as pd

    from twofold.data.partly_labelled import PartlyLabelled
    from twofold.hybrids.co_training import CoTrained


def spread(data: str, target: str, out: Path, effort: Effort, least: float, model: Path | None) -> Told:
    """Fill in the labels that both families agree on and are sure of, and write the table.

    Parameters
    ----------
    data : str
    target : str
    out : Path
    effort : Effort
    least : float
        Probability from which a label is filled in.
    model : Path or None
        Where the model is saved that gave them.
    """
    from twofold.bundle.about import moment
    from twofold.bundle.save import check_place, save
    from twofold.core.interrupt import uninterrupted
    from twofold.data.partly_labelled import partly_labelled
    from twofold.data.read import read_table
    from twofold.hybrids.co_trained import bundle_of
    from twofold.hybrids.co_training import co_train

    demand_table(out, data)
    if model is not None:
        check_place(model)
    frame = read_table(data)
    rows = partly_labelled(frame, target, task=effort.task, declared=effort.declared)
    rows.demand_unlabelled()
    _refuse_taken(frame, target)
    seen, pair, means = prepared(rows.dataset, len(rows.labelled), effort)
    rows = rows.seen_as(seen.dataset)
    found = co_train(pair, rows, means)
    sure = found.agreed & (found.labels.max(axis=1) >= least)
    created = moment()
    with uninterrupted():
        write_table(_filled(frame, rows, found, sure), out)
        if model is not None:
            save(bundle_of(found, seen.whole(found.graph), pair, rows.dataset, created), model)
    told = _told_of(rows, found, sure, least)
    lines = _words(told, target, least)
    lines += [f"! {sentence}" for sentence in told_unreadable(seen.unreadable, len(frame))]
    lines += ["", f"  table  {out}"]
    lines += [] if model is None else [f"  model  {model}"]
    return Told("\n".join(lines), finite({**told, "out": str(out), "model": model and str(model)}))


def _added(target: str) -> tuple[str, str]:
    return f"{target} spread", f"{target} confidence"


def _refuse_taken(frame: pd.DataFrame, target: str) -> None:
    for name in _added(target):
        if name in frame.columns:
            raise InputError(
                f"The table has a column '{name}' already.",
                "Two columns of that kind are added: which labels were spread, and how sure they are.",
                "Rename or remove it.",
            )


def _filled(frame: pd.DataFrame, rows: PartlyLabelled, found: CoTrained, sure: Any) -> pd.DataFrame:
    """Return the table with spread labels, marked, and their probabilities."""
    dataset = rows.dataset
    labels = np.full(len(frame), None, dtype=object)
    labels[rows.labelled] = labels_of(dataset, dataset.y[rows.labelled])
    labels[rows.unlabelled[sure]] = labels_of(dataset, found.labels[sure].argmax(axis=1))
    marked, confidence = np.zeros(len(frame), dtype=bool), np.full(len(frame), np.nan)
    marked[rows.unlabelled[sure]] = True
    confidence[rows.unlabelled] = found.labels.max(axis=1).round(4)
    added = dict(zip(_added(dataset.target), (marked, confidence), strict=True))
    return frame.assign(**{dataset.target: labels, **added})


def _told_of(rows: PartlyLabelled, found: CoTrained, sure: Any, least: float) -> dict[str, Any]:
    from twofold.hybrids.co_trained import sentence_of

    choice, y = found.choice, rows.dataset.y[rows.labelled]
    told = choice.out_of_fold
    as_sure = told.max(axis=1) >= least
    chosen = found.labels[sure].argmax(axis=1)
    return {
        "labelled": len(rows.labelled),
        "unlabelled": len(rows.unlabelled),
        "spread": int(sure.sum()),
        "agreed": int(found.agreed.sum()),
        "expected_right": float(found.labels[sure].max(axis=1).mean()) if sure.any() else None,
        "checked": {
            "rows": int(as_sure.sum()),
            "right": int((told.argmax(axis=1) == y)[as_sure].sum()),
        },
        "classes": {
            str(label): int((chosen == code).sum()) for code, label in enumerate(rows.dataset.classes)
        },
        "rounds": choice.rounds,
        "losses": choice.losses.tolist(),
        "gain": choice.gain,
        "error": choice.error,
        "verdict": sentence_of(choice),
    }


def _words(told: dict[str, Any], target: str, least: float) -> list[str]:
    lines = [
        f"{told['labelled']:,} rows have a value of '{target}', {told['unlabelled']:,} have none.",
        told["verdict"],
        f"Filled in: {told['spread']:,} labels, on which both families agree, at {least:.0%} or surer.",
    ]
    if told["spread"]:
        lines.append("  " + ", ".join(f"{label}: {count:,}" for label, count in told["classes"].items()))
        lines.append(f"  About {told['expected_right']:.1%} of them are right by their own account.")
    checked = told["checked"]
    if checked["rows"]:
        lines.append(
            f"Of the labelled rows, {checked['rows']:,} were answered as surely by models that had not "
            f"learned from them; {checked['right']:,} of these answers were right."
        )
    return lines

"""Find wrong labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twofold.core.table import told_unreadable
from twofold.shell.labels import ROW, Effort, labels_of, prepared, with_front
from twofold.shell.told import Told, demand_table, finite, write_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from twofold.data.dataset import Dataset
    from twofold.hybrids.label_noise import Checked, Suspects
    from twofold.hybrids.pair import Pair

MOST_PAIRS = 8
"""Confusions that are told."""


def check(
    data: str,
    target: str,
    out: Path,
    effort: Effort,
    groups: str | None = None,
    clean: Path | None = None,
    folds: int = 5,
) -> Told:
    """Find the labels that both families doubt, and write them down.

    Parameters
    ----------
    data : str
    target : str
    out : Path
        For the suspected rows.
    effort : Effort
    groups : str or None
        Column of groups whose rows stay together.
    clean : Path or None
        For the table without them.
    folds : int
    """
    from twofold.core.interrupt import uninterrupted
    from twofold.data.partly_labelled import demand_column
    from twofold.data.read import read_table
    from twofold.data.target import Roles, dataset_from_frame, missing_targets
    from twofold.hybrids.label_noise import check_labels
    from twofold.steps.conform import as_array

    demand_table(out, data)
    if clean is not None:
        demand_table(clean, data, out)
    frame = read_table(data)
    demand_column(frame, target)
    known = ~missing_targets(as_array(frame[target]))
    roles = Roles(target, groups=groups)
    dataset = dataset_from_frame(frame[known], roles, task=effort.task, declared=effort.declared)
    seen, pair, means = prepared(dataset, len(dataset.y), effort)
    checked = check_labels(pair, seen.dataset, means, folds)
    found = checked.joined
    with uninterrupted():
        write_table(_suspects(frame[known], np.flatnonzero(known) + 1, dataset, checked), out)
        if clean is not None:
            write_table(frame[known][~found.suspected], clean)
    told = _told_of(dataset, checked, pair)
    lines = _words(dataset, found, told)
    lines += [f"! {sentence}" for sentence in told_unreadable(seen.unreadable, len(dataset.y))]
    lines += ["", f"  suspects  {out}"]
    lines += [] if clean is None else [f"  the rest  {clean}"]
    return Told("\n".join(lines), finite({**told, "out": str(out), "clean": clean and str(clean)}))


def _suspects(
    frame: pd.DataFrame, places: NDArray[np.intp], dataset: Dataset, checked: Checked
) -> pd.DataFrame:
    """Return the suspected rows as a table, the most suspect first, with their `places` in what was read."""
    found = checked.joined
    worst = found.worst_first
    table = frame.iloc[worst].drop(columns=dataset.target).reset_index(drop=True)
    front = {
        ROW: places[worst],
        f"given {dataset.target}": labels_of(dataset, dataset.y[worst]),
        f"suggested {dataset.target}": labels_of(dataset, found.suggested[worst]),
        "suspicion": found.suspicion[worst].round(4),
        "ml doubts": checked.ml.suspected[worst],
        "dl doubts": checked.dl.suspected[worst],
    }
    return with_front(table, front)


def _told_of(dataset: Dataset, checked: Checked, pair: Pair) -> dict[str, Any]:
    from twofold.hybrids.label_noise import rare_classes

    found = checked.joined
    return {
        "rows": len(dataset.y),
        "suspected": int(found.suspected.sum()),
        "rate": found.rate,
        "interval": [found.low, found.high],
        "members": {
            plan.name: {"suspected": int(one.suspected.sum()), "rate": one.rate}
            for plan, one in zip(pair.plans, (checked.ml, checked.dl), strict=True)
        },
        "confusions": [
            {"given": dataset.classes[given], "true": dataset.classes[true], "rows": share * len(dataset.y)}
            for given, true, share in found.confusions
        ],
        "not_judged": [dataset.classes[code] for code in rare_classes(dataset.y, len(dataset.classes))],
    }


def _words(dataset: Dataset, found: Suspects, told: dict[str, Any]) -> list[str]:
    n = told["rows"]
    kind = "labels" if dataset.classes else "values"
    lines = [
        f"{n:,} {kind} of '{dataset.target}' were looked at by models that had not learned from them.",
        f"About {found.rate:.1%} [{found.low:.1%}, {found.high:.1%}] of them are wrong; "
        f"{told['suspected']:,} are suspected.",
    ]
    lines += [
        f"  {name} alone: {one['rate']:.1%}, {one['suspected']:,} suspected"
        for name, one in told["members"].items()
    ]
    pairs = [one for one in told["confusions"] if one["rows"] >= 0.5][:MOST_PAIRS]
    if pairs:
        lines += ["", "Estimated rows with a wrong class:", f"  {'given':20} {'true':20} {'rows':>8}"]
        lines += [f"  {one['given']!s:20.20} {one['true']!s:20.20} {one['rows']:8.0f}" for one in pairs]
    if told["not_judged"]:
        few = ", ".join(map(str, told["not_judged"][:10]))
        lines.append(f"! Too few rows to be judged, taken at their word: {few}.")
    return lines

"""Streams of rows: go on learning, and watch for drift."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twofold.core.errors import InputError
from twofold.shell.told import Told, bundle_of, finite, key

if TYPE_CHECKING:
    from twofold.bundle.predictor import Predictor
    from twofold.core.table import Table
    from twofold.hybrids.online.columns import Change
    from twofold.hybrids.online.prequential import Score
    from twofold.hybrids.online.update import Update

FEWEST = 20
"""Rows with a label that an update needs."""
WINDOWS = 5
"""Parts of a watched table that are each compared with what was before."""
BEFORE = 1 / 3
"""Share of a watched table, the first rows, that the others are compared with unless told."""


def update(
    folder: Path,
    data: str,
    target: str | None,
    out: Path,
    head: str,
    drift: str,
    sign: str | None,
    *,
    verify: str | None = None,
    trust_native: bool = False,
) -> Told:
    """Learn the rows of a table in order, and save what came of it beside the old model."""
    from twofold.bundle.about import Bundle
    from twofold.bundle.predictor import load
    from twofold.bundle.save import check_place, save
    from twofold.data.read import read_table
    from twofold.hybrids.online.drift import make_detector
    from twofold.hybrids.online.update import Online

    make_detector(drift)
    place, old, secret = _new_place(folder, out), bundle_of(folder), key(sign)
    check_place(place)
    model = load(old, verify=key(verify), trust_native=trust_native)
    table, y = labelled(model, read_table(data), target)
    online = Online.of(Bundle(model.about, model.graph), table, head)
    began = time.perf_counter()
    came = online.update(table, y, drift)
    seconds = time.perf_counter() - began
    save(online.bundle(), place, sign=secret)
    told = {**asdict(came), "rows_a_second": len(y) / seconds, "out": str(place)}
    told["alarms"] = list(came.alarms)
    return Told("\n".join(_words(came, len(y) / seconds, place, old)), finite(told))


def _new_place(folder: Path, out: Path) -> Path:
    if out.resolve() in (folder.resolve(), bundle_of(folder).resolve()):
        raise InputError(
            f"'{out}' is the old model.",
            "The old model stays whole, so that one can go back to it.",
            "Name another folder by --out.",
        )
    return out


def labelled(model: Predictor, frame: Any, target: str | None) -> tuple[Any, Any]:
    """Return the canonical table of a frame and its class codes, -1 where there is no label.

    Raises
    ------
    InputError
        When there is no such column, a label is unknown, or too few rows have one.
    """
    from twofold.bundle.labels import known_targets
    from twofold.data.canonical import table_of

    name = target or model.about.target
    if name not in frame.columns:
        raise InputError(
            f"The table has no column '{name}'.",
            f"It has: {', '.join(map(str, frame.columns[:30]))}.",
            "Name the column of the true labels by --target.",
        )
    y = known_targets(model.about, frame[name])
    known = int((y >= 0).sum())
    if known < FEWEST:
        raise InputError(
            f"{known} row(s) of the table have a label.",
            f"At least {FEWEST} are needed to learn from and to judge by.",
            "Wait for more rows.",
        )
    return table_of(frame, model.schema), y


def _words(came: Update, speed: float, place: Path, old: Path) -> list[str]:
    lines = [f"{came.before.rows:,} rows in order, each answered before it was learned:", ""]
    lines += [_line("as it was", came.before), _line("learning", came.after)]
    lines += [
        f"  {'last label again':18} accuracy {came.after.no_change:.4f}",
        f"  {'most frequent one':18} accuracy {came.after.majority:.4f}",
        "",
    ]
    lines.append(_drift(came.alarms))
    gap = came.change
    lines.append(f"Log loss on the last half: {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] by learning.")
    kept = "The new head is kept." if came.kept else "It got worse: the old head was put back."
    lines += [kept, f"{speed:,.0f} rows a second.", "", f"  model   {place}", f"  before  {old} (unchanged)"]
    lines += ["", "Next:", f"  twofold predict {place} NEW.csv --out answers.csv"]
    return lines


def _drift(alarms: Sequence[int]) -> str:
    listed = ", ".join(f"{row:,}" for row in alarms[:12]) + (", ..." if len(alarms) > 12 else "")
    return f"Errors rose at row {listed} (the first row is 0)." if alarms else "Errors never rose: no alarm."


def _line(name: str, score: Score) -> str:
    right, loss = score.accuracy, score.log_loss
    return (
        f"  {name:18} accuracy {right.mean:.4f} [{right.low:.4f}, {right.high:.4f}]"
        f"  log loss {loss.mean:.4f} [{loss.low:.4f}, {loss.high:.4f}]"
    )


def watch(
    folder: Path,
    data: str,
    target: str | None,
    against: str | None,
    drift: str,
    *,
    trust_native: bool = False,
) -> Told:
    """Compare the columns of rows in order with what was before; with labels, watch the errors too."""
    from twofold.bundle.predictor import load
    from twofold.data.read import read_table
    from twofold.hybrids.online.columns import compare
    from twofold.hybrids.online.drift import make_detector

    make_detector(drift)
    model, frame = load(bundle_of(folder), trust_native=trust_native), read_table(data)
    before, after, first = _parts(model, frame, against)
    ends = np.linspace(0, after.n_rows, WINDOWS + 1).astype(int)
    windows: list[dict[str, Any]] = []
    for begin, end in pairwise(ends):
        found = compare(before, after.take(np.arange(begin, end)), model.schema)
        windows.append({"first": int(first + begin), "last": int(first + end - 1), "columns": found})
    lines = [f"{after.n_rows:,} rows in {WINDOWS} parts against {before.n_rows:,} rows before:", ""]
    lines += _changes(windows)
    told: dict[str, Any] = {
        "windows": [{**part, "columns": [asdict(one) for one in part["columns"]]} for part in windows]
    }
    own = model.about.target
    if target is not None or _labels(frame, own) >= FEWEST:
        told["errors"], more = _errors(model, frame, target, drift)
        lines += ["", *more]
    elif own in frame.columns:
        lines += ["", f"Errors are not watched: fewer than {FEWEST} rows have a value of '{own}'."]
    good = not any(one.changed for part in windows for one in part["columns"])
    good = good and not told.get("errors", {}).get("alarms")
    return Told("\n".join(lines), finite({"drift": not good, **told}), good=good)


def _labels(frame: Any, target: str) -> int:
    """Return the number of rows with a value of a column, which need not be there."""
    from twofold.data.target import missing_targets
    from twofold.steps.conform import as_array

    return int((~missing_targets(as_array(frame[target]))).sum()) if target in frame.columns else 0


def _parts(model: Predictor, frame: Any, against: str | None) -> tuple[Table, Table, int]:
    """Return the rows before, those after, and the place of the first of these in the table."""
    from twofold.data.canonical import table_of
    from twofold.data.read import read_table

    table = table_of(frame, model.schema)
    first = 0 if against is not None else int(BEFORE * table.n_rows)
    after = table.take(np.arange(first, table.n_rows))
    before = table.take(np.arange(first))
    if against is not None:
        before = table_of(read_table(against), model.schema)
    if before.n_rows < FEWEST or after.n_rows < WINDOWS * FEWEST:
        raise InputError(
            f"There are {before.n_rows} rows before and {after.n_rows} to be watched.",
            f"At least {FEWEST} before and {WINDOWS * FEWEST} to be watched are needed.",
            "Wait for more rows, or name rows from before by --against.",
        )
    return before, after, first


def _changes(windows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each column that has changed: the gap in each part."""
    columns: list[tuple[Change, ...]] = list(zip(*(part["columns"] for part in windows), strict=True))
    heads = "  ".join(f"{part['first']:>9,}-" for part in windows)
    lines = [f"  {'column':24}  {heads}   (gap of the distributions; * has changed)"]
    ranked = sorted(columns, key=lambda parts: -max(one.gap for one in parts))
    for parts in ranked:
        cells = "  ".join(f"{one.gap:9.3f}{'*' if one.changed else ' '}" for one in parts)
        lines.append(f"  {parts[0].column[:24]:24}  {cells}")
    changed = [parts[0].column for parts in ranked if any(one.changed for one in parts)]
    told = f"Changed: {', '.join(changed)}." if changed else "No column has changed."
    return [*lines, "", told]


def _errors(model: Predictor, frame: Any, target: str | None, drift: str) -> tuple[dict[str, Any], list[str]]:
    """Return how the model errs on rows in order, as data and in words."""
    from twofold.bundle.labels import answered_codes
    from twofold.core.task import TASKS
    from twofold.hybrids.online.drift import alarms_of, make_detector
    from twofold.hybrids.online.prequential import judge
    from twofold.steps.base import INPUT

    if not TASKS[model.task].classification:
        return {}, ["Errors are watched of models of classes only."]
    table, y = labelled(model, frame, target)
    rows = np.flatnonzero(y >= 0)
    answers = np.asarray(model.graph.run({INPUT: table.take(rows)}), dtype=np.float64)
    told = answered_codes(model.about, answers)
    wrong = (told != y[rows]).astype(np.float64)
    detector = make_detector(drift)
    alarms = [] if detector is None else [int(rows[place]) for place in alarms_of(detector, wrong)]
    score = judge(answers, y[rows], told)
    last = f"  {'last label again':18} accuracy {score.no_change:.4f}"
    return {**asdict(score), "alarms": alarms}, [_line("the model", score), last, _drift(alarms)]

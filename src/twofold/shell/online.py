"""Go on learning from new rows."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twofold.core.errors import InputError
from twofold.shell.rules import known_rows
from twofold.shell.told import Told, bundle_of, finite, key

if TYPE_CHECKING:
    from twofold.hybrids.online.prequential import Score
    from twofold.hybrids.online.update import Update

FEWEST = 20
"""Rows with a label that an update needs."""


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
    from twofold.hybrids.online.drift import make_detector
    from twofold.hybrids.online.update import Online

    make_detector(drift)
    place, old = _new_place(folder, out), bundle_of(folder)
    check_place(place)
    model = load(old, verify=key(verify), trust_native=trust_native)
    frame, name = labelled(model, data, target)
    table, y = known_rows(model, frame, name)
    online = Online.of(Bundle(model.about, model.graph), table, head)
    began = time.perf_counter()
    came = online.update(table, y, drift)
    seconds = time.perf_counter() - began
    save(online.bundle(), place, sign=key(sign))
    alarms = [int(frame.index[row]) for row in came.alarms]
    told = {**asdict(came), "alarms": alarms, "rows_a_second": len(y) / seconds, "out": str(place)}
    return Told("\n".join(_words(came, alarms, len(y) / seconds, place, old)), finite(told))


def _new_place(folder: Path, out: Path) -> Path:
    if out.resolve() in (folder.resolve(), bundle_of(folder).resolve()):
        raise InputError(
            f"'{out}' is the old model.",
            "The old model stays whole, so that one can go back to it.",
            "Name another folder by --out.",
        )
    return out


def labelled(model: Any, data: str, target: str | None) -> tuple[Any, str]:
    """Return the rows of a table that have a label, and the column of the labels.

    Raises
    ------
    InputError
        When there is no such column, or too few rows have a label.
    """
    from twofold.data.read import read_table

    frame, name = read_table(data), target or model.about.target
    if name not in frame.columns:
        raise InputError(
            f"The table has no column '{name}'.",
            f"It has: {', '.join(map(str, frame.columns[:30]))}.",
            "Name the column of the true labels by --target.",
        )
    frame = frame.reset_index(drop=True)
    frame = frame[frame[name].notna()]
    if len(frame) < FEWEST:
        raise InputError(
            f"{len(frame)} row(s) of the table have a label.",
            f"At least {FEWEST} are needed to learn from and to judge by.",
            "Wait for more rows.",
        )
    return frame, name


def _words(came: Update, alarms: list[int], speed: float, place: Path, old: Path) -> list[str]:
    lines = [f"{came.before.rows:,} rows in order, each answered before it was learned:", ""]
    lines += [_line("as it was", came.before), _line("learning", came.after)]
    lines += [
        f"  {'last label again':18} accuracy {came.after.no_change:.4f}",
        f"  {'most frequent one':18} accuracy {came.after.majority:.4f}",
        "",
    ]
    listed = ", ".join(f"{row:,}" for row in alarms[:12]) + (", ..." if len(alarms) > 12 else "")
    lines.append(f"Drift: errors rose at row {listed}." if alarms else "Drift: no alarm.")
    gap = came.change
    lines.append(f"Log loss on the last half: {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] by learning.")
    kept = "The new head is kept." if came.kept else "It got worse: the old head was put back."
    lines += [kept, f"{speed:,.0f} rows a second.", "", f"  model   {place}", f"  before  {old} (unchanged)"]
    lines += ["", "Next:", f"  twofold predict {place} NEW.csv --out answers.csv"]
    return lines


def _line(name: str, score: Score) -> str:
    right, loss = score.accuracy, score.log_loss
    return (
        f"  {name:18} accuracy {right.mean:.4f} [{right.low:.4f}, {right.high:.4f}]"
        f"  log loss {loss.mean:.4f} [{loss.low:.4f}, {loss.high:.4f}]"
    )

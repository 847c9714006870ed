"""Fit a table, predict with what was fitted, and the demo."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from twofold.core.errors import InputError
from twofold.shell.board import board_text, result_data
from twofold.shell.told import Told, bundle_of, demand_table, key, write_table


def fit(
    train: Any, out: Path, options: dict[str, Any], *, resume: bool, quiet: bool, slim: bool = False
) -> Told:
    """Fit a table and write model, report and run."""
    from twofold.bundle.save import check_place
    from twofold.core.budget import Budget, parse_seconds
    from twofold.core.interrupt import uninterrupted
    from twofold.estimators import fit as fit_table
    from twofold.search.live import Lines, Live, Silent, watched

    run = out / "run"
    if (run / "run.json").exists() and not resume:
        raise InputError(
            f"'{run}' holds an earlier run.",
            "A run is taken up again with --resume, or a new one gets a folder of its own.",
            "Add --resume, name another --out, or remove that folder.",
        )
    check_place(out / "model")
    seconds = parse_seconds(options["budget"])
    clock = Budget(seconds if options["max_trials"] is None else math.inf)
    with ExitStack() as stack:
        progress: Any = Silent() if quiet else Lines()
        if watched() and not quiet:
            progress = stack.enter_context(Live(clock))
        model = fit_table(train, run_dir=str(run), progress=progress, **options)
    with uninterrupted() as heard:
        model.save(out / "model", slim=slim)
        model.report(out / "report.html")
    result = model.result_
    stopped = any(sentence.startswith("Stopped by the user") for _, sentence in result.events)
    return Told(
        _summary(result, out), {**result_data(result), "folder": str(out)}, interrupted=stopped or bool(heard)
    )


def _summary(result: Any, out: Path) -> str:
    lines = ["", "What was inferred"]
    for column in result.schema.columns:
        unused = f"  (unused: {column.unused})" if column.unused else ""
        lines.append(f"  {column.name:24} {column.kind:9} {column.reason}{unused}")
    lines += [f"  ! {finding.sentence}" for finding in result.findings]
    lines += ["", board_text(result, most=12), "", result.verdict.sentence]
    lines += [f"  {note}" for note in result.verdict.notes]
    kept = f"Kept: '{result.choice.name}'. {result.choice.reason}"
    how = "" if result.choice.refitted or result.choice.family == "baseline" else " The fold models answer."
    lines += [kept + how, f"{result.seconds:.0f} s in all.", ""]
    lines += [
        f"  model   {out / 'model'}",
        f"  report  {out / 'report.html'}",
        "",
        "Next:",
        f"  twofold predict {out} NEW.csv --out answers.csv",
        f"  twofold leaderboard {out}",
        f"  twofold inspect {out}",
    ]
    return "\n".join(lines)


def predict(
    folder: Path,
    data: str,
    out: Path,
    verify: str | None,
    trust_native: bool,
    explain: Path | None = None,
) -> Told:
    """Predict a table and write the answers; of a cascade, also how it came to each."""
    from twofold.bundle.predictor import load
    from twofold.core.interrupt import uninterrupted
    from twofold.data.read import read_table
    from twofold.data.unread import find_unread

    demand_table(out, data)
    if explain is not None:
        demand_table(explain, data, out)
    model = load(bundle_of(folder), verify=key(verify), trust_native=trust_native)
    frame = read_table(data)
    answers, unreadable = _answers(model, frame)
    way = None if explain is None else model.explain(frame)
    with uninterrupted():
        lines, asked = ([], {}) if way is None or explain is None else _explained(way, explain)
        write_table(answers, out)
    unread = find_unread(frame, model.schema)
    lines = [f"{len(answers):,} rows predicted; the answers are in {out}.", *lines]
    lines += [f"! {sentence}" for sentence in (*unreadable, *(found.sentence for found in unread))]
    told = {
        "rows": len(answers),
        "out": str(out),
        "columns": list(answers.columns),
        "taken_as_missing": {found.column: found.count for found in unread},
        "unreadable": unreadable,
        **asked,
    }
    return Told("\n".join(lines), told)


def _answers(model: Any, frame: Any) -> tuple[Any, list[str]]:
    """Return the answers as a table, and what is to be said of cells that could not be read."""
    import warnings

    import pandas as pd

    from twofold.core.errors import UnreadableWarning

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", UnreadableWarning)
        chances = model.output(frame) if model.capabilities.probabilities else None
        found = model.predict(frame) if chances is None else model.labels(chances)
    answers = pd.DataFrame({"prediction": found})
    if chances is not None:
        for place, label in enumerate(model.classes_.tolist()):
            answers[f"proba_{label}"] = chances[:, place]
    told = []
    for one in heard:
        if issubclass(one.category, UnreadableWarning):
            told.append(str(one.message))
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return answers, told


def _explained(way: Any, out: Path) -> tuple[list[str], dict[str, Any]]:
    """Write the way of each row through a cascade; return what is to be said of it."""
    import pandas as pd

    write_table(pd.DataFrame({"stage": way.stage, "answered_by": way.name, "reason": way.reason}), out)
    counts = pd.Series(way.name).value_counts(sort=False)
    lines = [f"  {count:>9,} answered by {name}" for name, count in counts.items()]
    told = {"out": str(out), "answered_by": {name: int(count) for name, count in counts.items()}}
    lines += [f"Why is in {out}. Known of this cascade: {way.promise}"]
    return lines, {"explained": {**told, "promise": way.promise}}


def demo(budget: str, out: Path, *, quiet: bool) -> Told:
    """Fit the demo's table."""
    import shutil

    from twofold.data.datasets import load_data

    frame, source = load_data("birds")
    if (out / "run" / "run.json").exists():
        shutil.rmtree(out / "run")
    options: dict[str, Any] = {
        "target": source.target,
        "budget": budget,
        "max_trials": None,
        "prefer": "speed",
    }
    told = fit(frame, out, options, resume=False, quiet=quiet)
    rows = out / "new-reports.csv"
    frame.drop(columns=source.target).sample(200, random_state=0).to_csv(rows, index=False)
    head = f"{len(frame):,} reports of aircraft that struck wildlife: was more than one animal struck?\n"
    return Told(head + told.text.replace("NEW.csv", str(rows)), told.data)

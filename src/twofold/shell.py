"""What the commands do: each returns words for a person and data for a program."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twofold.core.errors import InputError


@dataclass(frozen=True)
class Told:
    """A command's answer.

    Parameters
    ----------
    text : str
    data : dict
    good : bool
    interrupted : bool
    """

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    good: bool = True
    interrupted: bool = False


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
        _summary(result, out), {**_data(result), "folder": str(out)}, interrupted=stopped or bool(heard)
    )


def _data(result: Any) -> dict[str, Any]:
    score = next((row.score for row in result.rows if row.chosen), None)
    return {
        "task": result.task,
        "metric": result.metric,
        "model": result.choice.name,
        "family": result.choice.family,
        "score": score and {"centre": score.centre, "low": score.low, "high": score.high},
        "verdict": {"answer": result.verdict.answer, "sentence": result.verdict.sentence},
        "seconds": result.seconds,
    }


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


def board_text(result: Any, most: int | None = None) -> str:
    """Return the leaderboard as text."""
    from twofold.report.number_format import duration, number, per_row, size

    scored = [row for row in result.rows if row.score is not None]
    lines = [
        f"  {'':24} {'':9} {result.metric:>10}   {'95 % interval':20} {'fit':>8} {'a row':>9} {'size':>9}"
    ]
    for row in scored[:most]:
        mark = "*" if row.chosen else " "
        between = f"{number(row.score.low)} to {number(row.score.high)}"
        lines.append(
            f"{mark} {row.name[:24]:24} {row.family:9} {number(row.score.centre):>10}   {between:20} "
            f"{duration(row.seconds):>8} {per_row(row.row_seconds):>9} {size(row.size):>9}"
        )
    if most is not None and len(scored) > most:
        lines.append(f"  and {len(scored) - most} more")
    lost = [row for row in result.rows if row.score is None]
    lines += [f"  {row.name[:24]:24} {row.family:9} {row.status}: {row.reason}" for row in lost]
    return "\n".join(lines)


def bundle_of(folder: Path) -> Path:
    """Return the bundle in the folder of a fit, or the folder itself."""
    return folder / "model" if (folder / "model" / "manifest.json").exists() else folder


def run_of(folder: Path) -> Path:
    """Return the kept run in the folder of a fit, or the folder itself."""
    return folder / "run" if (folder / "run" / "run.json").exists() else folder


def _key(file: str | None) -> bytes | None:
    if file is None:
        return None
    try:
        return Path(file).read_bytes().strip()
    except OSError as error:
        raise InputError(
            f"The key file '{file}' cannot be read: {error.strerror}.",
            "It holds the secret key.",
            "Check it.",
        ) from None


def predict(folder: Path, data: str, out: Path, verify: str | None, trust_native: bool) -> Told:
    """Predict a table and write the answers."""
    from twofold.bundle.predictor import load
    from twofold.data.read import read_table
    from twofold.data.unread import find_unread

    if out.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError(
            f"'{out}' ends in '{out.suffix}'.", "Answers are written as .csv or .parquet.", "Change --out."
        )
    model = load(bundle_of(folder), verify=_key(verify), trust_native=trust_native)
    frame = read_table(data)
    answers, unreadable = _answers(model, frame)
    _write_table(answers, out)
    unread = find_unread(frame, model.schema)
    lines = [f"{len(answers):,} rows predicted; the answers are in {out}."]
    lines += [f"! {sentence}" for sentence in (*unreadable, *(found.sentence for found in unread))]
    told = {
        "rows": len(answers),
        "out": str(out),
        "columns": list(answers.columns),
        "taken_as_missing": {found.column: found.count for found in unread},
        "unreadable": unreadable,
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


def _write_table(frame: Any, out: Path) -> None:
    from twofold.bundle.files import whole_file

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(out) as draft:
            if out.suffix.lower() == ".parquet":
                frame.to_parquet(draft, index=False)
            else:
                frame.to_csv(draft, index=False)
    except OSError as error:
        raise InputError(
            f"'{out}' cannot be written: {error.strerror}.", "A folder with room is needed.", "Change --out."
        ) from None


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


def compare(
    data: str,
    target: str | None,
    budget: str,
    metric: str | None,
    seed: int,
    jobs: int | None,
    out: Path,
    *,
    quiet: bool,
) -> Told:
    """Compare the two textbook workflows and the third way on a table, and write the page."""
    from twofold.compare.case import named_case
    from twofold.compare.page import write_page
    from twofold.compare.study import Asked
    from twofold.compare.study import compare as compare_workflows
    from twofold.compare.summary import as_data, as_text
    from twofold.core.budget import Budget, parse_seconds
    from twofold.search.live import Lines, Live, Silent, watched
    from twofold.search.settings import check_jobs

    asked = Asked(parse_seconds(budget), seed, check_jobs(jobs), metric)
    out.mkdir(parents=True, exist_ok=True)  # whatever speaks against it is told before the work
    with ExitStack() as stack:
        progress: Any = Silent() if quiet else Lines()
        if watched() and not quiet:
            progress = stack.enter_context(Live(Budget(asked.seconds)))
        progress.phase("reading the rows")
        study = compare_workflows(named_case(data, target, seed), asked, progress)
        progress.phase("drawing the page")
        page = write_page(study, out / "compare.html")
    told = _finite({**as_data(study), "page": str(page)})
    return Told(f"{as_text(study)}\n\n  page    {page}", told)


def leaderboard(folder: Path) -> Told:
    """Show the leaderboard of a run."""
    from twofold.estimators.estimator import leaderboard_frame
    from twofold.search.result_files import load_result

    result = load_result(run_of(folder))
    lines = leaderboard_frame(result).to_dict("records")
    return Told(
        f"{board_text(result)}\n\n{result.verdict.sentence}", {**_data(result), "rows": _finite(lines)}
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def report(folder: Path, out: Path) -> Told:
    """Write the report of a run."""
    from twofold.report.page import write_report
    from twofold.search.result_files import load_result

    path = write_report(load_result(run_of(folder)), out)
    return Told(f"The report is in {path}.", {"out": str(path)})


_WHERE = {"package": "in an installed package", "store": "in the store", "": "not found"}


def inspect(folder: Path, verify: str | None) -> Told:
    """Look at a bundle."""
    from twofold.bundle.inspect import inspect as look

    found = look(bundle_of(folder), verify=_key(verify))
    lines = [f"{found.path}: {'whole' if found.whole else 'NOT to be loaded'}"]
    if found.manifest is not None:
        about = found.manifest.about
        lines += [
            f"  {about.task} of '{about.target}' by '{about.model}' ({about.family}), made {about.created}",
            f"  {about.verdict}",
            f"  {len(found.blobs)} blobs, {found.size:,} bytes; signature: {found.signature}",
            *(
                f"    {step.kind:22} {step.bytes:>10,} bytes  {', '.join(step.requires)}"
                for step in found.steps
            ),
            *(
                f"    held elsewhere: {blob.path}, {blob.bytes:,} bytes, SHA-256 {blob.sha256}: "
                f"{_WHERE[blob.where]}"
                for blob in found.elsewhere
            ),
        ]
    lines += [f"  problem: {problem}" for problem in found.problems]
    lines += [f"  not part of it: {name}" for name in found.extra]
    return Told("\n".join(lines), _finite(found.to_json()), good=found.whole)


def replay(folder: Path) -> Told:
    """Make a run's model again."""
    from twofold.estimators.replay import replay as again

    found = again(run_of(folder))
    lines = [
        f"{item.name}: largest difference {item.difference:.2g}, in {item.seconds:.1f} s" for item in found
    ]
    same = all(item.difference < 1e-6 for item in found)
    lines.append("The same model." if same else "Not the same: compare the packages' versions in run.json.")
    return Told("\n".join(lines), {"same": same, "fits": [vars(item) for item in found]})


def datasets() -> Told:
    """List the registry."""
    from twofold.data.datasets import DATASETS, present

    lines = [
        f"{source.name:14} {source.task:11} {source.rows:>7,} rows  {'here' if present(name) else '-':5}"
        f"{source.about}"
        for name, source in DATASETS.items()
    ]
    data = {name: {**vars(source), "here": present(name)} for name, source in DATASETS.items()}
    return Told("\n".join(lines), data)

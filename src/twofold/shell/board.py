"""Look at a finished run: leaderboard, report, replay; and at the known data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twofold.shell.told import Told, finite, run_of


def result_data(result: Any) -> dict[str, Any]:
    """Return what a program wants to know of a run."""
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


def leaderboard(folder: Path) -> Told:
    """Show the leaderboard of a run."""
    from twofold.estimators.estimator import leaderboard_frame
    from twofold.search.result_files import load_result

    result = load_result(run_of(folder))
    lines = leaderboard_frame(result).to_dict("records")
    return Told(
        f"{board_text(result)}\n\n{result.verdict.sentence}", {**result_data(result), "rows": finite(lines)}
    )


def report(folder: Path, out: Path) -> Told:
    """Write the report of a run."""
    from twofold.report.page import write_report
    from twofold.search.result_files import load_result

    path = write_report(load_result(run_of(folder)), out)
    return Told(f"The report is in {path}.", {"out": str(path)})


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

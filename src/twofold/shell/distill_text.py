"""What distilling came to, in words: who was asked what, the table, and what the student is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twofold.hybrids.distilling.report import Estimate, Line, Report

NAMES = {"teacher": "teacher", "student": "student", "plain": "same, on labels alone"}


def head(n_learned: int, n_held: int, seen: bool | None) -> list[str]:
    """Say on how many rows the student learned and was judged.

    Parameters
    ----------
    n_learned, n_held : int
    seen : bool or None
        Whether the teacher has learned from rows that are judged on; None where no run tells.
    """
    first = f"Distilled on {n_learned:,} rows, judged on {n_held:,} that the student has never seen."
    if seen is None:
        return [first, "The folder keeps no run: whether the teacher has learned from them is not known."]
    if not seen:
        return [first, "They are new to the teacher as well."]
    return [
        first,
        "The teacher has learned from those too. Its answers to them are out of fold, those to made-up rows",
        "are not, which flatters the student a little: rows that are new to the teacher would tell.",
    ]


def board(report: Report, student: str) -> list[str]:
    """Return the table of teacher, student, and the same student on labels alone."""
    measure = "same answer as teacher" if report.measure == "agreement" else "R2 of teacher's values"
    lines = [
        f"{'':24} {report.metric:>24}  {measure:>24}  {'bytes':>11}  {'µs alone':>8}  {'µs of many':>10}"
    ]
    for name, line in report.lines.items():
        told = f"{NAMES[name]} ({student})" if name == "student" else NAMES[name]
        lines.append(f"{told:24} {_cells(line, name)}")
    return lines


def _cells(line: Line, name: str) -> str:
    score = "no labels" if line.score is None else _told(line.score)
    fidelity = "1" if name == "teacher" else _told(line.fidelity)
    price = line.price
    return (
        f"{score:>24}  {fidelity:>24}  {price.size:>11,}  {1e6 * price.row_seconds:>8,.0f}  "
        f"{1e6 * price.many_seconds:>10,.1f}"
    )


def _told(found: Estimate) -> str:
    return f"{found.value:.4g} [{found.low:.4g}, {found.high:.4g}]"


def verdict(report: Report) -> list[str]:
    """Say what the student is worth: against its teacher, against labels alone, and in its price."""
    lines = []
    if report.over_teacher is not None:
        lines.append(
            f"Student over teacher: {_told(report.over_teacher)} of {report.metric}, more is better."
        )
    if report.over_plain is not None:
        gap = report.over_plain
        helped = "helped" if gap.low > 0 else "did harm" if gap.high < 0 else "made no sure difference"
        lines.append(f"Student over the same one on labels alone: {_told(gap)}: distilling {helped}.")
    size, speed = report.size_ratio, report.speed_ratio
    size_told, speed_told = _times(size, "smaller", "larger"), _times(speed, "quicker", "slower")
    lines.append(f"It is {size_told} and {speed_told} than its teacher.")
    if size <= 1 and speed <= 1:
        lines.append("! A student that is neither smaller nor quicker is worth keeping only to be read.")
    return lines


def _times(ratio: float, more: str, less: str) -> str:
    return f"{ratio:.1f} times {more}" if ratio >= 1 else f"{1 / ratio:.1f} times {less}"

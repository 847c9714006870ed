"""Distil a fitted model into one that is smaller, quicker or readable, and tell what was kept of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.shell.distill_text import board, head, verdict
from twofold.shell.kept_run import Remembered, remember
from twofold.shell.told import Told, bundle_of, finite, write_text

if TYPE_CHECKING:
    from twofold.bundle.predictor import Predictor
    from twofold.core.table import Table
    from twofold.hybrids.distill import Distilled
    from twofold.hybrids.distilling.report import Report
    from twofold.steps.base import Graph

HELD, MOST_HELD, FEWEST_HELD = 0.2, 5_000, 50
"""Share of the rows that the student never sees, at most and at least so many of them."""
RULES = "rules.txt"


@dataclass(frozen=True)
class Rows:
    """Rows to distil on.

    Parameters
    ----------
    table : Table of n rows
    answers : array of shape (n, k)
        The teacher's, out of fold where it has learned from the row; NaN where no fold scored it.
    known : array of shape (n, k) or None
        Labels as answers; NaN where there is none. None where no row has one.
    kept : Remembered
    """

    table: Table
    answers: NDArray[np.float64]
    known: NDArray[np.float64] | None
    kept: Remembered


def distill(
    folder: Path, data: str, out: Path, unlabelled: str | None, options: dict[str, Any], trust_native: bool
) -> Told:
    """Teach a student what a model answers; judge it on rows that it has not seen; save it.

    Parameters
    ----------
    folder : Path
        Of a fit, or a bundle: the teacher.
    data : str
        Table of rows, with or without the target.
    out : Path
    unlabelled : str or None
        Table of further rows for the teacher to answer.
    options : dict
        Of `Distilled`.
    trust_native : bool
    """
    from twofold.bundle.predictor import load
    from twofold.bundle.save import check_place
    from twofold.core.interrupt import uninterrupted
    from twofold.data.read import read_table
    from twofold.hybrids.distill import Distilled

    check_place(out / "model")
    teacher = load(bundle_of(folder), trust_native=trust_native)
    student = Distilled(teacher, **options, reads=_reads(teacher))
    student.check()
    rows = _read(teacher, folder, data)
    learn, held = _divide(rows, options["random_state"])
    judged = rows.table.take(held)
    more = None if unlabelled is None else _but(_table(teacher, read_table(unlabelled)), judged)
    plain = _teach(student, rows, learn, more)
    report = _report(student, rows, held, plain)
    with uninterrupted():
        _save(student, report, out)
    flattered = bool(rows.kept.learned[held].any())
    told = {
        **_data(report, student),
        "rows_learned_from": len(learn),
        "teacher_has_seen_the_held_rows": flattered,
        "folder": str(out),
    }
    seen = flattered if flattered or rows.kept.answers is not None else None
    lines = [
        *head(len(learn), len(held), seen),
        "",
        *board(report, student.student),
        "",
        *verdict(report),
        "",
    ]
    if words := student.in_words():
        lines += [f"The rules, and how many rows fell under each, also in {out / RULES}:", words, ""]
    lines += [f"  model   {out / 'model'}", "", "Next:", f"  twofold predict {out} NEW.csv --out answers.csv"]
    return Told("\n".join(lines), finite(told))


def _save(student: Distilled, report: Report, out: Path) -> None:
    """Save the student with its score, and its rules where it has any."""
    from twofold.bundle.about import Bundle
    from twofold.bundle.save import save

    found, score = student.predictor_, report.lines["student"].score
    metrics = {} if score is None else {report.metric: score.value}
    save(Bundle(replace(found.about, metrics=metrics), found.graph), out / "model")
    if words := student.in_words():
        write_text(out / RULES, words + "\n")


def _data(report: Report, student: Distilled) -> dict[str, Any]:
    return {
        **asdict(report),
        "student": student.student,
        "size_ratio": report.size_ratio,
        "speed_ratio": report.speed_ratio,
        "rules": student.in_words().splitlines(),
    }


def _reads(teacher: Predictor) -> tuple[str, ...]:
    """Return what the student reads text, pictures, clips and series with: what is made by hand."""
    from twofold.search.senses import senses_of

    return senses_of(teacher.schema, deep=False).hand


def _table(teacher: Predictor, frame: Any) -> Table:
    from twofold.data.canonical import table_of

    return table_of(frame, teacher.schema)


def _read(teacher: Predictor, folder: Path, data: str) -> Rows:
    """Read rows, their labels as far as there are any, and the answers that are to be learned."""
    from twofold.data.read import read_table
    from twofold.hybrids.distill import known_answers
    from twofold.hybrids.distilling.teach import answers_of

    frame = read_table(data)
    table, target = _table(teacher, frame), teacher.about.target
    known = known_answers(frame[target], teacher) if target in frame.columns else None
    if known is not None and not np.isfinite(known).any():
        known = None
    kept = remember(folder, table)
    answers = np.full((table.n_rows, max(1, len(teacher.about.classes))), np.nan)
    if kept.answers is not None:
        answers[kept.learned] = kept.answers[kept.learned]
    new = np.flatnonzero(~kept.learned)
    if len(new):
        answers[new] = answers_of(teacher.graph, table.take(new))
    return Rows(table, answers, known, kept)


def _divide(rows: Rows, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to learn from and those to be judged on: new to the teacher, and labelled, if possible.

    A row with the same values as one that is held out is not learned from.
    """
    from twofold.core.random import make_generator
    from twofold.data.leakage import row_hashes

    pool = np.flatnonzero(np.isfinite(rows.answers).all(axis=1))
    wishes: list[NDArray[np.bool_]] = [~rows.kept.learned]
    if rows.known is not None:
        wishes.append(np.asarray(np.isfinite(rows.known).all(axis=1)))
    for wish in wishes:
        pool = pool[wish[pool]] if wish[pool].sum() >= FEWEST_HELD else pool
    n_held = min(MOST_HELD, len(pool), int(HELD * rows.table.n_rows))
    if n_held < FEWEST_HELD:
        raise InputError(
            f"There are {rows.table.n_rows:,} rows.",
            f"{round(FEWEST_HELD / HELD)} are needed, so that {FEWEST_HELD} of them can be kept for judging.",
            "Add rows; they need no labels.",
        )
    held = np.sort(make_generator(seed, "held out").permutation(pool)[:n_held])
    hashes = row_hashes(rows.table)
    return np.flatnonzero(~np.isin(hashes, hashes[held])), held


def _but(table: Table, held: Table) -> Table:
    """Return the rows of a table that are not among those that are held out."""
    from twofold.data.leakage import row_hashes

    return table.take(np.flatnonzero(~np.isin(row_hashes(table), row_hashes(held))))


def _teach(student: Distilled, rows: Rows, learn: NDArray[np.intp], more: Table | None) -> Graph | None:
    """Fit the student, and return what the same student answers that learned from labels alone."""
    from twofold.hybrids.distill import FEWEST

    table, known = rows.table.take(learn), None if rows.known is None else rows.known[learn]
    student.fit_table(table, known, rows.answers[learn], more)
    if known is None or np.isfinite(known).all(axis=1).sum() < FEWEST:
        return None
    return student.plain(table, known).graph


def _report(student: Distilled, rows: Rows, held: NDArray[np.intp], plain: Graph | None) -> Report:
    from twofold.bundle.about import Bundle
    from twofold.hybrids.distilling.report import Held, make_report
    from twofold.metrics import METRICS

    known = None if rows.known is None else rows.known[held]
    teacher = Bundle(student.teacher.about, student.teacher.graph)
    metric = rows.kept.metric if rows.kept.metric in METRICS else None
    return make_report(
        Held(rows.table.take(held), rows.answers[held], known),
        teacher,
        student.predictor_.graph,
        plain,
        metric,
    )

"""The report: one HTML file that opens offline, made from a finished run."""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

import twofold
from twofold.evaluate.records import Row
from twofold.report.columns import column_table, importance_picture
from twofold.report.confusion import confusion
from twofold.report.course import course, setting_lines
from twofold.report.evidence import details, family_picture, gain_picture, leaderboard, score_decimals
from twofold.report.metric_table import metric_table
from twofold.report.number_format import duration, number, per_row, size, times
from twofold.report.pareto import pareto_picture
from twofold.report.plot import Plot
from twofold.report.quality import quality_pictures
from twofold.report.words import (
    FAMILIES,
    GLOSSES,
    headline,
    joins_of,
    metric_words,
    shorten,
    typeset,
)
from twofold.search.result import Result


def write_report(result: Result, path: Path) -> Path:
    """Write the report of a run.

    The same result gives the same bytes. The file is written whole or not at all.

    Parameters
    ----------
    result : Result
    path : Path
        Where to; folders on the way are made.

    Returns
    -------
    Path
        The file.
    """
    path = Path(path)
    text = render(result)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105 - one atomic call on every platform
    finally:
        beside.unlink(missing_ok=True)
    return path


def render(result: Result) -> str:
    """Return the report as HTML."""
    chosen = _chosen(result)
    pictures, matrix, pareto = quality_pictures(result), confusion(result), pareto_picture(result)
    importance, board = importance_picture(result), leaderboard(result)
    told, numbers = headline(result.verdict)
    shown = {
        "verdict": "Verdict",
        "model": "Model",
        "cost": "Cost" if pareto else "",
        "leaderboard": "Leaderboard" if len(board.lines) > 1 else "",
        "quality": "Quality" if pictures else "",
        "confusion": "Right and wrong" if matrix else "",
        "importance": "Importance" if importance else "",
        "columns": "Columns",
        "course": "Tried",
        "settings": "Repeat",
    }
    price = result.verdict.price
    return _template().render(
        result=result,
        version=twofold.__version__,
        sections=[(key, name) for key, name in shown.items() if name],
        subject=_subject(result),
        headline=told,
        numbers=numbers,
        gloss=GLOSSES[result.verdict.answer],
        gain=gain_picture(result),
        price=times(price) if math.isfinite(price) else "",
        families=family_picture(result),
        details=details(chosen),
        stats=list(_stats(result, chosen)),
        snippets=_SNIPPETS,
        metrics=metric_table(result, chosen),
        pareto=pareto,
        legend=_legend(pareto),
        board=board,
        joins=joins_of(result.rows),
        energy_note=_ENERGY[str(result.settings.get("energy", "estimated"))],
        pictures=pictures,
        confusion=matrix,
        importance=importance,
        columns=column_table(result),
        course=course(result),
        settings=list(setting_lines(result.settings)),
    )


@cache
def _template() -> Template:
    loader = PackageLoader("twofold.report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shorten=shorten, typeset=typeset)
    return environment.get_template("page.html")


_SNIPPETS = (
    (
        "Python",
        'import pandas as pd, twofold\n\nmodel = twofold.load("model")\n'
        'model.predict(pd.read_csv("new.csv"))',
    ),
    ("Shell", "twofold predict model new.csv --out predictions.csv"),
)
_ENERGY = {
    "measured": "measured by the processor's own counters",
    "estimated": "estimated from the seconds that the processor was busy",
}


def _chosen(result: Result) -> Row:
    for row in result.rows:
        if row.chosen or row.name == result.choice.name:
            return row
    return Row(result.choice.name, "baseline", "complete")


def _legend(plot: Plot | None) -> list[tuple[str, str]]:
    drawn = {mark.symbol for mark in plot.marks if mark.shape == "dot"} if plot else set()
    return [(family, name) for family, name in FAMILIES.items() if family in drawn]


def _subject(result: Result) -> str:
    task = {"binary": "two classes", "multiclass": f"{len(result.classes)} classes", "regression": "a number"}
    return (
        f"Predicting “{result.target}” ({task.get(result.task, result.task)}) from {len(result.y):,} rows "
        f"and {len(result.schema.columns):,} columns"
    )


def _stats(result: Result, chosen: Row) -> Iterator[tuple[str, str, str]]:
    """Yield the few figures that matter, each with a note."""
    if chosen.score is not None:
        places = score_decimals(result)
        low, high = (number(end, places) for end in (chosen.score.low, chosen.score.high))
        yield metric_words(result).label, number(chosen.score.centre, places), f"between {low} and {high}"
    if chosen.row_seconds > 0:
        yield "One row", per_row(chosen.row_seconds), "to predict, in a batch"
    if chosen.size > 0:
        yield "Size", size(chosen.size), "on disk"
    if result.choice.threshold is not None:
        positive = shorten(str(result.classes[1]), 20)
        yield "Threshold", number(result.choice.threshold), f"from here on “{positive}” is answered"
    how = "refitted on all rows" if result.choice.refitted else "the mean of the fold models"
    yield "Whole run", duration(result.seconds), "" if chosen.family == "baseline" else how

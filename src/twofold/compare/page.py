"""The page of a comparison: one HTML file that opens offline, in the manner of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template

import twofold
from twofold.bundle.files import whole_file
from twofold.compare.architectures import amount, architectures
from twofold.compare.curve import label_curve
from twofold.compare.examples import Example, example, right_and_wrong, rows_to_walk
from twofold.compare.records import Study
from twofold.compare.stages import PHASES, Phase, input_view, phases_of
from twofold.compare.verdict import training_of, verdict
from twofold.compare.views import View
from twofold.core.table import Table
from twofold.report.number_format import between, duration, number, per_row, share, size
from twofold.report.plot import shared_decimals
from twofold.report.words import FAMILIES, shorten, typeset

WAYS = {
    "ml": "features by hand, then a classifier",
    "dl": "one network does both",
    "hybrid": "a network's features, then a classifier",
}
"""What each workflow does, in the words of the textbook."""


@dataclass(frozen=True)
class Column:
    """A workflow on the page."""

    family: str
    name: str
    way: str
    plan: str


@dataclass(frozen=True)
class Walk:
    """A row, walked through the stages of all workflows."""

    example: Example
    row: View
    ways: tuple[tuple[Phase, ...], ...]


@dataclass(frozen=True)
class Line:
    """A line of the table of figures; `best` marks the workflows that are best in it."""

    name: str
    note: str
    values: tuple[str, ...]
    details: tuple[str, ...]
    best: tuple[bool, ...]


@dataclass(frozen=True)
class Shown:
    """An example with what can be seen of its row."""

    example: Example
    view: View


def write_page(study: Study, path: Path) -> Path:
    """Write the page of a comparison, whole or not at all; return where it is."""
    text = render(study)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return path


def render(study: Study) -> str:
    """Return the page as HTML."""
    told = verdict(study)
    right, wrong = right_and_wrong(study)
    return _template().render(
        study=study,
        version=twofold.__version__,
        headline=told.headline,
        own=told.ahead or "hybrid",
        numbers=typeset(told.gains),
        gloss=told.gloss,
        columns=[
            Column(one.family, FAMILIES[one.family], WAYS[one.family], one.name) for one in study.workflows
        ],
        walks=[_walk(study, row) for row in rows_to_walk(study)],
        lines=list(_lines(study)),
        curve=label_curve(study),
        aspects=architectures([(one.anatomy, training_of(one)) for one in study.workflows]),
        right=[_shown(study, one) for one in right],
        wrong=[_shown(study, one) for one in wrong],
        n_right=_n_right(study),
        tried=list(_tried(study)),
        settings=list(_settings(study)),
        families=FAMILIES,
        uncounted=sorted(
            {
                stage.kind.replace("_", " ")
                for one in study.workflows
                for stage in one.anatomy.stages
                if stage.cost.multiply_adds is None
            }
        ),
        phases=PHASES,
    )


@cache
def _template() -> Template:
    loader = ChoiceLoader([PackageLoader("twofold.compare"), PackageLoader("twofold.report")])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shorten=shorten, share=share)
    return environment.get_template("compare.html")


def _row(study: Study, row: int) -> Table:
    return replace(study.test.take(np.array([row])), memo={})


def _walk(study: Study, row: int) -> Walk:
    table = _row(study, row)
    ways = tuple(phases_of(study, one, table) for one in study.workflows)
    return Walk(example(study, row), input_view(study, table), ways)


def _shown(study: Study, one: Example) -> Shown:
    return Shown(one, input_view(study, _row(study, one.row)))


def _n_right(study: Study) -> tuple[tuple[str, int], ...]:
    if not study.classes:
        return ()
    return tuple(
        (one.family, int((one.last.predictions.argmax(axis=1) == study.y).sum())) for one in study.workflows
    )


def _places(study: Study) -> int:
    return shared_decimals([one.last.score for one in study.workflows])


def _lines(study: Study) -> Iterator[Line]:
    """Yield the table of figures."""
    ways, places = study.workflows, _places(study)
    scores = [one.last.score.centre for one in ways]
    yield Line(
        study.metric.label,
        "on the test rows",
        tuple(number(score, places) for score in scores),
        tuple(between(one.last.score, places) for one in ways),
        _best(scores, greater=study.metric.greater_is_better),
    )
    for label in ways[0].metrics:
        found = [one.metrics[label] for one in ways]
        digits = shared_decimals(found)
        yield Line(
            label,
            "on the test rows",
            tuple(number(value.centre, digits) for value in found),
            tuple(between(value, digits) for value in found),
            _best([value.centre for value in found], greater=label not in {"MAE", "mean absolute error"}),
        )
    reading, fitting = [one.reading_seconds for one in ways], [one.last.seconds for one in ways]
    yield _cost("Fit", "seconds of one core with all labels, cells read", fitting, duration)
    if any(reading):
        yield _cost("Reading", "of the cells of all training rows, on one core", reading, duration)
    yield _cost("One row", "to answer, in a batch", [one.row_seconds for one in ways], per_row)
    yield _cost("Multiply-adds", "of one row", [float(one.anatomy.multiply_adds) for one in ways], amount)
    yield _cost("Parameters", "numbers stored", [float(one.anatomy.parameters) for one in ways], amount)
    yield _cost("Size", "on disk", [float(one.size) for one in ways], size)


def _cost(name: str, note: str, values: list[float], write: Callable[[float], str]) -> Line:
    return Line(name, note, tuple(map(write, values)), ("",) * len(values), _best(values, greater=False))


def _best(values: list[float], *, greater: bool) -> tuple[bool, ...]:
    best = max(values) if greater else min(values)
    return tuple(value == best for value in values)


def _tried(study: Study) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the candidates with what the folds gave them."""
    for one in study.workflows:
        for name, found in one.tried.items():
            told = found if isinstance(found, str) else f"{study.metric.label} {number(found, 3)}"
            yield one.family, name, told, name == one.name


def _settings(study: Study) -> Iterator[tuple[str, str]]:
    yield "training rows", f"{study.n_train:,}"
    yield "test rows", f"{len(study.y):,}{' (official)' if study.official else ''}"
    yield "asked for", duration(study.budget)
    yield "whole comparison", duration(study.seconds)
    for name in ("cores", "seed"):
        yield name, str(study.settings[name])

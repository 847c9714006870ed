"""All metrics of the best models side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twofold.evaluate.records import Row
from twofold.report.number_format import decimals_of_size, number
from twofold.report.words import SHORT_FAMILIES, best_of_families, metric_words, words_for
from twofold.search.result import Result


@dataclass(frozen=True)
class Head:
    """A column: a model."""

    family: str
    label: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class Value:
    """A number, and whether no other in its line is better."""

    text: str
    best: bool


@dataclass(frozen=True)
class MetricLine:
    """One metric of all models; `better` says which way."""

    label: str
    better: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class MetricTable:
    """The models across, the metrics down."""

    heads: tuple[Head, ...]
    lines: tuple[MetricLine, ...]


def metric_table(result: Result, chosen: Row) -> MetricTable:
    """Lay out every metric of the best of each family and of the chosen model, which comes first."""
    best = best_of_families(result)
    rows = [chosen, *(row for row in best.values() if row.name != chosen.name)]
    rows = [row for row in rows if row.metrics]
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    heads = tuple(
        Head(row.family, SHORT_FAMILIES[row.family], row.name, row.name == chosen.name) for row in rows
    )
    return MetricTable(heads, tuple(_line(name, rows, result) for name in names))


def _line(name: str, rows: list[Row], result: Result) -> MetricLine:
    """Lay out one metric; that of the run is shown as on the leaderboard, without the optimism of joins."""
    values = [
        row.score.centre if name == result.metric and row.score else row.metrics.get(name, math.nan)
        for row in rows
    ]
    words = metric_words(result) if name == result.metric else words_for(name, result.task)
    finite = [value for value in values if math.isfinite(value)]
    learned = [v for v, row in zip(values, rows, strict=True) if row.family != "baseline" and v in finite]
    places = decimals_of_size(max(map(abs, learned or finite), default=0.0))
    texts = [number(value, places) for value in values]
    top = None
    if words is not None and len(finite) > 1:
        top = texts[values.index(max(finite) if words.greater_is_better else min(finite))]
    better = "" if words is None else "higher is better" if words.greater_is_better else "lower is better"
    label = name.replace("_", " ") if words is None else words.label
    return MetricLine(label, better, tuple(Value(text, text == top) for text in texts))

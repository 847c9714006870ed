"""From a finished run to a predictor that knows what it is."""

from __future__ import annotations

from twofold.bundle.about import About, Bundle, moment
from twofold.bundle.parity import Parity
from twofold.search.result import Result


def describe(result: Result, parity: Parity | None = None) -> Bundle:
    """Return a run's model as what is saved: the description and the graph."""
    row = next((row for row in result.rows if row.chosen), None)
    about = About(
        task=result.task,
        target=result.target,
        classes=result.classes,
        schema=result.schema,
        created=moment(),
        model=result.choice.name,
        family=result.choice.family,
        verdict=result.verdict.sentence,
        metrics=dict(row.metrics) if row else {},
        threshold=result.choice.threshold,
        parity=parity,
    )
    return Bundle(about, result.graph)

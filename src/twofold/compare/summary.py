"""A comparison as plain data for programs, and as a few lines for a person."""

from __future__ import annotations

from typing import Any

from twofold.compare.architectures import amount, architectures
from twofold.compare.records import Study, Workflow
from twofold.compare.verdict import training_of, verdict
from twofold.evaluate.records import Interval
from twofold.report.number_format import between, duration, number, per_row, share, size
from twofold.report.plot import shared_decimals
from twofold.report.words import FAMILIES


def as_data(study: Study) -> dict[str, Any]:
    """Return a comparison as plain data."""
    told = verdict(study)
    return {
        "case": study.case.name,
        "task": study.task,
        "metric": study.metric.name,
        "train_rows": study.n_train,
        "test_rows": len(study.y),
        "official_test": study.official,
        "verdict": {"ahead": told.ahead, "headline": told.headline, "sentence": told.gains},
        "workflows": {one.family: _workflow(one) for one in study.workflows},
        "gains": {f"{a} over {b}": _plain(gain) for (a, b), gain in study.gains.items()},
        "architectures": {
            aspect.name: dict(zip((one.family for one in study.workflows), aspect.said, strict=True))
            for aspect in architectures([(one.anatomy, training_of(one)) for one in study.workflows])
        },
        "notes": [*study.case.notes, *study.notes],
        "seconds": study.seconds,
    }


def _plain(value: Interval) -> dict[str, float]:
    return {"centre": value.centre, "low": value.low, "high": value.high}


def _workflow(one: Workflow) -> dict[str, Any]:
    return {
        "plan": one.name,
        "tried": one.tried,
        "score": _plain(one.last.score),
        "more_scores": {label: _plain(value) for label, value in one.metrics.items()},
        "fit_seconds": one.last.seconds,
        "reading_seconds": one.reading_seconds,
        "row_seconds": one.row_seconds,
        "parameters": one.anatomy.parameters,
        "multiply_adds": one.anatomy.multiply_adds,
        "bytes": one.size,
        "label_efficiency": [
            {"share": fit.share, "labels": fit.labels, "score": _plain(fit.score), "seconds": fit.seconds}
            for fit in one.fits
        ],
    }


def as_text(study: Study) -> str:
    """Return a comparison in a few lines."""
    told = verdict(study)
    places = shared_decimals([fit.score for one in study.workflows for fit in one.fits])
    official = " official ones" if study.official else ""
    rows = f"{study.n_train:,} rows to learn from, {len(study.y):,}{official} to test on."
    lines = ["", f"{study.case.question} {rows}"]
    lines += [f"! {note}" for note in (*study.case.notes, *study.notes)]
    shares = [share(fit.share) for fit in study.workflows[0].fits]
    head = "".join(f"{text:>9}" for text in shares)
    lines += ["", f"  {'':18}{'':22} {study.metric.label:>9} {'95 % interval':18}{head}   labels"]
    for one in study.workflows:
        last = one.last.score
        curve = "".join(f"{number(fit.score.centre, places):>9}" for fit in one.fits)
        lines.append(
            f"  {FAMILIES[one.family]:18}{one.name[:21]:22} {number(last.centre, places):>9} "
            f"{between(last, places):18}{curve}"
        )
    lines += ["", f"  {'':40} {'a row':>9} {'multiply-adds':>15} {'parameters':>14} {'size':>8} {'fit':>8}"]
    for one in study.workflows:
        lines.append(
            f"  {FAMILIES[one.family]:18}{one.name[:21]:22} {per_row(one.row_seconds):>9} "
            f"{amount(one.anatomy.multiply_adds):>15} {amount(one.anatomy.parameters):>14} "
            f"{size(one.size):>8} {duration(one.last.seconds):>8}"
        )
    lines += ["", f"{told.headline}. {told.gains}", told.gloss, f"{duration(study.seconds)} in all."]
    return "\n".join(lines)

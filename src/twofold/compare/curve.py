"""Label efficiency as a picture: the score of each workflow against the labels that it had."""

from __future__ import annotations

from twofold.compare.records import Study
from twofold.report.number_format import between, number, share
from twofold.report.plot import Mark, Plot, Tick, fit_scale, shared_decimals
from twofold.report.words import FAMILIES, SHORT_FAMILIES

APART = 0.6
"""Percent of the width by which the workflows stand beside each other, so that intervals do not hide."""


def label_curve(study: Study) -> Plot | None:
    """Draw the score against the number of labels; None with fewer than two numbers of labels."""
    labels = sorted({fit.labels for one in study.workflows for fit in one.fits})
    if len(labels) < 2:
        return None
    scores = [fit.score for one in study.workflows for fit in one.fits]
    x = fit_scale(labels, log=True, pad=0.04)
    y = fit_scale([value for score in scores for value in (score.low, score.high)], pad=0.06)
    places = shared_decimals(scores)
    marks: list[Mark] = []
    for number_of, one in enumerate(study.workflows):
        shift = APART * (number_of - 1)
        points = [(x.at(fit.labels) + shift, 100 - y.at(fit.score.centre), fit) for fit in one.fits]
        path = "M" + "L".join(f"{left:.2f} {top:.2f}" for left, top, _ in points)
        marks.append(Mark("line", one.family, path=path))
        for left, top, fit in points:
            ends = 100 - y.within(fit.score.low), 100 - y.within(fit.score.high)
            marks.append(Mark("rule", f"{one.family} thin", left, ends[0], left, ends[1]))
            told = f"{number(fit.score.centre, places)} {between(fit.score, places)}"
            text = f"{FAMILIES[one.family]}, {fit.labels:,} labels: {told}"
            marks.append(Mark("dot", one.family, left, top, text=text, symbol=one.family))
    shares = {fit.labels: fit.share for one in study.workflows for fit in one.fits}
    ticks = tuple(Tick(x.at(count), f"{count:,}") for count in labels)
    said = "; ".join(
        f"{SHORT_FAMILIES[one.family]} "
        + ", ".join(f"{number(fit.score.centre, places)} at {share(fit.share)}" for fit in one.fits)
        for one in study.workflows
    )
    return Plot(
        "Label efficiency",
        f"The steps have {', '.join(share(shares[n]) for n in labels)} of the training labels. "
        "The bars are 95 % intervals over the test rows.",
        f"{study.metric.label} against the number of labels: {said}.",
        x,
        y,
        "labels to learn from",
        study.metric.label if study.metric.greater_is_better else f"{study.metric.label} (less is better)",
        tuple(marks),
        x_ticks=ticks,
    )

"""What a comparison says: which workflow is ahead, by how much, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.compare.architectures import Training, amount
from twofold.compare.records import Study, Workflow
from twofold.evaluate.records import Interval
from twofold.report.number_format import between, number
from twofold.report.plot import shared_decimals
from twofold.report.words import FAMILIES

CLEAR = {
    "ml": "Features by hand answer best here",
    "dl": "One network, end to end, answers best here",
    "hybrid": "Both joined answer best here",
}
BEHIND = {
    "ml": "Features by hand are behind; the network alone and both joined are level",
    "dl": "The network alone is behind; features by hand and both joined are level",
    "hybrid": "Both joined are behind; features by hand and the network alone are level",
}
LEVEL = "None of the three is clearly ahead"


@dataclass(frozen=True)
class Verdict:
    """The first thing to know.

    Parameters
    ----------
    ahead : str
        The family that is clearly better than both others; empty where none is.
    headline : str
    gains : str
        The gains of joining, with intervals, in one sentence.
    gloss : str
        What it costs.
    """

    ahead: str
    headline: str
    gains: str
    gloss: str


def verdict(study: Study) -> Verdict:
    """Return what a comparison says."""
    ahead, headline = standing(study.gains, [one.family for one in study.workflows])
    label, places = study.metric.label, shared_decimals(list(study.gains.values()))
    said = [
        f"{number(gain.centre, places, signed=True)} {between(gain, places, signed=True)} "
        f"over {FAMILIES[other].lower()}"
        for (family, other), gain in study.gains.items()
        if family == "hybrid"
    ]
    told = f"Joining gains {' and '.join(said)} ({label}, on the same {len(study.y):,} test rows)."
    return Verdict(ahead, headline, told, _gloss(study, ahead))


def standing(gains: Mapping[tuple[str, str], Interval], families: list[str]) -> tuple[str, str]:
    """Return the family that is clearly better than all others, if any, and the headline.

    Parameters
    ----------
    gains : mapping of (family, other) to Interval
        For each pair in one order; positive is better.
    families : list of str

    Examples
    --------
    >>> up, level = Interval(0.2, 0.1, 0.3), Interval(0.0, -0.1, 0.1)
    >>> standing({("dl", "ml"): level, ("hybrid", "ml"): up, ("hybrid", "dl"): up}, ["ml", "dl", "hybrid"])
    ('hybrid', 'Both joined answer best here')
    >>> standing({("dl", "ml"): level, ("hybrid", "ml"): level, ("hybrid", "dl"): up}, ["ml", "dl", "hybrid"])
    ('', 'None of the three is clearly ahead')
    """
    wins = dict.fromkeys(families, 0)
    losses = dict.fromkeys(families, 0)
    for (one, other), gain in gains.items():
        better, worse = (one, other) if gain.low > 0 else (other, one) if gain.high < 0 else ("", "")
        if better:
            wins[better] += 1
            losses[worse] += 1
    for one in families:
        if wins[one] == len(families) - 1:
            return one, CLEAR[one]
    for one in families:
        if losses[one] == len(families) - 1:
            return "", BEHIND[one]
    return "", LEVEL


def _gloss(study: Study, ahead: str) -> str:
    """Say what the best one costs, or what to do without one."""
    works: dict[str, int] = {one.family: one.anatomy.multiply_adds for one in study.workflows}
    cheapest = min(works, key=lambda family: works[family])
    least = f"{amount(works[cheapest])} multiply-adds a row"
    if not ahead:
        _, headline = standing(study.gains, list(works))
        near = (
            [family for family in works if headline != BEHIND[family]] if headline != LEVEL else list(works)
        )
        first = min(near, key=lambda family: works[family])
        most = max(near, key=lambda family: works[family])
        return (
            f"Between what is level, the cheaper is the better: {FAMILIES[first].lower()} takes "
            f"{amount(works[first])} multiply-adds a row, {FAMILIES[most].lower()} "
            f"{_times(works[most], works[first])}."
        )
    if ahead == cheapest:
        return f"It is also the cheapest: {least}."
    return (
        f"It takes {amount(works[ahead])} multiply-adds a row, {_times(works[ahead], works[cheapest])} as "
        f"{FAMILIES[cheapest].lower()}."
    )


def _times(many: int, few: int) -> str:
    """Say how many times as much something is.

    Examples
    --------
    >>> _times(700, 100), _times(104, 100), _times(120_000, 10)
    ('7.0 times as many', 'about as many', '12,000 times as many')
    """
    factor = many / max(1, few)
    if factor < 1.1:
        return "about as many"
    return f"{number(factor, 1 if factor < 10 else 0)} times as many"


def training_of(one: Workflow) -> Training:
    """Return how a workflow came about."""
    last = one.last
    return Training(last.labels, last.rounds, last.seconds, one.reading_seconds, len(one.tried))

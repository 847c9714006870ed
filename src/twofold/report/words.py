"""Words for a person: families, kinds of findings, and names cut to a length."""

from __future__ import annotations

import re
from dataclasses import dataclass

from twofold.core.errors import InputError
from twofold.evaluate.records import Row
from twofold.metrics import get_metric
from twofold.report.number_format import MINUS
from twofold.search.result import Result

FAMILIES = {
    "baseline": "Trivial baseline",
    "ml": "Machine learning",
    "dl": "Deep learning",
    "hybrid": "Both joined",
}
"""How each family is called, in the order in which they are shown."""

SHORT_FAMILIES = {"baseline": "baseline", "ml": "ML", "dl": "DL", "hybrid": "hybrid"}

GLOSSES = {
    "helps": "Machine learning and deep learning together predict better here than either does alone, "
    "by more than what matters.",
    "no worthwhile gain": "Machine learning and deep learning together bring nothing here that would be "
    "worth their price. The simpler model is the better one, and that is good news.",
    "undecided": "The data cannot tell yet whether joining machine learning and deep learning is worth it: "
    "both answers lie within chance. More rows would narrow the interval.",
    "not compared": "There was nothing to join, or no time for it, so the two halves of learning "
    "were not compared.",
}
"""What each answer of a verdict means, for who reads it the first time."""


def shorten(text: str, most: int = 24) -> str:
    """Cut a long name in the middle, where names differ least.

    Examples
    --------
    >>> shorten("a_rather_long_name_of_a_column", 15)
    'a_rathe…_column'
    """
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


@dataclass(frozen=True)
class MetricWords:
    """How the metric of a run is called, and which way is better."""

    label: str
    greater_is_better: bool


def metric_words(result: Result) -> MetricWords:
    """Return the words for a run's metric; the leaderboard's order tells the direction of a user's own."""
    try:
        metric = get_metric(result.metric, result.task)
    except InputError:
        centres = [row.score.centre for row in result.rows if row.score is not None]
        return MetricWords(result.metric, len(centres) < 2 or centres[0] >= centres[-1])
    return MetricWords(metric.label, metric.greater_is_better)


def typeset(sentence: str) -> str:
    r"""Give a sentence true minus signs, and keep each interval on one line.

    Examples
    --------
    >>> typeset("0.1 [-0.1, 0.3]") == "0.1 [\u22120.1,\u00a00.3]"
    True
    """
    signed = re.sub(r"(?<![\w.])-(?=\d)", MINUS, sentence)
    return re.sub(r"\[[^\[\]]*\]", lambda match: match[0].replace(" ", "\u00a0"), signed)


def metric_label(name: str, task: str) -> str:
    """Return how a metric is called."""
    try:
        return get_metric(name, task).label
    except InputError:
        return name.replace("_", " ")


def best_of_families(result: Result) -> dict[str, Row]:
    """Return the best complete line of each family, in the order of `FAMILIES`."""
    complete = [row for row in result.rows if row.score is not None]
    best = {row.family: row for row in reversed(complete)}
    return {family: best[family] for family in FAMILIES if family in best}

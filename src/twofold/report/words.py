"""Words for a person: families, kinds of findings, and names cut to a length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from twofold.core.errors import InputError
from twofold.evaluate.records import Row, Verdict
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

JOINS = {
    "blend": "a weighted mean of its members",
    "stack": "a small model over its members' answers",
    "cascade": "each stage answers what it is sure of; the rest goes on to the next, dearer one",
    "a + b": "what the network a has learned, as further columns for b",
}
"""How models are joined, by the last word of a line's name."""


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
    centres = [row.score.centre for row in result.rows if row.score is not None]
    return words_for(result.metric, result.task) or MetricWords(
        result.metric, len(centres) < 2 or centres[0] >= centres[-1]
    )


def words_for(name: str, task: str) -> MetricWords | None:
    """Return the words for a metric; None for a user's own."""
    try:
        metric = get_metric(name, task)
    except InputError:
        return None
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


def headline(verdict: Verdict) -> tuple[str, str]:
    """Split a verdict into what to remember and its numbers.

    Examples
    --------
    >>> headline(Verdict("undecided", "Undecided: +0.1 AUC for 'a' over 'b'.", "", hybrid="a", single="b"))
    ('Undecided', '+0.1 AUC for “a” over “b”.')
    >>> headline(Verdict("not compared", "Not compared: no model was finished.", ""))
    ('No model was finished', '')
    """
    answer, _, numbers = verdict.sentence.partition(": ")
    if verdict.answer == "not compared":
        told = (numbers or answer).rstrip(".")
        return told[:1].upper() + told[1:], ""
    for name in (verdict.hybrid, verdict.single):
        numbers = numbers.replace(f"'{name}'", f"“{name}”")
    return answer.rstrip("."), typeset(numbers)


def joins_of(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Explain the ways of joining that occur among the lines."""
    names = [row.name for row in rows if row.score is not None]
    kinds = {"a + b" if " + " in name else name.split()[-1] for name in names if name.strip()}
    return [(kind, meaning) for kind, meaning in JOINS.items() if kind in kinds]


def best_of_families(result: Result) -> dict[str, Row]:
    """Return the best complete line of each family, in the order of `FAMILIES`."""
    complete = [row for row in result.rows if row.score is not None]
    best = {row.family: row for row in reversed(complete)}
    return {family: best[family] for family in FAMILIES if family in best}

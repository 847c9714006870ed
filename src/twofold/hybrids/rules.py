"""Rules laid over a model: an expert system and a learned model in one graph.

When it helps: what must or must not be answered is known (law, policy, physics, a diagnosis that is certain),
or the model is surely wrong in places that a few conditions describe; every row says who decided it. When
not: rules that repeat what the model knows, or that were written from the rows they are judged by. Cost: some
microseconds a row and rule; a policy may cost accuracy, which `rows_told` shows before it is laid over.

Rules as production systems with explicit priorities go back to MYCIN (Shortliffe 1976) and R1 (McDermott
1982); rules over a learned model follow hybrid expert systems (Medsker 1994). What rules may say is told in
`twofold.hybrids.rule_file`, how they are heard in `twofold.steps.rules`, how they are learned in
`twofold.hybrids.rule_learning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.bundle.labels import answered_codes
from twofold.core.errors import InputError
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.core.task import TASKS
from twofold.hybrids.rule_file import RuleBook
from twofold.hybrids.rule_logic import contradiction, rule_told, shadows
from twofold.metrics import get_metric
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.rules import Decisions, Rule, Rules

MODEL = "model/"
"""Stands before the names of the model's own steps."""


@dataclass(frozen=True)
class Remark:
    """Something about a rule that its author should know.

    Parameters
    ----------
    level : str
        An ``error`` has to be mended before rules are laid over a model; a ``note`` may be meant.
    rule, sentence : str
    """

    level: Literal["error", "note"]
    rule: str
    sentence: str


def lay_over(bundle: Bundle, book: RuleBook, others: Sequence[Bundle] = ()) -> Bundle:
    """Return a model with rules over it.

    Parameters
    ----------
    bundle : Bundle
    book : RuleBook
    others : sequence of Bundle
        The models that rows are sent to, in the order of ``book.models``; their columns join those of the
        first. Their probabilities are answered at the first one's threshold.

    Raises
    ------
    InputError
        When the model has rules already, a rule has an error, or another model answers something else.
    """
    about = bundle.about
    if find_rules(bundle.graph) is not None:
        raise InputError(
            f"The model '{about.model}' has rules already.",
            "Rules are laid over a model without any.",
            "Name the folder of the model itself, with all the rules in one file.",
        )
    refuse(remarks_of(book, about))
    if about.threshold is not None and about.threshold <= 0:
        raise InputError(
            f"The model always answers '{about.classes[1]}': its threshold is {about.threshold:g}.",
            "A rule can only forbid or answer what a probability decides.",
            "Fit the model with another metric.",
        )
    schema = about.schema
    for other, (name, _) in zip(others, book.models, strict=True):
        schema = _with_columns(schema, other.about, about, name)
    step = Rules(book.rules, tuple(other.graph for other in others), len(about.classes))
    graph = bundle.graph.renamed(MODEL).then(Node(step, (INPUT, MODEL + PREDICTION), PREDICTION))
    families = {about.family, *(other.about.family for other in others)}
    count = f"{len(book.rules)} rule{'s' if len(book.rules) != 1 else ''}"
    laid = replace(
        about,
        schema=schema,
        model=f"{about.model} under {count}",
        family=about.family if len(families) == 1 else "hybrid",
        verdict=f"Rules were laid over the model. Without them: {about.verdict}" if about.verdict else "",
        metrics={},  # measured without the rules
        parity=None,
    )
    return Bundle(laid, graph)


def _with_columns(schema: Schema, other: About, about: About, name: str) -> Schema:
    if (other.task, other.classes) != (about.task, about.classes):
        raise InputError(
            f"The model '{name}' answers {other.task} with {len(other.classes)} classes.",
            f"It has to answer like the first one: {about.task} with the classes {about.classes}.",
            "Send rows to a model of the same target.",
        )
    known = {column.name: column for column in schema.columns}
    for column in other.schema.used:
        mine = known.get(column.name)
        if mine is not None and not mine.unused and (mine.kind, mine.format) != (column.kind, column.format):
            raise InputError(
                f"'{column.name}' is a {mine.kind} for the model and a {column.kind} for '{name}'.",
                "Both have to read their common columns alike.",
                "Fit one of them anew with schema=.",
            )
        known[column.name] = column if mine is None or mine.unused else mine
    return Schema(tuple(known.values()))


def find_rules(graph: Graph) -> tuple[Rules, str] | None:
    """Return the rules of a graph and the name of the answer they were laid over; None without rules."""
    for node in graph.nodes:
        if node.output == PREDICTION and isinstance(node.step, Rules):
            return node.step, node.inputs[1]
    return None


def remarks_of(book: RuleBook, about: About) -> list[Remark]:
    """Return what the words of the rules tell: those that cannot fire, and those never heard.

    Parameters
    ----------
    book : RuleBook
    about : About
    """
    found = []
    for place, rule in enumerate(book.rules):
        column = contradiction(rule)
        if column:
            sentence = f"No value of '{column}' fulfils its conditions ({rule_told(rule, about.schema)})."
            found.append(Remark("error", rule.name, f"{book.place(place)}: {sentence}"))
    step = Rules(book.rules, (), len(about.classes))
    for action in ("route", "override"):
        for place, before in shadows(list(step.heard(action))):
            first = book.rules[before]
            equal = first.priority == book.rules[place].priority
            same = (first.place, first.amount) == (book.rules[place].place, book.rules[place].amount)
            clash = action == "override" and equal and not same
            sentence = f"{book.place(place)}: '{first.name}' fires wherever it does, and is heard first."
            level: Literal["error", "note"] = "error" if clash else "note"
            found.append(Remark(level, book.rules[place].name, sentence))
    return found


def clashes(rules: Sequence[Rule], fired: NDArray[np.bool_]) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Return pairs of overrides of equal priority that disagree, with the rows that show it.

    Parameters
    ----------
    rules : sequence of Rule
    fired : boolean array of shape (m, n)
    """
    found = []
    overrides = [place for place, rule in enumerate(rules) if rule.action == "override"]
    for first, a in enumerate(overrides):
        for b in overrides[first + 1 :]:
            one, other = rules[a], rules[b]
            if one.priority == other.priority and (one.place, one.amount) != (other.place, other.amount):
                both = fired[a] & fired[b]
                if both.any():
                    found.append((a, b, both))
    return found


def remarks_on_rows(book: RuleBook, decisions: Decisions) -> list[Remark]:
    """Return what rows tell of the rules: those that never fire or are never heard, and those that clash.

    Parameters
    ----------
    book : RuleBook
    decisions : Decisions
        Of the rows.
    """
    found = []
    for place, rule in enumerate(book.rules):
        n_rows = decisions.fired.shape[1]
        if not decisions.fired[place].any():
            found.append(Remark("note", rule.name, f"It never fires in these {n_rows:,} rows."))
        elif not decisions.spoke[place].any():
            count = int(decisions.fired[place].sum())
            found.append(Remark("note", rule.name, f"It fires in {count:,} rows, and is heard in none."))
    for a, b, both in clashes(book.rules, decisions.fired):
        row = int(np.flatnonzero(both)[0])
        found.append(
            Remark(
                "error",
                book.rules[b].name,
                f"{book.place(b)}: it disagrees with '{book.rules[a].name}', of equal priority, in "
                f"{int(both.sum()):,} row(s), the first of which is row {row}.",
            )
        )
    return found


def refuse(remarks: Sequence[Remark]) -> None:
    """Insist that there are no errors.

    Raises
    ------
    InputError
        When there are.
    """
    errors = [remark for remark in remarks if remark.level == "error"]
    if errors:
        raise InputError(
            " ".join(f"The rule '{remark.rule}': {remark.sentence}" for remark in errors[:5]),
            "Every rule can fire, and overrides of equal priority agree wherever both do.",
            "Correct the conditions, or give one of the rules a priority.",
        )


def decide(graph: Graph, table: Table) -> tuple[NDArray[np.float64], Decisions, Rules]:
    """Return what the model said, what was made of it, and the rules, for rows of a graph with rules.

    Raises
    ------
    InputError
        When the graph has no rules.
    """
    found = find_rules(graph)
    if found is None:
        raise InputError(
            "The model has no rules.",
            "Rules are laid over a model by: twofold rules apply.",
            "Name the folder that it wrote.",
        )
    step, name = found
    said = np.asarray(graph.run({INPUT: table}, name), dtype=np.float64)
    return said, step.decide(table, said), step


def did(rule: Rule, about: About, names: Sequence[str] = ()) -> str:
    """Say what a rule does in words.

    Examples
    --------
    >>> about = About("binary", "credit", ("bad", "good"), Schema(()))
    >>> did(Rule("minors", "", "veto", 1, 1.0, 0, ()), about)
    "forbids 'good'"
    """
    label = repr(about.classes[rule.place]) if about.classes and rule.action != "route" else ""
    if rule.action == "route":
        return f"sends to {names[rule.place] if names else f'model {rule.place + 1}'}"
    if rule.action == "prior":
        return f"odds of {label} times {rule.amount:g}" if label else f"adds {rule.amount:g}"
    if rule.action == "override":
        return f"answers {label or format(rule.amount, 'g')}"
    return f"forbids {label}" if label else f"forbids {('below', 'above')[rule.place]} {rule.amount:g}"


def tally(
    book: RuleBook, about: About, decisions: Decisions, said: NDArray[Any], y: NDArray[Any] | None
) -> list[dict[str, Any]]:
    """Count for each rule where it fires, is heard and changes the answer, and how wrong the answers are.

    Parameters
    ----------
    book : RuleBook
    about : About
    decisions : Decisions
    said : array of shape (n, k)
        What the model said.
    y : array of shape (n,) or None
        True class codes, or values; then errors are told (shares of wrong classes, or mean absolute errors).
    """
    classes = bool(about.classes)
    before, after = (_answered(about, one) for one in (said, decisions.answer))
    lines = []
    for place, rule in enumerate(book.rules):
        rows = decisions.spoke[place]
        line: dict[str, Any] = {
            "rule": rule.name,
            "fires": int(decisions.fired[place].sum()),
            "heard": int(rows.sum()),
            "changed": int((rows & (before != after)).sum()),
        }
        if y is not None and rows.any():
            wrong = [a != y if classes else np.abs(a - y) for a in (before, after)]
            line["error_of_model"], line["error_with_rules"] = (float(one[rows].mean()) for one in wrong)
        lines.append(line)
    return lines


def _answered(about: About, answer: NDArray[Any]) -> NDArray[Any]:
    """Return the class codes, or the values, that are answered."""
    return answered_codes(about, answer) if about.classes else answer[:, 0]


def score_both(
    about: About, said: NDArray[Any], answer: NDArray[Any], y: NDArray[Any]
) -> dict[str, tuple[float, float]]:
    """Return the scores of a model without and with its rules, by metric."""
    found = {}
    for name in TASKS[about.task].metrics:
        metric = get_metric(name, about.task)
        with suppress(ValueError):  # one class alone has no ranks
            found[name] = metric(y, said, None), metric(y, answer, None)
    return found

"""Rules written as the file that people edit: what `twofold.hybrids.rules.book` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np

from twofold.bundle.about import About
from twofold.hybrids.rules.book import RuleBook
from twofold.hybrids.rules.words import date_text, number_text
from twofold.steps.conditions import Condition
from twofold.steps.rules import BELOW, Rule

_BOUNDS = {"number": ("at least", "above", "at most", "below"), "date": ("since", "after", "until", "before")}


def write_rules(book: RuleBook, about: About, head: str = "") -> str:
    """Return rules as YAML.

    Parameters
    ----------
    book : RuleBook
    about : About
        The model whose columns and classes they speak of.
    head : str
        Lines of a comment at the top.

    Raises
    ------
    ValueError
        For a negated range that is open at one end only, which the file has no word for.

    Examples
    --------
    >>> from twofold.core.schema import Column, Schema
    >>> about = About("binary", "credit", ("bad", "good"), Schema((Column("age", "number"),)))
    >>> young = Condition("age", "range", np.array([-np.inf, 18, 0, 0]), (), False)
    >>> book = RuleBook((Rule("minors", "", "veto", 1, 1.0, 0, (young,)),))
    >>> print(write_rules(book, about))
    rules:
      - name: "minors"
        if:
          - {"age": {below: 18}}
        then: {forbid: "good"}
    <BLANKLINE>
    """
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    if book.models:
        lines += ["models:", *(f"  {_quoted(name)}: {_quoted(folder)}" for name, folder in book.models)]
    lines.append("rules:")
    for rule in book.rules:
        lines += [f"  - name: {_quoted(rule.name)}", "    if:"]
        for condition in rule.when:
            kind = about.schema[condition.column].kind
            lines += [f"      - {text}" for text in _conditions(condition, kind)]
        lines.append(f"    then: {_action(rule, book, about)}")
        lines += [f"    priority: {rule.priority}"] if rule.priority else []
        lines += [f"    because: {_quoted(rule.because)}"] if rule.because else []
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)


def _conditions(condition: Condition, kind: str) -> list[str]:
    tests = list(_tests(condition, kind))
    if condition.test == "missing":
        tests = [f"missing: {'no' if condition.negated else 'yes'}"]
    elif condition.negated:
        if len(tests) != 1:
            raise ValueError(f"The negated range of '{condition.column}' is two tests.")
        return [f"not: {{{_quoted(condition.column)}: {{{tests[0]}}}}}"]
    return [f"{{{_quoted(condition.column)}: {{{', '.join(tests)}}}}}"]


def _tests(condition: Condition, kind: str) -> Iterator[str]:
    if condition.test == "range":
        yield from _range(condition, kind)
    elif condition.test == "among":
        values = [*map(_quoted, condition.words), *map(number_text, condition.numbers.tolist())]
        yield f"is: {values[0]}" if len(values) == 1 else f"in: [{', '.join(values)}]"
    elif condition.test != "missing":
        yield f"{condition.test}: [{', '.join(map(_quoted, condition.words))}]"


def _range(condition: Condition, kind: str) -> Iterator[str]:
    low, high, with_low, with_high = condition.numbers.tolist()
    at_least, above, at_most, below = _BOUNDS[kind]
    write: Callable[[float], str] = _moment if kind == "date" else number_text
    if with_low and with_high and np.isfinite([low, high]).all():
        yield f"between: [{write(low)}, {write(high)}]"
        return
    if low > -np.inf:
        yield f"{at_least if with_low else above}: {write(low)}"
    if high < np.inf:
        yield f"{at_most if with_high else below}: {write(high)}"


def _moment(seconds: float) -> str:
    """Write a moment with its time, since a day alone means all of it."""
    text = date_text(seconds)
    return _quoted(text if "T" in text else f"{text}T00:00:00")


def _action(rule: Rule, book: RuleBook, about: About) -> str:
    label = _quoted(str(about.classes[rule.place])) if about.classes and rule.action != "route" else ""
    amount = number_text(rule.amount)
    if rule.action == "route":
        return f"{{route: {_quoted(book.models[rule.place][0])}}}"
    if rule.action == "prior":
        return f"{{odds: {{{label}: {amount}}}}}" if label else f"{{add: {amount}}}"
    if rule.action == "override":
        return f"{{answer: {label or amount}}}"
    side = "below" if rule.place == BELOW else "above"
    return f"{{forbid: {label}}}" if label else f"{{forbid: {{{side}: {amount}}}}}"

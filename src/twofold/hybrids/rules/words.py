"""Conditions and rules said in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from twofold.bundle.about import About
from twofold.core.schema import Schema
from twofold.steps.conditions import Condition
from twofold.steps.rules import Rule

SIGNS = {"contains": "contains", "word": "has the word", "among": "is"}


def number_text(value: float) -> str:
    """Write a number as short as it can be read back.

    Examples
    --------
    >>> number_text(18.0), number_text(0.1)
    ('18', '0.1')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def date_text(seconds: float) -> str:
    """Write a moment, UTC; midnight as a day."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.date().isoformat() if seconds % 86_400 == 0 else moment.isoformat()


def told(condition: Condition, kind: str) -> str:
    """Say a condition in words; `kind` is that of its column.

    Examples
    --------
    >>> told(Condition("age", "range", np.array([18, 65, 1, 0]), (), False), "number")
    '18 <= age < 65'
    """
    write = date_text if kind == "date" else number_text
    name = condition.column
    if condition.test == "missing":
        return f"{name} is {'there' if condition.negated else 'missing'}"
    if condition.test == "range":
        low, high, with_low, with_high = condition.numbers.tolist()
        text = f"{name} {'<=' if with_high else '<'} {write(high)}" if high < np.inf else name
        if low > -np.inf:
            sign = ("<=", "<") if high < np.inf else (">=", ">")
            bound, mark = write(low), sign[0 if with_low else 1]
            text = f"{bound} {mark} {text}" if high < np.inf else f"{name} {mark} {bound}"
    else:
        values = condition.words or [write(value) for value in condition.numbers.tolist()]
        text = f"{name} {SIGNS[condition.test]} {' or '.join(values)}"
    return f"not ({text})" if condition.negated else text


def rule_told(rule: Rule, schema: Schema) -> str:
    """Say the conditions of a rule in words."""
    return " and ".join(told(condition, schema[condition.column].kind) for condition in rule.when)


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

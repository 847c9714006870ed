"""The conditions of a file of rules, read as their columns mean them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from twofold.bundle.about import About
from twofold.core.schema import Column
from twofold.hybrids.rules.yaml_nodes import Nodes
from twofold.steps.conditions import Condition, Test
from twofold.steps.conform import parse_date

DAY = 86_400.0
_NUMBER = ("is", "in", "below", "at most", "at least", "above", "between", "missing")
_DATE = ("before", "until", "since", "after", "between", "missing")
_STRING = ("is", "in", "contains", "word", "missing")
TESTS: Mapping[str, tuple[str, ...]] = {
    "number": _NUMBER,
    "date": _DATE,
    "category": _STRING,
    "text": _STRING,
}
"""What may be asked of a column of each kind; of others only whether it is missing."""
TRUE, FALSE = ("true", "yes", "on"), ("false", "no", "off")


class ConditionReader(Nodes):
    """Reads conditions on the columns of a model.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    about : About
    """

    def __init__(self, name: str, about: About) -> None:
        super().__init__(name)
        self.about = about

    def conditions(self, node: Any) -> list[Condition]:
        found = []
        for name, (key, value) in self.entries(node, "A condition").items():
            if name == "not" and "not" not in self.about.schema.names:
                inner = self.conditions(value)
                if len(inner) != 1:
                    self.fault(
                        value,
                        f"'not' holds {len(inner)} tests.",
                        "It turns one test of one column round.",
                        "Write several rules, each with one 'not', where one of several has to fail.",
                    )
                found += [replace(inner[0], negated=not inner[0].negated)]
                continue
            column = self.column(name, key)
            tests = self.entries(value, f"What is asked of '{name}'", TESTS.get(column.kind, ("missing",)))
            found += [self.condition(column, test, asked) for test, (_, asked) in tests.items()]
        return found

    def column(self, name: str, node: Any) -> Column:
        used = {column.name: column for column in self.about.schema.used}
        if name not in used:
            known = {column.name: column for column in self.about.schema.columns}
            left = f"The model does not read '{name}' ({known[name].unused})." if name in known else ""
            self.fault(
                node,
                left or f"There is no column '{name}'.",
                f"The model reads: {', '.join(list(used)[:30])}.",
                "Use one of these columns.",
            )
        return used[name]

    def condition(self, column: Column, test: str, node: Any) -> Condition:
        name, nothing = column.name, np.empty(0)
        if test == "missing":
            word = self.word(node, "'missing'").lower()
            if word not in TRUE + FALSE:
                self.fault(node, f"'missing' is '{word}'.", "It is yes or no.", "Correct it.")
            return Condition(name, "missing", nothing, (), word in FALSE)
        if column.kind in ("number", "date"):
            return self.numeric(column, test, node)
        words = [self.word(item, f"'{test}'") for item in self.items(node)]
        self.count(node, test, words)
        asked: Test = "among" if test in ("is", "in") else "word" if test == "word" else "contains"
        return Condition(name, asked, nothing, tuple(words), False)

    def count(self, node: Any, test: str, values: list[Any]) -> None:
        """Insist on as many values as a test needs."""
        fits, wanted = len(values) == 1, "one"
        if test == "between":
            fits, wanted = len(values) == 2 and values[0] <= values[1], "two, the smaller one first"
        elif test in ("in", "contains", "word"):
            fits, wanted = len(values) > 0, "one or more"
        if not fits:
            listed = ", ".join(map(str, values)) or "none"
            self.fault(node, f"'{test}' has the value(s): {listed}.", f"It needs {wanted}.", "Correct it.")

    def numeric(self, column: Column, test: str, node: Any) -> Condition:
        dated = column.kind == "date"
        read = self.moment if dated else self.number
        values = [read(item, f"'{test}' of '{column.name}'") for item in self.items(node)]
        self.count(node, test, values)
        if test in ("is", "in"):
            return Condition(column.name, "among", np.array(values), (), False)
        x, y = values[0], values[-1]
        whole_day = dated and len(self.word(self.items(node)[-1], test)) == len("2020-01-01")
        later = (y + DAY, 0) if whole_day else (y, 1)  # a day lasts until the next one begins
        low, high, with_low, with_high = {
            "below": (-np.inf, x, 0, 0),
            "before": (-np.inf, x, 0, 0),
            "at most": (-np.inf, x, 0, 1),
            "until": (-np.inf, later[0], 0, later[1]),
            "at least": (x, np.inf, 1, 0),
            "since": (x, np.inf, 1, 0),
            "above": (x, np.inf, 0, 0),
            "after": (later[0], np.inf, 1 - later[1], 0),
            "between": (x, later[0], 1, later[1]),
        }[test]
        return Condition(column.name, "range", np.array([low, high, with_low, with_high]), (), False)

    def moment(self, node: Any, what: str) -> float:
        word = self.word(node, what)
        seconds = parse_date(word, "iso")
        if math.isnan(seconds):
            self.fault(
                node, f"{what} is '{word}'.", "Dates are like 2020-01-31 or 2020-01-31T12:00.", "Correct it."
            )
        return seconds

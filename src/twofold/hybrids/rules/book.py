"""The YAML file in which people write rules, read strictly; and rules written as such a file.

::

    models:                                  # only where rules send rows elsewhere
      careful: ../careful-model
    rules:
      - name: minors get no credit
        if:
          - age: {below: 18}
          - purpose: {in: [new car, used car]}
          - not: {housing: {is: own}}
        then: {forbid: good}
        priority: 10
        because: section 2 of the policy

Conditions of a list all have to hold; what may hold instead is another rule. Tests of numbers: ``is in
below at most at least above between``; of dates: ``before until since after between``; of strings: ``is in
contains word``; of every column: ``missing: yes`` or ``no``. What a rule does: ``forbid`` a class, or values
``{below: 0}`` or ``{above: 9}``; ``answer`` a class or value; multiply the ``odds`` of a class, ``{bad: 3}``;
``add`` to a value; ``route`` the row to one of the models. Everything is read as the column means it, so
that a category ``yes`` or ``007`` stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from twofold.bundle.about import About
from twofold.core.errors import InputError
from twofold.hybrids.rules.conditions import FALSE, TRUE, ConditionReader
from twofold.steps.rules import ABOVE, BELOW, Action, Rule

MOST_RULES, MOST_CONDITIONS, MOST_ODDS = 1_000, 50, 1e9


@dataclass(frozen=True)
class RuleBook:
    """Rules as they were read.

    Parameters
    ----------
    rules : tuple of Rule
    models : tuple of (name, folder)
        The routes, in the order of their numbers.
    places : tuple of str
        Where each rule stands, for messages.
    """

    rules: tuple[Rule, ...]
    models: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] = field(default=(), compare=False)

    def place(self, rule: int) -> str:
        """Say where a rule stands."""
        return self.places[rule] if self.places else f"rule {rule + 1}"


def read_rules(path: str | Path, about: About) -> RuleBook:
    """Read a file of rules for a model; folders of other models count from the folder of the file.

    Raises
    ------
    InputError
        When the file is missing, or is not such a file; the message names line and column.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The rules '{path}' cannot be read: {error}.",
            "A YAML file in UTF-8 is needed.",
            "Check the path.",
        ) from None
    book = parse_rules(text, about, name=str(path))
    models = tuple((name, str(place.parent / folder)) for name, folder in book.models)
    return replace(book, models=models)


def parse_rules(text: str, about: About, *, name: str = "rules.yaml") -> RuleBook:
    """Read the text of a file of rules.

    Parameters
    ----------
    text : str
    about : About
        The model whose columns and classes the rules speak of.
    name : str
        Of the file, for messages.

    Examples
    --------
    >>> from twofold.core.schema import Column, Schema
    >>> about = About("binary", "credit", ("bad", "good"), Schema((Column("age", "number"),)))
    >>> text = "rules: [{name: minors, if: {age: {below: 18}}, then: {forbid: good}}]"
    >>> parse_rules(text, about).rules[0].action
    'veto'
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputError(
            f"'{name}' is no YAML: {' '.join(str(error).split())[:300]}.",
            "A file of rules has an entry 'rules' with a list.",
            "Look for a missing colon, quote or bracket there.",
        ) from None
    return _Reader(name, about).book(node)


class _Reader(ConditionReader):
    """Reads rules."""

    def book(self, node: Any) -> RuleBook:
        top = self.entries(node, "The file", ("rules", "models"))
        models = []
        if "models" in top:
            found = self.entries(top["models"][1], "'models'")
            models = [(name, self.word(folder, "A folder")) for name, (_, folder) in found.items()]
        listed = top["rules"][1] if "rules" in top else None
        if not isinstance(listed, yaml.SequenceNode) or not listed.value:
            self.fault(listed or node, "There is no list of rules.", "'rules' is a list.", "Add a rule.")
        if len(listed.value) > MOST_RULES:
            self.fault(listed, f"{len(listed.value)} rules.", f"{MOST_RULES} are allowed.", "Leave some out.")
        rules = [self.rule(one, [name for name, _ in models]) for one in listed.value]
        seen: set[str] = set()
        for one, rule in zip(listed.value, rules, strict=True):
            if rule.name in seen:
                self.fault(one, f"Two rules are called '{rule.name}'.", "Names differ.", "Rename one.")
            seen.add(rule.name)
        return RuleBook(tuple(rules), tuple(models), tuple(map(self.where, listed.value)))

    def rule(self, node: Any, models: Sequence[str]) -> Rule:
        entries = self.entries(node, "A rule", ("name", "if", "then", "priority", "because"))
        for wanted in ("name", "if", "then"):
            if wanted not in entries:
                self.fault(
                    node, f"A rule lacks '{wanted}'.", "Rules have a name, 'if' and 'then'.", "Add the entry."
                )
        when = [test for one in self.items(entries["if"][1]) for test in self.conditions(one)]
        if not 1 <= len(when) <= MOST_CONDITIONS:
            self.fault(
                node,
                f"A rule has {len(when)} conditions.",
                f"1 to {MOST_CONDITIONS} are allowed.",
                "Correct it.",
            )
        action, place, amount = self.action(entries["then"][1], models)
        priority = self.number(entries["priority"][1], "The priority") if "priority" in entries else 0.0
        if priority != int(priority):
            self.fault(
                entries["priority"][1], f"The priority is {priority}.", "It is a whole number.", "Round it."
            )
        because = self.word(entries["because"][1], "The reason") if "because" in entries else ""
        return Rule(
            self.word(entries["name"][1], "The name"),
            because,
            action,
            place,
            amount,
            int(priority),
            tuple(when),
        )

    def action(self, node: Any, models: Sequence[str]) -> tuple[Action, int, float]:
        classes = bool(self.about.classes)
        known = ("forbid", "answer", "odds", "route") if classes else ("forbid", "answer", "add", "route")
        entries = self.entries(node, "'then'", known)
        if len(entries) != 1:
            self.fault(
                node,
                f"'then' has {len(entries)} entries.",
                f"It has one of: {', '.join(known)}.",
                "Split it.",
            )
        (kind, (_, value)) = next(iter(entries.items()))
        if kind == "route":
            word = self.word(value, "The route")
            if word not in models:
                self.fault(
                    value,
                    f"There is no model '{word}'.",
                    f"'models' names: {', '.join(models)}.",
                    "Add it there.",
                )
            return "route", models.index(word), 1.0
        if kind == "odds":
            ((name, (key, factor)),) = self.one(value, "'odds'").items()
            times = self.number(factor, f"The factor of '{name}'")
            if not 1 / MOST_ODDS <= times <= MOST_ODDS:
                self.fault(
                    factor,
                    f"The factor is {times:g}.",
                    f"It is above 0: {1 / MOST_ODDS:g} to {MOST_ODDS:g}.",
                    "Use forbid to rule a class out.",
                )
            return "prior", self.code(key), times
        if kind == "add":
            return "prior", 0, self.number(value, "'add'")
        if classes:
            return ("veto" if kind == "forbid" else "override"), self.code(value), 1.0
        if kind == "answer":
            return "override", 0, self.number(value, "The answer")
        ((side, (_, bound)),) = self.one(value, "'forbid'", ("below", "above")).items()
        return "veto", BELOW if side == "below" else ABOVE, self.number(bound, "The bound")

    def code(self, node: Any) -> int:
        word = self.word(node, "The class")
        for code, label in enumerate(self.about.classes):
            if word == str(label) or _means(word, label):
                return code
        return self.fault(
            node,
            f"'{word}' is no class of '{self.about.target}'.",
            f"Classes are: {', '.join(map(str, self.about.classes[:30]))}.",
            "Use one of these.",
        )


def _means(word: str, label: Any) -> bool:
    """Whether a word is another way of writing a label that is no string."""
    if isinstance(label, bool):
        return word.lower() in (FALSE, TRUE)[label]
    try:
        return not isinstance(label, str) and float(word) == label
    except ValueError:
        return False

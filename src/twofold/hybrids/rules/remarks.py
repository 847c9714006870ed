"""What the author of rules should know: contradictions, rules that are never heard, disagreements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About
from twofold.core.errors import InputError
from twofold.hybrids.rules.book import RuleBook
from twofold.hybrids.rules.extents import contradiction, shadows
from twofold.hybrids.rules.words import rule_told
from twofold.steps.rules import BELOW, Decisions, Rule, Rules


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

    def silences(first: Rule, rule: Rule) -> bool:
        """Whether a rule is not heard in a row in which the first one was heard before it."""
        if first.action != "veto":
            return True
        if about.classes:
            return first.place == rule.place
        return rule.amount < first.amount if first.place == BELOW else rule.amount > first.amount

    for actions in (("route",), ("veto", "override")):
        for earlier, later in shadows(list(step.heard(*actions)), silences):
            first, rule = book.rules[earlier], book.rules[later]
            sentence = f"{book.place(later)}: '{first.name}' fires wherever it does, and is heard first."
            found.append(Remark("error" if disagree(first, rule) else "note", rule.name, sentence))
    return found


def disagree(one: Rule, other: Rule) -> bool:
    """Whether two rules are overrides of equal priority that answer differently."""
    overrides = one.action == other.action == "override" and one.priority == other.priority
    return overrides and (one.place, one.amount) != (other.place, other.amount)


def clashes(rules: Sequence[Rule], fired: NDArray[np.bool_]) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Return pairs of overrides of equal priority that disagree, with the rows that show it.

    Parameters
    ----------
    rules : sequence of Rule
    fired : boolean array of shape (m, n)
    """
    found = []
    for a, b in combinations(range(len(rules)), 2):
        if disagree(rules[a], rules[b]) and (both := fired[a] & fired[b]).any():
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

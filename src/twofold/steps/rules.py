"""Rules over a model's answer: what they send elsewhere, weigh, forbid and decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.base import INPUT, Graph, Step
from twofold.steps.conditions import Condition

Action = Literal["route", "prior", "veto", "override"]
ORDER: tuple[Action, ...] = ("route", "prior", "veto", "override")
BELOW, ABOVE = 0, 1
"""Which values a veto of a regression forbids: those below, or those above its amount."""


@dataclass(frozen=True)
class Rule(Step):
    """If all conditions hold, act on the answer.

    Parameters
    ----------
    name, because : str
        For people: what the rule is called, and why it is there.
    action : Action
        ``route``: another model answers the row. ``prior``: the odds of a class are multiplied, a value is
        added to. ``veto``: a class is out of the question, or are values beyond a bound. ``override``: a
        class or value is the answer.
    place : int
        Class code; number of the route; `BELOW` or `ABOVE` of a bound; else 0.
    amount : float
        Factor of the odds, what is added, the bound, or the value answered; 1 of what has none.
    priority : int
        Larger ones go first.
    when : tuple of Condition
    """

    kind = "rule"
    name: str
    because: str
    action: Action
    place: int
    amount: float
    priority: int
    when: tuple[Condition, ...]

    def run(self, *inputs: Any) -> NDArray[np.bool_]:
        """Return the rows in which all conditions hold."""
        (table,) = inputs
        holds = np.ones(table.n_rows, dtype=bool)
        for condition in self.when:
            holds &= condition.run(table)
        return holds


@dataclass(frozen=True)
class Decisions:
    """What rules made of the answers of a model, and which of them it was.

    Parameters
    ----------
    answer : float array of shape (n, k)
    fired, spoke : boolean arrays of shape (m, n)
        Rows in which the conditions of each rule held, and those of them in which it was heard.
    """

    answer: NDArray[np.float64]
    fired: NDArray[np.bool_]
    spoke: NDArray[np.bool_]


@dataclass(frozen=True)
class Rules(Step):
    """A model's answer with rules laid over it.

    The first route that fires names the model that answers; all priors that fire weigh its answer; then
    vetoes and overrides are heard by falling priority, of equal priority vetoes first, then as they are
    listed. A decided row stays decided; an override is not heard where its answer is forbidden already, nor
    is a veto that would leave nothing to answer.

    Parameters
    ----------
    rules : tuple of Rule
    routes : tuple of Graph
        From ``table`` to ``prediction``: the other models.
    n_classes : int
        0 for regression.

    Examples
    --------
    >>> minor = Condition("age", "range", np.array([-np.inf, 18.0, 0.0, 0.0]), (), False)
    >>> rules = Rules((Rule("minors", "the law", "veto", 1, 1.0, 0, (minor,)),), (), 2)
    >>> table = Table({"age": np.array([17.0, 40.0])}, 2)
    >>> rules.run(table, np.array([[0.2, 0.8], [0.2, 0.8]])).tolist()
    [[1.0, 0.0], [0.2, 0.8]]
    """

    kind = "rules"
    rules: tuple[Rule, ...]
    routes: tuple[Graph, ...]
    n_classes: int

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        table, answer = inputs
        return self.decide(table, answer).answer

    def decide(self, table: Table, answer: NDArray[np.float64]) -> Decisions:
        """Answer, and tell which rules fired and which were heard.

        Parameters
        ----------
        table : Table of n rows
        answer : array of shape (n, k)
            What the model said.
        """
        fired = np.zeros((len(self.rules), table.n_rows), dtype=bool)
        for place, rule in enumerate(self.rules):
            fired[place] = rule.run(table)
        spoke = np.zeros_like(fired)
        out = np.array(answer, dtype=np.float64)
        self._route(table, out, fired, spoke)
        for place, rule in self.heard("prior"):
            spoke[place] = fired[place]
            self._weigh(out, fired[place], rule)
        if self.n_classes:
            self._judge_classes(out, fired, spoke)
        else:
            self._judge_values(out, fired, spoke)
        return Decisions(out, fired, spoke)

    def heard(self, *actions: str) -> Iterator[tuple[int, Rule]]:
        """Yield the rules of these actions with their places, in the order in which they are heard."""
        for place in self._order:
            if self.rules[place].action in actions:
                yield place, self.rules[place]

    @cached_property
    def _order(self) -> tuple[int, ...]:
        def rank(place: int) -> tuple[int, int, int]:
            return -self.rules[place].priority, ORDER.index(self.rules[place].action), place

        return tuple(sorted(range(len(self.rules)), key=rank))

    def _route(
        self, table: Table, out: NDArray[Any], fired: NDArray[np.bool_], spoke: NDArray[np.bool_]
    ) -> None:
        free = np.ones(table.n_rows, dtype=bool)
        for place, rule in self.heard("route"):
            spoke[place] = fired[place] & free
            free &= ~fired[place]
            rows = np.flatnonzero(spoke[place])
            if len(rows):
                sent = table.take(rows)
                out[rows] = self.routes[rule.place].run({INPUT: sent})
                table.complain_of(sent, rows)

    def _weigh(self, out: NDArray[Any], rows: NDArray[np.bool_], rule: Rule) -> None:
        if not self.n_classes:
            out[rows, 0] += rule.amount
        else:
            out[rows, rule.place] *= rule.amount
            out[rows] /= out[rows].sum(axis=1, keepdims=True)

    def _judge_classes(self, out: NDArray[Any], fired: NDArray[np.bool_], spoke: NDArray[np.bool_]) -> None:
        allowed = np.ones(out.shape, dtype=bool)
        chosen = np.full(len(out), -1)
        for place, rule in self.heard("veto", "override"):
            heard = fired[place] & (chosen < 0) & allowed[:, rule.place]
            if rule.action == "veto":
                heard &= allowed.sum(axis=1) > 1
                allowed[heard, rule.place] = False
            else:
                chosen[heard] = rule.place
            spoke[place] = heard
        undecided = (chosen < 0) & ~allowed.all(axis=1)
        left = np.where(allowed[undecided], out[undecided], 0.0)
        lost = left.sum(axis=1) <= 0  # the model was sure of what is forbidden: the others are alike
        left[lost] = allowed[undecided][lost]
        out[undecided] = left / left.sum(axis=1, keepdims=True)
        decided = np.flatnonzero(chosen >= 0)
        out[decided] = 0.0
        out[decided, chosen[decided]] = 1.0

    def _judge_values(self, out: NDArray[Any], fired: NDArray[np.bool_], spoke: NDArray[np.bool_]) -> None:
        low, high = np.full(len(out), -np.inf), np.full(len(out), np.inf)
        free = np.ones(len(out), dtype=bool)
        for place, rule in self.heard("veto", "override"):
            spoke[place] = fired[place] & free & (rule.amount >= low) & (rule.amount <= high)
            rows = spoke[place]
            if rule.action == "override":
                out[rows, 0] = rule.amount
                free &= ~rows
            elif rule.place == BELOW:
                low[rows] = rule.amount
            else:
                high[rows] = rule.amount
        out[free, 0] = np.clip(out[free, 0], low[free], high[free])

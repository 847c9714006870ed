"""Rules learned where a model is wrong, and proved on rows that they were not grown on.

When it helps: the model is off in places that few conditions describe (a network on thresholds and codes, a
model whose probabilities lean in one group), or another model is better there. When not: a strong model has
few such places left, and then hardly a rule survives; that is said, not hidden. Cost: half of the rows grow
the rules, the other half proves them; a few seconds.

Grown and proved apart as in IREP and RIPPER (Fürnkranz and Widmer 1994; Cohen 1995), one rule after the
other as in SLIPPER (Cohen and Singer 1999); what is routed follows the arbiters of Ortega (1995) and of
Koppel and Engelson (1996). Regions come from small trees. A rule is kept when the lower end of an interval
says that it helps on the rows that prove it; the intervals hold for all rules that were tried together
(Bonferroni, the first ones getting more), shares by Clopper and Pearson (1934).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About
from twofold.core.errors import InputError
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.core.table import Table
from twofold.data.leakage import row_hashes
from twofold.hybrids.rules.regions import grow, spell
from twofold.hybrids.rules.standing import Judge, Standing, mean_interval, share_interval
from twofold.steps.conditions import Condition
from twofold.steps.rules import Action, Rule

LEARNED: tuple[Action, ...] = ("route", "prior", "override")
"""Actions of learned rules, in the order in which they are heard."""
LEAST = 15
"""Rows that a region needs among those that grow it."""
FEWEST, FEWEST_MEAN = 5, 20
"""Rows that prove a rule at least: by shares, whose intervals are exact, and by means, whose are not."""
PATIENCE = 3
"""Ideas in a row that are not proved; then the search ends."""
SAME = 0.8
"""Ideas that share so much of their rows are one idea."""
VERBS = {"route": "route", "prior": "weigh", "override": "answer"}


@dataclass(frozen=True)
class Effort:
    """What may be learned, and how sure it has to be.

    Parameters
    ----------
    actions : tuple of Action
        ``route`` needs the answers of another model; ``prior`` and ``route`` better probabilities and values,
        ``override`` answered classes (it makes probabilities 0 and 1, so that ranks and log loss suffer).
    rules : int
        Most rules of each action.
    conditions : int
        Most conditions of a rule.
    confidence : float
        Of all the intervals together.
    precision : float
        Of certain rules: the share of right answers that has to be proved.
    seed : int
    """

    actions: tuple[Action, ...] = ("route", "prior")
    rules: int = 8
    conditions: int = 3
    confidence: float = 0.95
    precision: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Unseen:
    """Rows that the model has not learned from, with its answers.

    Parameters
    ----------
    table : Table of n rows
    about : About
        Of the model.
    y : array of shape (n,)
        Class codes, or values.
    said : array of shape (n, k)
        The model's answers: out of fold, or of rows that it never saw.
    other : array of shape (n, k) or None
        Those of another model that rows may be sent to.
    """

    table: Table
    about: About
    y: NDArray[Any]
    said: NDArray[np.float64]
    other: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Proof:
    """What the rows that prove rules say of one.

    Parameters
    ----------
    rule : str
    rows : int
        In which it fires.
    gain, low, high : float
        Of a mean row: fall of the log loss or the squared error; of overrides and certain rules the share of
        right answers. With the interval that holds for all rules at once.
    model : float
        Of overrides and certain rules: the share of right answers of the model in these rows; else NaN.
    """

    rule: str
    rows: int
    gain: float
    low: float
    high: float
    model: float = float("nan")


@dataclass(frozen=True)
class Learned:
    """Rules with their proofs, and the answers that they make of the rows.

    Parameters
    ----------
    rules : tuple of Rule
    proofs : tuple of Proof
    tried : int
        Rules that were put to the proof.
    answer : array of shape (n, k)
    """

    rules: tuple[Rule, ...]
    proofs: tuple[Proof, ...]
    tried: int
    answer: NDArray[np.float64] = field(repr=False)


def check_actions(what: str, actions: Sequence[str]) -> tuple[Action, ...]:
    """Return actions in the order in which they are learned; `what` names the option that they came from.

    Raises
    ------
    InputError
        When there are none, or one cannot be learned.
    """
    if not actions or not set(actions) <= set(LEARNED):
        raise InputError(
            f"{what} is {', '.join(actions)!r}.", f"Allowed are: {', '.join(LEARNED)}.", "Use some of these."
        )
    return tuple(action for action in LEARNED if action in actions)


def learn_rules(unseen: Unseen, effort: Effort | None = None) -> Learned:
    """Learn where a model errs, and what to do about it.

    Parameters
    ----------
    unseen : Unseen
    effort : Effort or None

    Returns
    -------
    Learned
        Without rules where nothing could be proved.
    """
    effort = effort or Effort()
    possible = {"prior": True, "route": unseen.other is not None, "override": unseen.said.shape[1] > 1}
    chosen = [action for action in LEARNED if action in effort.actions and possible[action]]
    return _Search(unseen, effort, chosen, 0.0).learned()


def learn_certain_rules(unseen: Unseen, effort: Effort | None = None) -> Learned:
    """Learn what is surely of a class, whatever the model says: short rules whose precision is proved.

    Parameters
    ----------
    unseen : Unseen
        Classes only; give the model's own answers as `y` to read off what it is certain of.
    effort : Effort or None
    """
    effort = effort or Effort()
    return _Search(unseen, effort, ["override"], effort.precision).learned()


@dataclass(frozen=True)
class _Idea:
    """A region, what to do in it, and what that is worth where it was grown."""

    when: tuple[Condition, ...]
    rows: NDArray[np.bool_]
    place: int
    amount: float
    worth: float


class _Search:
    """Grows rules on one half of the rows, proves them on the other, one after the other."""

    def __init__(self, unseen: Unseen, effort: Effort, actions: Sequence[Action], precision: float) -> None:
        self.unseen, self.effort, self.actions = unseen, effort, actions
        said = np.array(unseen.said, dtype=np.float64)
        self.at = Standing(unseen.about, unseen.y, said, unseen.other, precision)
        self.grows = _half(unseen, effort.seed)
        self.least = max(LEAST, int(0.005 * len(unseen.y)))
        self.letters = spell(unseen.table, unseen.about.schema, self.least)
        self.free = np.ones(len(unseen.y), dtype=bool)
        self.masks: dict[Condition, NDArray[np.bool_]] = {}
        self.had: list[_Idea] = []
        self.rules: list[Rule] = []
        self.proofs: list[Proof] = []
        self.tried = 0

    def learned(self) -> Learned:
        """Look for rules of each action, in the order in which they are heard."""
        for action in self.actions:
            self._look_for(action)
        return Learned(tuple(self.rules), tuple(self.proofs), self.tried, self.at.now)

    def _look_for(self, action: Action) -> None:
        """Add rules of one action until none is proved several times in a row, or there are enough."""
        self.free[:] = True
        self.had = []
        found = failures = 0
        while found < self.effort.rules and failures < PATIENCE:
            idea = self._best(action)
            if idea is None:
                return
            self.had.append(idea)
            self.tried += 1
            proof = self._prove(action, idea)
            if proof is None:
                failures += 1
                continue
            found, failures = found + 1, 0
            self._accept(action, idea, proof, found)

    @property
    def alpha(self) -> float:
        """What the interval of the rule on trial may miss: 1/2, 1/6, 1/12, ... of all that may be missed."""
        return (1 - self.effort.confidence) / (self.tried * (self.tried + 1))

    def _best(self, action: Action) -> _Idea | None:
        mine = self.grows & self.free
        if mine.sum() < 2 * self.least:
            return None
        places, targets, judge = self.at.task(action, mine)
        seed, depth = derive_seed(self.effort.seed, action, self.tried), self.effort.conditions
        best: _Idea | None = None
        rows = np.flatnonzero(mine)
        for number, when in grow(self.letters, rows, targets, depth=depth, least=self.least, seed=seed):
            idea = self._weigh(when, places[number], judge)
            if idea.worth > (best.worth if best else 0.0) and self._new(idea):
                best = idea
        return best and self._shortened(best, judge)

    def _new(self, idea: _Idea) -> bool:
        """Whether an idea is not nearly one that was put to the proof before."""
        return not any(
            idea.place == one.place
            and np.count_nonzero(idea.rows & one.rows) > SAME * np.count_nonzero(idea.rows | one.rows)
            for one in self.had
        )

    def _weigh(self, when: tuple[Condition, ...], place: int, judge: Judge) -> _Idea:
        """Judge a region by the lower end of what its rows gain together."""
        rows = self._fires(when) & self.free
        grown = rows & self.grows
        n = int(np.count_nonzero(grown))
        if n < self.least:
            return _Idea(when, rows, place, 1.0, -np.inf)
        amount, gain = judge(grown, place)
        worth = float(gain.sum() - 1.64 * np.sqrt(n) * gain.std())
        return _Idea(when, rows, place, amount, worth)

    def _shortened(self, idea: _Idea, judge: Judge) -> _Idea:
        """Leave out conditions that the idea is not worse without."""
        for condition in idea.when:
            fewer = tuple(one for one in idea.when if one is not condition)
            if fewer:
                other = self._weigh(fewer, idea.place, judge)
                if other.worth >= idea.worth and self._new(other):
                    idea = other
        return idea

    def _fires(self, when: tuple[Condition, ...]) -> NDArray[np.bool_]:
        holds = np.ones(len(self.free), dtype=bool)
        for one in when:
            if one not in self.masks:
                self.masks[one] = one.run(self.unseen.table)
            holds &= self.masks[one]
        return holds

    def _prove(self, action: Action, idea: _Idea) -> Proof | None:
        """Return what the other half says of an idea; None where it does not prove it."""
        rows = idea.rows & ~self.grows
        n = int(rows.sum())
        if n < (FEWEST if action == "override" else FEWEST_MEAN):
            return None
        if action == "override":
            return self._prove_override(idea, rows, n)
        after = self.at.changed(action, idea.rows, idea.place, idea.amount)
        mean, low, high = mean_interval((self.at.loss(self.at.now) - self.at.loss(after))[rows], self.alpha)
        return Proof("", n, mean, low, high) if low > 0 else None

    def _prove_override(self, idea: _Idea, rows: NDArray[np.bool_], n: int) -> Proof | None:
        hit, right = self.at.y[rows] == idea.place, self.at.right()[rows]
        low, high = share_interval(int(hit.sum()), n, self.alpha)
        proof = Proof("", n, float(hit.mean()), low, high, float(right.mean()))
        if self.at.precision:
            return proof if low >= self.at.precision else None
        wins, losses = int((hit & ~right).sum()), int((right & ~hit).sum())
        return proof if wins and share_interval(wins, wins + losses, self.alpha)[0] > 0.5 else None

    def _accept(self, action: Action, idea: _Idea, proof: Proof, number: int) -> None:
        name = f"{VERBS[action]} {number}"
        priority = self.effort.rules - number + 1 if action == "override" else 0
        because = _because(action, proof, self.at.classes)
        self.rules.append(Rule(name, because, action, idea.place, idea.amount, priority, idea.when))
        self.proofs.append(replace(proof, rule=name))
        self.at.now = self.at.changed(action, idea.rows, idea.place, idea.amount)
        if action != "prior":
            self.free &= ~idea.rows


def _half(unseen: Unseen, seed: int) -> NDArray[np.bool_]:
    """Return half of the rows, dealt by class or value; rows that repeat each other stay together."""
    _, first, same = np.unique(row_hashes(unseen.table), return_index=True, return_inverse=True)
    order = np.argsort(first)
    half = np.empty(len(first), dtype=bool)
    half[order] = deal_evenly(unseen.y[first[order]], 2, make_generator(seed, "rules")) == 0
    return half[same.reshape(-1)]


def _because(action: Action, proof: Proof, classes: bool) -> str:
    if action == "override":
        right = f"{proof.gain:.1%} ({proof.low:.1%} to {proof.high:.1%})"
        said = f"right in {right}, the model in {proof.model:.1%}"
    else:
        what = "log loss" if classes else "squared error"
        said = f"{what} of a row falls by {proof.gain:.3g} ({proof.low:.3g} to {proof.high:.3g})"
    return f"{proof.rows} rows it was not grown on: {said}"

"""Every line that may be chosen: single trials, and the joins of each pool, learned on given rows.

A pool is what one side of the comparison may use: the machine-learning trials, the networks, or all.
Each pool has the same means: a blend and a stack of at most as many members, learned on the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.entrants import Entrants
from twofold.hybrids.base import Evidence, Joined
from twofold.hybrids.blend import Blend, learn_blend
from twofold.hybrids.cascade import Chain, learn_cascade
from twofold.hybrids.floor import DOUBT
from twofold.hybrids.stack import learn_stack
from twofold.hybrids.threshold import at_threshold, learn_threshold

MEMBERS = 5
"""The best so many of a pool may be joined."""
CHEAP = 0.5
"""A stage of a cascade costs less than this share of the next one."""
POOLS = ("ml", "dl", "hybrid")
JOINS = ("blend", "stack", "cascade")


@dataclass(frozen=True)
class Line:
    """Something that may be chosen.

    Parameters
    ----------
    name : str
    family : str
    join : Joined
        A single trial is a blend of itself.
    members : tuple of int
        Positions among the entrants.
    threshold : float
        Learned with it where the metric judges answered classes of two; else one half.
    """

    name: str
    family: str
    join: Joined
    members: tuple[int, ...]
    threshold: float = 0.5

    @property
    def local(self) -> Joined:
        """The join with its members counted within the line."""
        places = {position: place for place, position in enumerate(self.members)}
        return self.join.placed([places.get(p, -1) for p in range(max(self.members) + 1)])

    def answer(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict from the members' predictions (T, n, k), bent so that one half decides."""
        p = self.join.combine(predictions)
        return p if self.threshold == 0.5 else at_threshold(p, self.threshold)


def single(position: int, entrants: Entrants) -> Line:
    """Return the line of one entrant."""
    join = Blend((position,), np.ones(1))
    return Line(entrants.names[position], str(entrants.families[position]), join, (position,))


def learn_lines(
    entrants: Entrants, weight: NDArray[np.float64], joins: Sequence[str] = JOINS
) -> tuple[list[Line], NDArray[np.float64]]:
    """Learn all lines on weighted rows.

    Parameters
    ----------
    entrants : Entrants
    weight : array of shape (m,)
        Zero leaves a row out.
    joins : sequence of str
        Kinds of joins to learn.

    Returns
    -------
    lines : list of Line
        The entrants in their order, then joins.
    gains : array
        Of each line on these rows, more is better.
    """
    used = np.flatnonzero(weight)
    rows = _Rows(entrants, entrants.predictions[:, used], entrants.y[used], weight[used])
    lines = [rows.decide(single(position, entrants)) for position in range(len(entrants.names))]
    gains = [rows.gain(line) for line in lines]
    for pool in POOLS:
        for line in _join(pool, rows, np.array(gains[: len(entrants.names)]), joins):
            decided = rows.decide(line)
            lines.append(decided)
            gains.append(rows.gain(decided))
    return lines, np.nan_to_num(np.array(gains), nan=-np.inf)


@dataclass(frozen=True)
class _Rows:
    """The rows that lines learn from."""

    entrants: Entrants
    predictions: NDArray[np.float64]
    y: NDArray[Any]
    weight: NDArray[np.float64]

    def gain(self, line: Line) -> float:
        return self.entrants.metric.gain(self.y, line.answer(self.predictions), self.weight)

    def decide(self, line: Line) -> Line:
        """Learn the threshold where there is one to learn."""
        if line.join.fixed is not None:
            return replace(line, threshold=line.join.fixed)
        if not self.entrants.metric.decides or self.predictions.shape[2] != 2:
            return line
        p = line.join.combine(self.predictions)
        threshold = learn_threshold(p, self.y, self.weight, self.entrants.metric, most=30)
        return replace(line, threshold=threshold)

    def evidence(self, positions: Sequence[int]) -> Evidence:
        """Return what a join of these entrants may learn from."""
        e = self.entrants
        chosen = list(positions)
        return Evidence(self.predictions[chosen], self.y, self.weight, e.metric, e.task, e.cost[chosen])


def _join(pool: str, rows: _Rows, gains: NDArray[np.float64], joins: Sequence[str]) -> list[Line]:
    entrants = rows.entrants
    positions = _best_of(pool, entrants, gains)
    if len(positions) < 2:
        return []
    evidence = rows.evidence(positions)
    prefix = "" if pool == "hybrid" else f"{pool} "
    found: list[Joined] = []
    if "blend" in joins:
        blend = learn_blend(evidence, MEMBERS)
        if pool == "hybrid" and not _mixed([positions[m] for m in blend.members], entrants):
            blend = learn_blend(evidence, MEMBERS, first=_first_pair(positions, entrants))
        found.append(blend)
    if "stack" in joins:
        found.append(learn_stack(evidence, range(len(positions))))
    if "cascade" in joins and rows.predictions.shape[2] > 1:
        chains = _chains(pool, positions, entrants)
        cascade = learn_cascade(evidence, chains, entrants.floor, doubt=DOUBT / len(POOLS))
        found += [cascade] if cascade is not None else []
    lines = []
    for join in found:
        members = tuple(positions[member] for member in join.members)
        family = "hybrid" if _mixed(members, entrants) else str(entrants.families[members[0]])
        if len(members) < 2 or (pool == "hybrid") != (family == "hybrid"):
            continue
        lines.append(Line(prefix + join.name, family, join.placed(positions), members))
    return lines


def _mixed(members: Sequence[int], entrants: Entrants) -> bool:
    families = {str(entrants.families[m]) for m in members}
    return len(families) > 1 or "hybrid" in families


def _best_of(pool: str, entrants: Entrants, gains: NDArray[np.float64]) -> list[int]:
    """Return the best few entrants of a pool; of all, the best of each family are among them."""
    order = [int(p) for p in np.argsort(-gains, kind="stable") if not entrants.slow[p]]
    if pool != "hybrid":
        return [p for p in order if entrants.families[p] == pool][:MEMBERS]
    firsts = {str(entrants.families[p]): p for p in reversed(order)}
    if len(firsts) < 2:
        return []
    kept = set(firsts.values())
    for p in order:
        if len(kept) >= MEMBERS:
            break
        kept.add(p)
    return [p for p in order if p in kept]


def _first_pair(positions: Sequence[int], entrants: Entrants) -> tuple[int, ...]:
    """Return places of the best of two different families."""
    first = entrants.families[positions[0]]
    other = next(place for place, p in enumerate(positions) if entrants.families[p] != first)
    return (0, other)


def _chains(pool: str, positions: Sequence[int], entrants: Entrants) -> list[Chain]:
    """Return chains of places from cheap to dear; of all, only chains of different families.

    At most four pairs, two cheap ones that have to agree before a dear one, and three in a row: every
    bootstrap learns them anew. Those with the best last stage come first.
    """
    cost = [entrants.cost[p] for p in positions]
    places = range(len(positions))
    pairs = [(a, b) for b in places for a in places if cost[a] < CHEAP * cost[b]]
    committees = [
        ((a, b), (c,))
        for c in places
        for a, b in combinations(places, 2)
        if cost[a] + cost[b] < CHEAP * cost[c]
    ]
    triples = [((a,), (b,), (c,)) for b, c in pairs for a in places if (a, b) in pairs]
    kinds: tuple[tuple[Sequence[Chain], int], ...] = (
        ([((a,), (b,)) for a, b in pairs], 4),
        (committees, 1),
        (triples, 1),
    )
    found: list[Chain] = []
    for kind, most in kinds:
        found += [chain for chain in kind if pool != "hybrid" or _differ(chain, positions, entrants)][:most]
    return found


def _differ(chain: Chain, positions: Sequence[int], entrants: Entrants) -> bool:
    """Whether the members of a chain are of different families."""
    return len({str(entrants.families[positions[place]]) for stage in chain for place in stage}) > 1

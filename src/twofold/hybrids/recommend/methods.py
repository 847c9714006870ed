"""All methods of one past: the retrievers alone, and their candidates put in order by trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.errors import InputError
from twofold.core.random import derive_seed, make_generator
from twofold.hybrids.recommend.interactions import Division, Interactions
from twofold.hybrids.recommend.judging import Judged, judge
from twofold.hybrids.recommend.reranking import (
    BLOCK,
    MOST_USERS,
    Groups,
    Learned,
    blend,
    describe,
    learn_order,
    reranker,
)
from twofold.hybrids.recommend.retrievers import (
    BY_HAND,
    HISTORY,
    LINEAR,
    NEIGHBOURS,
    POPULARITY,
    TOWERS,
    Retrievers,
    Settings,
    choose_settings,
    fit_retrievers,
)
from twofold.hybrids.recommend.side import Side
from twofold.steps.base import Graph, Node
from twofold.steps.rerank import Rerank

REORDERED, JOINED = "re-ranked, no network", "re-ranked"
FAMILIES = {
    POPULARITY: "baseline",
    NEIGHBOURS: "ml",
    LINEAR: "ml",
    TOWERS: "dl",
    REORDERED: "ml",
    JOINED: "hybrid",
}
"""Methods, the simplest first, and their families."""
WINDOWS = (0.16, 0.2)
"""Shares of the interactions that trees learn from, and that methods are chosen by."""
FEWEST = 10
"""Users that a window needs."""
WATCHED = 1 / 3
"""Of the users in the first window: settings are chosen by them, and trees stop early by them."""


@dataclass(frozen=True)
class Stage:
    """A past, and what came next.

    Parameters
    ----------
    past : Interactions
    history, wanted : CSR of shape (u, m)
        What comes next is wanted where it is new to the user and known from the past.
    users : integer array
        With a past and something wanted.
    """

    past: Interactions
    history: Any
    wanted: Any
    users: NDArray[np.intp]


def make_stage(data: Interactions, window: NDArray[np.int64], last: int) -> Stage:
    """Return the past before a window, and what the window holds."""
    past = data.take(window < last)
    known = past.counts() > 0
    wanted = data.take((window == last) & known[data.item]).histories()
    history = past.histories()
    users = np.flatnonzero((np.diff(history.indptr) > 0) & (np.diff(wanted.indptr) > 0))
    if len(users) < FEWEST:
        raise InputError(
            f"Only {len(users)} user(s) have a past and then something new in one of the windows.",
            f"At least {FEWEST} are needed to judge by.",
            "Divide by each user's last ones (division='last'), or bring more interactions.",
        )
    return Stage(past, history, wanted, users)


@dataclass(frozen=True)
class Order:
    """How candidates are put in order: of which retrievers, with which shares, by which trees."""

    names: tuple[str, ...]
    lean: NDArray[np.float64]
    learned: Learned


@dataclass(frozen=True)
class Planned:
    """What was learned about a data set that holds for every past of it.

    Parameters
    ----------
    division : str
    settings : Settings
    orders : mapping of method to Order
    validation : mapping of method to Judged
        On the last window of what was learned from.
    """

    division: Division
    settings: Settings
    orders: Mapping[str, Order]
    validation: Mapping[str, Judged] = field(default_factory=dict)


@dataclass(frozen=True)
class Methods:
    """Every method, fitted on one past."""

    retrievers: Retrievers
    rerankers: Mapping[str, tuple[tuple[str, ...], Rerank]]

    @property
    def names(self) -> tuple[str, ...]:
        """The methods, the simplest first."""
        return tuple(name for name in FAMILIES if name in self.rerankers or name in self.retrievers.names)

    def scores(self, history: Any, users: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return the scores of all items by each method; minus infinity where the user has the item."""
        found = self.retrievers.scores(history, users)
        out = {
            name: step.run(history, *(found[part] for part in parts))
            for name, (parts, step) in self.rerankers.items()
        }
        seen = history.nonzero()
        for name, score in found.items():
            out[name] = score.copy()
            out[name][seen] = -np.inf
        return out

    def judge(self, stage: Stage, side: Side) -> dict[str, Judged]:
        """Judge every method by what the users of a stage had next."""
        parts: dict[str, list[Judged]] = {name: [] for name in self.names}
        for start in range(0, len(stage.users), BLOCK):
            block = stage.users[start : start + BLOCK]
            scores = self.scores(stage.history[block], side.users[block])
            for name, of in parts.items():
                of.append(judge(scores[name], stage.wanted[block]))
        return {
            name: Judged(np.concatenate([p.ndcg for p in of]), np.concatenate([p.recall for p in of]))
            for name, of in parts.items()
        }

    def graph(self, name: str) -> Graph:
        """Return the steps from ``history`` and ``user features`` to the scores of a method."""
        if name in self.retrievers.names:
            return self.retrievers.graph
        parts, step = self.rerankers[name]
        return self.retrievers.graph.then(Node(step, (HISTORY, *parts), name))


def plan_methods(
    data: Interactions, side: Side, division: Division, *, network: bool, budget: Budget, seed: int
) -> Planned:
    """Choose settings, learn the orders, and judge every method on the last window.

    The trees learn from candidates whose retrievers never saw what the users had next; then both are judged
    one window later, with retrievers that learned up to there.
    """
    window = data.windows(WINDOWS, division)
    first, second = make_stage(data, window, 1), make_stage(data, window, 2)
    order = make_generator(seed, "watched").permutation(first.users)
    watched, learn = np.split(order, [max(1, int(WATCHED * len(order)))])
    settings, early = choose_settings(
        first.past,
        side,
        first.wanted,
        watched,
        network=network,
        budget=budget.share(0.15),
        seed=derive_seed(seed, TOWERS, 1),
    )
    orders = {}
    for name, parts in _pools(early.names).items():
        groups = _described(early, side, parts, first, learn)
        shown = _described(early, side, parts, first, watched)
        lean, share = blend(groups, len(parts)), budget.share(0.15)
        learned = learn_order(groups, shown, lean, budget=share, seed=derive_seed(seed, name))
        orders[name] = Order(parts, lean, learned)
    planned = Planned(division, settings, orders)
    late = fit_methods(second.past, side, planned, budget=budget, seed=derive_seed(seed, TOWERS, 2))
    more = {}
    for name, old in orders.items():
        groups = _described(early, side, old.names, first, first.users)
        groups += _described(late.retrievers, side, old.names, second, second.users)
        rounds = old.learned.rounds
        learned = learn_order(
            groups, None, old.lean, budget=budget, seed=derive_seed(seed, name), rounds=rounds
        )
        more[name] = replace(old, learned=learned)
    return Planned(division, settings, more, late.judge(second, side))


def _pools(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what is re-ranked: the candidates of all retrievers, and of those without a network."""
    pools: dict[str, tuple[str, ...]] = {REORDERED: BY_HAND}
    return {**pools, JOINED: tuple(names)} if TOWERS in names else pools


def _described(
    retrievers: Retrievers, side: Side, names: Sequence[str], stage: Stage, users: NDArray[np.intp]
) -> Groups:
    return describe(retrievers, side, names, stage.history, stage.wanted, users[:MOST_USERS])


def fit_methods(past: Interactions, side: Side, planned: Planned, *, budget: Budget, seed: int) -> Methods:
    """Fit every method on a past, with what was learned before."""
    retrievers = fit_retrievers(past, side, planned.settings, budget=budget, seed=seed)
    made = {
        name: (order.names, reranker(retrievers, side, order.lean, order.learned.graph))
        for name, order in planned.orders.items()
    }
    return Methods(retrievers, made)

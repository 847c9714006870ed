"""The retrievers of one past: popularity, neighbours, a linear model, and two towers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.hybrids.recommend.interactions import Interactions
from twofold.hybrids.recommend.item_links import linear_directions, neighbours
from twofold.hybrids.recommend.side import Side
from twofold.metrics.top_items import ndcg_by_row
from twofold.steps.base import Graph, Node
from twofold.steps.item_links import ItemLinks
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.pooled_items import PooledItems
from twofold.steps.stack_columns import StackColumns

if TYPE_CHECKING:
    from twofold.nn.two_tower import TrainedTowers

HISTORY, USERS = "history", "user features"
POPULARITY, NEIGHBOURS, LINEAR, TOWERS = "popularity", "neighbours", "linear", "towers"
BY_HAND = (POPULARITY, NEIGHBOURS, LINEAR)
"""Retrievers without a network, the simplest first."""
NEAR = ((20, 0.0), (100, 10.0), (200, 50.0))
"""Numbers of neighbours, and what shrinks their similarity, to choose from."""
PENALTIES = (30.0, 100.0, 300.0, 1_000.0, 3_000.0)
HALF_LIFE = 0.1
"""Of the time that a past spans, after which an interaction counts half for recent popularity."""


@dataclass(frozen=True)
class Settings:
    """What was chosen once, for every later fit.

    Parameters
    ----------
    k : int
    shrink, penalty : float
    epochs : int
        Of the towers; 0 leaves them out.
    """

    k: int = 100
    shrink: float = 10.0
    penalty: float = 300.0
    epochs: int = 0


@dataclass(frozen=True)
class Retrievers:
    """Retrievers that learned from one past.

    Parameters
    ----------
    graph : Graph
        From ``history`` and ``user features`` to scores, each under the retriever's name.
    names : tuple of str
    links : ItemLinks
        Of neighbours.
    popular : float32 array of shape (m,)
        Logarithm of 1 + how often each item occurs.
    facts : float32 array of shape (m, 3)
        Popularity, recent popularity, and how long ago an item occurred first.
    """

    graph: Graph
    names: tuple[str, ...]
    links: ItemLinks
    popular: NDArray[np.float32]
    facts: NDArray[np.float32]

    def scores(self, history: Any, users: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return what each retriever gives to each item, (n, m)."""
        found = self.graph.run_many({HISTORY: history, USERS: users}, self.names)
        return {name: np.asarray(values, dtype=np.float32) for name, values in found.items()}


def fit_retrievers(
    past: Interactions, side: Side, settings: Settings, *, budget: Budget, seed: int
) -> Retrievers:
    """Fit all retrievers with known settings; the towers get their number of epochs, whatever it takes."""
    history = past.histories()
    links = neighbours(history, settings.k, settings.shrink)
    linear = linear_directions(history).links(settings.penalty, len(past.items))
    towers: tuple[Node, ...] = ()
    if settings.epochs:
        towers = _tower_nodes(_train(past, side, Control(budget, seed, settings.epochs)))
    return _retrievers(past, links, linear, towers)


def choose_settings(
    past: Interactions,
    side: Side,
    wanted: Any,
    watched: NDArray[np.intp],
    *,
    network: bool,
    budget: Budget,
    seed: int,
) -> tuple[Settings, Retrievers]:
    """Choose the settings that order best what came next, and return the retrievers that have them.

    Parameters
    ----------
    past : Interactions
    side : Side
    wanted : CSR of shape (u, m)
        What each user had next.
    watched : integer array
        Users whose next items are looked at; those of others stay untouched.
    network : bool
        Whether to train towers.
    budget : Budget
        Ends the training of the towers.
    seed : int
    """
    history = past.histories()
    shown, goal = history[watched], wanted[watched]
    seen = shown.nonzero()

    def gain(scores: Any) -> float:
        unseen = np.array(scores, dtype=np.float32)
        unseen[seen] = -np.inf
        return float(np.mean(ndcg_by_row(unseen, goal)))

    tried = [neighbours(history, k, shrink) for k, shrink in NEAR]
    best = _best([gain(links.run(shown)) for links in tried])
    directions = linear_directions(history)
    penalty = PENALTIES[_best([gain(directions.scores(shown, penalty)) for penalty in PENALTIES])]
    settings = Settings(*NEAR[best], penalty)
    towers: tuple[Node, ...] = ()
    if network:
        found = _train(past, side, Control(budget, seed))
        settings, towers = replace(settings, epochs=found.epoch), _tower_nodes(found)
    linear = directions.links(penalty, len(past.items))
    return settings, _retrievers(past, tried[best], linear, towers)


def _best(gains: Sequence[float]) -> int:
    return int(np.argmax(gains))


def _train(past: Interactions, side: Side, control: Control) -> TrainedTowers:
    from twofold.nn.two_tower import Sequences, TowerRecipe, train_towers

    starts = np.concatenate([[0], np.cumsum(np.bincount(past.user, minlength=len(past.users)))])
    return train_towers(Sequences(past.item, starts, side.users, side.items), TowerRecipe(), control)


def _tower_nodes(towers: TrainedTowers) -> tuple[Node, ...]:
    """Return the steps from ``history`` and ``user features`` to the towers' scores."""
    return (
        Node(PooledItems(towers.read, towers.many, towers.few), (HISTORY,), "pooled"),
        Node(StackColumns(), ("pooled", USERS), "read by the tower"),
        Node(OnnxGraph(towers.user, "user"), ("read by the tower",), "user"),
        Node(Linear(towers.answers, towers.bias, "identity"), ("user",), TOWERS),
    )


def _retrievers(
    past: Interactions, links: ItemLinks, linear: ItemLinks, towers: tuple[Node, ...]
) -> Retrievers:
    popular: NDArray[Any] = np.log1p(past.counts()).astype(np.float32)
    nobody = np.zeros((len(popular), 1), dtype=np.float32)
    nodes = (
        Node(PooledItems(nobody, 1, 1), (HISTORY,), "nothing"),
        Node(Linear(np.zeros((len(popular), 2)), popular, "identity"), ("nothing",), POPULARITY),
        Node(links, (HISTORY,), NEIGHBOURS),
        Node(linear, (HISTORY,), LINEAR),
        *towers,
    )
    names = BY_HAND + ((TOWERS,) if towers else ())
    return Retrievers(Graph(nodes), names, links, popular, _facts(past, popular))


def _facts(past: Interactions, popular: NDArray[np.float32]) -> NDArray[np.float32]:
    span = max(float(np.ptp(past.time)), 1e-9)
    ago = (past.time.max() - past.time) / span
    recent = np.bincount(past.item, weights=0.5 ** (ago / HALF_LIFE), minlength=len(popular))
    first = np.zeros(len(popular))
    np.maximum.at(first, past.item, ago)
    return np.stack([popular, np.log1p(recent), first], axis=1).astype(np.float32)

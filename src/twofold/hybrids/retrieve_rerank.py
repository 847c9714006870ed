"""Several retrievers propose items, trees put them in order: recommending in two stages.

Covington, Adams and Sargin (2016) propose by a network and order by another; here the network is a pair of
towers trained with a corrected sampled softmax (Yi et al. 2019), popularity, neighbouring items (Sarwar et
al. 2001) and EASE (Steck 2019) propose beside it, and LambdaMART (Burges 2010) puts the union in order, on
top of their blended scores.

When it helps: many users share few hundred items or more, and retrievers err differently; what is known of
users and items (age, genre, text) helps the towers and the trees.
When not: with some dozens of users popularity or EASE alone is as good, and is then kept.
Cost: the towers take most of the fit, as long as all others together many times over; an answer takes
milliseconds instead of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from twofold.bundle.about import About as Description
from twofold.bundle.about import Bundle
from twofold.core import optional
from twofold.core.budget import Budget, parse_seconds
from twofold.core.errors import InputError
from twofold.core.random import derive_seed
from twofold.core.schema import Column, Schema
from twofold.hybrids.recommend.interactions import Columns, Interactions, read_interactions
from twofold.hybrids.recommend.judging import Judged, Verdict, give_verdict, simplest_within_noise
from twofold.hybrids.recommend.methods import (
    FAMILIES,
    JOINED,
    WINDOWS,
    fit_methods,
    make_stage,
    plan_methods,
)
from twofold.hybrids.recommend.retrievers import HISTORY, USERS
from twofold.hybrids.recommend.side import About, read_side
from twofold.metrics.top_items import first_places
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.conform import conform
from twofold.steps.histories import Histories
from twofold.steps.unseen_shares import UnseenShares

SEPARATORS = (",", "|", ";", "\t", "\x1f")
BLOCK = 256


class Recommender(BaseEstimator):  # type: ignore[misc]
    """Learn from who had what, and recommend what comes next.

    Parameters
    ----------
    user, item : str
        Columns of the interactions.
    time, rating : str or None
        Without a time, rows count as being in order.
    liked : float or None
        Ratings from here on count; None takes their median.
    network : bool
        Whether to train the towers, which needs torch.
    division : str
        ``time``: one cut for all; ``last``: the last interactions of each user; ``auto``: the first where
        enough users are left with a past and a future.
    test_share : float
        Of the interactions, the last ones: every method is judged by them before the last fit on all. 0
        leaves that out.
    budget : float or str
        Seconds, or a length of time such as ``"120s"``.
    random_state : int
    n_jobs : int
        Threads.

    Attributes
    ----------
    items_ : str array of shape (m,)
    validation_, test_ : dict of method to Judged
        NDCG@10 and recall@20 of each user over all items.
    kept_ : str
        The simplest method that is within a standard error of the best on the validation window.
    against_ : str
        The best method on the validation window but the join.
    verdict_ : Verdict or None
        On the test window.
    n_user_features_ : int
    graph_ : Graph
        From ``table`` to ``prediction``: shares of all items.
    """

    def __init__(
        self,
        user: str = "user",
        item: str = "item",
        time: str | None = None,
        rating: str | None = None,
        liked: float | None = None,
        network: bool = True,
        division: str = "auto",
        test_share: float = 0.2,
        budget: float | str = 120.0,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.user = user
        self.item = item
        self.time = time
        self.rating = rating
        self.liked = liked
        self.network = network
        self.division = division
        self.test_share = test_share
        self.budget = budget
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        interactions: pd.DataFrame,
        items: pd.DataFrame | None = None,
        users: pd.DataFrame | None = None,
    ) -> Self:
        """Learn from interactions, and from what else is known of items and users.

        Parameters
        ----------
        interactions : pandas.DataFrame
        items, users : pandas.DataFrame or None
            With the column that names them, and others.
        """
        if self.network:
            optional.load("torch", "Recommending with a network")
        if self.division not in ("auto", "time", "last"):
            raise InputError(
                f"The division is '{self.division}'.", "It is one of: auto, time, last.", "Change it."
            )
        if not 0 <= self.test_share < 0.5:
            raise InputError(
                f"The test share is {self.test_share}.", "It lies in 0..0.5.", "Take for instance 0.2."
            )
        budget = Budget(parse_seconds(self.budget), cores=self.n_jobs)
        columns = Columns(self.user, self.item, self.time, self.rating)
        data = read_interactions(interactions, columns, self.liked)
        side = read_side(data.users, data.items, About(self.user, self.item, users, items), self.random_state)
        self.schema_ = side.schema
        self.n_user_features_ = side.users.shape[1]
        self._learn(data, side, budget)
        return self

    def _learn(self, data: Interactions, side: Any, budget: Budget) -> None:
        seed, shares = self.random_state, (self.test_share,) if self.test_share else ()
        self.division_: Any = self.division
        if self.division == "auto":
            self.division_ = data.division((*WINDOWS, *shares))
        window = data.windows(shares, self.division_)
        planned = plan_methods(
            data.take(window == 0), side, self.division_, network=self.network, budget=budget, seed=seed
        )
        names = [name for name in FAMILIES if name in planned.validation]
        self.settings_, self.validation_ = planned.settings, planned.validation
        self.kept_ = simplest_within_noise(planned.validation, names)
        others = [name for name in names if name != JOINED]
        self.against_ = max(others, key=lambda name: planned.validation[name].ndcg.mean())
        self.test_: Mapping[str, Judged] = {}
        self.verdict_: Verdict | None = None
        if shares:
            stage = make_stage(data, window, 1)
            early = fit_methods(stage.past, side, planned, budget=budget, seed=derive_seed(seed, "test"))
            self.test_ = early.judge(stage, side)
            if JOINED in self.test_:
                self.verdict_ = give_verdict(self.test_, JOINED, self.against_)
        self.methods_ = fit_methods(data, side, planned, budget=budget, seed=derive_seed(seed, "all"))
        self.items_ = data.items
        self.graph_ = self._lower(side)

    def _lower(self, side: Any) -> Graph:
        separator = separator_for(self.items_)
        self.histories_ = Histories(HISTORY, separator, self.items_)
        encoder = side.encoder.renamed("of users: ")
        shares = UnseenShares(self.methods_.retrievers.popular)
        reading = Node(self.histories_, (INPUT,), HISTORY)
        last = encoder.nodes[-1]
        encoded = Graph((*encoder.nodes[:-1], Node(last.step, last.inputs, USERS)))
        whole = Graph((reading,)) + encoded + self.methods_.graph(self.kept_)
        whole = whole.then(Node(shares, (HISTORY, self.kept_), PREDICTION))
        return needed(whole, PREDICTION)

    def output(
        self, histories: Sequence[Sequence[Any]], users: Mapping[str, Any] | None = None
    ) -> NDArray[np.float64]:
        """Return the share of every item, of shape (n, m): 0 for what a history holds; they only order.

        Parameters
        ----------
        histories : sequence of n sequences of items, oldest first
            Unknown items are ignored.
        users : mapping of column to n values, or None
            What is known of the users; missing where not given.
        """
        out = np.empty((len(histories), len(self.items_)))
        schema = self._schema()
        for start in range(0, len(histories), BLOCK):
            block = slice(start, start + BLOCK)
            n = len(histories[block])
            columns: dict[str, NDArray[Any]] = {
                name: np.array([None] * n, dtype=object) for name in schema.names
            }
            columns[HISTORY] = np.array([self.cell(one) for one in histories[block]], dtype=object)
            columns.update({name: np.asarray(values)[block] for name, values in (users or {}).items()})
            out[block] = self.graph_.run({INPUT: conform(columns, schema)})
        return out

    def recommend(
        self, histories: Sequence[Sequence[Any]], k: int = 10, users: Mapping[str, Any] | None = None
    ) -> NDArray[np.str_]:
        """Return the k best items of each history that are not in it, the best first: (n, k)."""
        return self.items_[first_places(self.output(histories, users), k)]

    def cell(self, history: Sequence[Any]) -> str:
        """Return a history as the text that a saved model reads."""
        return self.histories_.separator.join(map(str, history))

    def _schema(self) -> Schema:
        told = f"items, oldest first, with '{self.histories_.separator}' between"
        return Schema((Column(HISTORY, "text", told), *self.schema_.columns))

    def bundle(self, created: str = "") -> Bundle:
        """Return the model as it is saved: classes are items, their probabilities are shares."""
        judged = self.test_ or self.validation_
        metrics = {
            "ndcg_at_10": float(judged[self.kept_].ndcg.mean()),
            "recall_at_20": float(judged[self.kept_].recall.mean()),
        }
        about = Description(
            "multiclass",
            self.item,
            tuple(self.items_.tolist()),
            self._schema(),
            created,
            self.kept_,
            FAMILIES[self.kept_],
            self.verdict_.sentence if self.verdict_ else "",
            metrics,
        )
        return Bundle(about, self.graph_)


def needed(graph: Graph, output: str) -> Graph:
    """Return the graph without the nodes that an output does not need."""
    wanted, kept = {output}, []
    for node in reversed(graph.nodes):
        if node.output in wanted:
            wanted.update(node.inputs)
            kept.append(node)
    return Graph(tuple(reversed(kept)))


def separator_for(items: NDArray[np.str_]) -> str:
    """Return a sign that no item holds.

    Examples
    --------
    >>> separator_for(np.array(["1", "2"])), separator_for(np.array(["a, b", "c"]))
    (',', '|')
    """
    for sign in SEPARATORS:
        if not any(sign in name for name in items.tolist()):
            return sign
    raise InputError(
        "Some items hold every sign that could stand between two of them.",
        f"One of {SEPARATORS} has to be free.",
        "Rename these items.",
    )

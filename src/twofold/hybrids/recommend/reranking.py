"""LambdaMART (Burges 2010; Wu et al. 2010) over the candidates of several retrievers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from twofold.core.budget import Budget
from twofold.hybrids.recommend.retrievers import Retrievers
from twofold.hybrids.recommend.side import Side
from twofold.metrics.top_items import ndcg_by_row
from twofold.models.base import Pace
from twofold.models.lightgbm import read_trees
from twofold.steps.base import Graph
from twofold.steps.linear import Linear
from twofold.steps.rerank import Rerank
from twofold.steps.tree_graph import lower_trees

DEPTH, MOST = 100, 120
"""Items that each retriever proposes, and candidates of a user."""
BLOCK = 256
"""Users at once."""
MOST_USERS = 4_000
"""Users that trees learn from, at most, in one window."""
QUARTERS = 4
MOST_ROUNDS, PATIENCE = 500, 50
_EMPTY = Graph(())


@dataclass(frozen=True)
class Groups:
    """Candidates of users, described.

    Parameters
    ----------
    X : float32 array of shape (n, c, features)
    wanted : int array of shape (n, c)
        1 where the user had the candidate next.
    """

    X: NDArray[np.float32]
    wanted: NDArray[np.int32]

    def __add__(self, other: Groups) -> Groups:
        return Groups(np.concatenate([self.X, other.X]), np.concatenate([self.wanted, other.wanted]))


def reranker(retrievers: Retrievers, side: Side, lean: NDArray[np.float64], trees: Graph) -> Rerank:
    """Return the step that orders the candidates of some retrievers."""
    return Rerank(
        retrievers.links,
        retrievers.popular,
        retrievers.facts,
        side.content,
        DEPTH,
        MOST,
        lean,
        trees,
    )


def describe(
    retrievers: Retrievers,
    side: Side,
    names: Sequence[str],
    history: Any,
    wanted: Any,
    users: NDArray[np.intp],
) -> Groups:
    """Describe the candidates of users; those whose next items are none of them are left out.

    Parameters
    ----------
    retrievers : Retrievers
    side : Side
    names : sequence of str
        Retrievers to take.
    history, wanted : CSR of shape (u, m)
    users : integer array
        Rows of `history` and `wanted`.
    """
    step = reranker(retrievers, side, np.zeros(len(names)), _EMPTY)
    parts = []
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        found = retrievers.scores(history[block], side.users[block])
        scores = [found[name] for name in names]
        places, ranks = step.candidates(history[block], scores)
        X = step.describe(history[block], scores, places, ranks)
        rows = np.repeat(np.arange(len(block)), places.shape[1])
        hit = np.asarray(wanted[block][rows, places.ravel()]).reshape(places.shape) > 0
        some = hit.any(axis=1)
        parts.append(Groups(X[some], hit[some].astype(np.int32)))
    return Groups(np.concatenate([part.X for part in parts]), np.concatenate([part.wanted for part in parts]))


def blend(groups: Groups, n_retrievers: int) -> NDArray[np.float64]:
    """Return the shares of the retrievers, in quarters, whose blend orders candidates best (NDCG@10)."""
    z = groups.X[:, :, : 2 * n_retrievers : 2]
    wanted = sparse.csr_array(groups.wanted.reshape(len(z), -1))
    shares = [
        np.array(parts) / QUARTERS
        for parts in product(range(QUARTERS + 1), repeat=n_retrievers)
        if sum(parts) == QUARTERS
    ]
    gains = [float(ndcg_by_row(z @ share, wanted).mean()) for share in shares]
    return shares[int(np.argmax(gains))]


@dataclass(frozen=True)
class Learned:
    """Trees that order candidates.

    Parameters
    ----------
    graph : Graph
        From ``features`` to ``prediction``.
    rounds : int
    """

    graph: Graph
    rounds: int


def learn_order(
    groups: Groups,
    watched: Groups | None,
    lean: NDArray[np.float64],
    *,
    budget: Budget,
    seed: int,
    rounds: int | None = None,
) -> Learned:
    """Boost trees on top of the blended scores of the retrievers, so that no tree means their order.

    Parameters
    ----------
    groups : Groups
    watched : Groups or None
        Others, to stop early by.
    lean : array
        How much each retriever counts, see `blend`.
    budget : Budget
    seed : int
    rounds : int or None
        Exactly so many; None to stop early.
    """
    import lightgbm

    train = _data(groups, lean)
    sets = [] if watched is None or rounds is not None else [_data(watched, lean, train)]
    most = rounds if rounds is not None else MOST_ROUNDS
    pace, callbacks = Pace(budget), []
    if sets:
        callbacks.append(lightgbm.early_stopping(PATIENCE, verbose=False))
    if rounds is None:
        callbacks.append(_Clock(pace))
    booster = lightgbm.train(_params(budget, seed), train, max(1, most), sets, callbacks=callbacks)
    kept = booster.best_iteration if sets and booster.best_iteration > 0 else booster.current_iteration()
    text = booster.model_to_string(num_iteration=kept)
    head = Linear(np.eye(1), np.zeros(1), "identity")
    return Learned(lower_trees(read_trees(text, 1), groups.X.shape[2], head), int(kept))


def _data(groups: Groups, lean: NDArray[np.float64], reference: Any = None) -> Any:
    import lightgbm

    n, c, width = groups.X.shape
    start = (groups.X[:, :, : 2 * len(lean) : 2] @ lean).ravel()
    return lightgbm.Dataset(
        groups.X.reshape(n * c, width),
        groups.wanted.ravel(),
        group=np.full(n, c),
        init_score=start,
        reference=reference,
    )


def _params(budget: Budget, seed: int) -> dict[str, Any]:
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [10],
        "lambdarank_truncation_level": 30,
        "learning_rate": 0.03,
        "num_leaves": 7,
        "min_child_samples": 200,
        "lambda_l2": 5.0,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "bagging_by_query": True,
        "num_threads": budget.cores,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }


class _Clock:
    """Ends the boosting when the time is over."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def __call__(self, env: Any) -> None:
        from lightgbm.callback import EarlyStopException

        if not self._pace.another():
            raise EarlyStopException(env.iteration, env.evaluation_result_list)

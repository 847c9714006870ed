"""Candidates of several retrievers, described side by side and put in order by trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import FEATURES, Graph, Step
from twofold.steps.histories import newest
from twofold.steps.item_links import ItemLinks

LAST = 5
"""Newest items that a candidate is compared with besides all of them."""


@dataclass(frozen=True)
class Rerank(Step):
    """Order the candidates of all retrievers by ``sum of lean * standardised score + trees``.

    Reads histories (CSR, see `twofold.steps.histories`) and one matrix of scores (n, m) from each retriever.
    Gives float32 of shape (n, m): candidates first, the others behind them by `popular`; items of the history
    are minus infinity.

    Parameters
    ----------
    links : ItemLinks
        Similarity to the newest items.
    popular : float32 array of shape (m,)
        The more popular, the larger.
    facts : float32 array of shape (m, f)
        What trees see of an item.
    content : float32 array of shape (m, c)
        Vectors of length 1 or 0 of what items are; a candidate is compared with the mean of the history.
    depth : int
        Items that each retriever proposes.
    most : int
        Candidates of a row, those that some retriever puts first.
    lean : float array
        How much each retriever's standardised score counts.
    trees : Graph
        From ``features`` to ``prediction``.
    """

    kind = "rerank"
    links: ItemLinks
    popular: NDArray[np.float32]
    facts: NDArray[np.float32]
    content: NDArray[np.float32]
    depth: int
    most: int
    lean: NDArray[np.float64]
    trees: Graph

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        history, *scores = inputs
        places, ranks = self.candidates(history, scores)
        features = self.describe(history, scores, places, ranks)
        n, c, width = features.shape
        learned = np.asarray(self.trees.run({FEATURES: features.reshape(n * c, width)})).reshape(n, c)
        order = features[:, :, : 2 * len(self.lean) : 2] @ self.lean + learned
        behind = self.popular / max(float(self.popular.max()), 1e-9) - 2.0
        out = order.min(axis=1, keepdims=True) + np.tile(behind, (n, 1))
        np.put_along_axis(out, places, order, axis=1)
        out[history.nonzero()] = -np.inf
        return np.asarray(out, dtype=np.float32)

    def candidates(
        self, history: Any, scores: list[NDArray[np.float32]]
    ) -> tuple[NDArray[np.intp], list[NDArray[np.int32]]]:
        """Return the places of the candidates (n, c), and the ranks from 0 that each retriever gives them.

        What a retriever does not propose has the rank `depth`.
        """
        n, m = history.shape
        depth, most = min(self.depth, m), min(self.most, m)
        rows = np.arange(n)[:, None]
        ranks = []
        for score in scores:
            unseen = score.astype(np.float32, copy=True)
            unseen[history.nonzero()] = -np.inf
            top = np.sort(np.argpartition(-unseen, depth - 1, axis=1)[:, :depth], axis=1)
            top = np.take_along_axis(top, np.argsort(-unseen[rows, top], axis=1, kind="stable"), axis=1)
            rank = np.full((n, m), depth, dtype=np.int32)
            rank[rows, top] = np.arange(depth, dtype=np.int32)
            ranks.append(rank)
        first = np.min(ranks, axis=0).astype(np.float64) - self.popular / (1.0 + self.popular.max())
        first[history.nonzero()] = np.inf
        places = np.sort(np.argpartition(first, most - 1, axis=1)[:, :most], axis=1)
        return places, [np.take_along_axis(rank, places, axis=1) for rank in ranks]

    def describe(
        self,
        history: Any,
        scores: list[NDArray[np.float32]],
        places: NDArray[np.intp],
        ranks: list[NDArray[np.int32]],
    ) -> NDArray[np.float32]:
        """Return what trees see of the candidates, float32 of shape (n, c, features).

        Two columns a retriever (standardised score, logarithm of the rank), links to the newest items, the
        likeness of content to the whole history and to its newest items, the length of the history, facts of
        the item. What is known of the user brought nothing here; the towers read it.
        """
        n, c = places.shape
        columns = []
        for score, rank in zip(scores, ranks, strict=True):
            own = np.take_along_axis(score, places, axis=1)
            own = own - own.mean(axis=1, keepdims=True)
            columns += [own / (own.std(axis=1, keepdims=True) + 1e-6), np.log1p(rank)]
        recent = self.links.run(newest(history, LAST))
        columns.append(np.take_along_axis(recent, places, axis=1))
        for most in (history.shape[1], LAST):
            columns.append(self._likeness(newest(history, most), places))
        length = np.log1p(np.diff(history.indptr))
        columns.append(np.broadcast_to(length[:, None], (n, c)))
        return np.concatenate([np.stack(columns, axis=2), self.facts[places]], axis=2, dtype=np.float32)

    def _likeness(self, chosen: Any, places: NDArray[np.intp]) -> NDArray[np.float32]:
        mean = np.asarray(chosen @ self.content)
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-6)
        return np.take_along_axis(np.asarray(mean @ self.content.T), places, axis=1)

"""A frozen model and several online heads, weighed anew with each row by how well they answered.

The weights are the posterior of a Bayesian who believes that the best head changes now and then: after each
row a small share is dealt out evenly, so that a head that was bad can come back within some rows (fixed
share, Herbster and Warmuth 1998). The mixture's total log loss exceeds that of the best sequence of heads by
a term that grows with the number of changes and the logarithm of the number of rows, whatever the stream is.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from twofold.core.errors import InputError
from twofold.hybrids.online.bayes import Bayes
from twofold.hybrids.online.head import Array, Codes, Head
from twofold.hybrids.online.logistic import Logistic, outputs_of
from twofold.hybrids.online.tree import Tree
from twofold.steps.base import Step
from twofold.steps.fixed_share import FixedShare
from twofold.steps.linear import Linear
from twofold.steps.log_scores import STEEP

TINY = 1e-12
STEADY, QUICK = 0.05, 0.5
"""Rates of the two logistic heads with one column; with d columns they are divided by the root of d."""


class Frozen(Head):
    """Answers what the frozen model answers, whose log-odds are the leading columns; it learns nothing.

    Parameters
    ----------
    state : Linear
    """

    def __init__(self, state: Linear) -> None:
        self._state = state

    @classmethod
    def start(cls, width: int, n_classes: int, frozen: int = 0) -> Self:
        """Return the head; without log-odds it answers that all classes are alike."""
        k = outputs_of(n_classes)
        weights = np.zeros((k, width))
        weights[:, :frozen] = STEEP * np.eye(k, frozen)
        return cls(Linear(weights, np.zeros(k), "sigmoid" if k == 1 else "softmax"))

    @classmethod
    def resume(cls, step: Linear) -> Self:
        return cls(step)

    def step(self) -> Linear:
        return self._state

    def anew(self) -> Self:
        return self.resume(self._state)

    def test_then_train(self, X: Array, y: Codes) -> Array:
        del y
        return self.answer(X)


class Mix(Head):
    """A frozen model, logistic regression of two rates, naive Bayes and a Hoeffding tree.

    Parameters
    ----------
    state : FixedShare

    Examples
    --------
    >>> head = Mix.start(1, 2)
    >>> _ = head.test_then_train(np.tile([[1.0], [-1.0]], (50, 1)), np.tile([1, 0], 50))
    >>> head.answer(np.array([[1.0], [-1.0]])).argmax(axis=1).tolist()
    [1, 0]
    """

    def __init__(self, state: FixedShare) -> None:
        self._weights = state.weights.copy()
        self._heads: list[Head] = [resume(step) for step in state.heads]
        self._share = state.share

    @classmethod
    def start(cls, width: int, n_classes: int, frozen: int = 0, *, share: float = 1e-3) -> Self:
        """Return a mixture that answers as the frozen model does, until another head has earned weight."""
        root = np.sqrt(max(1, width))
        heads: tuple[Head, ...] = (
            Frozen.start(width, n_classes, frozen),
            Logistic.start(width, n_classes, frozen, rate=STEADY / root),
            Logistic.start(width, n_classes, frozen, rate=QUICK / root),
            Bayes.start(width, n_classes),
            Tree.start(width, n_classes),
        )
        weights = np.zeros(len(heads))
        weights[0] = 1.0
        return cls(FixedShare(weights, tuple(head.step() for head in heads), share))

    @classmethod
    def resume(cls, step: FixedShare) -> Self:
        return cls(step)

    def step(self) -> FixedShare:
        return FixedShare(self._weights.copy(), tuple(head.step() for head in self._heads), self._share)

    def anew(self) -> Self:
        weights = np.zeros_like(self._weights)
        weights[0] = 1.0
        return self.resume(
            FixedShare(weights, tuple(head.anew().step() for head in self._heads), self._share)
        )

    def test_then_train(self, X: Array, y: Codes) -> Array:
        told = np.stack([head.test_then_train(X, y) for head in self._heads], axis=1)
        trust = np.maximum(told[np.arange(len(y)), :, y], TINY)
        weights, even = self._weights, self._share / len(self._heads)
        held = np.empty_like(trust)
        for place, row in enumerate(trust):  # each weight follows from the one before
            held[place] = weights
            weights = weights * row
            weights = weights * ((1.0 - self._share) / weights.sum()) + even
        self._weights = weights
        return np.asarray(np.einsum("nm,nmc->nc", held, told))


_LEARNERS: dict[str, type[Head]] = {
    "linear": Frozen,
    "online_logistic": Logistic,
    "online_bayes": Bayes,
    "hoeffding_tree": Tree,
    "fixed_share": Mix,
}
HEADS = ("mix", "logistic", "bayes", "tree")


def is_head(step: Step) -> bool:
    """Tell whether a step is the state of a head."""
    return step.kind in _LEARNERS


def resume(step: Step) -> Head:
    """Return the head that goes on from a saved state."""
    return _LEARNERS[step.kind].resume(step)


def start_head(name: str, width: int, n_classes: int, frozen: int) -> Head:
    """Return a head that has learned nothing.

    Parameters
    ----------
    name : str
        One of `HEADS`.
    width, n_classes : int
    frozen : int
        Leading columns that are a frozen model's log-odds.

    Raises
    ------
    InputError
        When there is no such head.
    """
    if name == "mix":
        return Mix.start(width, n_classes, frozen)
    if name == "logistic":
        return Logistic.start(width, n_classes, frozen, rate=QUICK / float(np.sqrt(max(1, width))))
    if name == "bayes":
        return Bayes.start(width, n_classes)
    if name == "tree":
        return Tree.start(width, n_classes)
    raise InputError(
        f"'{name}' is no head that learns from a stream.",
        f"Heads are: {', '.join(HEADS)}.",
        "Take mix where nothing is known.",
    )

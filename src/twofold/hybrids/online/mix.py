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
    """Heads over the same columns, weighed by what they answered.

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
        self._widths, self._share = state.widths, state.share

    @classmethod
    def start(
        cls, width: int, n_classes: int, frozen: int = 0, plain: int | None = None, *, share: float = 1e-3
    ) -> Self:
        """Return the frozen model, logistic regression of two rates, naive Bayes and a Hoeffding tree.

        It answers as the frozen model does until another head has earned weight.

        Parameters
        ----------
        width, n_classes : int
        frozen : int
            Leading columns that are the frozen model's log-odds.
        plain : int or None
            Leading columns that naive Bayes and the tree read: those before the features of networks, which
            say one thing many times; None for all.
        share : float
            Weight that is dealt out evenly after each row.
        """
        root, plain = np.sqrt(max(1, width)), width if plain is None else plain
        heads: tuple[tuple[Head, int], ...] = (
            (Frozen.start(width, n_classes, frozen), width),
            (Logistic.start(width, n_classes, frozen, rate=STEADY / root), width),
            (Logistic.start(width, n_classes, frozen, rate=QUICK / root), width),
            (Bayes.start(plain, n_classes), plain),
            (Tree.start(plain, n_classes), plain),
        )
        return cls._of(heads, share)

    @classmethod
    def alone(cls, head: Head, width: int) -> Self:
        """Return one head that reads so many of the leading columns."""
        return cls._of(((head, width),), 0.0)

    @classmethod
    def _of(cls, heads: tuple[tuple[Head, int], ...], share: float) -> Self:
        steps = tuple(head.step() for head, _ in heads)
        widths = np.array([width for _, width in heads], dtype=np.int64)
        return cls(FixedShare(np.eye(len(heads))[0], steps, widths, share))

    @classmethod
    def resume(cls, step: FixedShare) -> Self:
        return cls(step)

    def step(self) -> FixedShare:
        steps = tuple(head.step() for head in self._heads)
        return FixedShare(self._weights.copy(), steps, self._widths, self._share)

    def anew(self) -> Self:
        fresh = tuple(
            (head.anew(), int(width)) for head, width in zip(self._heads, self._widths, strict=True)
        )
        return self._of(fresh, self._share)

    def test_then_train(self, X: Array, y: Codes) -> Array:
        pairs = zip(self._heads, self._widths, strict=True)
        told = np.stack([head.test_then_train(X[:, :width], y) for head, width in pairs], axis=1)
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


def start_head(name: str, width: int, n_classes: int, frozen: int, plain: int) -> Head:
    """Return a head that has learned nothing.

    Parameters
    ----------
    name : str
        One of `HEADS`.
    width, n_classes : int
    frozen : int
        Leading columns that are a frozen model's log-odds.
    plain : int
        Leading columns before the features of networks; see `Mix.start`.

    Raises
    ------
    InputError
        When there is no such head.
    """
    if name == "mix":
        return Mix.start(width, n_classes, frozen, plain)
    if name == "logistic":
        return Logistic.start(width, n_classes, frozen, rate=QUICK / float(np.sqrt(max(1, width))))
    if name == "bayes":
        return Mix.alone(Bayes.start(plain, n_classes), plain)
    if name == "tree":
        return Mix.alone(Tree.start(plain, n_classes), plain)
    raise InputError(
        f"'{name}' is no head that learns from a stream.",
        f"Heads are: {', '.join(HEADS)}.",
        "Take mix where nothing is known.",
    )

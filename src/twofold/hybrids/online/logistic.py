"""Online logistic regression: stochastic gradients with a rate for all, for each weight, or with a penalty.

Sources: AdaGrad (Duchi, Hazan and Singer 2011); FTRL-Proximal (McMahan et al. 2013). The columns may begin
with the log-odds of a frozen model (`twofold.steps.log_scores.LogScores`): their weights then begin where the
head answers exactly as that model does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from twofold.hybrids.online.head import Array, Codes, Head
from twofold.steps.links import LINKS
from twofold.steps.log_scores import STEEP
from twofold.steps.online_logistic import OnlineLogistic

TINY = 1e-8
BETA = 1.0
"""Steadies the first steps of FTRL."""


def outputs_of(n_classes: int) -> int:
    """Return the number of linear functions: one tells two classes apart."""
    return 1 if n_classes == 2 else n_classes


class Logistic(Head):
    """Logistic regression learned row by row.

    Parameters
    ----------
    state : OnlineLogistic

    Examples
    --------
    >>> head = Logistic.start(1, 2)
    >>> _ = head.test_then_train(np.tile([[1.0], [-1.0]], (50, 1)), np.tile([1, 0], 50))
    >>> head.answer(np.array([[1.0], [-1.0]])).argmax(axis=1).tolist()
    [1, 0]
    """

    def __init__(self, state: OnlineLogistic) -> None:
        self._state = state

    @classmethod
    def start(
        cls,
        width: int,
        n_classes: int,
        frozen: int = 0,
        *,
        method: str = "adagrad",
        rate: float = 0.1,
        first: float = 1.0,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> Self:
        """Return a head that has learned nothing.

        Parameters
        ----------
        width, n_classes : int
        frozen : int
            Leading columns that are a frozen model's log-odds; 0 when there are none.
        method : str
            ``sgd``, ``adagrad`` or ``ftrl``.
        rate : float
        first : float
            Sum of squared gradients to begin with; the larger, the smaller the first steps.
        l1, l2 : float
            Penalties.
        """
        k = outputs_of(n_classes)
        weights = np.zeros((k, width + 1))
        weights[:, :frozen] = STEEP * np.eye(k, frozen)
        squares = np.full_like(weights, first)
        leads = np.zeros_like(weights)
        if method == "ftrl":
            leads = -weights * ((BETA + np.sqrt(squares)) / rate + l2) - np.sign(weights) * l1
        return cls(OnlineLogistic(weights, squares, leads, method, rate, first, l1, l2, frozen))

    @classmethod
    def resume(cls, step: OnlineLogistic) -> Self:
        return cls(_copied(step))

    def step(self) -> OnlineLogistic:
        return _copied(self._state)

    def anew(self) -> Self:
        was = self._state
        k, width = was.weights.shape
        return self.start(
            width - 1,
            max(2, k),
            was.frozen,
            method=was.method,
            rate=was.rate,
            first=was.first,
            l1=was.l1,
            l2=was.l2,
        )

    def test_then_train(self, X: Array, y: Codes) -> Array:
        # Row by row: each answer hangs on the weights that the row before has left behind.
        state = self._state
        k = len(state.weights)
        goals = y[:, None].astype(np.float64) if k == 1 else np.eye(k)[y]
        rows = np.column_stack([X, np.ones(len(X))])
        link, learn = LINKS[state.link], {"sgd": _sgd, "adagrad": _adagrad, "ftrl": _ftrl}[state.method]
        answers = np.empty((len(X), max(2, k)))
        for place, row in enumerate(rows):
            answer = link((state.weights @ row)[None])[0]
            answers[place] = answer
            gap = answer[-k:] - goals[place]
            learn(state, gap[:, None] * row)
        return answers


def _copied(step: OnlineLogistic) -> OnlineLogistic:
    return replace(step, weights=step.weights.copy(), squares=step.squares.copy(), leads=step.leads.copy())


def _sgd(state: OnlineLogistic, gradient: Array) -> None:
    weights = state.weights
    weights -= state.rate * (gradient + state.l2 * weights)


def _adagrad(state: OnlineLogistic, gradient: Array) -> None:
    weights, squares = state.weights, state.squares
    if state.l2:
        gradient = gradient + state.l2 * weights
    squares += gradient * gradient
    weights -= state.rate * gradient / np.sqrt(squares + TINY)


def _ftrl(state: OnlineLogistic, gradient: Array) -> None:
    weights, squares, leads = state.weights, state.squares, state.leads
    before = np.sqrt(squares)
    squares += gradient * gradient
    after = np.sqrt(squares)
    leads += gradient - (after - before) / state.rate * weights
    shrunk = np.sign(leads) * np.maximum(np.abs(leads) - state.l1, 0.0)
    np.divide(-shrunk, (BETA + after) / state.rate + state.l2, out=weights)

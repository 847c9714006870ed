"""What learns from a stream: a head that answers a row, then learns from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

Array = NDArray[np.float64]
Codes = NDArray[np.int64]


class Head(ABC):
    """A learner of classes from frozen features that never sees a row twice.

    Whatever way a stream is cut into pieces, the answers and the state are the same.
    """

    @classmethod
    @abstractmethod
    def resume(cls, step: Any) -> Self:
        """Go on from a saved state, which stays as it is."""

    @abstractmethod
    def step(self) -> Step:
        """Return a copy of the state as the step that answers."""

    @abstractmethod
    def anew(self) -> Self:
        """Return a head of the same settings that has learned nothing."""

    @abstractmethod
    def test_then_train(self, X: Array, y: Codes) -> Array:
        """Answer each row, then learn from it.

        Parameters
        ----------
        X : array of shape (n, d)
            In the order of time, without missing values.
        y : int64 array of shape (n,)
            Class codes.

        Returns
        -------
        array of shape (n, C)
            Probabilities, each given before the row itself was learned.
        """

    def answer(self, X: Array) -> Array:
        """Return probabilities of shape (n, C), without learning."""
        answers: Array = self.step().run(X)
        return answers

    def copy(self) -> Self:
        """Return a head of the same state that learns on its own."""
        return self.resume(self.step())

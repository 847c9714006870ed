"""A learner of river as a head: it may run over frozen features, but is not data and cannot be saved."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np

from twofold.core.errors import BundleError
from twofold.hybrids.online.head import Array, Codes, Head
from twofold.steps.base import Step


class River(Head):
    """A classifier of river (Montiel et al. 2021).

    Parameters
    ----------
    model : river.base.Classifier
    n_classes : int
    """

    def __init__(self, model: Any, n_classes: int) -> None:
        self._model = model
        self._n_classes = n_classes

    @classmethod
    def resume(cls, step: Any) -> Self:
        raise cls._unsaved(step)

    def step(self) -> Step:
        raise self._unsaved(self._model)

    @staticmethod
    def _unsaved(model: Any) -> BundleError:
        return BundleError(
            f"The head is '{type(model).__name__}' of river, which cannot be saved.",
            "A bundle holds data only: the heads mix, logistic, bayes and tree can be.",
            "Use one of these to save it; other heads run in memory.",
        )

    def copy(self) -> Self:
        return type(self)(copy.deepcopy(self._model), self._n_classes)

    def anew(self) -> Self:
        return type(self)(self._model.clone(), self._n_classes)

    def answer(self, X: Array) -> Array:
        return np.array([self._chances(dict(enumerate(row))) for row in X.tolist()]).reshape(
            -1, self._n_classes
        )

    def test_then_train(self, X: Array, y: Codes) -> Array:
        answers = np.empty((len(X), self._n_classes))
        for place, (row, code) in enumerate(zip(X.tolist(), y.tolist(), strict=True)):
            cells = dict(enumerate(row))
            answers[place] = self._chances(cells)
            self._model.learn_one(cells, code)
        return answers

    def _chances(self, row: dict[int, float]) -> Array:
        """Return probabilities; classes not yet seen get none, unless nothing was seen."""
        told = self._model.predict_proba_one(row) or {}
        chances = np.array([float(told.get(code, 0.0)) for code in range(self._n_classes)])
        total = chances.sum()
        return chances / total if total > 0 else np.full(self._n_classes, 1.0 / self._n_classes)

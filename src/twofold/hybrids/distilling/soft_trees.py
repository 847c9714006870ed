"""Boosted trees that learn answers instead of labels: the small student of a large teacher.

Trees learn the class probabilities of a teacher (Bucilă, Caruana and Niculescu-Mizil 2006; Hinton, Vinyals
and Dean 2015) by cross entropy against them, or its values by squared error. A row's answer says more than
its label: how sure one may be, and which classes come close.

When it helps: the teacher is better than the student on its own labels, and answers cost more than they
may. When not: the student on the labels alone is as good as the teacher. Cost: the teacher first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem, Validation
from twofold.models.lightgbm import LightGBM

LIKELY = 0.01
"""Classes below this probability are left out of a row's answer: each costs a row."""


class SoftTrees(LightGBM):
    """LightGBM on answers of shape (n, n_classes) or (n, 1); as small as it is quick.

    Parameters
    ----------
    learning_rate : float
        0.1 instead of 0.05: half the trees.
    num_leaves, min_child_samples, feature_fraction, bagging_fraction, lambda_l2
        As of `LightGBM`.
    max_rounds : int
        200: the limit of its size.

    Examples
    --------
    >>> X = np.linspace(0, 1, 400, dtype=np.float32)[:, None]
    >>> answers = np.hstack([1 - X, X]).astype(float)
    >>> student = SoftTrees().fit(X, answers, problem=Problem("binary", 2))
    >>> student.output(np.array([[0.2]], dtype=np.float32)).round(1).tolist()
    [[0.8, 0.2]]
    """

    def __init__(
        self,
        learning_rate: float | None = 0.1,
        num_leaves: int = 31,
        min_child_samples: int = 20,
        feature_fraction: float = 0.8,
        bagging_fraction: float = 0.9,
        lambda_l2: float = 1.0,
        max_rounds: int = 200,
    ) -> None:
        super().__init__(
            learning_rate,
            num_leaves,
            min_child_samples,
            feature_fraction,
            bagging_fraction,
            lambda_l2,
            max_rounds,
        )

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        control = control or Control()
        assert problem is not None, "answers do not tell their problem"
        watched = control.validation
        if watched is not None:
            told = _as_targets(watched.X, watched.y, watched.weight, problem)
            control = replace(control, validation=Validation(*told))
        rows, targets, weight = _as_targets(X, y, sample_weight, problem)
        return super().fit(rows, targets, weight, problem=problem, control=control)

    def _params(self, control: Control) -> dict[str, Any]:
        objective = {"objective": "cross_entropy"} if self.problem_.task == "binary" else {}
        return {**super()._params(control), **objective}


def _as_targets(
    X: Any, answers: NDArray[np.float64], weight: NDArray[np.float64] | None, problem: Problem
) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None]:
    """Return rows, targets and weights that LightGBM can learn.

    An answer of several classes becomes as many rows, each with its probability for a weight: their cross
    entropies and gradients add up to those of the answer.
    """
    if problem.n_classes <= 2:
        return X, answers[:, -1], weight
    kept = np.where(answers >= min(LIKELY, 1.0 / problem.n_classes), answers, 0.0)
    kept /= kept.sum(axis=1, keepdims=True)
    row, code = np.nonzero(kept)
    share = kept[row, code]
    return X[row], code.astype(np.int64), share if weight is None else share * weight[row]

"""Learning a teacher's answers: tensors with answers for targets, and losses at a temperature."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from twofold.core.control import Problem
from twofold.nn.loop import Loss, Rows


def soft_rows(X: NDArray[np.float32], answers: NDArray[Any], weight: NDArray[np.float64] | None) -> Rows:
    """Return tensors of rows whose targets are answers.

    Parameters
    ----------
    X : float32 array of shape (n, d)
    answers : array of shape (n, n_classes), or (n,) for values
    weight : array of shape (n,) or None
    """
    weights = np.ones(len(X)) if weight is None else weight / weight.mean()
    parts = (np.array(part, dtype=np.float32) for part in (X, answers, weights))
    return Rows(*map(torch.from_numpy, parts))


def make_soft_loss(problem: Problem, temperature: float) -> Loss:
    """Return the cross entropy against answers at a temperature (Hinton, Vinyals and Dean 2015).

    Both sides are softened: the answers raised to ``1 / temperature``, the scores divided by it; the square
    of the temperature keeps the gradients as large as they are without. Values are learned by squared error.

    Parameters
    ----------
    problem : Problem
    temperature : float
        1 leaves the answers as they are.
    """
    t = temperature

    def binary(scores: Any, answers: Any) -> Any:
        goals = torch.sigmoid(torch.logit(answers[:, 1], eps=1e-6) / t)
        return t**2 * F.binary_cross_entropy_with_logits(scores[:, 0] / t, goals, reduction="none")

    def multiclass(scores: Any, answers: Any) -> Any:
        goals = torch.softmax(torch.log(answers.clamp_min(1e-6)) / t, dim=1)
        return t**2 * F.cross_entropy(scores / t, goals, reduction="none")

    def regression(scores: Any, answers: Any) -> Any:
        return (scores[:, 0] - answers) ** 2

    return {"binary": binary, "multiclass": multiclass, "regression": regression}[problem.task]

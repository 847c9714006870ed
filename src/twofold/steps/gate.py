"""Several predictions as one, weighed for each row anew: the prediction of a mixture of experts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax

FAR = 4.0
"""What a gate sees is cut so many standard deviations from its mean: weights stay sane in odd rows."""


def signs(parts: NDArray[np.float64], *, chances: bool) -> NDArray[np.float64]:
    """Return what m members themselves say of n rows.

    Parameters
    ----------
    parts : array of shape (m, n, k)
        Their predictions.
    chances : bool
        Whether these are probabilities.

    Returns
    -------
    array of shape (n, m + 1) or (n, m + 2)
        Of probabilities: each member's entropy (0 sure, 1 lost), and how far they are apart. Of values: each
        member's distance from the mean, the mean, and the root of how far they are apart.

    Examples
    --------
    >>> signs(np.array([[[1.0, 0.0]], [[0.5, 0.5]]]), chances=True).round(6).tolist()
    [[0.0, 1.0, 0.25]]
    """
    mean = parts.mean(axis=0)
    if chances:
        logs = np.log(np.clip(parts, 1e-12, 1.0))
        entropy = -(parts * logs).sum(axis=2) / np.log(parts.shape[2])
        apart = 0.5 * np.abs(parts - mean).sum(axis=2).mean(axis=0)
        return np.column_stack([np.maximum(entropy, 0.0).T, apart])
    away = parts[:, :, 0] - mean[:, 0]
    return np.column_stack([away.T, mean[:, 0], np.sqrt(away.std(axis=0))])


@dataclass(frozen=True)
class Gate(Step):
    """``sum of g[m] * prediction[m]`` with ``g = softmax(slopes @ seen + shifts)`` of each row.

    Its inputs are the m predictions; where `columns` is above zero, a matrix comes before them, whose first
    so many columns the gate sees besides what the members say.

    Parameters
    ----------
    slopes : array of shape (m, q)
    shifts : array of shape (m,)
    centre, spread : arrays of shape (q,)
        What is seen is taken in these terms.
    chances : bool
        Whether the predictions are probabilities.
    columns : int
    """

    kind = "gate"
    slopes: NDArray[np.float64]
    shifts: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    chances: bool
    columns: int = 0

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        matrix, members = (inputs[0], inputs[1:]) if self.columns else (None, inputs)
        parts = np.stack([np.asarray(part, dtype=np.float64) for part in members])
        if len(parts) == 1:
            return np.asarray(parts[0])
        return np.asarray(np.einsum("nm,mnk->nk", self.weights(parts, matrix), parts))

    def weights(self, parts: NDArray[np.float64], matrix: Any = None) -> NDArray[np.float64]:
        """Return the weight of each member in each row, of shape (n, m); they sum to one."""
        seen = signs(parts, chances=self.chances)
        if self.columns:
            seen = np.column_stack([seen, np.asarray(matrix[:, : self.columns], dtype=np.float64)])
        return softmax(self.standard(seen) @ self.slopes.T + self.shifts)

    def standard(self, seen: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what is seen in the terms of the training rows."""
        return np.asarray(np.clip((seen - self.centre) / self.spread, -FAR, FAR))

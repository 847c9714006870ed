"""Weighted Gaussian bumps around support vectors: the decision values of kernel machines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

CELLS = 4_000_000
"""Kernel values held at once."""


@dataclass(frozen=True)
class KernelMachine(Step):
    """``exp(-gamma |x - v|^2) @ weights + bias`` over the support vectors v.

    Parameters
    ----------
    vectors : float32 array of shape (m, d)
        Training rows.
    weights : float array of shape (m, q)
    bias : float array of shape (q,)
    gamma : float
    """

    kind = "kernel_machine"
    stores_rows: ClassVar[bool] = True
    vectors: NDArray[np.float32]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    gamma: float

    @cached_property
    def _squares(self) -> NDArray[np.float64]:
        V = self.vectors.astype(np.float64)
        return np.asarray(np.einsum("ij,ij->i", V, V))

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)
        out = np.empty((len(X), self.weights.shape[1]))
        step = max(1, CELLS // max(len(self.vectors), 1))
        V = self.vectors.astype(np.float64)
        for start in range(0, len(X), step):
            part = X[start : start + step]
            own = np.einsum("ij,ij->i", part, part)[:, None]
            apart = np.maximum(own + self._squares - 2.0 * (part @ V.T), 0.0)
            out[start : start + step] = np.exp(-self.gamma * apart) @ self.weights + self.bias
        return out

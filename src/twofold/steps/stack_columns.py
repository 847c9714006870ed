"""Matrices side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twofold.steps.base import Step
from twofold.steps.sparse_rows import FEW, SparseRows, side_by_side


@dataclass(frozen=True)
class StackColumns(Step):
    """Put matrices of the same rows side by side: float32, CSR when one of them is sparse."""

    kind = "stack_columns"

    def run(self, *inputs: Any) -> Any:
        if any(hasattr(part, "tocsr") for part in inputs):
            return _sparse(inputs)
        if len(inputs) == 1:
            return np.asarray(inputs[0], dtype=np.float32)
        out = np.empty((len(inputs[0]), sum(part.shape[1] for part in inputs)), dtype=np.float32)
        start = 0
        for part in inputs:
            out[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return out


def _sparse(parts: tuple[Any, ...]) -> Any:
    n = parts[0].shape[0]
    if n <= FEW and all(isinstance(part, (SparseRows, np.ndarray)) for part in parts):
        return side_by_side(parts, n)
    from scipy import sparse

    light = [part.tocsr() if isinstance(part, SparseRows) else sparse.csr_array(part) for part in parts]
    return sparse.csr_array(sparse.hstack(light, dtype=np.float32))

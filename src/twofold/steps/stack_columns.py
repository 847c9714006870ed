"""Matrices side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twofold.steps.base import Step


@dataclass(frozen=True)
class StackColumns(Step):
    """Put matrices of the same rows side by side: float32, CSR when one of them is sparse."""

    kind = "stack_columns"

    def run(self, *inputs: Any) -> Any:
        if any(hasattr(part, "tocsr") for part in inputs):
            from scipy import sparse

            return sparse.csr_array(
                sparse.hstack([sparse.csr_array(part) for part in inputs], dtype=np.float32)
            )
        if len(inputs) == 1:
            return np.asarray(inputs[0], dtype=np.float32)
        out = np.empty((len(inputs[0]), sum(part.shape[1] for part in inputs)), dtype=np.float32)
        start = 0
        for part in inputs:
            out[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        return out

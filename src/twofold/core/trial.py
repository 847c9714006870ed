"""What one candidate achieved on the folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Family = Literal["baseline", "ml", "dl", "hybrid"]
Status = Literal["complete", "partial", "stopped", "failed"]


@dataclass(frozen=True)
class Trial:
    """A candidate fitted on the folds.

    Parameters
    ----------
    name : str
        Unique in the run, for instance ``"lightgbm"`` or ``"lightgbm~3"`` for a tuned variant.
    family : Family
    status : Status
        ``complete`` when every fold was scored; ``partial`` when some were; ``stopped`` by time or
        memory; ``failed`` by an error.
    reason : str
        Why it was stopped or failed; empty otherwise.
    predictions : float array of shape (n, n_classes) or (n, 1), or None
        Out-of-fold; NaN in rows that no fold scored.
    members : tuple of str
        The trials it joins; empty for a single model.
    params : dict
        What differs from the model's defaults.
    rounds : tuple of int
        Rounds that each fold found best.
    seconds : float
        Fit time summed over the folds.
    row_seconds : float
        Prediction time a row, through the lowered steps.
    size : int
        Bytes of one lowered model.
    """

    name: str
    family: Family
    status: Status = "complete"
    reason: str = ""
    predictions: NDArray[np.float64] | None = None
    members: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    rounds: tuple[int, ...] = ()
    seconds: float = 0.0
    row_seconds: float = 0.0
    size: int = 0

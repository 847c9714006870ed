"""What one candidate achieved on the folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Family = Literal["baseline", "ml", "dl", "hybrid"]
Status = Literal["complete", "partial", "stopped", "failed"]


@dataclass(frozen=True)
class Read:
    """What it costs to read the cells of a row with one extractor.

    Parameters
    ----------
    extractor : str
    seconds : float
    size : int
        Bytes of its step.
    """

    extractor: str
    seconds: float
    size: int


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
        Prediction time a row, through the lowered steps, with what it reads.
    size : int
        Bytes of one lowered model, with what it reads.
    reads : tuple of Read
        Extractors of text, pictures, clips and series; several members of a join need each but once.
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
    reads: tuple[Read, ...] = ()

    @property
    def own_seconds(self) -> float:
        """Prediction time a row, without what it reads."""
        return self.row_seconds - sum(read.seconds for read in self.reads)


def read_twice(members: Sequence[Trial]) -> tuple[float, int]:
    """Return the seconds a row and the bytes that a sum over members counts more than once.

    Examples
    --------
    >>> eyes = Read("eyes", 0.5, 7)
    >>> read_twice([Trial("a", "ml", reads=(eyes,)), Trial("b", "ml", reads=(eyes,)), Trial("c", "ml")])
    (0.5, 7)
    """
    all_reads = [read for member in members for read in member.reads]
    once = {read.extractor: read for read in all_reads}
    seconds = sum(read.seconds for read in all_reads) - sum(read.seconds for read in once.values())
    return seconds, sum(read.size for read in all_reads) - sum(read.size for read in once.values())

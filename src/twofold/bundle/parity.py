"""Whether the lowered steps answer like the model they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import BundleError

Array = NDArray[np.float64]

SHARE = 0.999
"""Rows that have to agree."""
ROW_TOLERANCE = 1e-5
METRIC_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Parity:
    """What a comparison of two answers to the same rows came to.

    Parameters
    ----------
    rows : int
        Rows compared.
    agreeing : float
        Share of the rows within `ROW_TOLERANCE`.
    largest : float
        Largest difference in any row, on the scale of the tolerance.
    metric : float
        Difference of the metric; 0 when none was given.
    """

    rows: int
    agreeing: float
    largest: float
    metric: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the lowered steps may stand for the model."""
        return self.agreeing >= SHARE and self.metric <= METRIC_TOLERANCE

    def demand(self, what: str) -> None:
        """Insist on it.

        Raises
        ------
        BundleError
            When the answers differ too much.
        """
        if not self.passed:
            raise BundleError(
                f"{what} answers {self.rows} rows differently once lowered: {self.agreeing:.2%} agree, "
                f"the largest difference is {self.largest:.2g}, that of the metric {self.metric:.2g}.",
                f"{SHARE:.1%} of the rows have to agree to {ROW_TOLERANCE:g}, "
                f"the metric to {METRIC_TOLERANCE:g}.",
                "Ship the model's native step instead, or leave the model out.",
            )


def check_parity(
    native: Array,
    lowered: Array,
    *,
    relative: bool,
    metric: Callable[[Array], float] | None = None,
) -> Parity:
    """Compare a model's own answers with those of its lowered steps.

    Parameters
    ----------
    native, lowered : arrays of shape (n, k)
        Answers to the same rows: real ones, with missing, unseen and extreme values among them.
    relative : bool
        Measure differences relative to the size of the answer, or to the spread of all answers where
        that is larger, so that values near zero are not held to more than the model can mean. For
        regression; probabilities are compared as they are.
    metric : callable (prediction) -> float, optional
        The run's metric with the targets bound, for instance ``lambda p: score(y, p, None)``. When
        `relative`, its difference is relative too.

    Returns
    -------
    Parity

    Examples
    --------
    >>> native = np.array([[0.2, 0.8], [0.6, 0.4]])
    >>> check_parity(native, native + 1e-7, relative=False).passed
    True
    >>> check_parity(native, native + 1e-3, relative=False).passed
    False
    """
    if native.shape != lowered.shape:
        return Parity(len(native), 0.0, float("inf"))
    if not native.size:
        return Parity(0, 1.0, 0.0)
    both_missing = np.isnan(native) & np.isnan(lowered)
    with np.errstate(invalid="ignore"):  # inf - inf is no agreement, unless they are equal
        apart = np.where((native == lowered) | both_missing, 0.0, np.abs(native - lowered))
    worst = np.nan_to_num(apart / (_scale(native) if relative else 1.0), nan=np.inf).max(axis=1)
    differs = 0.0
    if metric is not None:
        a, b = float(metric(native)), float(metric(lowered))
        gap = 0.0 if a == b or (np.isnan(a) and np.isnan(b)) else abs(a - b)
        differs = gap / abs(a) if relative and a else gap
        differs = float("inf") if np.isnan(differs) else differs
    return Parity(len(native), float(np.mean(worst <= ROW_TOLERANCE)), float(worst.max()), differs)


def _scale(native: Array) -> Array:
    finite = native[np.isfinite(native)]
    spread = float(finite.std()) if finite.size else 0.0
    sizes = np.nan_to_num(np.abs(native), nan=0.0, posinf=1.0)
    return np.asarray(np.maximum(sizes, spread or np.finfo(np.float64).tiny))

"""Columns whose values are no longer what they were: two samples compared, column by column.

Numbers and dates by the largest gap between their distribution functions (Kolmogorov 1933; Smirnov 1939),
categories by the total variation between their shares with a chi-squared test (Pearson 1900), and every
column by its share of missing values. Many columns are looked at, so p-values are corrected (Holm 1979); many
rows make the smallest gap significant, so a change has to be large enough to matter, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ks_2samp

from twofold.core.schema import Column, Schema
from twofold.core.table import Table

LEAST = 0.1
"""Largest gap between distributions that does not matter."""
SURE = 0.01
"""Corrected p-value from which a change is believed."""
LEVELS = 50
"""Levels of a category that are compared; the others are taken together."""


@dataclass(frozen=True)
class Change:
    """How a column differs between two samples.

    Parameters
    ----------
    column : str
    gap : float
        0 where both samples are alike, 1 where they have nothing in common.
    p : float
        Probability of such a gap where nothing has changed, corrected for the number of columns.
    missing : tuple of float
        Shares of missing values before and after.
    changed : bool
        Whether the gap matters and is believed.
    """

    column: str
    gap: float
    p: float
    missing: tuple[float, float]
    changed: bool


def compare(before: Table, after: Table, schema: Schema) -> tuple[Change, ...]:
    """Compare the columns of two tables: numbers, dates and categories.

    Examples
    --------
    >>> schema = Schema((Column("size", "number"),))
    >>> small, large = (Table({"size": np.arange(100.0) + up}, 100) for up in (0.0, 60.0))
    >>> [(round(one.gap, 3), one.changed) for one in compare(small, large, schema)]
    [(0.6, True)]
    """
    columns = [column for column in schema.used if column.kind in ("number", "date", "category")]
    found = [_differ(column, before.columns[column.name], after.columns[column.name]) for column in columns]
    corrected = holm(np.array([p for _, p, _ in found]))
    return tuple(
        Change(column.name, gap, float(p), missing, bool(gap > LEAST and p < SURE))
        for column, (gap, _, missing), p in zip(columns, found, corrected, strict=True)
    )


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty_like(p)
    out[order] = np.minimum(steps, 1.0)
    return out


def _differ(column: Column, a: NDArray[Any], b: NDArray[Any]) -> tuple[float, float, tuple[float, float]]:
    """Return gap, p-value and the shares of missing values."""
    absent = [_absent(values) for values in (a, b)]
    shares = tuple(float(part.mean()) if len(part) else 0.0 for part in absent)
    gap, p = (
        abs(shares[1] - shares[0]),
        _chi_squared(np.array([[part.sum(), (~part).sum()] for part in absent])),
    )
    known = [values[~part] for values, part in zip((a, b), absent, strict=True)]
    if all(len(part) for part in known):
        other = _levels(*known) if column.kind == "category" else _numbers(*known)
        gap, p = max(gap, other[0]), min(1.0, 2.0 * min(p, other[1]))  # two looks at one column
    return gap, p, (shares[0], shares[1])


def _absent(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([value is None for value in values.tolist()], dtype=bool)
    return np.asarray(np.isnan(values))


def _numbers(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, float]:
    found = ks_2samp(a, b, method="asymp")
    return float(found.statistic), float(found.pvalue)


def _levels(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, float]:
    names, code = np.unique(np.concatenate([a, b]).astype(str), return_inverse=True)
    counts = np.stack([np.bincount(part, minlength=len(names)) for part in (code[: len(a)], code[len(a) :])])
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    rare = counts[:, order[LEVELS:]].sum(axis=1, keepdims=True)
    counts = np.hstack([counts[:, order[:LEVELS]], rare])
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(0.5 * np.abs(shares[0] - shares[1]).sum()), _chi_squared(counts)


def _chi_squared(counts: NDArray[Any]) -> float:
    counts = counts[:, counts.sum(axis=0) > 0]
    return float(chi2_contingency(counts).pvalue) if counts.shape[1] > 1 else 1.0

"""What encoders make of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twofold.steps.base import Graph


@dataclass(frozen=True)
class Encoded:
    """A fitted encoding and the training rows that went through it.

    Parameters
    ----------
    graph : Graph
        From ``table`` to ``features``, for new rows.
    matrix : float32 array or CSR of shape (n, d)
        The training rows. Parts that learned from the targets are out of fold here, so this is not
        what `graph` gives for the same rows.
    names : tuple of str, length d
    origins : tuple of str, length d
        The user's column behind each feature.
    categories : tuple of int
        Numbers of codes of the trailing code columns (see `Problem`).
    """

    graph: Graph
    matrix: Any
    names: tuple[str, ...]
    origins: tuple[str, ...]
    categories: tuple[int, ...] = ()

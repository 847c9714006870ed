"""What encoders make of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twofold.core.control import Problem, Tower
from twofold.steps.base import Graph, Node


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
    plain : int
        Columns before those that need no embedding (see `Problem`).
    towers : tuple of Tower
        Raw cells behind the codes (see `Problem`).
    """

    graph: Graph
    matrix: Any
    names: tuple[str, ...]
    origins: tuple[str, ...]
    categories: tuple[int, ...] = ()
    plain: int = 0
    towers: tuple[Tower, ...] = ()

    def problem(self, task: str, n_classes: int) -> Problem:
        """Return the learning problem that the matrix belongs to."""
        return Problem(task, n_classes, self.categories, self.plain, self.towers)


@dataclass(frozen=True)
class Part:
    """A few features of one origin, before they are put side by side.

    Parameters
    ----------
    nodes : tuple of Node
        From ``table`` to `output`.
    output : str
    matrix : array or CSR of shape (n, d)
        The training rows, out of fold where the part learned from the targets.
    names, origins : tuple of str, length d
    """

    nodes: tuple[Node, ...]
    output: str
    matrix: Any
    names: tuple[str, ...]
    origins: tuple[str, ...]

"""What a comparison comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.anatomy import Anatomy
from twofold.compare.case import Case
from twofold.core.table import Table
from twofold.core.trial import Family
from twofold.evaluate.records import Interval
from twofold.metrics.base import Metric
from twofold.steps.base import Graph


@dataclass(frozen=True)
class Fit:
    """A workflow, fitted with some of the labels and scored on the test rows.

    Parameters
    ----------
    share : float
        Of the training labels.
    labels : int
        How many those are.
    score : Interval
    predictions : array of shape (n_test, k)
    seconds : float
        To encode, fit and lower it, without reading the cells.
    rounds : int
    """

    share: float
    labels: int
    score: Interval
    predictions: NDArray[np.float64]
    seconds: float
    rounds: int


@dataclass(frozen=True)
class Workflow:
    """One of the three workflows, as it was chosen and fitted.

    Parameters
    ----------
    family : Family
    name : str
        Of the plan that the folds chose.
    tried : mapping of str to float or str
        Candidates with what the folds gave them, or why they did not finish.
    fits : tuple of Fit
        Growing with the labels; the last has all.
    graph : Graph
        From ``table`` to ``prediction``, learned from all labels.
    anatomy : Anatomy
    size : int
        Bytes of the lowered graph.
    reading_seconds : float
        Of one core, to bring the cells of all training rows into features.
    row_seconds : float
        To answer one row of a batch, reading included.
    metrics : mapping of str to Interval
        More scores of the last fit, by label.
    """

    family: Family
    name: str
    tried: dict[str, float | str]
    fits: tuple[Fit, ...]
    graph: Graph
    anatomy: Anatomy
    size: int
    reading_seconds: float
    row_seconds: float
    metrics: dict[str, Interval] = field(default_factory=dict)

    @property
    def last(self) -> Fit:
        """The fit with all labels."""
        return self.fits[-1]


@dataclass(frozen=True)
class Study:
    """A finished comparison.

    Parameters
    ----------
    case : Case
    task : str
    classes : tuple
    metric : Metric
    n_train : int
    official : bool
        Whether the data set's own test rows were used.
    test : Table
        The test rows.
    y : array of shape (n_test,)
    kinds : mapping of str to str
        Kinds of the used columns.
    workflows : tuple of Workflow
        ``ml``, ``dl``, ``hybrid``.
    gains : mapping of (family, other family) to Interval
        Of each over those before it, with all labels, on the same test rows; positive is better.
    budget, seconds : float
        Asked for, and taken.
    notes : tuple of str
    settings : dict
    """

    case: Case
    task: str
    classes: tuple[Any, ...]
    metric: Metric
    n_train: int
    official: bool
    test: Table
    y: NDArray[Any]
    kinds: dict[str, str]
    workflows: tuple[Workflow, ...]
    gains: dict[tuple[str, str], Interval]
    budget: float
    seconds: float
    notes: tuple[str, ...]
    settings: dict[str, Any]

    def workflow(self, family: str) -> Workflow:
        """Return one of the workflows."""
        return next(one for one in self.workflows if one.family == family)

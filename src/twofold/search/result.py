"""Everything a run came to: what the report, the shell and the estimators read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.parity import Parity
from twofold.core.schema import Schema
from twofold.data.dataset import Finding
from twofold.evaluate.records import Row, Verdict
from twofold.steps.base import Graph


@dataclass(frozen=True)
class Choice:
    """The model that was kept, and why.

    Parameters
    ----------
    name : str
        Its line on the leaderboard.
    family : str
    prefer : str
        What the user asked to weigh.
    reason : str
        One sentence.
    predictions : float array (n, n_classes) or (n, 1)
        Out-of-fold and calibrated; NaN in rows that no fold scored.
    threshold : float or None
        Binary only: probability of the second class from which it is answered.
    refitted : bool
        Whether one model on all rows answers (else the mean of the fold models).
    """

    name: str
    family: str
    prefer: str
    reason: str
    predictions: NDArray[np.float64]
    threshold: float | None = None
    refitted: bool = True


@dataclass(frozen=True)
class Importance:
    """What the chosen model loses when one column of the user's table is shuffled.

    Parameters
    ----------
    column : str
    loss : float
        Mean loss of the run's metric (positive: the column matters).
    low, high : float
        95 % interval.
    """

    column: str
    loss: float
    low: float
    high: float


@dataclass(frozen=True)
class KindWorth:
    """What a kind of column brings: how much worse a model is that has never seen it.

    Parameters
    ----------
    kind : str
    loss : float
        Of the run's metric (positive: the kind helps).
    low, high : float
        95 % interval.
    model : str
        The plan that was fitted with and without it.
    """

    kind: str
    loss: float
    low: float
    high: float
    model: str


@dataclass(frozen=True)
class Result:
    """A finished run.

    Parameters
    ----------
    task, metric, target : str
    classes : tuple
        Labels in code order; empty for regression.
    schema : Schema
    findings : tuple of Finding
        Warnings about the data (leaks, duplicates, order).
    y : array of shape (n,)
        Class codes or values.
    rows : tuple of Row
        The leaderboard, best first; unfinished trials last.
    choice : Choice
    verdict : Verdict
    graph : Graph
        From ``table`` to ``prediction``.
    settings : dict
        Budget, folds, seed, versions and so on, as plain data.
    seconds : float
        Wall clock of the fit.
    importances : tuple of Importance
        Largest first.
    events : tuple of (seconds, sentence)
        What happened when: stopped, failed, skipped, degraded.
    run_dir : Path or None
    parity : Parity or None
        How the lowered steps agree with the models they came from.
    kinds : tuple of KindWorth
        What each kind of column brings, where there are several; largest first.
    """

    task: str
    metric: str
    target: str
    classes: tuple[Any, ...]
    schema: Schema
    findings: tuple[Finding, ...]
    y: NDArray[Any]
    rows: tuple[Row, ...]
    choice: Choice
    verdict: Verdict
    graph: Graph
    settings: dict[str, Any]
    seconds: float
    importances: tuple[Importance, ...] = ()
    events: tuple[tuple[float, str], ...] = ()
    run_dir: Path | None = None
    parity: Parity | None = None
    kinds: tuple[KindWorth, ...] = ()

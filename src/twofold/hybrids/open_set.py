"""The class of a row, or "unknown": a classifier that may say that a row is of none of its classes.

When it helps: new kinds turn up after training (attacks, defects, species), and a wrong name is worse than
none. The autoencoder finds rows that look like nothing before, the classifier doubts those between its
classes; each misses what the other finds. When not: what is new looks like one of the known classes; then
nothing flags it, and the stated share of good rows is turned away for little. Cost: a quarter of the rows is
spared for calibration, and one small network is run beside the trees.

A row gets two scores: its strangeness (`twofold.hybrids.detector`) and how far the largest probability is
from 1 (Hendrycks and Gimpel 2017). Both become ranks among rows that nothing was fitted on, and the
logarithms of the ranks are averaged (Fisher 1932). Other rows that nothing was fitted on give the share that
is at least as odd: a conformal p-value (Vovk, Gammerman and Shafer 2005; for outliers Bates, Candès, Lei,
Romano and Sesia 2023). Of rows of the known classes at most the stated share has a p-value that small,
whatever the classifier and the network are worth - if new rows of these classes come from where the training
rows came from. A test set that has drifted is turned away more often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.bundle.labels import objects_of
from twofold.core.budget import Budget
from twofold.core.errors import InputError
from twofold.core.random import derive_seed, make_generator
from twofold.core.table import Table
from twofold.data.dataset import Dataset
from twofold.data.split import inner_split
from twofold.hybrids.detector import STRANGENESS
from twofold.steps.base import INPUT, PREDICTION, Node
from twofold.steps.linear import Linear
from twofold.steps.open_set import Doubt, OpenSet
from twofold.steps.ranks import ranks_of
from twofold.steps.stack_columns import StackColumns
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

UNKNOWN = "unknown"
P_VALUE = "p value"
CALIBRATION = 0.25
"""Share of the rows that nothing is fitted on: half of them for the ranks, half for the p-values."""
DETECTOR = Plan("detector", "twofold.hybrids.detector:Detector")


@dataclass(frozen=True)
class OpenSetAnswer:
    """What an open-set classifier says of rows.

    Parameters
    ----------
    labels : object array of shape (n,)
        A known class, or ``"unknown"``.
    p : array of shape (n,)
        Share of calibration rows, all of known classes, that were at least as odd.
    """

    labels: NDArray[np.object_]
    p: NDArray[np.float64]


class OpenSetClassifier:
    """Names the class of a row, or says that it is of none.

    Parameters
    ----------
    level : float
        Share of rows of the known classes that may be called unknown; below 0.5.
    plan : Plan or None
        A plan whose model is a `Detector`; None takes it as it is.
    seed : int

    Attributes
    ----------
    classes_ : tuple
        The known classes, then ``"unknown"``.
    graph_ : Graph
        From ``table`` to ``prediction`` (n, known + 1) and to ``p value`` (n, 1).
    calibrated_on_ : int
        Rows behind the p-values: none is below 1 over this number and one.
    accuracy_ : float
        Of the known classes on these rows, unknown left out of play.

    Examples
    --------
    >>> OpenSetClassifier(level=0.01).level
    0.01
    """

    def __init__(self, level: float = 0.05, plan: Plan | None = None, seed: int = 0) -> None:
        self.level = level
        self.plan = plan
        self.seed = seed

    def fit(self, dataset: Dataset, *, budget: Budget | None = None) -> Self:
        """Learn the classes of a data set, and calibrate on rows of it that were spared.

        Parameters
        ----------
        dataset : Dataset
            Of a task with classes, none of which is called ``"unknown"``.
        budget : Budget or None
            Of the fit.

        Raises
        ------
        InputError
            When the target has no classes, the level is none, or the rows are too few for it.
        """
        _check(dataset, self.level)
        everything = np.arange(len(dataset.y))
        learn, spared = inner_split(everything, dataset, CALIBRATION, derive_seed(self.seed, "spared"))
        order = make_generator(self.seed, "calibration").permutation(len(spared))
        first, second = np.sort(spared[order[1::2]]), np.sort(spared[order[::2]])
        _check_rows(len(second), self.level)
        fitted = fit_plan(self.plan or DETECTOR, dataset, learn, budget=budget, seed=self.seed)
        both = fitted.graph.renamed("known/", keep=(INPUT, STRANGENESS)).then(
            Node(Doubt(), ("known/" + PREDICTION,), "doubt"),
            Node(StackColumns(), (STRANGENESS, "doubt"), "oddness"),
        )
        ranks = ranks_of(both.run({INPUT: dataset.table.take(first)}, "oddness"), logs=True)
        blended = both.then(
            Node(ranks, ("oddness",), "surprise"),
            Node(Linear(np.full((1, 2), 0.5), np.zeros(1), "identity"), ("surprise",), "odd"),
        )
        known = "known/" + PREDICTION
        said = blended.run_many({INPUT: dataset.table.take(second)}, ("odd", known))
        self.graph_ = blended.then(
            Node(ranks_of(said["odd"]), ("odd",), P_VALUE),
            Node(OpenSet(self.level), (known, P_VALUE), PREDICTION),
        )
        self.dataset_ = dataset
        self.classes_ = (*dataset.classes, UNKNOWN)
        self.calibrated_on_ = len(second)
        self.accuracy_ = float(np.mean(said[known].argmax(axis=1) == dataset.y[second]))
        return self

    def predict(self, table: Table) -> OpenSetAnswer:
        """Name the classes of rows, with their p-values.

        Parameters
        ----------
        table : Table
            Canonical, with the columns of the data set (see `twofold.steps.conform.conform`).
        """
        found: dict[str, Any] = self.graph_.run_many({INPUT: table}, (PREDICTION, P_VALUE))
        codes = found[PREDICTION].argmax(axis=1)
        return OpenSetAnswer(objects_of(self.classes_)[codes], found[P_VALUE][:, 0])

    def bundle(self, created: str = "") -> Bundle:
        """Return it ready for `twofold.bundle.save.save`: the known classes, and one more.

        Parameters
        ----------
        created : str
            When it was made (ISO 8601).
        """
        told = self.dataset_
        about = About(
            task="multiclass",
            target=told.target,
            classes=self.classes_,
            schema=told.schema,
            created=created,
            model="open-set detector",
            family="hybrid",
            verdict=f"At most {self.level:.3g} of the rows of known classes are called unknown.",
            metrics={"accuracy among known classes": self.accuracy_},
        )
        return Bundle(about, self.graph_)


def _check(dataset: Dataset, level: float) -> None:
    if not dataset.classes:
        raise InputError(
            f"The target '{dataset.target}' has values, not classes.",
            "What is of no known class can be told of classes alone.",
            "Choose another target, or say task='multiclass'.",
        )
    if UNKNOWN in dataset.classes:
        raise InputError(
            f"'{UNKNOWN}' is one of the classes of '{dataset.target}'.",
            "It is the answer for rows of no known class.",
            "Rename that class, or leave its rows out.",
        )
    if not 0.0 < level < 0.5:
        raise InputError(
            f"The level is {level!r}.",
            "It is the share of good rows that may be called unknown: above 0, below 0.5.",
            "Write for instance level=0.05.",
        )


def _check_rows(spared: int, level: float) -> None:
    """Insist on enough rows behind the p-values: the smallest is 1 over their number and one."""
    if (1 + spared) * level < 1.0:
        raise InputError(
            f"{spared} rows are spared for p-values, at a level of {level:g}.",
            f"At least {int(np.ceil(1 / level)) - 1} are needed, an eighth of all rows.",
            "Get more rows, or raise the level.",
        )

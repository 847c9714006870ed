"""Frozen deep features with an online head: a fitted model goes on learning from a stream, row by row.

When it helps: rows keep coming, what they mean changes (prices, attacks, habits), and fitting anew each time
is too slow or the old rows are gone; a network is good at features and bad at learning from one row. When
not: nothing changes, or a batch model can be fitted again as often as needed; and on streams whose labels
cling together the last label may beat every model, which `twofold update` shows. Cost: some dozens of
microseconds a row beside the frozen model, and the state of the head in the bundle.

The frozen part gives its log-odds and its features (its encoded columns, and the last layer of each network
in it). A head learns from them: naive Bayes, a Hoeffding tree (Domingos and Hulten 2000), logistic
regression (AdaGrad, Duchi, Hazan and Singer 2011), or all of these weighed with the frozen model (fixed
share, Herbster and Warmuth 1998). Logistic regression and the mixture begin where they answer as the frozen
model does. ADWIN (Bifet and Gavaldà 2007) watches the errors; at an alarm a new head learns the latest
rows and goes on. An update is undone when the new head answers rows that it had not learned from worse than
the old one does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from twofold.bundle.about import About, Bundle
from twofold.bundle.labels import answered_codes, known_targets
from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.core.budget import Budget
from twofold.core.errors import InputError
from twofold.data.dataset import Dataset
from twofold.data.target import make_dataset
from twofold.hybrids.online.update import Online
from twofold.steps.conform import as_array, columns_of, conform
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

NETWORK = Plan("frozen network", "realmlp")


class OnlineClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that learns from a stream, in scikit-learn's words.

    The first call of `partial_fit` fits the plan on the first of its rows and freezes it; the others of them,
    and those of later calls, are learned by the head in the order in which they come.

    Parameters
    ----------
    plan : Plan or None
        What is frozen; None takes a network.
    head : str or river classifier
        ``mix``, ``logistic``, ``bayes`` or ``tree``; one of river runs, but cannot be saved.
    drift : str
        ``adwin``, ``ddm``, ``page-hinkley`` or ``none``.
    undo : bool
        Whether a call that made the head worse is undone.
    spared : float
        Share of the first rows, the last ones, that the plan does not see.
    seconds : float
        Wall clock for fitting the plan.
    random_state : int

    Attributes
    ----------
    classes_ : array of shape (C,)
    update_ : Update
        What the last call came to.

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> X = g.normal(size=(900, 2))
    >>> y = np.where(X[:, 0] > 0, "up", "down")
    >>> model = OnlineClassifier(Plan("lines", "linear"), head="logistic").partial_fit(X[:300], y[:300])
    >>> y[300:] = np.where(X[300:, 0] > 0, "down", "up")
    >>> model = model.partial_fit(X[300:], y[300:])
    >>> model.predict([[2.0, 0.0], [-2.0, 0.0]]).tolist()
    ['down', 'up']
    """

    def __init__(
        self,
        plan: Plan | None = None,
        head: Any = "mix",
        drift: str = "adwin",
        undo: bool = True,
        spared: float = 0.2,
        seconds: float = 60.0,
        random_state: int = 0,
    ) -> None:
        self.plan = plan
        self.head = head
        self.drift = drift
        self.undo = undo
        self.spared = spared
        self.seconds = seconds
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Forget everything, and learn these rows in order."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        return self.partial_fit(X, y)

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Learn rows in order.

        Parameters
        ----------
        X : frame or array of n rows
        y : array of shape (n,)
        classes : array or None
            All labels there are. The first rows have to show each of them.

        Raises
        ------
        InputError
            When a label is unknown, or the first rows lack one.
        """
        if not hasattr(self, "online_"):
            return self._begin(X, y, classes)
        table = conform(columns_of(X, self.online_.about.schema.names), self.online_.about.schema)
        codes = known_targets(self.online_.about, as_array(y))
        self.update_ = self.online_.update(table, codes, self.drift, undo=self.undo)
        return self

    def _begin(self, X: Any, y: Any, classes: Any) -> Self:
        frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
        frame = frame.rename(columns=str)
        dataset = make_dataset(frame, y, task=None if classes is None or len(classes) == 2 else "multiclass")
        _check_classes(dataset, classes)
        n = len(dataset.y)
        learn = np.arange(n - int(self.spared * n))
        _check_first(dataset, learn)
        budget = Budget(self.seconds, cores=1)
        fitted = fit_plan(self.plan or NETWORK, dataset, learn, budget=budget, seed=self.random_state)
        about = About(
            dataset.task, dataset.target, dataset.classes, dataset.schema, model=(self.plan or NETWORK).name
        )
        self.online_ = Online.of(Bundle(about, fitted.graph), dataset.table.take(learn), self.head)
        self.classes_ = Predictor(about, fitted.graph).classes_
        rest = np.arange(len(learn), n)
        if len(rest):
            self.update_ = self.online_.update(
                dataset.table.take(rest), dataset.y[rest], self.drift, undo=self.undo
            )
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n, C), in the order of `classes_`."""
        about = self.online_.about
        return self.online_.answer(conform(columns_of(X, about.schema.names), about.schema))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the labels of rows."""
        chances = self.predict_proba(X)
        return np.asarray(self.classes_[answered_codes(self.online_.about, chances)])

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save it as a bundle, which `twofold.load` answers with and `twofold update` goes on from.

        Raises
        ------
        BundleError
            When the head is a learner of river.
        """
        return save(self.online_.bundle(), folder)


def _check_classes(dataset: Dataset, classes: Any) -> None:
    if not dataset.classes:
        raise InputError(
            "The target has values, not classes.",
            "Heads learn classes.",
            "Give labels, or few whole numbers.",
        )
    missing = (
        []
        if classes is None
        else sorted({str(c) for c in as_array(classes).tolist()} - set(map(str, dataset.classes)))
    )
    if missing:
        raise InputError(
            f"The first rows show no '{missing[0]}'.",
            "The frozen part is fitted on rows of every class.",
            "Begin with more rows.",
        )


def _check_first(dataset: Dataset, learn: NDArray[np.intp]) -> None:
    if len(np.unique(dataset.y[learn])) < len(dataset.classes):
        raise InputError(
            f"The first {len(learn)} rows do not show all {len(dataset.classes)} classes.",
            "The frozen part is fitted on rows of every class.",
            "Begin with more rows, or lower spared.",
        )

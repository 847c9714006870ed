"""An estimator, and a bundle, of two families that label for each other: see `twofold.hybrids.co_training`.

When it helps, when not, and what it costs is said there; scikit-learn's own way, one model that labels for
itself, is ``SelfTrainingClassifier`` (Yarowsky 1995).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from twofold.bundle.about import About, Bundle
from twofold.bundle.predictor import Predictor
from twofold.core.budget import Budget
from twofold.core.errors import InputError
from twofold.data.dataset import Dataset
from twofold.data.partly_labelled import UNKNOWN, PartlyLabelled, divided
from twofold.data.read import read_table
from twofold.data.target import missing_targets
from twofold.hybrids.co_training import Choice, CoTrained, Rules, co_train
from twofold.hybrids.pair import Means, Pair, choose_pair
from twofold.steps.base import Graph
from twofold.steps.conform import as_array
from twofold.workflow.read_once import read_once


class CoTrainedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Both families, trained on labelled rows and on what they label for each other.

    Parameters
    ----------
    pair : Pair or None
        One plan of each family; None takes trees and a network.
    rounds, most, trust, folds
        As of `twofold.hybrids.co_training.Rules`.
    seconds : float
        For everything.
    random_state, n_jobs : int

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    transduction_ : array of shape (n,)
        A label for every row of the fit: the given one, or the answer.
    choice_ : Choice
        How many rounds were kept, and the evidence for it.
    predictor_ : Predictor

    Examples
    --------
    >>> from twofold.workflow.plan import Plan
    >>> X = np.array([[side * (1 + n % 7 / 7), n % 5] for n in range(40) for side in (-1, 1)])
    >>> y = np.where(np.arange(80) < 30, X[:, 0] > 0, -1)
    >>> pair = Pair(Plan("trees", "extra_trees"), Plan("lines", "linear"))
    >>> model = CoTrainedClassifier(pair).fit(X, y)
    >>> float(np.mean(model.predict(X) == (X[:, 0] > 0)))
    1.0
    """

    def __init__(
        self,
        pair: Pair | None = None,
        *,
        rounds: int = 3,
        most: float = 0.8,
        trust: float = 0.5,
        folds: int = 4,
        seconds: float = float("inf"),
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.pair = pair
        self.rounds = rounds
        self.most = most
        self.trust = trust
        self.folds = folds
        self.seconds = seconds
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Learn.

        Parameters
        ----------
        X : table, or array of shape (n, d)
        y : array of shape (n,)
            Labels; -1, NaN or None where there is none.
        """
        frame, values = read_table(X), as_array(y)
        if len(values) != len(frame):
            raise InputError(
                f"X has {len(frame)} rows, y has {len(values)}.",
                "There is one label, or -1 for none, to a row.",
                "Give an array of that length.",
            )
        known = ~missing_targets(values) & (values != UNKNOWN)
        kinds = len(set(values[known].tolist()))
        task = "binary" if kinds == 2 else "multiclass"
        data = divided(frame, values, known, task=task)
        pair = self.pair or choose_pair(len(data.labelled))
        budget = Budget(self.seconds, cores=self.n_jobs)
        seen = read_once(data.dataset, pair.reads, self.random_state)
        rules = Rules(self.rounds, self.most, self.trust, self.folds)
        found = co_train(
            pair, data.seen_as(seen.dataset), Means(budget, self.random_state, seen.ready), rules
        )
        bundle = bundle_of(found, seen.whole(found.graph), pair, data.dataset)
        self.predictor_ = Predictor(bundle.about, bundle.graph)
        self.classes_ = self.predictor_.classes_
        self.choice_ = found.choice
        self.transduction_ = self.classes_[all_codes(found, data)]
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer with labels of shape (n,)."""
        check_is_fitted(self)
        return self.predictor_.predict(read_table(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Answer with probabilities of shape (n, n_classes)."""
        check_is_fitted(self)
        return self.predictor_.predict_proba(read_table(X))


def all_codes(found: CoTrained, data: PartlyLabelled) -> NDArray[np.int64]:
    """Return the class of every row: the given one, or what was answered."""
    codes = np.asarray(data.dataset.y, dtype=np.int64).copy()
    codes[data.unlabelled] = found.labels.argmax(axis=1)
    return codes


def bundle_of(found: CoTrained, graph: Graph, pair: Pair, dataset: Dataset, created: str = "") -> Bundle:
    """Return what co-training came to as a bundle.

    Parameters
    ----------
    found : CoTrained
    graph : Graph
        That reads cells by itself.
    pair : Pair
    dataset : Dataset
    created : str
        ISO 8601.

    Raises
    ------
    BundleError
        When the graph answers otherwise than the models it was made of.
    """
    found.parity.demand("The blend of both families")
    members = [pair.plans[member] for member in found.choice.blend.members]
    about = About(
        dataset.task,
        dataset.target,
        dataset.classes,
        dataset.schema,
        created=created,
        model=f"co-trained {' and '.join(plan.name for plan in members)}",
        family="hybrid" if len(members) > 1 else members[0].family,
        verdict=sentence_of(found.choice),
        metrics={"log_loss": float(found.choice.losses[found.choice.rounds])},
        parity=found.parity,
    )
    return Bundle(about, graph)


def sentence_of(choice: Choice) -> str:
    """Say whether spreading labels helped."""
    tried = len(choice.losses) - 1
    if not tried:
        return "No label was spread; both families learned from the given ones alone."
    if not choice.rounds:
        return (
            f"Spread labels did not lower the log loss of labelled rows by more than a standard error in "
            f"{tried} round(s), so both families learned from the given ones alone."
        )
    return (
        f"{choice.rounds} of {tried} round(s) of spreading were kept: they lower the log loss of labelled "
        f"rows that took no part by {choice.gain:.3f} (standard error {choice.error:.3f})."
    )

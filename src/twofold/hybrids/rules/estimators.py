"""A model with rules over it as one scikit-learn estimator: rules of a person, or learned out of fold.

When it helps: rules and model are to be judged together, by cross-validation for instance. When not: the
model is fitted already; then `lay_over` is enough. Cost: that of the model; learning rules fits it once more
for each fold.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from twofold.bundle.about import About, Bundle
from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.core.errors import InputError
from twofold.core.random import derive_seed
from twofold.data import given
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.data.target import Extras, make_dataset
from twofold.hybrids.rules.audit import audit
from twofold.hybrids.rules.book import RuleBook, parse_rules, read_rules
from twofold.hybrids.rules.laying import decide, lay_over
from twofold.hybrids.rules.learning import Effort, Learned, Unseen, check_actions, learn_rules
from twofold.hybrids.rules.remarks import refuse, remarks_on_rows
from twofold.workflow.fitting import fit_plan, predict_out_of_fold
from twofold.workflow.plan import Plan

LEARN = "learn"
OTHER = "other"
"""What rules call the second model."""
FEWEST = 100
"""With fewer rows no rules are learned: a handful proves nothing."""


class _Ruled(given.TableEstimator):
    """What both estimators share."""

    def __init__(
        self,
        model: str = "lightgbm",
        rules: Any = LEARN,
        *,
        other: str | None = None,
        actions: Sequence[str] = ("route", "prior"),
        most: int = 8,
        conditions: int = 3,
        confidence: float = 0.95,
        folds: int = 4,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.rules = rules
        self.other = other
        self.actions = actions
        self.most = most
        self.conditions = conditions
        self.confidence = confidence
        self.folds = folds
        self.random_state = random_state

    def _task(self, y: NDArray[Any]) -> str:
        raise NotImplementedError

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model, learn or read the rules, and lay them over it.

        Parameters
        ----------
        X : pandas.DataFrame, or array of shape (n, d)
        y : array of shape (n,)
        sample_weight : array of shape (n,), optional
            For the models; rules count rows alike.

        Raises
        ------
        InputError
            When the rules have errors, or overrides of equal priority disagree in a row.
        """
        frame = self._frame(X, fitting=True)
        target = given.target(y)
        extras = Extras(given.weights(sample_weight, len(frame)))
        dataset = make_dataset(frame, target, extras, task=self._task(target.to_numpy()))
        seed = given.seed(self.random_state)
        plans = [Plan("model", self.model)] + ([] if self.other is None else [Plan(OTHER, self.other)])
        bundles = [_fitted(plan, dataset, seed) for plan in plans]
        about = bundles[0].about
        learns = isinstance(self.rules, str) and self.rules == LEARN
        self.book_ = self._learned(plans, dataset, about, seed) if learns else self._read(about)
        others = bundles[1:] if self.book_.models else []
        self.bundle_ = lay_over(bundles[0], self.book_, others) if self.book_.rules else bundles[0]
        self.predictor_ = Predictor(self.bundle_.about, self.bundle_.graph)
        if self.book_.rules:
            refuse(remarks_on_rows(self.book_, decide(self.bundle_.graph, dataset.table)[1]))
        if dataset.classes:
            self.classes_ = self.predictor_.classes_
        return self

    def _learned(self, plans: Sequence[Plan], dataset: Dataset, about: About, seed: int) -> RuleBook:
        """Learn rules from answers out of fold."""
        actions = check_actions("actions", self.actions)
        if len(dataset.y) < FEWEST:
            return RuleBook(())
        folds = make_folds(dataset, self.folds, derive_seed(seed, "rules"))
        said = [predict_out_of_fold(plan, dataset, folds, seed=seed) for plan in plans]
        rows = np.flatnonzero(np.isfinite(said[0]).all(axis=1))
        other = said[1][rows] if len(said) > 1 else None
        unseen = Unseen(dataset.table.take(rows), about, dataset.y[rows], said[0][rows], other)
        effort = Effort(actions, self.most, self.conditions, self.confidence, seed=seed)
        self.learned_: Learned = learn_rules(unseen, effort)
        routed = any(rule.action == "route" for rule in self.learned_.rules)
        return RuleBook(self.learned_.rules, ((OTHER, OTHER),) if routed else ())

    def _read(self, about: About) -> RuleBook:
        if self.rules is None:
            return RuleBook(())
        if isinstance(self.rules, RuleBook):
            book = self.rules
        elif isinstance(self.rules, os.PathLike):
            book = read_rules(Path(self.rules), about)
        elif isinstance(self.rules, str):
            book = parse_rules(self.rules, about, name="rules")
        else:
            raise InputError(
                f"rules is a {type(self.rules).__name__}.",
                "It is 'learn', a Path, the text of such a file, a RuleBook, or None.",
                "Write for instance rules=Path('rules.yaml').",
            )
        named = [name for name, _ in book.models]
        if named and (self.other is None or named != [OTHER]):
            raise InputError(
                f"The rules name the models {', '.join(named)}.",
                f"Here rows can be sent to one, called '{OTHER}', which the parameter 'other' fits.",
                f"Call it '{OTHER}', and give other= the name of a model.",
            )
        return book

    def explain(self, X: Any, *, every: bool = False) -> list[dict[str, Any]]:
        """Return who decided: see `twofold.hybrids.rules.audit.audit`; nothing where there are no rules."""
        check_is_fitted(self, "predictor_")
        return audit(self.predictor_, self._frame(X, fitting=False), every=every) if self.book_.rules else []

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save model and rules as one bundle, which `twofold.load` reads."""
        check_is_fitted(self, "bundle_")
        return save(self.bundle_, folder)


def _fitted(plan: Plan, dataset: Dataset, seed: int) -> Bundle:
    graph = fit_plan(plan, dataset, seed=seed).graph
    classes = dataset.classes
    about = About(dataset.task, dataset.target, classes, dataset.schema, model=plan.model, family=plan.family)
    return Bundle(about, graph)


class RuledClassifier(ClassifierMixin, _Ruled):  # type: ignore[misc]
    """Predict labels by a model with rules over it.

    Parameters
    ----------
    model : str
        Name of a registered model, or ``module:Class``.
    rules : str, Path, RuleBook or None
        ``"learn"`` learns them from answers out of fold; else a file, its text, or rules as they were read.
    other : str or None
        A second model, which rules may send rows to under the name ``other``.
    actions : sequence of str
        What learned rules may do: ``route``, ``prior``, ``override``.
    most, conditions, confidence : int, int, float
        Most learned rules of each action, most conditions of one, and the confidence of all their intervals.
    folds : int
        That answers out of fold come from.
    random_state : int, RandomState or None

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    book_ : RuleBook
    learned_ : Learned
        With the proofs, where rules were learned.
    predictor_ : Predictor

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"size": np.arange(60) * 7 % 60 / 2})
    >>> text = "rules: [{name: tiny, if: {size: {below: 5}}, then: {answer: large}}]"
    >>> model = RuledClassifier("tree", text).fit(frame, np.where(frame["size"] > 15, "large", "small"))
    >>> model.predict(pd.DataFrame({"size": [2.5, 10.5, 25.5]})).tolist()
    ['large', 'small', 'large']
    """

    def _task(self, y: NDArray[Any]) -> str:
        return given.classes_task(y)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict_proba(self._frame(X, fitting=False))


class RuledRegressor(RegressorMixin, _Ruled):  # type: ignore[misc]
    """Predict values by a model with rules over it; the parameters are those of `RuledClassifier`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"size": np.arange(60) * 7 % 60 / 2})
    >>> text = "rules: [{name: no debts, if: {size: {at least: 0}}, then: {forbid: {below: 0}}}]"
    >>> model = RuledRegressor("linear", text).fit(frame, frame["size"] - 10)
    >>> model.predict(pd.DataFrame({"size": [2.5]})).tolist()
    [0.0]
    """

    def _task(self, y: NDArray[Any]) -> str:
        del y
        return "regression"

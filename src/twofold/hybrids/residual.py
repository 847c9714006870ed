"""One model answers, and a model of the other family learns to correct it.

Values: the second model learns what the first left over, as in every step of boosting (Friedman 2001), here
with learners of two families (Zhang 2003 did so with linear models and networks for series). Classes: the
second goes on from the first's log-odds, so that its own scores are corrections of them.

When it helps: the first model has the broad shape right and leaves a structure that it cannot express,
smooth for trees, stepped for networks. When not: the first leaves noise; then the correction is shrunk to
nothing and the first model stands. Cost: the first model is trained once more for each fold, and both are run
for every row.

What the first model leaves over on its own training rows is too small, since it has seen their targets. So
the second learns from out-of-fold answers, and sees them among its columns too. Probabilities are settled
first: what is too sure out of fold is made milder (Platt 1999). How much of this is used, from none to all,
is chosen on rows that are watched and neither model has learned from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.core.space import Choice, Space
from twofold.hybrids.correction import NetworkCorrection, TreesCorrection
from twofold.hybrids.stack import fit_classes
from twofold.metrics.losses import mean_log_loss, root_mean_squared_error
from twofold.models.base import Model, infer_problem
from twofold.models.lightgbm import LightGBM
from twofold.models.realmlp import RealMLP
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node, Step
from twofold.steps.linear import Linear
from twofold.steps.log_scores import LogScores
from twofold.steps.pool import Pool
from twofold.steps.stack_columns import StackColumns

FIRST = ("trees", "network")
FACTORS = np.linspace(0.0, 1.0, 11)
"""Shares of a correction that are tried."""


class Residual(Model):
    """LightGBM corrected by RealMLP, or RealMLP by LightGBM.

    Parameters
    ----------
    first : str
        Which of them answers first: ``trees`` or ``network``. Trees are soon fitted once more for each fold.
    folds : int
        In which the first model's answers for the training rows are made.
    epochs : int
        Of each network, at most.

    Attributes
    ----------
    first_ : Model
    second_ : Model
        Reads the first's scores before the other columns.
    factor_ : float
        How much of the correction is used; with 0 the first model stands.
    rounds_ : int
        Those of the first model; the second's follow from rows that are watched.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = Residual(epochs=10).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network",
        network=True,
        joins=True,
        iterative=True,
        seconds=(2.0, 1.2e-3, 2e-4),
        packages=("torch",),
    )
    space: ClassVar[Space] = {"first": Choice(FIRST)}

    def __init__(self, first: str = "trees", folds: int = 3, epochs: int = 200) -> None:
        self.first = first
        self.folds = folds
        self.epochs = epochs

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        self._check()
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        rows = Validation(np.asarray(X, dtype=np.float32), np.asarray(y), sample_weight)
        rules = replace(control, budget=control.budget.share(1 / (self.folds + 2)))
        self.first_ = self._first().fit(rows.X, y, sample_weight, problem=self.problem_, control=rules)
        self.rounds_ = self.first_.rounds_
        fold = deal_evenly(rows.y, self.folds, make_generator(control.seed, "deal"))
        answers = self._out_of_fold(rows, fold, control)
        self.settled_ = _settle(answers, rows, self.problem_)
        self.scores_ = _scale(answers, self.problem_)
        watched = control.validation if control.rounds is None else None
        if watched is not None:
            self._correct((rows, answers), (watched, self.first_.output(watched.X)), control)
        else:  # one fold is watched: neither model has learned from it
            apart, learn = np.flatnonzero(fold == 0), np.flatnonzero(fold != 0)
            learn = learn if len(learn) else apart
            self._correct((rows.take(learn), answers[learn]), (rows.take(apart), answers[apart]), control)
        return self

    def _check(self) -> None:
        if self.first not in FIRST:
            raise InputError(
                f"first is {self.first!r}.", f"Allowed are: {', '.join(FIRST)}.", "Name one of them."
            )
        if self.folds < 2:
            raise InputError(
                f"folds is {self.folds!r}.", "It has to be 2 or more.", "Leave it out for the default."
            )

    def _first(self, epochs: int | None = None) -> Model:
        return RealMLP(epochs=epochs or self.epochs) if self.first == "network" else LightGBM()

    def _second(self) -> Model:
        if self.first == "network":
            return TreesCorrection(learning_rate=0.03, num_leaves=15)
        return NetworkCorrection(epochs=self.epochs)

    def _out_of_fold(self, rows: Validation, fold: NDArray[np.intp], control: Control) -> NDArray[np.float64]:
        """Answer each fold's rows by a first model that has not seen them, trained as long as `first_`."""
        out = self.first_.output(rows.X)
        parts = np.unique(fold) if len(np.unique(fold)) > 1 else ()
        for done, part in enumerate(parts):
            seen, unseen = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
            some = rows.take(seen)
            # a network's clock stops for prescribed rounds, so they are told as its most epochs instead
            timed = control.rounds is None and self.first == "network"
            rules = replace(
                control,
                budget=control.budget.share(1 / (len(parts) - done + 1)),
                seed=derive_seed(control.seed, "fold", int(part)),
                rounds=None if timed else self.rounds_,
                validation=None,
            )
            model = self._first(self.rounds_ if timed else None)
            model.fit(some.X, some.y, some.weight, problem=self.problem_, control=rules)
            out[unseen] = model.output(rows.X[unseen])
        return out

    def _correct(
        self,
        learn: tuple[Validation, NDArray[np.float64]],
        watch: tuple[Validation, NDArray[np.float64]],
        control: Control,
    ) -> None:
        """Learn the correction of answers, and how much of it is used."""
        known, watched = self._shown(*learn), self._shown(*watch)
        rules = Control(control.budget.share(), derive_seed(control.seed, "correction"), None, watched)
        self.second_ = self._second().fit(
            known.X, known.y, known.weight, problem=self.problem_, control=rules
        )
        loss = mean_log_loss if self.problem_.n_classes else root_mean_squared_error
        change, (rows, answers) = self.second_.output(watched.X), watch
        parts = answers, self.settled_.run(answers), change
        found = [loss(rows.y, self._pool(factor).run(*parts), rows.weight) for factor in FACTORS]
        self.factor_ = float(FACTORS[int(np.argmin(found))])

    def _shown(self, rows: Validation, answers: NDArray[np.float64]) -> Validation:
        """Return rows as the second model sees them, with its targets."""
        settled = self.settled_.run(answers)
        X = StackColumns().run(self.scores_.run(settled), rows.X)
        return Validation(X, rows.y if self.problem_.n_classes else rows.y - settled[:, 0], rows.weight)

    def _pool(self, factor: float) -> Pool:
        """Return the step from the first's answers, these settled, and the correction to the answer."""
        k = max(1, self.problem_.n_classes)
        return Pool(np.array([1 - factor, factor, factor]), np.zeros(k), bool(self.problem_.n_classes))

    def output(self, X: Any) -> NDArray[np.float64]:
        X = np.asarray(X, dtype=np.float32)
        answers = self.first_.output(X)
        if not self.factor_:
            return answers
        settled = self.settled_.run(answers)
        known = StackColumns().run(self.scores_.run(settled), X)
        return self._pool(self.factor_).run(answers, settled, self.second_.output(known))

    def lower(self) -> Graph:
        if not self.factor_:
            return self.first_.lower()
        first = self.first_.lower().renamed("first/", keep=(FEATURES,))
        answers, settled, known = "first/" + PREDICTION, "settled", "second/" + FEATURES
        bridge = (
            Node(self.settled_, (answers,), settled),
            Node(self.scores_, (settled,), "scores"),
            Node(StackColumns(), ("scores", FEATURES), known),
        )
        both = first.then(*bridge) + self.second_.lower().renamed("second/", keep=())
        joined = Node(self._pool(self.factor_), (answers, settled, "second/" + PREDICTION), PREDICTION)
        return both.then(joined)


def _settle(answers: NDArray[np.float64], rows: Validation, problem: Problem) -> Pool:
    """Return the step that makes probabilities as sure as they are right; values stay."""
    if not problem.n_classes:
        return Pool(np.ones(1), np.zeros(1), logarithmic=False)
    weight = np.ones(len(rows.y)) if rows.weight is None else rows.weight
    return Pool(*fit_classes(answers[None], rows.y, weight), logarithmic=True)


def _scale(answers: NDArray[np.float64], problem: Problem) -> Step:
    """Return the step that makes columns of answers."""
    if problem.n_classes:
        return LogScores()
    spread = float(answers.std()) or 1.0
    return Linear(np.array([[1 / spread]]), np.array([-answers.mean() / spread]), "identity")

"""One small ensemble of boosted trees that has learned from a network and large trees together.

When it helps: both families together are better than either, and the answer has to be as small and quick as
a few trees; they learn how sure the pair is of a row, and what it says of rows that were made up. When not:
large trees alone are as good, or time does not matter; then the pair itself is better than its student. Cost:
the network and the large trees are trained once for each fold; a prediction costs the small trees alone.

Sources: model compression with made-up rows (Bucilă, Caruana and Niculescu-Mizil 2006); distillation (Hinton,
Vinyals and Dean 2015); answers out of fold, so that none is learned by heart (Wolpert 1992).

What the pair of a fold answers to the other fold's rows is what the student learns there, mixed with the
labels. Made-up rows are answered by the pairs of all folds together.
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
from twofold.core.space import Choice, Range, Space
from twofold.hybrids.distilling.munge import munge_matrix
from twofold.hybrids.distilling.soft_trees import SoftTrees
from twofold.hybrids.distilling.teach import as_answers
from twofold.hybrids.stack import fit_classes, fit_values
from twofold.models.base import Model, infer_problem
from twofold.models.lightgbm import LightGBM
from twofold.models.realmlp import RealMLP
from twofold.steps.base import Graph
from twofold.steps.pool import Pool

WATCHED, FEW = 8, 40
"""One row in so many tells teachers when to stop where no others are watched; with fewer rows none does."""
MOST_MADE_UP = 50_000


class DistilledTrees(Model):
    """Boosted trees taught by RealMLP and LightGBM together, on the ``network`` view.

    Parameters
    ----------
    folds : int
        In which the teachers are trained.
    augment : float
        Made-up rows for each real one.
    trust : float
        Share of the teachers in what is learned of a row; the rest is its label.
    num_leaves, max_rounds : int
        Of the student: the limit of its size.
    epochs : int
        Of each network, at most.

    Attributes
    ----------
    pool_ : Pool
        How the two teachers are weighed.
    student_ : SoftTrees
    rounds_ : int
        Of the student; teachers stop by rows that they watch.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = DistilledTrees(epochs=10).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "network",
        network=True,
        joins=True,
        iterative=True,
        seconds=(3.0, 2e-3, 5e-4),
        packages=("torch",),
    )
    space: ClassVar[Space] = {
        "trust": Choice((0.5, 0.7, 1.0)),
        "num_leaves": Range(8, 64, log=True, integer=True),
    }

    def __init__(
        self,
        folds: int = 3,
        augment: float = 1.0,
        trust: float = 0.7,
        num_leaves: int = 31,
        max_rounds: int = 200,
        epochs: int = 200,
    ) -> None:
        self.folds = folds
        self.augment = augment
        self.trust = trust
        self.num_leaves = num_leaves
        self.max_rounds = max_rounds
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
        fold = deal_evenly(rows.y, self.folds, make_generator(control.seed, "deal"))
        made = munge_matrix(
            rows.X, self.problem_, min(int(self.augment * len(rows.y)), MOST_MADE_UP), control.seed
        )
        own, told = (np.zeros((2, len(part), max(1, self.problem_.n_classes))) for part in (rows.X, made))
        for part in range(self.folds):
            unseen = np.flatnonzero(fold == part)
            pair = self._teach(rows, np.flatnonzero(fold != part), part, control)
            asked = np.vstack([rows.X[unseen], made])
            for place, teacher in enumerate(pair):
                answers = teacher.output(asked)
                own[place, unseen] = answers[: len(unseen)]
                told[place] += answers[len(unseen) :] / self.folds
        weight = np.ones(len(rows.y)) if sample_weight is None else sample_weight
        fit_pool = fit_classes if self.problem_.n_classes else fit_values
        self.pool_ = Pool(*fit_pool(own, rows.y, weight), logarithmic=bool(self.problem_.n_classes))
        truth = as_answers(rows.y, self.problem_.n_classes)
        goals = self.trust * self.pool_.run(*own) + (1 - self.trust) * truth
        weight = np.concatenate([weight, np.full(len(made), weight.mean())])
        self.student_ = SoftTrees(num_leaves=self.num_leaves, max_rounds=self.max_rounds).fit(
            np.vstack([rows.X, made]),
            np.vstack([goals, self.pool_.run(*told)]),
            weight,
            problem=self.problem_,
            control=replace(control, budget=control.budget.share(), validation=self._watched(control)),
        )
        self.rounds_ = self.student_.rounds_
        return self

    def _check(self) -> None:
        if self.folds < 2 or not 0 <= self.trust <= 1 or self.augment < 0:
            raise InputError(
                f"folds is {self.folds!r}, trust is {self.trust!r}, augment is {self.augment!r}.",
                "There are 2 folds or more, the trust lies between 0 and 1, and augment is not negative.",
                "Leave them out for the defaults.",
            )

    def _teach(
        self, rows: Validation, seen: NDArray[np.intp], part: int, control: Control
    ) -> tuple[Model, Model]:
        """Fit the network and the large trees on some of the rows."""
        budget = control.budget.share(1 / (self.folds - part + 0.5))  # the last half is the student's
        watched = control.validation if control.rounds is None else None
        if watched is None and len(seen) >= FEW:
            apart = deal_evenly(rows.y[seen], WATCHED, make_generator(control.seed, "watch", part)) == 0
            watched, seen = rows.take(seen[apart]), seen[~apart]
        learn = rows.take(seen)
        rules = Control(budget.share(0.8), derive_seed(control.seed, "teacher", part), None, watched)
        network = RealMLP(epochs=self.epochs).fit(
            learn.X, learn.y, learn.weight, problem=self.problem_, control=rules
        )
        rules = replace(rules, budget=budget.share())
        trees = LightGBM().fit(learn.X, learn.y, learn.weight, problem=self.problem_, control=rules)
        return network, trees

    def _watched(self, control: Control) -> Validation | None:
        """Return the watched rows with their labels as answers."""
        rows = control.validation
        if rows is None:
            return None
        return replace(rows, X=np.asarray(rows.X), y=as_answers(np.asarray(rows.y), self.problem_.n_classes))

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.student_.output(np.asarray(X, dtype=np.float32))

    def lower(self) -> Graph:
        return self.student_.lower()

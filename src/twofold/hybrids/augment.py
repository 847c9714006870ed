"""Rows made for rare classes by a network, where out-of-fold evidence says that they help boosted trees.

A conditional generative network (CTGAN: Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019) learns
from all rows and makes rows of the rare classes. Beside it stand the cheap opponents: nothing at all, heavier
rows, and rows between neighbours (SMOTE: Chawla, Bowyer, Hall and Kegelmeyer 2002). Each is tried on inner
folds, whose scored rows are real and were seen by no maker of rows, and boosted trees on the plain rows stand
unless another way is better by more than chance. More rows of a class change how frequent it seems; answers
are set back to the real shares (Saerens, Latinne and Decaestecker 2002), so that probabilities stay honest.

When it helps: made rows of a network perhaps where classes overlap (mammography, 1,500 rows: average
precision 0.64, with weights 0.58, with SMOTE 0.56; five divisions cannot tell it from chance). When not:
classes follow from exact rules, which made rows break (car-evaluation: log loss 0.17, with weights 0.05, with
SMOTE 0.06). Cost: four trainings of the network and a dozen of small trees; nothing at prediction. A fit
tries it only when it is named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core import optional
from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.core.space import Choice, Range, Space
from twofold.hybrids.augmenting.gain import Gain
from twofold.hybrids.augmenting.ways import WAYS, Fuller, fuller, missing_rows
from twofold.models.base import Model, infer_problem
from twofold.models.lightgbm import LightGBM
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.pool import Pool

FOLDS = 3
FOR_NETWORK = 0.2
"""Share of the time that is left which one training of the network may take."""


class Augmented(Model):
    """Boosted trees on the ``network`` view, with made rows for rare classes if these help.

    Parameters
    ----------
    way : str
        ``plain``, ``weights``, ``smote`` or ``gan``; empty for the best by out-of-fold evidence.
    level : float
        Share of the largest class that rare ones are brought to.
    learning_rate : float or None
    num_leaves : int
        As of `LightGBM`.

    Attributes
    ----------
    way_ : str
    gains_ : dict of str to Gain
        What each way brought out of fold; empty where it was given, or no class is rare.
    trees_ : LightGBM
    shares_ : Pool
        Sets the answers back to the real shares of the classes.
    rounds_ : int
        Of the trees.

    Examples
    --------
    >>> X = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    >>> model = Augmented().fit(X, (X[:, 0] > 0.5).astype(int))
    >>> model.way_, model.predict(np.array([[0.1], [0.9]], dtype=np.float32)).tolist()
    ('plain', [0, 1])
    """

    capabilities = Capabilities(
        "network",
        joins=True,
        network=True,
        tasks=frozenset({"binary", "multiclass"}),
        iterative=True,
        seconds=(30.0, 1e-3, 3e-4),
        packages=("torch",),
    )
    space: ClassVar[Space] = {"level": Range(0.1, 1.0), "num_leaves": Choice((15, 31))}

    def __init__(
        self,
        way: str = "",
        level: float = 0.3,
        learning_rate: float | None = None,
        num_leaves: int = 31,
    ) -> None:
        self.way = way
        self.level = level
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves

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
        self.gains_: dict[str, Gain] = {}
        if not missing_rows(rows.y, self.problem_.n_classes, self.level).any():
            self.way_ = "plain"
        elif self.way:
            self.way_ = self.way
        else:
            self.gains_ = self._evidence(rows, control)
            best = max(self.gains_, key=lambda way: self.gains_[way].mean)
            self.way_ = best if self.gains_[best].sure(len(self.gains_)) else "plain"
        self.trees_, self.shares_ = self._learn(self.way_, rows, control, "all")
        self.rounds_ = self.trees_.rounds_
        return self

    def _check(self) -> None:
        if self.way and self.way not in WAYS:
            raise InputError(
                f"way is {self.way!r}.",
                f"Ways are: {', '.join(WAYS)}.",
                "Name one, or leave it out for the best by evidence.",
            )
        if not 0 < self.level <= 1:
            raise InputError(
                f"level is {self.level!r}.",
                "It is a share of the largest class: above 0, at most 1.",
                "Leave it out for the default.",
            )

    def _evidence(self, rows: Validation, control: Control) -> dict[str, Gain]:
        """Try each way on the same inner folds."""
        fold = deal_evenly(rows.y, FOLDS, make_generator(control.seed, "folds"))
        chance = {way: np.empty(len(rows.y)) for way in WAYS}
        for part in range(FOLDS):
            learn, score = (rows.take(np.flatnonzero(some)) for some in (fold != part, fold == part))
            for way in WAYS:
                trees, shares = self._learn(way, learn, control, f"fold {part}")
                p = shares.run(trees.output(score.X))
                chance[way][fold == part] = p[np.arange(len(score.y)), score.y]
        plain = chance.pop("plain")
        return {way: Gain.between(p, plain, rows.weight) for way, p in chance.items()}

    def _learn(self, way: str, rows: Validation, control: Control, part: str) -> tuple[LightGBM, Pool]:
        """Return trees that learned from rows in a way, and what sets their answers back to real shares."""
        if way == "gan":
            optional.load("torch", "The model 'augmented'")
        rules = replace(
            control, seed=derive_seed(control.seed, part), budget=control.budget.share(FOR_NETWORK)
        )
        found = fuller(way, rows, self.problem_, self.level, rules)
        own = replace(control, budget=control.budget.share(0.5), validation=_alike(found, control.validation))
        trees = LightGBM(learning_rate=self.learning_rate, num_leaves=self.num_leaves)
        trees.fit(found.rows.X, found.rows.y, found.rows.weight, problem=self.problem_, control=own)
        return trees, Pool(np.ones(1), -np.log(found.factors), logarithmic=True)

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.shares_.run(self.trees_.output(np.asarray(X, dtype=np.float32)))

    def lower(self) -> Graph:
        inner = self.trees_.lower().renamed("trees/", keep=(FEATURES,))
        return inner.then(Node(self.shares_, ("trees/" + PREDICTION,), PREDICTION))


def _alike(found: Fuller, watched: Validation | None) -> Validation | None:
    """Return watched rows whose classes weigh as they do among those that are learned from."""
    if watched is None:
        return None
    weight = np.ones(len(watched.y)) if watched.weight is None else watched.weight
    return replace(watched, weight=weight * found.factors[watched.y])

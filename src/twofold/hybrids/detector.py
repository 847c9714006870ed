"""A detector before a classifier: an autoencoder tells how strange a row is, boosted trees name its class.

When it helps: what sets classes apart is that rows do not look like the others - faults, attacks, rare
kinds - and rows without a fault are many. Its strangeness is also what an open-set classifier needs (see
`twofold.hybrids.open_set`). When not: classes that are all usual; then the trees find little in the codes
that they do not see in the columns. Cost: one training of a small network, and one pass through it a row.

Sources: denoising autoencoder (Vincent et al. 2010); anomaly scores as features of a classifier (Micenková,
McWilliams and Assent 2014: "learning outlier ensembles"; Zhao and Hryniewicki 2018: XGBOD); boosted trees (Ke
et al. 2017).

The network learns from the columns alone, so that its codes may be used for the rows that it learned from.
When it learns from one class only (`normal`), that class would look too usual among the training rows: their
strangeness then comes from networks that learned from the other half of them, and the codes are left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core import optional
from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.random import derive_seed, make_generator
from twofold.models.base import Model, infer_problem
from twofold.models.lightgbm import LightGBM
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.numbers import Pick
from twofold.steps.stack_columns import StackColumns

STRANGENESS = "strangeness"
"""Name of the graph's output of shape (n, 1): larger for rows unlike those that the network learned from."""
FEWEST_NORMAL = 40
"""With fewer rows of the normal class the network learns from all rows."""


class Detector(Model):
    """Boosted trees over columns, an autoencoder's codes and its strangeness, on the ``network`` view.

    Parameters
    ----------
    normal : int or None
        Code of the class that the network learns from alone; None learns from all rows.
    code : int
        Width of the network's code; 0 takes half the columns, 2 to 16.
    learning_rate : float or None
    num_leaves : int
        As of `LightGBM`.

    Attributes
    ----------
    network_ : Autoencoder
    trees_ : LightGBM
    rounds_ : int
        Of the trees; the network always runs the same epochs.

    Examples
    --------
    >>> from twofold.hybrids.detector import Detector
    >>> Detector().get_params()["code"]
    0
    """

    capabilities = Capabilities(
        "network",
        network=True,
        joins=True,
        tasks=frozenset({"binary", "multiclass"}),
        iterative=True,
        seconds=(4.0, 2e-4, 8e-5),
        packages=("torch",),
    )

    def __init__(
        self,
        normal: int | None = None,
        code: int = 0,
        learning_rate: float | None = None,
        num_leaves: int = 31,
    ) -> None:
        self.normal = normal
        self.code = code
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
        optional.load("torch", "The model 'detector'")
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        X = np.asarray(X, dtype=np.float32)
        normal = np.flatnonzero(y == self.normal)
        self.one_class_ = self.normal is not None and len(normal) >= FEWEST_NORMAL
        rows = X[normal] if self.one_class_ else X
        spent = 0.2 if self.one_class_ else 0.4
        self.network_ = self._learn(rows, replace(control, budget=control.budget.share(spent)))
        seen = self._extra(X)
        if self.one_class_:
            seen[normal, 0] = self._out_of_fold(rows, control)
        rules = control
        if control.validation is not None:
            watched = control.validation
            wide = np.hstack([watched.X, self._extra(watched.X)])
            rules = replace(control, validation=Validation(wide, watched.y, watched.weight))
        self.trees_ = LightGBM(learning_rate=self.learning_rate, num_leaves=self.num_leaves).fit(
            np.hstack([X, seen]), y, sample_weight, problem=self.problem_, control=rules
        )
        self.rounds_ = self.trees_.rounds_
        return self

    def _learn(self, X: NDArray[np.float32], control: Control) -> Any:
        from twofold.nn.autoencoder import Shape, fit_autoencoder
        from twofold.nn.inputs import Layout

        known = self.problem_
        numbers = X.shape[1] - known.plain - len(known.categories)
        layout = Layout(numbers, known.plain, known.categories)
        return fit_autoencoder(X, layout, control, Shape(code=self.code))

    def _out_of_fold(self, X: NDArray[np.float32], control: Control) -> NDArray[np.float32]:
        """Return the strangeness of rows for networks that learned from the other half."""
        half = make_generator(control.seed, "halves").permutation(len(X)) % 2
        out = np.empty(len(X), dtype=np.float32)
        for side in (0, 1):
            seed = derive_seed(control.seed, "half", side)
            rules = replace(control, seed=seed, budget=control.budget.share(0.2))
            network = self._learn(X[half != side], rules)
            out[half == side] = network.step.run(X[half == side])[:, 0]
        return out

    def _kept(self) -> NDArray[np.int64]:
        codes = self.network_.of_codes
        return codes[:0] if self.one_class_ else np.asarray(codes)

    def _extra(self, X: Any) -> NDArray[np.float32]:
        seen = self.network_.step.run(np.asarray(X, dtype=np.float32))
        return np.asarray(seen[:, np.concatenate([[0], self._kept()])])

    def output(self, X: Any) -> NDArray[np.float64]:
        return self.trees_.output(np.hstack([np.asarray(X, dtype=np.float32), self._extra(X)]))

    def lower(self) -> Graph:
        from twofold.nn.autoencoder import SEEN

        inner = self.trees_.lower().renamed("trees/", keep=(PREDICTION,))
        return (
            Graph(
                (
                    Node(self.network_.step, (FEATURES,), SEEN),
                    Node(Pick(np.zeros(1, dtype=np.int64)), (SEEN,), STRANGENESS),
                    Node(Pick(self._kept()), (SEEN,), "kept codes"),
                    Node(StackColumns(), (FEATURES, STRANGENESS, "kept codes"), "trees/" + FEATURES),
                )
            )
            + inner
        )

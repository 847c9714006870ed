"""Gradient boosting by LightGBM (Ke et al. 2017), lowered to an ONNX tree ensemble."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Range, Space
from twofold.models.base import Model, infer_problem
from twofold.models.tree_graph import Trees, lower_trees
from twofold.steps.base import Graph
from twofold.steps.links import apply_link

PATIENCE = 50
"""Rounds without a gain on the watched rows before the fit stops."""
DEFAULT_ROUNDS = 200
"""Rounds where nothing is watched and none are prescribed."""
_LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class LightGBM(Model):
    """Boosted trees on the ``trees`` view.

    Parameters
    ----------
    learning_rate : float
    num_leaves : int
    min_child_samples : int
    feature_fraction, bagging_fraction : float
    lambda_l2 : float
    max_rounds : int
        Upper bound when rows are watched.

    Attributes
    ----------
    booster_ : lightgbm.Booster
    rounds_ : int
        Best round on the watched rows, or the rounds that were run.

    Examples
    --------
    >>> X = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    >>> model = LightGBM().fit(X, (X[:, 0] > 0.5).astype(int))
    >>> model.predict(np.array([[0.1], [0.9]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities("trees", iterative=True, seconds=(0.2, 1e-4, 8e-5))
    space: ClassVar[Space] = {
        "learning_rate": Range(0.02, 0.2, log=True),
        "num_leaves": Range(8, 200, log=True, integer=True),
        "min_child_samples": Range(2, 60, log=True, integer=True),
        "feature_fraction": Range(0.4, 1.0),
        "lambda_l2": Range(0.01, 30.0, log=True),
    }

    def __init__(
        self,
        learning_rate: float = 0.05,
        num_leaves: int = 31,
        min_child_samples: int = 20,
        feature_fraction: float = 0.8,
        bagging_fraction: float = 0.9,
        lambda_l2: float = 1.0,
        max_rounds: int = 2_000,
    ) -> None:
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.lambda_l2 = lambda_l2
        self.max_rounds = max_rounds

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        import lightgbm

        self.problem_ = problem or infer_problem(y)
        control = control or Control()
        self.n_features_ = int(X.shape[1])
        train = lightgbm.Dataset(np.asarray(X), y, weight=sample_weight, free_raw_data=False)
        watched = control.validation if control.rounds is None else None
        callbacks = [_stop_in_time(control)] if control.rounds is None else []
        sets = []
        if watched is not None:
            sets = [train.create_valid(np.asarray(watched.X), watched.y, weight=watched.weight)]
            callbacks.append(lightgbm.early_stopping(PATIENCE, verbose=False))
        rounds = control.rounds or (self.max_rounds if watched is not None else DEFAULT_ROUNDS)
        self.booster_ = lightgbm.train(self._params(control), train, rounds, sets, callbacks=callbacks)
        self.rounds_ = int(self.booster_.best_iteration) if watched is not None else 0
        self.rounds_ = self.rounds_ if self.rounds_ > 0 else int(self.booster_.current_iteration())
        return self

    def _params(self, control: Control) -> dict[str, Any]:
        own = {key: value for key, value in self.get_params().items() if key != "max_rounds"}
        classes = {"num_class": self.problem_.n_classes} if self.problem_.task == "multiclass" else {}
        return {
            **own,
            **classes,
            "objective": self.problem_.task,
            "bagging_freq": 1,
            "num_threads": control.budget.cores,
            "seed": control.seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }

    def output(self, X: Any) -> NDArray[np.float64]:
        scores = self.booster_.predict(np.asarray(X), raw_score=True, num_iteration=self.rounds_)
        matrix = np.asarray(scores, dtype=np.float64).reshape(len(X), -1)
        return apply_link(_LINKS[self.problem_.task], matrix)

    def lower(self) -> Graph:
        n_outputs = self.booster_.num_model_per_iteration()
        trees = read_trees(self.booster_.model_to_string(num_iteration=self.rounds_), n_outputs)
        return lower_trees(trees, self.n_features_, n_outputs, _LINKS[self.problem_.task])


def _stop_in_time(control: Control) -> Any:
    """Return a callback that ends the training, with the best round so far, when its time is over."""

    def check(env: Any) -> None:
        if control.budget.left() < 0.1 * control.budget.seconds:
            from lightgbm.callback import EarlyStopException

            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])

    return check


def read_trees(text: str, n_outputs: int) -> Trees:
    """Read the numerical trees of a LightGBM model in its text form.

    A split sends NaN to its default side where missing values were seen, and treats it as zero where
    none were; both are fixed directions, so ONNX can hold them.
    """
    parts: list[list[NDArray[Any]]] = []
    for index, block in enumerate(text.split("\nTree=")[1:]):
        fields = dict(line.split("=", 1) for line in block.split("\n\n")[0].splitlines()[1:] if "=" in line)
        leaves = np.array(fields["leaf_value"].split(), dtype=np.float64)
        n_splits = int(fields["num_leaves"]) - 1
        arrays = [np.array(fields.get(key, "").split()[:n_splits], dtype=np.float64) for key in _SPLITS]
        feature, threshold, kind, left, right = arrays
        kinds = kind.astype(np.int64)
        seen_missing = (kinds >> 2) & 3 == 2
        to_left = np.where(seen_missing, (kinds & 2) > 0, threshold >= 0)
        children = [np.where(side < 0, n_splits + (-side - 1), side) for side in (left, right)]
        n = n_splits + len(leaves)
        nothing = np.zeros(len(leaves))
        parts.append(
            [
                np.full(n, index),
                np.arange(n),
                np.concatenate([feature, nothing - 1]),
                np.concatenate([threshold, nothing]),
                np.concatenate([children[0], nothing]),
                np.concatenate([children[1], nothing]),
                np.concatenate([to_left, nothing]),
                np.concatenate([np.zeros(n_splits), leaves]),
                np.full(n, index % n_outputs),
            ]
        )
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    kinds_of = (np.int64, np.int64, np.int64, np.float64, np.int64, np.int64, np.bool_, np.float64, np.int64)
    return Trees(*(column.astype(kind) for column, kind in zip(columns, kinds_of, strict=True)))


_SPLITS = ("split_feature", "threshold", "decision_type", "left_child", "right_child")

"""Gradient boosting of symmetric trees by CatBoost (Prokhorenkova et al. 2018), lowered to ONNX."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core import optional
from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Range, Space
from twofold.models.base import Model, Pace, infer_problem
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.constant import Constant
from twofold.steps.linear import Linear
from twofold.steps.native_catboost import NativeCatBoost
from twofold.steps.tree_graph import SCORES, Trees, lower_trees

PATIENCE = 60
"""Rounds without a gain on the watched rows before the fit stops."""
DEFAULT_ROUNDS = 300
MOST_LEAF_VALUES = 400_000
"""Numbers held by all leaves together; more classes get fewer rounds."""
_LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
_LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class CatBoost(Model):
    """Boosted symmetric trees on the ``trees`` view; categories come as our codes and statistics.

    Parameters
    ----------
    learning_rate : float
        0.08, as tuned over many data sets by Holzmüller, Grinsztajn and Steinwart (2024).
    depth : int
        CatBoost's own 6.
    l2_leaf_reg : float
        CatBoost's own 3.
    random_strength : float
        Noise in the choice of splits.
    subsample : float
        Share of the rows that each tree sees.
    max_rounds : int

    Examples
    --------
    >>> X = np.linspace(0, 1, 200, dtype=np.float32)[:, None]
    >>> model = CatBoost().fit(X, (X[:, 0] > 0.5).astype(int))
    >>> model.predict(np.array([[0.1], [0.9]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "trees", iterative=True, seconds=(0.5, 2e-4, 2e-4), packages=("catboost",), max_classes=50
    )
    space: ClassVar[Space] = {
        "learning_rate": Range(0.02, 0.2, log=True),
        "depth": Range(4, 8, integer=True),
        "l2_leaf_reg": Range(0.1, 30.0, log=True),
        "random_strength": Range(0.0, 2.0),
        "subsample": Range(0.5, 1.0),
    }

    def __init__(
        self,
        learning_rate: float = 0.08,
        depth: int = 6,
        l2_leaf_reg: float = 3.0,
        random_strength: float = 1.0,
        subsample: float = 0.8,
        max_rounds: int = 2_000,
    ) -> None:
        self.learning_rate = learning_rate
        self.depth = depth
        self.l2_leaf_reg = l2_leaf_reg
        self.random_strength = random_strength
        self.subsample = subsample
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
        catboost = optional.load("catboost", "The model 'catboost'")
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        self.n_features_ = int(X.shape[1])
        X = np.asarray(X, dtype=np.float32)
        self.constant_ = self._constant(X, y, sample_weight)
        self.rounds_ = control.rounds or 1
        if self.constant_ is not None:
            return self
        watched = control.validation if control.rounds is None else None
        if self.problem_.task == "multiclass" and watched is not None:
            seen = np.isin(watched.y, np.unique(y))  # CatBoost refuses labels that it has not met
            weight = None if watched.weight is None else watched.weight[seen]
            pool = catboost.Pool(np.asarray(watched.X)[seen], watched.y[seen], weight=weight)
            watched_pool = pool if seen.any() else None
        else:
            watched_pool = watched and catboost.Pool(np.asarray(watched.X), watched.y, weight=watched.weight)
        values = 2**self.depth * max(1, self.problem_.n_classes - 1)
        most = min(self.max_rounds, max(20, MOST_LEAF_VALUES // values))
        rounds = control.rounds or (most if watched_pool else min(most, DEFAULT_ROUNDS))
        self.booster_ = catboost.CatBoost(self._params(rounds, control))
        watch = _Watch(control)
        self.booster_.fit(
            catboost.Pool(X, y, weight=sample_weight),
            eval_set=watched_pool or None,
            callbacks=None if control.rounds else [watch],
        )
        self.rounds_ = watch.best + 1 if watched_pool else int(self.booster_.tree_count_)
        self.booster_.shrink(min(self.rounds_, int(self.booster_.tree_count_)))
        return self

    def _params(self, rounds: int, control: Control) -> dict[str, Any]:
        own = {key: value for key, value in self.get_params().items() if key != "max_rounds"}
        return {
            **own,
            "iterations": rounds,
            "loss_function": _LOSSES[self.problem_.task],
            "boosting_type": "Plain",
            "bootstrap_type": "Bernoulli",
            "leaf_estimation_iterations": 1,
            "thread_count": control.budget.cores,
            "random_seed": control.seed,
            "use_best_model": False,
            "allow_writing_files": False,
            "logging_level": "Silent",
            "allow_const_label": True,
        }

    def _constant(
        self, X: NDArray[np.float32], y: NDArray[Any], weight: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        """Return scores for every row where there is nothing to learn: CatBoost refuses such data."""
        varies = (
            X.shape[1] > 0 and bool((np.nanmax(X, axis=0) > np.nanmin(X, axis=0)).any()) if len(X) else False
        )
        if varies and len(np.unique(y)) > 1:
            return None
        if not self.problem_.n_classes:
            return np.array([np.average(y, weights=weight)])
        shares = np.bincount(y, weights=weight, minlength=self.problem_.n_classes) + 1e-3
        logs = np.log(shares / shares.sum())
        return np.asarray(logs[1:] - logs[:1] if self.problem_.n_classes == 2 else logs)

    def _head(self) -> Linear:
        k = 1 if self.problem_.n_classes <= 2 else self.problem_.n_classes
        link = _LINKS[self.problem_.task]
        if k == 1 or self.constant_ is not None:
            return Linear(np.eye(k), np.zeros(k), link)
        classes = np.asarray(self.booster_.classes_, dtype=np.int64)
        weights, bias = np.zeros((k, len(classes))), np.full(k, -30.0)
        weights[classes, np.arange(len(classes))], bias[classes] = 1.0, 0.0
        return Linear(weights, bias, link)

    def output(self, X: Any) -> NDArray[np.float64]:
        X = np.ascontiguousarray(X, dtype=np.float32)
        if self.constant_ is not None:
            return self._head().run(np.tile(self.constant_, (len(X), 1)))
        scores = np.asarray(self.booster_.predict(X, prediction_type="RawFormulaVal"), dtype=np.float64)
        return self._head().run(scores.reshape(len(X), -1) if scores.ndim == 1 else scores)

    def lower(self) -> Graph:
        if self.constant_ is not None:
            answer = Constant(self._head().run(self.constant_[None])[0])
            return Graph((Node(answer, (FEATURES,), PREDICTION),))
        model = self._saved("json")
        trees, bias = read_symmetric_trees(json.loads(model))
        head = self._head()
        shifted = Linear(head.weights, head.bias + head.weights @ bias, head.link)
        return lower_trees(trees, self.n_features_, shifted)

    def lower_native(self) -> Graph:
        """Return steps that hold CatBoost's own model, for where the ONNX graph does not agree with it."""
        if self.constant_ is not None:
            return self.lower()
        scores = Node(NativeCatBoost(self._saved("cbm")), (FEATURES,), SCORES)
        return Graph((scores, Node(self._head(), (SCORES,), PREDICTION)))

    def _saved(self, form: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            self.booster_.save_model(str(path), format=form)
            return path.read_bytes()


class _Watch:
    """Called after each round: remembers the best, and ends the training without gains or time."""

    def __init__(self, control: Control) -> None:
        self.best = 0
        self._loss = np.inf
        self._pace = Pace(control.budget)

    def after_iteration(self, info: Any) -> bool:
        """Tell CatBoost whether to go on."""
        losses = info.metrics.get("validation", {})
        for values in losses.values():
            if values[-1] < self._loss:
                self.best, self._loss = info.iteration - 1, values[-1]
        stale = bool(losses) and info.iteration - 1 - self.best >= PATIENCE
        return not stale and self._pace.another()


def read_symmetric_trees(model: dict[str, Any]) -> tuple[Trees, NDArray[np.float64]]:
    """Read a CatBoost model in its JSON form; return its trees and what is added to their sums.

    In a symmetric tree all nodes of one depth share their split: split i of the list sets bit i of the
    leaf's number where the value exceeds the border. NaN counts as below every border, or above, as the
    feature says.
    """
    scale, bias = model["scale_and_bias"]
    numbers = model["features_info"]["float_features"]
    column = np.array([entry["flat_feature_index"] for entry in numbers])
    nan_high = np.array([entry.get("nan_value_treatment") == "AsTrue" for entry in numbers])
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in Trees.__dataclass_fields__}
    start = 0
    n_outputs = len(np.atleast_1d(bias))
    for tree in model["oblivious_trees"]:
        splits = tree["splits"] or []
        depth = len(splits)
        which = np.array([split["float_feature_index"] for split in splits], dtype=np.int64)
        border = np.array([split["border"] for split in splits], dtype=np.float64)
        inner, leaves = 2**depth - 1, 2**depth
        node = np.arange(inner)
        level = np.floor(np.log2(node + 1)).astype(np.int64)  # level 0 asks the last split
        asked = depth - 1 - level
        children = 2 * node + 1
        parts["roots"].append(np.array([start]))
        parts["feature"].append(np.concatenate([column[which[asked]], np.full(leaves, -1)]))
        parts["threshold"].append(np.concatenate([border[asked], np.zeros(leaves)]))
        parts["left"].append(np.concatenate([children + start, np.zeros(leaves, dtype=np.int64)]))
        parts["right"].append(np.concatenate([children + 1 + start, np.zeros(leaves, dtype=np.int64)]))
        parts["missing_left"].append(np.concatenate([~nan_high[which[asked]], np.zeros(leaves, dtype=bool)]))
        value = np.array(tree["leaf_values"], dtype=np.float64).reshape(leaves, n_outputs) * scale
        parts["leaf"].append(np.repeat(start + inner + np.arange(leaves), n_outputs))
        parts["output"].append(np.tile(np.arange(n_outputs), leaves))
        parts["value"].append(value.ravel())
        start += inner + leaves
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    return Trees(**joined), np.atleast_1d(np.asarray(bias, dtype=np.float64))

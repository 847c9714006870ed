"""Gradient boosting by LightGBM (Ke et al. 2017), lowered to an ONNX tree ensemble."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.space import Range, Space
from twofold.models.base import Model, Pace, infer_problem
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.native_lightgbm import NativeLightGBM
from twofold.steps.tree_graph import SCORES, Trees, lower_trees

PATIENCE = 60
"""Rounds without a gain on the watched rows before the fit stops."""
DEFAULT_ROUNDS = 200
"""Rounds where nothing is watched and none are prescribed."""
SPARED = 0.25
"""Share of the time that reading the trees, writing them as a graph and comparing both may take."""
MOST_TREES = 20_000
"""Each round grows one tree a class; with many classes fewer rounds keep the model within megabytes."""
_FIELDS = (
    "num_leaves",
    "split_feature",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
)
_LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}


class LightGBM(Model):
    """Boosted trees on the ``trees`` view.

    Parameters
    ----------
    learning_rate : float or None
        None takes 0.05, and 0.1 for three or more classes, where a round costs a tree for each.
    num_leaves, min_child_samples : int
        LightGBM's own 31 and 20.
    feature_fraction, bagging_fraction : float
        Shares of the columns and rows that each tree sees.
    lambda_l2 : float
    max_rounds : int
        Upper bound when rows are watched.

    The search space is that of LGBM-HPO in Holzmüller, Grinsztajn and Steinwart (2024), narrowed. Their
    tuned defaults (more leaves, less bagging) were no better on tables of up to 20,000 rows with a few
    rows watched, and larger and slower.

    Attributes
    ----------
    booster_ : lightgbm.Booster
    centre_, scale_ : float
        Targets are learned as ``(y - centre) / scale``, because LightGBM keeps them in float32.
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
        "bagging_fraction": Range(0.5, 1.0),
        "lambda_l2": Range(1e-3, 30.0, log=True),
    }

    def __init__(
        self,
        learning_rate: float | None = None,
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

        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        self.n_features_ = int(X.shape[1])
        self.centre_, self.scale_ = 0.0, 1.0
        if not self.problem_.n_classes:
            self.centre_ = float(np.average(y, weights=sample_weight))
            self.scale_ = float(np.std(y)) or 1.0
        watch = _Watch(control)
        train = self._rows(np.asarray(X), y, sample_weight)
        sets = []
        if control.validation is not None and control.rounds is None:
            rows = control.validation
            sets = [self._rows(np.asarray(rows.X), rows.y, rows.weight, train)]
        most = min(self.max_rounds, max(1, MOST_TREES // max(1, self.problem_.n_classes)))
        rounds = control.rounds or (most if sets else DEFAULT_ROUNDS)
        callbacks = None if control.rounds else [watch]
        self.booster_ = lightgbm.train(
            self._params(control), train, rounds, sets, callbacks=callbacks, keep_training_booster=True
        )
        self.booster_.free_dataset()
        self.rounds_ = watch.best + 1 if sets else int(self.booster_.current_iteration())
        return self

    def _rows(
        self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[np.float64] | None, like: Any = None
    ) -> Any:
        """Return rows as LightGBM takes them, cut into the bins of others where there are `like` them."""
        import lightgbm

        start = self.begin_from(X)
        return lightgbm.Dataset(X, self._target(y), reference=like, weight=weight, init_score=start)

    def begin_from(self, X: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return the scores of rows that boosting begins from; None begins from the mean target."""
        del X
        return None

    def _target(self, y: NDArray[Any]) -> NDArray[Any]:
        return y if self.problem_.n_classes else (y - self.centre_) / self.scale_

    def _params(self, control: Control) -> dict[str, Any]:
        own = {key: value for key, value in self.get_params().items() if key != "max_rounds"}
        own["learning_rate"] = self.learning_rate or (0.1 if self.problem_.task == "multiclass" else 0.05)
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

    def _head(self) -> Linear:
        k = self.booster_.num_model_per_iteration()
        return Linear(np.eye(k) * self.scale_, np.full(k, self.centre_), _LINKS[self.problem_.task])

    def output(self, X: Any) -> NDArray[np.float64]:
        scores = self.booster_.predict(np.asarray(X), raw_score=True, num_iteration=self.rounds_)
        return self._head().run(np.asarray(scores, dtype=np.float64).reshape(len(X), -1))

    def lower(self) -> Graph:
        trees = read_trees(self._text(), self.booster_.num_model_per_iteration())
        return lower_trees(trees, self.n_features_, self._head())

    def lower_native(self) -> Graph:
        """Return steps that hold LightGBM's own model, for where the ONNX graph does not agree with it."""
        scores = Node(NativeLightGBM(self._text().encode()), (FEATURES,), SCORES)
        return Graph((scores, Node(self._head(), (SCORES,), PREDICTION)))

    def _text(self) -> str:
        return str(self.booster_.model_to_string(num_iteration=self.rounds_))


class _Watch:
    """Called after each round: remembers the best, and ends the training without gains or time."""

    def __init__(self, control: Control) -> None:
        self.best = 0
        self._loss = np.inf
        self._pace = Pace(control.budget, SPARED)

    def __call__(self, env: Any) -> None:
        from lightgbm.callback import EarlyStopException

        if env.evaluation_result_list and env.evaluation_result_list[0][2] < self._loss:
            self.best, self._loss = env.iteration, env.evaluation_result_list[0][2]
        stale = bool(env.evaluation_result_list) and env.iteration - self.best >= PATIENCE
        if stale or not self._pace.another():
            raise EarlyStopException(self.best, env.evaluation_result_list)


def read_trees(text: str, n_outputs: int) -> Trees:
    """Read the numerical trees of a LightGBM model in its text form.

    A split sends NaN to its default side where missing values were seen, and treats it as zero where
    none were; both are fixed directions, so ONNX can hold them.
    """
    numbers = _read_numbers(text)
    n_leaves = numbers["num_leaves"].astype(np.int64)
    n_splits = n_leaves - 1
    roots = np.concatenate([[0], np.cumsum(n_leaves + n_splits)[:-1]])
    split = np.repeat(roots, n_splits) + _positions(n_splits)
    leaf = np.repeat(roots + n_splits, n_leaves) + _positions(n_leaves)
    threshold, kind = numbers["threshold"], numbers["decision_type"].astype(np.int64)
    seen_missing = (kind >> 2) & 3 == 2
    to_left = np.where(seen_missing, (kind & 2) > 0, threshold >= 0)
    children = []
    for name in ("left_child", "right_child"):
        child = numbers[name].astype(np.int64)  # leaves are counted -1, -2, ...
        within = np.where(child < 0, np.repeat(n_splits, n_splits) - child - 1, child)
        children.append(np.repeat(roots, n_splits) + within)

    def spread(values: NDArray[Any], at_leaves: float) -> NDArray[Any]:
        out = np.full(len(split) + len(leaf), at_leaves, dtype=values.dtype)
        out[split] = values
        return out

    return Trees(
        roots,
        spread(numbers["split_feature"].astype(np.int64), -1),
        spread(threshold, 0),
        spread(children[0], 0),
        spread(children[1], 0),
        spread(to_left, 0),
        leaf,
        np.repeat(np.arange(len(roots)) % n_outputs, n_leaves),
        numbers["leaf_value"],
    )


def _read_numbers(text: str) -> dict[str, NDArray[np.float64]]:
    """Return the numbers in the lines ``name=...`` of all trees, by name, in one pass over the text."""
    found: dict[str, list[str]] = {name: [] for name in _FIELDS}
    for line in text.splitlines():
        name, _, values = line.partition("=")
        if name in found:
            found[name].append(values)
    return {name: np.array(" ".join(lines).split(), dtype=np.float64) for name, lines in found.items()}


def _positions(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count from zero within each run.

    Examples
    --------
    >>> _positions(np.array([2, 0, 3]))
    array([0, 1, 0, 1, 2])
    """
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)

"""The two estimators: scikit-learn's contract around a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.core.budget import Budget, parse_seconds
from twofold.core.errors import InputError
from twofold.core.interrupt import uninterrupted
from twofold.core.schema import Schema
from twofold.data import given
from twofold.data.dataset import Dataset
from twofold.data.infer import read_schema_file
from twofold.data.target import Extras, make_dataset
from twofold.estimators.fitted import describe
from twofold.evaluate.records import Verdict
from twofold.hybrids.floor import check_floor
from twofold.metrics import get_metric
from twofold.search.live import Live, Silent, watched
from twofold.search.memory import parse_bytes
from twofold.search.progress import Progress
from twofold.search.result import Result
from twofold.search.result_files import save_result
from twofold.search.run import run_fit
from twofold.search.settings import Settings, check_jobs, check_prefer, check_whole

if TYPE_CHECKING:
    from twofold.evaluate.records import Row


class _Twofold(given.TableEstimator):
    """What both estimators share."""

    def __init__(
        self,
        *,
        budget: float | str = 60,
        metric: Any = None,
        prefer: str = "accuracy",
        schema: Any = None,
        folds: int | None = None,
        candidates: Sequence[str] | None = None,
        max_trials: int | None = None,
        memory: float | str | None = None,
        run_dir: str | os.PathLike[str] | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        encoders: Sequence[str] | None = None,
        floor: float | None = None,
    ) -> None:
        self.budget = budget
        self.metric = metric
        self.prefer = prefer
        self.schema = schema
        self.folds = folds
        self.candidates = candidates
        self.max_trials = max_trials
        self.memory = memory
        self.run_dir = run_dir
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.encoders = encoders
        self.floor = floor

    def _task(self, y: NDArray[Any]) -> str:
        raise NotImplementedError

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        groups: Any = None,
        time: Any = None,
    ) -> Self:
        """Train, join, weigh and keep the best under the budget.

        Parameters
        ----------
        X : pandas.DataFrame, or array of shape (n, d)
            Numbers, categories, dates and free text; missing values are welcome.
        y : array of shape (n,)
            Labels or values. Rows without one are left out.
        sample_weight : array of shape (n,), optional
        groups : array of shape (n,), optional
            Rows of one group stay in one fold.
        time : array of shape (n,), optional
            Numbers or dates; later rows never help to score earlier ones.

        Returns
        -------
        self
        """
        clock = Budget(self._seconds(), cores=check_jobs(self.n_jobs))
        frame = self._frame(X, fitting=True)
        target = given.target(y)
        dataset = make_dataset(
            frame,
            target,
            Extras(given.weights(sample_weight, len(frame)), groups, time),
            name=str(target.name) if target.name is not None else "target",
            task=self._task(target.to_numpy()),
            declared=self._declared(),
        )
        return self._run(dataset, clock)

    def _run(self, dataset: Dataset, clock: Budget, progress: Progress | None = None) -> Self:
        """Fit a data set that was made already; `clock` was started at the door."""
        settings = self._settings(dataset)
        if not hasattr(self, "n_features_in_"):
            self.n_features_in_ = len(dataset.schema.columns)
            self.feature_names_in_ = np.array(dataset.schema.names, dtype=object)
        folder = None if self.run_dir is None else Path(self.run_dir)
        with ExitStack() as stack:
            if progress is None:
                progress = stack.enter_context(Live(clock)) if watched() else Silent()
            if isinstance(progress, Live):
                metric = get_metric(settings.metric, dataset.task)
                progress.judge(metric.label, metric.greater_is_better)
            result = run_fit(dataset, settings, clock, progress, folder)
        if folder is not None:
            with uninterrupted():
                save_result(result, folder)
        self.result_: Result = result
        self.bundle_ = describe(result, result.parity)
        self.predictor_ = Predictor(self.bundle_.about, self.bundle_.graph)
        if result.classes:
            self.classes_ = self.predictor_.classes_
        return self

    def _seconds(self) -> float:
        seconds = parse_seconds(self.budget)
        return seconds if self.max_trials is None else float("inf")

    def _declared(self) -> Mapping[str, str] | Schema | None:
        if isinstance(self.schema, (str, os.PathLike)):
            return read_schema_file(os.fspath(self.schema))
        if isinstance(self.schema, (Mapping, Schema, type(None))):
            return self.schema
        raise InputError(
            f"The schema is a {type(self.schema).__name__}.",
            "It is a dict of columns and kinds, or the path of a YAML file of such lines.",
            "Write for instance schema={'zip': 'category'}.",
        )

    def _settings(self, dataset: Dataset) -> Settings:
        check_whole("max_trials", self.max_trials, 1)
        check_whole("folds", self.folds, 1)
        check_floor(self.floor, dataset.task)
        return Settings(
            self._seconds(),
            get_metric(self.metric, dataset.task),
            check_prefer(self.prefer),
            self.folds,
            given.names("candidates", self.candidates),
            self.max_trials,
            parse_bytes(self.memory),
            check_jobs(self.n_jobs),
            given.seed(self.random_state),
            given.names("encoders", self.encoders),
            self.floor,
        )

    @property
    def verdict_(self) -> Verdict:
        """Whether joining was worth it; ``str(verdict_.sentence)`` is the whole of it in one line."""
        check_is_fitted(self, "result_")
        return self.result_.verdict

    def leaderboard(self) -> pd.DataFrame:
        """Return everything that was tried, best first, with scores, intervals and costs."""
        check_is_fitted(self, "result_")
        return leaderboard_frame(self.result_)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report, one HTML file that opens offline; return where it is."""
        from twofold.report.page import write_report

        check_is_fitted(self, "result_")
        return write_report(self.result_, Path(path))

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        sign: str | bytes | None = None,
        private: bool = False,
        slim: bool = False,
    ) -> Path:
        """Save the model as data without code; `twofold.load` reads it.

        Parameters
        ----------
        folder : path
            A folder, or a file that ends in ``.zip``. A bundle that lies there is replaced at once.
        sign : str or bytes, optional
            Secret key; whoever loads with ``verify=`` knows that nothing was changed.
        private : bool
            Refuse models that carry training rows.
        slim : bool
            Leave large pretrained networks out: they are kept once for all models of this machine, in
            ``~/.cache/twofold/blobs`` or the folder that ``TWOFOLD_BLOBS`` names.
        """
        check_is_fitted(self, "bundle_")
        return save(self.bundle_, folder, sign=sign, private=private, slim=slim)


class TwofoldClassifier(ClassifierMixin, _Twofold):  # type: ignore[misc]
    """Predict labels with machine learning, deep learning, or both joined.

    Parameters
    ----------
    budget : float or str
        Wall clock for the whole `fit`: seconds, or ``"90s"``, ``"5m"``, ``"1h"``.
    metric : str, callable, array or None
        What to be good at: a name (``roc_auc``, ``log_loss``, ``f1``, ...), a function
        ``(y_true, y_pred) -> float``, or a cost matrix ``costs[true][answered]``. None takes AUC for two
        classes and log loss for more.
    prefer : {"accuracy", "balanced", "speed", "readable"}
        What to weigh when the model is chosen.
    schema : dict, path or None
        Kinds of columns that you know better: ``{"zip": "category"}``, or a YAML file of such lines.
    folds : int or None
        None lets the number of rows decide.
    candidates : list of str or None
        Names of models to try; None for all that suit the data.
    max_trials : int or None
        Fit exactly so many candidates, however long it takes; the same data and seed then give the same
        model.
    memory : float, str or None
        Most that all processes together may hold: ``"4GB"``; None for 80 % of what is free.
    run_dir : path or None
        Keep everything that was done; a run that was killed is taken up again from there.
    n_jobs : int or None
        Processes; None for one a core.
    random_state : int, RandomState or None
        None is 0.
    encoders : list of str or None
        Pretrained networks to read text, pictures or clips with: ``"minilm"``, ``"wordllama"``,
        ``"efficientnet@128"`` (the side in pixels), ``"speech_embedding"``, ``"speaker"``, or a text encoder
        of the Hugging Face hub as ``"hf:owner/name"``. None takes the best that the time allows.
    floor : float or None
        Share of its answers in which a cascade has to be like its last, dearest stage, such as 0.98: with
        95 % confidence, on rows that set none of its bounds. Cascades are chosen where ``prefer`` is
        ``"speed"`` or ``"balanced"``; None asks them for nearly all of their last stage's lead instead.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    result_ : twofold.search.result.Result
        Everything the run came to.
    predictor_ : twofold.bundle.predictor.Predictor
    n_features_in_ : int

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = TwofoldClassifier(max_trials=1, random_state=0).fit(X, y)
    >>> model.predict(X.iloc[[0, 149]]).tolist()
    [0, 2]
    """

    def _task(self, y: NDArray[Any]) -> str:
        return given.classes_task(y)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict_proba(self._frame(X, fitting=False))


class TwofoldRegressor(RegressorMixin, _Twofold):  # type: ignore[misc]
    """Predict values with machine learning, deep learning, or both joined.

    The parameters are those of `TwofoldClassifier`; `metric` is ``rmse`` unless told otherwise.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = TwofoldRegressor(max_trials=1, random_state=0).fit(X, y)
    >>> model.predict(X.iloc[:1]).shape
    (1,)
    """

    def _task(self, y: NDArray[Any]) -> str:
        del y
        return "regression"


def leaderboard_frame(result: Result) -> pd.DataFrame:
    """Return the leaderboard of a run as a frame, best first."""
    return pd.DataFrame([_board_line(row, result.metric) for row in result.rows])


def _board_line(row: Row, metric: str) -> dict[str, Any]:
    score = row.score
    return {
        "model": row.name,
        "family": row.family,
        "status": row.status,
        metric: score.centre if score else np.nan,
        "low": score.low if score else np.nan,
        "high": score.high if score else np.nan,
        **{name: value for name, value in row.metrics.items() if name != metric},
        "fit_seconds": row.seconds,
        "row_microseconds": row.row_seconds * 1e6,
        "bytes": row.size,
        "joules": row.joules,
        "pareto": row.pareto,
        "chosen": row.chosen,
        "members": ", ".join(row.members),
        "reason": row.reason,
    }

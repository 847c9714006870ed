"""Finished runs made from real data and real out-of-fold predictions, without the search."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from twofold.core.schema import Column
from twofold.data.dataset import Finding
from twofold.data.infer import infer_schema
from twofold.evaluate.records import Interval, Row, Verdict
from twofold.search.result import Choice, Importance, Result
from twofold.steps.base import Graph

METRICS = {
    "binary": ("roc_auc", lambda y, p: roc_auc_score(y, p[:, 1]), 1),
    "multiclass": ("log_loss", log_loss, -1),
    "regression": ("rmse", lambda y, p: root_mean_squared_error(y, p[:, 0]), -1),
}
COSTS = {
    "baseline": (0.01, 4e-8, 400),
    "naive_bayes": (0.3, 2.2e-6, 5_300),
    "linear": (1.9, 1.1e-6, 2_100),
    "knn": (0.4, 9e-5, 310_000),
    "random_forest": (7.5, 4.1e-5, 1_900_000),
    "realmlp": (17.2, 1.9e-5, 820_000),
    "realmlp~2": (13.9, 2.4e-5, 1_120_000),
    "blend": (24.7, 6.1e-5, 2_720_000),
    "deep features into forest": (21.4, 3.7e-5, 2_400_000),
}


def _models(task):
    scaled = lambda model: make_pipeline(StandardScaler(), model)  # noqa: E731
    if task == "regression":
        return {
            "linear": Ridge(1.0),
            "knn": scaled(KNeighborsRegressor(15)),
            "random_forest": RandomForestRegressor(30, min_samples_leaf=4, random_state=0),
            "realmlp": scaled(
                MLPRegressor(
                    hidden_layer_sizes=(32,), alpha=3.0, learning_rate_init=0.02, max_iter=60, random_state=0
                )
            ),
        }
    return {
        "naive_bayes": GaussianNB(var_smoothing=1e-3),
        "linear": scaled(LogisticRegression(C=0.3)),
        "knn": scaled(KNeighborsClassifier(15)),
        "random_forest": RandomForestClassifier(40, min_samples_leaf=2, random_state=0),
        "realmlp": scaled(MLPClassifier((32,), alpha=1.0, max_iter=60, random_state=0)),
    }


def _interval(y, p, score, scale=1.96):
    g = np.random.default_rng(0)
    draws = []
    for _ in range(60):
        rows = g.integers(0, len(y), len(y))
        draws.append(score(y[rows], p[rows]))
    centre, width = float(score(y, p)), float(np.std(draws))
    return Interval(centre, centre - scale * width, centre + scale * width), np.array(draws)


def _row(name, family, task, y, p, chosen=False, members=()):
    score = METRICS[task][1]
    seconds, row_seconds, size = COSTS[name]
    return Row(
        name,
        family,
        "complete",
        "",
        _interval(y, p, score)[0],
        _metrics(task, y, p),
        seconds,
        row_seconds,
        size,
        seconds * 15.0,
        members,
        {"learning_rate": 0.0312} if "~" in name else {},
        chosen=chosen,
    )


def _metrics(task, y, p):
    if task == "regression":
        error = p[:, 0] - y
        return {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.abs(error).mean())}
    out = {"log_loss": log_loss(y, p), "accuracy": float((p.argmax(1) == y).mean())}
    return {"roc_auc": roc_auc_score(y, p[:, 1]), **out} if task == "binary" else out


def _front(rows, sign):
    def beaten(row):
        return any(
            sign * other.score.centre > sign * row.score.centre and other.row_seconds <= row.row_seconds
            for other in rows
        )

    return [replace(row, pareto=not beaten(row)) for row in rows]


def _out_of_fold(task, frame, y, method):
    return {
        name: np.asarray(cross_val_predict(model, frame.to_numpy(), y, cv=4, method=method)).reshape(
            len(y), -1
        )
        for name, model in _models(task).items()
    }


def make_result(task, frame, y, classes, target, skill=0.0):
    """Fit a handful of simple models out of fold and dress them as a run."""
    method = "predict" if task == "regression" else "predict_proba"
    with warnings.catch_warnings():  # a network of few epochs is enough here
        warnings.simplefilter("ignore", ConvergenceWarning)
        predictions = _out_of_fold(task, frame, y, method)
    predictions["realmlp~2"] = 0.9 * predictions["realmlp"] + 0.1 * predictions["linear"]
    predictions["blend"] = sum(predictions[n] for n in ("linear", "random_forest", "realmlp")) / 3
    # the blend gets a little of the truth, where a test wants joining to help
    truth = np.eye(len(classes))[y] if classes else y[:, None].astype(float)
    predictions["blend"] = (1 - skill) * predictions["blend"] + skill * truth
    predictions["deep features into forest"] = (
        0.6 * predictions["random_forest"] + 0.4 * predictions["realmlp"]
    )
    shares = np.bincount(y) / len(y) if classes else np.array([y.mean()])
    predictions["baseline"] = np.tile(shares, (len(y), 1))
    families = {"realmlp": "dl", "realmlp~2": "dl", "blend": "hybrid", "deep features into forest": "hybrid"}
    families["baseline"] = "baseline"
    metric, score, sign = METRICS[task]
    rows = [
        _row(
            name,
            families.get(name, "ml"),
            task,
            y,
            p,
            name == "blend",
            ("linear", "random_forest", "realmlp") if name == "blend" else (),
        )
        for name, p in predictions.items()
    ]
    rows = _front(sorted(rows, key=lambda row: -sign * row.score.centre), sign)
    best = {
        family: next(row for row in rows if row.family == family)
        for family in ("baseline", "ml", "dl", "hybrid")
    }
    single = max((best["ml"], best["dl"]), key=lambda row: sign * row.score.centre)
    gain = sign * (
        _interval(y, predictions[best["hybrid"].name], score)[1]
        - _interval(y, predictions[single.name], score)[1]
    )
    centre, width = float(gain.mean()), 1.96 * float(gain.std())
    smallest = abs(best["hybrid"].score.high - best["hybrid"].score.low) / 8
    label = {"binary": "AUC", "multiclass": "log loss", "regression": "RMSE"}[task]
    places = 3 if task != "regression" else 1
    answer = (
        "undecided"
        if centre - width < smallest < centre + width
        else "helps"
        if centre > smallest
        else "no worthwhile gain"
    )
    words = {"helps": "Joining helps", "no worthwhile gain": "No worthwhile gain", "undecided": "Undecided"}[
        answer
    ]
    verdict = Verdict(
        answer,
        f"{words}: {centre:+.{places}f} {label} [{centre - width:.{places}f}, {centre + width:.{places}f}] "
        "at 3.1 times the prediction cost.",
        metric,
        Interval(centre, centre - width, centre + width),
        smallest,
        3.1,
        best["hybrid"].name,
        single.name,
        {family: row.score for family, row in best.items()},
        ("It speaks of models trained on three quarters of the rows.",),
    )
    chosen = predictions["blend"].copy()
    chosen[:7] = np.nan
    unfinished = (
        Row("catboost", "ml", "stopped", "it needed more than its share of the time (7.2 s)", seconds=7.4),
        Row("ft_transformer", "dl", "failed", "RuntimeError: the loss became infinite", seconds=3.0),
        Row("svm", "ml", "stopped", "hopeless: its first fold was far behind the best", seconds=0.6),
    )
    schema = infer_schema(frame)
    extra = (
        Column("row", "id", "counts the rows", "a row number tells nothing new", unique=len(y)),
        Column("source", "category", "one value only", "constant: always 'A'", unique=1),
    )
    loss = (
        np.sort(np.abs(np.corrcoef(frame.to_numpy().T, y)[-1, :-1]))[::-1] ** 4
        * abs(best["hybrid"].score.centre)
        / 8
    )
    loss = np.nan_to_num(loss)
    return Result(
        task,
        metric,
        target,
        classes,
        replace(schema, columns=schema.columns + extra),
        (
            Finding(
                "duplicates",
                "14 of 569 rows repeat another row. Repeated rows were kept together in one fold.",
            ),
            Finding(
                "time_order",
                "The rows are in the order of 'seen'. If the future is to be predicted from the past, say "
                "time='seen'; without it the score may be too good.",
                ("seen",),
            ),
        ),
        y,
        (*rows, *unfinished),
        Choice(
            "blend",
            "hybrid",
            "accuracy",
            "The most accurate of 9 models; nothing simpler was within noise.",
            chosen,
            0.42 if task == "binary" else None,
        ),
        verdict,
        Graph(()),
        {
            "seconds": 60.0,
            "folds": 4,
            "seed": 0,
            "prefer": "accuracy",
            "n_jobs": 2,
            "versions": {"twofold": "0.1.0", "numpy": np.__version__},
        },
        58.3,
        tuple(
            Importance(
                str(name),
                float(value),
                float(value - 0.4 * loss[0] * (0.2 + k % 3 / 5)),
                float(value + 0.4 * loss[0] * (0.2 + k % 3 / 5)),
            )
            for k, (name, value) in enumerate(zip(frame.columns, loss, strict=True))
        ),
        (
            (0.4, "the baseline is ready"),
            (4.1, "svm stopped: hopeless: its first fold was far behind the best"),
            (19.0, "catboost stopped: it needed more than its share of the time (7.2 s)"),
            (31.2, "ft_transformer failed: RuntimeError: the loss became infinite"),
            (55.0, "refit of the blend on all rows"),
        ),
        None,
    )


@pytest.fixture(scope="session")
def binary():
    data = load_breast_cancer(as_frame=True)
    X = (
        data.data.iloc[:, :12]
        + np.random.default_rng(0).normal(size=(len(data.data), 12)) * data.data.iloc[:, :12].std().to_numpy()
    )
    return make_result("binary", X, data.target.to_numpy(), ("malignant", "benign"), "diagnosis", skill=0.12)


@pytest.fixture(scope="session")
def multiclass():
    X, y = load_digits(return_X_y=True)
    frame = pd.DataFrame(
        X[:900, 2:62:4] + np.random.default_rng(0).normal(size=(900, 15)),
        columns=[f"pixel {k}" for k in range(15)],
    )
    return make_result("multiclass", frame, y[:900], tuple(range(10)), "digit", skill=0.0)


@pytest.fixture(scope="session")
def regression():
    data = load_diabetes(as_frame=True)
    return make_result("regression", data.data, data.target.to_numpy(), (), "progression")


@pytest.fixture(params=["binary", "multiclass", "regression"])
def result(request):
    return request.getfixturevalue(request.param)

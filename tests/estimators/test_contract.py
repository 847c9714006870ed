"""scikit-learn's contract, and what the estimators add to it."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import twofold
from twofold import TwofoldClassifier, TwofoldRegressor
from twofold.core.errors import InputError

WEIGHTED = (
    "folds, watched rows and the encoders' vocabularies divide or count rows, so that a row of weight two is "
    "not the same as two rows"
)


@parametrize_with_checks(
    [TwofoldClassifier(max_trials=2, folds=2, n_jobs=1), TwofoldRegressor(max_trials=2, folds=2, n_jobs=1)],
    expected_failed_checks=lambda estimator: (
        {"check_sample_weight_equivalence_on_dense_data": WEIGHTED} if is_classifier(estimator) else {}
    ),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def frame():
    g = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "size": g.normal(size=n),
            "town": g.choice(["Bern", "Rome", "Oslo"], n),
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(g.integers(0, 900, n), unit="D"),
        }
    )
    frame.loc[::9, "size"] = np.nan
    signal = frame["size"].fillna(0) + (frame["town"] == "Rome") + 0.5 * g.normal(size=n)
    return frame.assign(price=100 + 10 * signal, sold=np.where(signal > 0.3, "yes", "no"))


@pytest.fixture(scope="module")
def fitted(frame):
    return twofold.fit(frame.drop(columns="price"), target="sold", max_trials=2, folds=3)


def test_a_table_goes_in_and_a_model_with_its_evidence_comes_out(frame, fitted):
    X = frame.drop(columns=["price", "sold"])
    assert isinstance(fitted, TwofoldClassifier)
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert np.mean(fitted.predict(X) == frame["sold"]) > 0.75
    board = fitted.leaderboard()
    assert {"linear", "lightgbm", "baseline"} <= set(board["model"])
    assert board["chosen"].sum() == 1
    assert board["roc_auc"].iloc[0] == board["roc_auc"].max()
    assert fitted.verdict_.answer == "not compared"


def test_columns_may_come_in_any_order_and_number(frame, fitted):
    X = frame.drop(columns=["price", "sold"])
    shuffled = X[["town", "seen", "size"]].assign(more=1)
    np.testing.assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(shuffled))
    with pytest.raises(InputError, match="town"):
        fitted.predict(X.drop(columns="town"))


def test_saved_and_loaded_it_answers_the_same(frame, fitted, tmp_path):
    X = frame.drop(columns=["price", "sold"])
    loaded = twofold.load(fitted.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert loaded.predict(X).tolist() == fitted.predict(X).tolist()


def test_the_same_seed_gives_the_same_model(frame):
    X, y = frame.drop(columns=["price", "sold"]), frame["sold"]
    models = [TwofoldClassifier(max_trials=3, folds=2, random_state=7).fit(X, y) for _ in range(2)]
    np.testing.assert_array_equal(models[0].predict_proba(X), models[1].predict_proba(X))
    boards = [model.leaderboard()[["model", "roc_auc", "low", "high", "chosen"]] for model in models]
    pd.testing.assert_frame_equal(*boards)
    assert models[0].verdict_.gain == models[1].verdict_.gain


def test_it_survives_pickle_and_grid_search(fitted, frame):
    X = frame.drop(columns=["price", "sold"])
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    X, y = load_iris(return_X_y=True, as_frame=True)
    search = GridSearchCV(TwofoldClassifier(max_trials=1, folds=2), {"prefer": ["accuracy", "speed"]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.85
    assert clone(search.best_estimator_).get_params()["max_trials"] == 1


def test_a_regression_is_told_from_its_target(frame):
    model = twofold.fit(frame.drop(columns="sold"), target="price", max_trials=2, folds=3)
    assert isinstance(model, TwofoldRegressor)
    X = frame.drop(columns=["price", "sold"])
    assert np.corrcoef(model.predict(X), frame["price"])[0, 1] > 0.8


def test_weights_groups_and_times_reach_the_folds(frame):
    X, y = frame.drop(columns=["price", "sold"]), frame["sold"]
    groups = np.arange(len(X)) // 5
    model = TwofoldClassifier(max_trials=1, folds=3).fit(X, y, sample_weight=np.ones(len(X)), groups=groups)
    assert model.result_.settings["folds"] == 3
    timed = TwofoldClassifier(max_trials=1, folds=3).fit(X, y, time=frame["seen"])
    unscored = ~np.isfinite(timed.result_.choice.predictions).all(axis=1)
    assert unscored.any()
    assert frame["seen"][unscored].max() <= frame["seen"][~unscored].min()


def test_readable_keeps_what_a_person_can_read(frame):
    model = TwofoldClassifier(
        max_trials=3, folds=2, prefer="readable", candidates=["lightgbm", "linear", "tree"]
    ).fit(frame.drop(columns=["price", "sold"]), frame["sold"])
    assert model.result_.choice.name in {"linear", "tree"}


def test_a_metric_of_ones_own_and_a_cost_matrix(frame):
    X, y = frame.drop(columns=["price", "sold"]), frame["sold"]

    def lift(y_true, y_pred):
        top = np.argsort(-y_pred)[: max(1, len(y_pred) // 10)]
        return float(np.mean(y_true[top]))

    assert TwofoldClassifier(max_trials=2, folds=2, metric=lift).fit(X, y).result_.metric == "lift"
    dear = TwofoldClassifier(max_trials=2, folds=2, metric=[[0, 1], [20, 0]]).fit(X, y)
    assert dear.result_.choice.threshold < 0.5
    assert np.mean(dear.predict(X) == "yes") > np.mean(y == "yes")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget": "soon"}, "positive length of time"),
        ({"prefer": "beauty"}, "accuracy, balanced, speed, readable"),
        ({"metric": "rmse"}, "does not judge binary"),
        ({"candidates": ["oracle"]}, "not a known candidate"),
        ({"folds": 10_000}, "folds were asked for"),
        ({"n_jobs": 0}, "n_jobs is 0"),
        ({"memory": "much"}, "memory limit"),
        ({"max_trials": 0}, "max_trials is 0"),
        ({"schema": {"nowhere": "number"}}, "nowhere"),
    ],
)
def test_bad_options_are_refused_at_the_door(frame, options, words):
    with pytest.raises(InputError, match=words):
        TwofoldClassifier(**{"max_trials": 1, **options}).fit(frame[["size", "town"]], frame["sold"])


def test_too_small_a_budget_returns_the_baseline_and_says_so(frame):
    model = TwofoldClassifier(budget=0.05).fit(frame[["size", "town"]], frame["sold"])
    assert model.result_.choice.name == "baseline"
    assert "trivial baseline" in model.verdict_.sentence
    assert len(set(model.predict(frame[["size", "town"]]))) == 1

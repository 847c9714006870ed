"""Every metric equals scikit-learn's on random arrays, with and without weights."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from twofold.core.errors import InputError
from twofold.metrics import METRICS, get_metric

G = np.random.default_rng(0)
N = 400


def probabilities(k):
    raw = np.round(G.dirichlet(np.ones(k), N), 2) + 1e-3  # rounded, so that there are ties
    return raw / raw.sum(axis=1, keepdims=True)


TWO, FOUR = probabilities(2), probabilities(4)
Y2, Y4 = G.integers(0, 2, N), G.integers(0, 4, N)
VALUES, TRUTH = G.normal(size=(N, 1)), G.normal(size=N)
WEIGHT = G.integers(0, 4, N).astype(float)

CASES = [
    ("roc_auc", Y2, TWO, lambda y, p, w: oracle.roc_auc_score(y, p[:, 1], sample_weight=w)),
    (
        "average_precision",
        Y2,
        TWO,
        lambda y, p, w: oracle.average_precision_score(y, p[:, 1], sample_weight=w),
    ),
    ("log_loss", Y4, FOUR, lambda y, p, w: oracle.log_loss(y, p, sample_weight=w)),
    ("accuracy", Y4, FOUR, lambda y, p, w: oracle.accuracy_score(y, p.argmax(1), sample_weight=w)),
    (
        "balanced_accuracy",
        Y4,
        FOUR,
        lambda y, p, w: oracle.balanced_accuracy_score(y, p.argmax(1), sample_weight=w),
    ),
    ("f1", Y2, TWO, lambda y, p, w: oracle.f1_score(y, p.argmax(1), sample_weight=w)),
    ("f1", Y4, FOUR, lambda y, p, w: oracle.f1_score(y, p.argmax(1), average="macro", sample_weight=w)),
    ("brier", Y2, TWO, lambda y, p, w: oracle.brier_score_loss(y, p[:, 1], sample_weight=w)),
    ("rmse", TRUTH, VALUES, lambda y, p, w: oracle.root_mean_squared_error(y, p[:, 0], sample_weight=w)),
    ("mae", TRUTH, VALUES, lambda y, p, w: oracle.mean_absolute_error(y, p[:, 0], sample_weight=w)),
    ("r2", TRUTH, VALUES, lambda y, p, w: oracle.r2_score(y, p[:, 0], sample_weight=w)),
    (
        "quantile_loss@0.9",
        TRUTH,
        VALUES,
        lambda y, p, w: oracle.mean_pinball_loss(y, p[:, 0], alpha=0.9, sample_weight=w),
    ),
]


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("name", "y", "p", "expected"), CASES, ids=[f"{c[0]}-{c[2].shape[1]}" for c in CASES]
)
def test_it_equals_scikit_learn(name, y, p, expected, weight):
    task = {1: "regression", 2: "binary"}.get(p.shape[1], "multiclass")
    assert get_metric(name, task)(y, p, weight) == pytest.approx(expected(y, p, weight), abs=1e-9)


@pytest.mark.parametrize("name", list(METRICS))
def test_weights_count_rows(name):
    metric = METRICS.load(name)
    task = sorted(metric.tasks)[0]
    y, p = {"binary": (Y2, TWO), "multiclass": (Y4, FOUR), "regression": (TRUTH, VALUES)}[task]
    rows = np.repeat(np.arange(N), WEIGHT.astype(int))
    assert metric(y, p, WEIGHT) == pytest.approx(
        metric(y[rows], p[rows]), abs=5e-3
    )  # groups of the calibration error are cut a row apart


def test_calibration_error_is_zero_for_honest_and_large_for_boastful_answers():
    y = G.random(20_000) < np.repeat([0.2, 0.8], 10_000)
    honest = np.column_stack([1 - np.repeat([0.2, 0.8], 10_000), np.repeat([0.2, 0.8], 10_000)])
    metric = METRICS.load("calibration_error")
    assert metric(y.astype(int), honest) < 0.02
    assert metric(y.astype(int), np.eye(2)[np.repeat([0, 1], 10_000)]) == pytest.approx(0.2, abs=0.02)


def test_a_function_a_scorer_and_a_cost_matrix_are_metrics():
    def error(y_true, y_pred):
        return np.abs(y_true - y_pred).mean()

    error.greater_is_better = False
    metric = get_metric(error, "regression")
    assert metric.gain(TRUTH, VALUES) == pytest.approx(-error(TRUTH, VALUES[:, 0]))
    assert metric(TRUTH, VALUES, WEIGHT) == pytest.approx(
        np.average(np.abs(TRUTH - VALUES[:, 0]), weights=WEIGHT)
    )
    scorer = oracle.make_scorer(oracle.accuracy_score)
    assert get_metric(scorer, "binary")(Y2, TWO) == METRICS.load("accuracy")(Y2, TWO)
    costs = get_metric([[0, 1], [5, 0]], "binary")
    said = TWO.argmax(1)
    assert costs(Y2, TWO) == pytest.approx(np.mean((said > Y2) + 5 * (said < Y2)))


@pytest.mark.parametrize("bad", [3.0, [[1, 2]], "no such metric", "quantile_loss@7", [[0, np.nan], [1, 0]]])
def test_nonsense_is_refused_with_what_is_allowed(bad):
    with pytest.raises(InputError) as caught:
        get_metric(bad, "binary")
    assert caught.value.allowed or caught.value.todo


def test_a_metric_of_another_task_is_refused_by_name():
    with pytest.raises(InputError, match="does not judge regression"):
        get_metric("roc_auc", "regression")

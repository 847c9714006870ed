"""Stack, cascade, calibration, threshold: what they must do by construction."""

import numpy as np
import pytest

from twofold.hybrids.base import Evidence
from twofold.hybrids.calibration import learn_calibration
from twofold.hybrids.cascade import learn_cascade
from twofold.hybrids.stack import learn_stack
from twofold.hybrids.threshold import at_threshold, learn_threshold
from twofold.metrics import METRICS
from twofold.metrics.losses import mean_log_loss
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers

G = np.random.default_rng(0)
N = 3_000


def sigmoid(z):
    p = 1 / (1 + np.exp(-z))
    return np.column_stack([1 - p, p])


Z = G.normal(size=N) * 2
Y = (G.random(N) < sigmoid(Z)[:, 1]).astype(int)


def evidence(predictions, y=Y, metric="log_loss", task="binary", costs=(1e-6, 1e-4)):
    predictions = np.stack(predictions)
    seconds = np.array(costs[: len(predictions)])
    return Evidence(predictions, y, None, METRICS.load(metric), task, seconds)


def test_a_stack_with_one_perfect_member_follows_it():
    noise = sigmoid(G.normal(size=N))
    stack = learn_stack(evidence([noise, sigmoid(Z)]), (0, 1))
    assert stack.weights[1] > 0.9
    assert abs(stack.weights[0]) < 0.1
    values = np.stack([G.normal(size=(N, 1)), Z[:, None] * 10])
    found = learn_stack(evidence(values, y=Z * 10, metric="rmse", task="regression"), (0, 1))
    np.testing.assert_allclose(found.weights, [0, 1], atol=0.02)


def test_a_stack_mends_what_every_member_gets_wrong():
    timid = sigmoid(Z / 3)
    stack = learn_stack(evidence([timid, timid]), (0, 1))
    loss = METRICS.load("log_loss")
    assert loss(Y, stack.combine(np.stack([timid, timid]))) < loss(Y, timid) - 0.02


def test_a_lowered_join_answers_like_the_join():
    from twofold.core.table import Table

    table = Table({"z": Z}, N)

    def graph(slope):
        return Graph(
            (
                Node(Numbers(("z",)), (INPUT,), "x"),
                Node(Linear(np.array([[slope]]), np.zeros(1), "sigmoid"), ("x",), PREDICTION),
            )
        )

    graphs = [graph(0.3), graph(1.0)]
    predictions = np.stack([g.run({INPUT: table}) for g in graphs])
    found = evidence(predictions)
    for join in (learn_stack(found, (0, 1)), learn_cascade(found, [((0,), (1,))])):
        if join is not None:
            np.testing.assert_allclose(
                join.lower(graphs).run({INPUT: table}), join.combine(predictions), atol=1e-12
            )


def test_a_cascade_at_its_ends_is_its_first_and_its_last_stage():
    from twofold.hybrids.cascade import Cascade
    from twofold.hybrids.floor import Bounds

    both = np.stack([sigmoid(Z / 2), sigmoid(Z)])
    never, always = Bounds((0.0,), (0.0,)), Bounds((1.1,), (0.0,))
    np.testing.assert_array_equal(Cascade((0, 1), never, (1.0, 0.0)).combine(both), both[0])
    np.testing.assert_array_equal(Cascade((0, 1), always, (1.0, 1.0)).combine(both), both[1])


def test_a_cascade_keeps_most_of_the_lead_for_less():
    unsure = np.abs(Z) < 1  # the cheap one knows when it does not know
    cheap = sigmoid(np.where(unsure, 0.01 * G.normal(size=N), Z))
    found = evidence([cheap, sigmoid(Z)])
    cascade = learn_cascade(found, [((0,), (1,))])
    assert cascade is not None
    loss = METRICS.load("log_loss")
    lead = loss(Y, cheap) - loss(Y, sigmoid(Z))
    kept = loss(Y, cheap) - loss(Y, cascade.combine(found.predictions))
    assert kept > 0.85 * lead
    assert cascade.row_seconds(found.row_seconds) < 0.9 * found.row_seconds[1]


def test_calibration_mends_boasting_and_leaves_honesty_alone():
    boastful = sigmoid(3 * Z)
    step = learn_calibration(boastful, Y, None, keep_order=True).step
    error = METRICS.load("calibration_error")
    assert error(Y, step.run(boastful)) < 0.5 * error(Y, boastful)
    order = np.argsort(boastful[:, 1], kind="stable")
    assert (np.diff(step.run(boastful)[order, 1]) >= 0).all()
    assert learn_calibration(sigmoid(Z), Y, None, keep_order=True) is None


def test_a_bent_scale_needs_a_curve():
    bent = sigmoid(Z)
    bent[:, 1] = bent[:, 1] ** 4
    bent[:, 0] = 1 - bent[:, 1]
    step = learn_calibration(bent, Y, None, keep_order=False).step
    error = METRICS.load("calibration_error")
    assert error(Y, step.run(bent)) < 0.03 < error(Y, bent)


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy"])
def test_a_threshold_is_worth_it_for_rare_classes(name):
    z = Z - 3
    y = (G.random(N) < sigmoid(z)[:, 1]).astype(int)
    metric = METRICS.load(name)
    threshold = learn_threshold(sigmoid(z), y, None, metric)
    assert threshold < 0.5
    assert metric(y, at_threshold(sigmoid(z), threshold)) > metric(y, sigmoid(z)) + 0.02


def test_calibrated_rows_are_judged_by_what_other_rows_taught():
    """With targets that follow nothing, a curve learned on all rows looks better than it is."""
    g = np.random.default_rng(5)
    n = 4_000
    y = (g.random(n) < 0.3).astype(int)
    p = g.random(n)
    p = np.column_stack([1 - p, p])
    found = learn_calibration(p, y, None, keep_order=False)
    own = mean_log_loss(y, found.step.run(p), None)
    crossed = mean_log_loss(y, found.crossed, None)
    best = mean_log_loss(y, np.tile([0.7, 0.3], (n, 1)), None)
    assert own < crossed
    assert crossed > best - 1e-3

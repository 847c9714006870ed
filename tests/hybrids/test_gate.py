"""A gate is the plain mean at one end; it sends rows to the member that answers them best."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

import twofold
from tests.models.test_every_model import halves
from twofold.bundle.about import About, Bundle
from twofold.bundle.save import save
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.hybrids import gate
from twofold.hybrids.base import Evidence
from twofold.hybrids.gate import choose_pull, fit_gate, learn_gate
from twofold.metrics import METRICS
from twofold.steps.base import INPUT, Graph, Node
from twofold.steps.gate import Gate as GateStep
from twofold.steps.gate import signs
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers

N = 1_500


def two_experts(seed, n=N):
    """Return answers of experts that are sure where they are good, the truth, and the column that tells."""
    g = np.random.default_rng(seed)
    side = g.normal(size=n)
    first = side > 0
    y = g.integers(0, 2, n)
    told = []
    for good in (first, ~first):
        p = np.where(good, 0.9, 0.5) + 0.05 * g.uniform(-1, 1, n)
        told.append(np.where((g.random(n) < p) == (y == 1), p, 1 - p))
    parts = np.stack([np.column_stack([1 - p, p]) for p in told])
    return parts, y, side[:, None]


def by_value(seed):
    """Return answers of values, the second expert wrong where values are large, and the truth."""
    g = np.random.default_rng(seed)
    y = g.normal(size=N)
    told = [y + 0.3 * g.normal(size=N), np.where(y > 0, y - 2, y + 0.05 * g.normal(size=N))]
    return np.stack(told)[:, :, None], y


def log_loss(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def test_with_all_pull_it_is_the_mean_and_with_one_member_that_member():
    parts, y, _ = two_experts(0)
    mean = fit_gate(parts, y, None, chances=True, pull=1e12, hold=1e12)
    np.testing.assert_allclose(mean.run(*parts), parts.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(fit_gate(parts[:1], y, None, chances=True).run(parts[0]), parts[0])
    values, truth = by_value(0)
    mean = fit_gate(values, truth, None, chances=False, pull=1e12, hold=1e12)
    np.testing.assert_allclose(mean.run(*values), values.mean(axis=0), atol=1e-6)


def test_it_beats_equal_and_constant_weights_where_members_know_their_part():
    parts, y, _ = two_experts(0)
    fresh, truth, _ = two_experts(1)
    told = log_loss(fit_gate(parts, y, None, chances=True, pull=1.0).run(*fresh), truth)
    constant = log_loss(fit_gate(parts, y, None, chances=True, pull=1e6).run(*fresh), truth)
    assert told < 0.95 * constant
    assert told < 0.95 * log_loss(fresh.mean(axis=0), truth)


def test_it_sees_columns():
    parts, y, side = two_experts(0)
    flat = np.clip(parts, 0.15, 0.85)
    fresh, truth, other = two_experts(1)
    blind = fit_gate(flat, y, None, chances=True, pull=1.0)
    seeing = fit_gate(flat, y, None, chances=True, pull=1.0, columns=side)
    fresh = np.clip(fresh, 0.15, 0.85)
    assert log_loss(seeing.run(other, *fresh), truth) < log_loss(blind.run(*fresh), truth)
    weights = seeing.weights(fresh, other)
    assert weights[other[:, 0] > 1, 0].mean() > 0.7 > 0.3 > weights[other[:, 0] < -1, 0].mean()


def test_values_are_weighed_by_what_is_answered():
    parts, y = by_value(0)
    fresh, truth = by_value(1)
    gated = fit_gate(parts, y, None, chances=False, pull=1.0).run(*fresh)[:, 0]
    constant = fit_gate(parts, y, None, chances=False, pull=1e6).run(*fresh)[:, 0]
    assert np.mean((gated - truth) ** 2) < 0.6 * np.mean((constant - truth) ** 2)


@pytest.mark.parametrize("chances", [True, False])
def test_the_slopes_of_the_loss_are_right(chances):
    parts, y = two_experts(0, 20)[:2] if chances else (by_value(0)[0][:, :20], by_value(0)[1][:20])
    loss = gate._loss(parts, y, np.linspace(0.5, 2, 20), chances)
    g = np.random.default_rng(0).dirichlet(np.ones(2), 20)
    numeric = approx_fprime(g.ravel(), lambda flat: loss(flat.reshape(g.shape))[0], 1e-7)
    np.testing.assert_allclose(loss(g)[1].ravel(), numeric, rtol=1e-4, atol=1e-4)


def test_the_pull_is_chosen_by_rows_that_were_not_fitted():
    parts, y, _ = two_experts(0)
    assert choose_pull(parts, y, None, chances=True) == min(gate.PULLS)


def test_classes_that_take_turns_in_the_rows_are_in_both_halves(monkeypatch):
    parts, y, _ = two_experts(0)
    turns = np.arange(len(y)) % 2
    seen = []
    fit = gate.fit_gate

    def remember(parts, y, *rest, **more):
        seen.append(np.bincount(y, minlength=2).min())
        return fit(parts, y, *rest, **more)

    monkeypatch.setattr(gate, "fit_gate", remember)
    choose_pull(parts, turns, None, chances=True)
    assert min(seen) == pytest.approx(len(y) / 4, abs=1)


def test_shuffled_truths_give_chance():
    parts, y, side = two_experts(0)
    g = np.random.default_rng(0)
    lost, truth = g.permutation(y), g.permutation(y)
    pull = choose_pull(parts, lost, None, chances=True, columns=side)
    fresh, _, other = two_experts(1)
    told = fit_gate(parts, lost, None, chances=True, pull=pull, columns=side).run(other, *fresh)
    assert log_loss(told, truth) == pytest.approx(np.log(2), abs=0.02)


def test_members_and_rows_may_come_in_any_order():
    parts, y, _ = two_experts(0)
    gated = fit_gate(parts, y, None, chances=True)
    turned = fit_gate(parts[::-1], y, None, chances=True)
    np.testing.assert_allclose(turned.run(*parts[::-1]), gated.run(*parts), atol=1e-3)
    order = np.random.default_rng(0).permutation(N)
    mixed = fit_gate(parts[:, order], y[order], None, chances=True)
    np.testing.assert_allclose(mixed.run(*parts), gated.run(*parts), atol=1e-3)


def test_rows_without_weight_have_no_say():
    parts, y, side = two_experts(0)
    weight = np.r_[np.ones(N // 2), np.zeros(N - N // 2)]
    told = fit_gate(parts, y, weight, chances=True, columns=side)
    half = fit_gate(parts[:, : N // 2], y[: N // 2], None, chances=True, columns=side[: N // 2])
    np.testing.assert_allclose(told.slopes, half.slopes, atol=1e-9)


def test_odd_rows_and_constant_members_keep_sane_weights():
    parts, y, _ = two_experts(0)
    parts[1] = 0.5
    gated = fit_gate(parts, y, None, chances=True, pull=0.1)
    odd = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    weights = gated.weights(odd)
    assert np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1.0)
    assert not np.isnan(signs(odd, chances=True)).any()


def test_a_saved_gate_answers_as_it_was_learned(tmp_path):
    g = np.random.default_rng(0)
    rows = {"x": g.normal(size=N), "z": g.normal(size=N)}
    y = (rows["x"] + rows["z"] + 0.5 * g.normal(size=N) > 0).astype(int)
    graphs = [
        Graph(
            (
                Node(Numbers(("x", "z")), (INPUT,), "X"),
                Node(Linear(np.array([weights]), np.zeros(1), "sigmoid"), ("X",), "prediction"),
            )
        )
        for weights in ([2.0, 0.0], [0.0, 2.0])
    ]
    parts = np.stack([graph.run({INPUT: Table(rows, N, {})}) for graph in graphs])
    found = Evidence(parts, y, None, METRICS.load("log_loss"), "binary", np.array([1e-6, 2e-6]))
    join = learn_gate(found, (0, 1))
    assert join.row_seconds(found.row_seconds) == pytest.approx(3e-6)
    assert join.placed([4, 7]).members == (4, 7)
    assert isinstance(join.step, GateStep)
    about = About("binary", "rain", ("dry", "wet"), Schema((Column("x", "number"), Column("z", "number"))))
    model = twofold.load(save(Bundle(about, join.lower(graphs)), tmp_path / "model"))
    np.testing.assert_array_equal(model.predict_proba(rows), join.combine(parts))


def test_experts_whose_gate_is_held_are_their_mean():
    pytest.importorskip("torch")
    from twofold.hybrids.gated_experts import GatedExperts

    (X, y), watched, problem = halves("twofold.hybrids.gated_experts:GatedExperts", "binary")
    control = Control(Budget(cores=1), 3, validation=watched)
    model = GatedExperts(folds=2, epochs=4, pull=1e6).fit(X, y, problem=problem, control=control)
    trees, network = (expert.output(watched.X) for expert in model.experts_)
    still = replace(model.gate_, slopes=0 * model.gate_.slopes, shifts=0 * model.gate_.shifts)
    model.gate_ = still
    np.testing.assert_allclose(model.output(watched.X), (trees + network) / 2, atol=1e-12)
    assert model.rounds_ == model.experts_[1].rounds_


@pytest.mark.slow
def test_a_fit_tries_gated_experts():
    pytest.importorskip("torch")
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame.iloc[:200]
    model = twofold.fit(frame, target="target", candidates=["gated_experts"], max_trials=1, folds=2, n_jobs=1)
    board = model.leaderboard().set_index("model")
    assert board.loc["gated_experts", "status"] == "complete"
    assert board.loc["gated_experts", "family"] == "hybrid"

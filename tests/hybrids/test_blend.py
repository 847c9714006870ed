"""A blend is never worse than its best member where it learned, and its graph is the blend."""

import numpy as np

from twofold.hybrids.base import Evidence
from twofold.hybrids.blend import learn_blend
from twofold.metrics.losses import LOG_LOSS, RMSE
from twofold.steps.base import Graph, Node
from twofold.steps.linear import Linear


def evidence(m=5, n=300, seed=0, weight=None, costs=None):
    g = np.random.default_rng(seed)
    y = g.normal(size=n)
    noise = g.normal(size=(m, n)) * np.linspace(0.5, 1.0, m)[:, None]
    costs = np.ones(m) if costs is None else costs
    return Evidence((y + noise)[:, :, None], y, weight, RMSE, "regression", costs)


def test_independent_errors_are_averaged_away():
    found = evidence()
    blend = learn_blend(found)
    best = max(RMSE.gain(found.y, p) for p in found.predictions)
    assert len(blend.members) > 1
    assert RMSE.gain(found.y, blend.combine(found.predictions)) > best
    np.testing.assert_allclose(blend.weights.sum(), 1.0)


def test_a_perfect_member_is_taken_alone():
    found = evidence()
    found.predictions[3, :, 0] = found.y
    assert learn_blend(found).members == (3,)


def test_among_equals_the_cheaper_member_is_taken():
    found = evidence(costs=np.array([5.0, 4.0, 3.0, 1.0, 2.0]))
    found.predictions[:] = found.predictions[0]
    assert learn_blend(found).members == (3,)


def test_no_more_members_than_allowed_and_the_order_does_not_matter():
    found = evidence(m=6)
    blend = learn_blend(found, max_members=2)
    assert len(blend.members) <= 2
    turned = Evidence(found.predictions[::-1], found.y, None, RMSE, "regression", found.row_seconds)
    other = learn_blend(turned, max_members=2)
    np.testing.assert_allclose(other.combine(turned.predictions), blend.combine(found.predictions))


def test_rows_without_weight_teach_nothing():
    weight = (np.arange(300) < 200).astype(float)
    found = evidence(weight=weight)
    spoilt = found.predictions.copy()
    spoilt[:, 200:] = 1e6
    other = learn_blend(Evidence(spoilt, found.y, weight, RMSE, "regression", found.row_seconds))
    np.testing.assert_array_equal(learn_blend(found).weights, other.weights)


def test_the_graph_of_a_blend_is_the_blend():
    g = np.random.default_rng(0)
    X, y = g.normal(size=(50, 4)), g.integers(0, 3, 50)
    graphs = [
        Graph((Node(Linear(g.normal(size=(3, 4)), np.zeros(3), "softmax"), ("table",), "prediction"),))
        for _ in range(4)
    ]
    predictions = np.stack([graph.run({"table": X}) for graph in graphs])
    blend = learn_blend(Evidence(predictions, y, None, LOG_LOSS, "multiclass", np.ones(4)))
    lowered = blend.lower([graphs[m] for m in blend.members]).run({"table": X})
    np.testing.assert_allclose(lowered, blend.combine(predictions), atol=1e-12)

"""What every join that is a model by itself keeps; one fit for each task serves most of the tests."""

from functools import cache

import numpy as np
import pytest

from tests.models.test_every_model import TASKS, fit, halves
from twofold.core.optional import available
from twofold.hybrids import HYBRIDS
from twofold.models import MODELS
from twofold.workflow.plan import Plan


def cases(tasks=tuple(TASKS)):
    for name in HYBRIDS:
        declared = MODELS.load(HYBRIDS[name]).capabilities
        missing = [package for package in declared.packages if not available(package)]
        marks = [pytest.mark.skip(reason=f"{missing[0]} is not installed")] if missing else []
        for task in sorted(declared.tasks & set(tasks)):
            yield pytest.param(name, task, marks=marks, id=f"{name}-{task}")


@cache
def fitted(name, task):
    (X, y), watched, problem = halves(HYBRIDS[name], task)
    return fit(HYBRIDS[name], X, y, problem, validation=watched), watched


@pytest.mark.parametrize("name", list(HYBRIDS))
def test_it_is_a_hybrid_and_says_where_it_comes_from(name):
    plan = Plan(name, HYBRIDS[name])
    assert plan.family == "hybrid"
    module = __import__(HYBRIDS[name].partition(":")[0], fromlist=["x"])
    for words in ("When it helps", "When not", "Cost"):
        assert words in module.__doc__
    assert any(str(year) in module.__doc__ for year in range(1985, 2027)), "the method's source"


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_the_lowered_graph_answers_like_the_model(name, task):
    model, watched = fitted(name, task)
    native = model.output(watched.X)
    assert native.shape == (len(watched.X), max(1, TASKS[task]))
    np.testing.assert_allclose(model.lower().run({"features": watched.X}), native, rtol=1e-5, atol=1e-5)
    if TASKS[task]:
        np.testing.assert_allclose(native.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_it_learns_what_can_be_learned(name, task):
    model, watched = fitted(name, task)
    answer = model.predict(watched.X)
    if TASKS[task]:
        assert np.mean(answer == watched.y) > {2: 0.75, 4: 0.42}[TASKS[task]]
    else:
        assert np.mean((answer - watched.y) ** 2) < 0.6 * np.var(watched.y)


@pytest.mark.parametrize(("name", "task"), list(cases(["binary"])))
def test_shuffled_labels_give_chance(name, task):
    (X, y), watched, problem = halves(HYBRIDS[name], task)
    g = np.random.default_rng(0)
    lost, positive = g.permutation(y), g.permutation(watched.y) == 1
    answer = fit(HYBRIDS[name], X, lost, problem, rounds=1).output(watched.X)[:, 1]
    told = np.where(positive, answer, 1 - answer)
    assert -np.log(told).mean() < 1.0, "a part that saw the targets of its rows is trusted too much"
    ranks = np.argsort(np.argsort(answer))
    auc = (ranks[positive].mean() - (positive.sum() - 1) / 2) / (~positive).sum()
    assert 0.3 < auc < 0.7


@pytest.mark.parametrize(("name", "task"), list(cases(["binary"])))
def test_rows_are_answered_one_by_one_as_together(name, task):
    model, watched = fitted(name, task)
    graph = model.lower()
    together = graph.run({"features": watched.X})
    order = np.random.default_rng(1).permutation(len(watched.X))
    np.testing.assert_allclose(
        graph.run({"features": watched.X[order]}), together[order], rtol=1e-6, atol=1e-7
    )
    alone = np.vstack([graph.run({"features": watched.X[row : row + 1]}) for row in range(5)])
    np.testing.assert_allclose(alone, together[:5], rtol=1e-6, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_the_same_seed_and_rounds_give_the_same(name, task):
    (X, y), watched, problem = halves(HYBRIDS[name], task)
    found, again = (fit(HYBRIDS[name], X, y, problem, validation=watched) for _ in range(2))
    np.testing.assert_array_equal(found.output(watched.X), again.output(watched.X))
    refits = [fit(HYBRIDS[name], X, y, problem, rounds=found.rounds_).output(watched.X) for _ in range(2)]
    np.testing.assert_array_equal(*refits)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_weights_count(name, task):
    (X, y), watched, problem = halves(HYBRIDS[name], task)
    y = np.random.default_rng(0).permutation(y)
    heavy = y == 1 if problem.n_classes else y > np.median(y)
    weight = np.where(heavy, 20.0, 1.0)
    told, plain = (
        fit(HYBRIDS[name], X, y, problem, w, validation=watched).output(watched.X) for w in (weight, None)
    )
    column = 1 if problem.n_classes else 0
    assert told[:, column].mean() > plain[:, column].mean()

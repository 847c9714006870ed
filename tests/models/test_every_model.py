"""What every registered model keeps: the lowered graph answers like the model, seeds repeat, clocks hold."""

import time

import numpy as np
import pytest
from sklearn.base import clone

from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Validation
from twofold.core.optional import available
from twofold.models import MODELS

TASKS = {"binary": 2, "multiclass": 4, "regression": 0}


def cases():
    for name in MODELS:
        declared = MODELS.load(name).capabilities
        missing = [package for package in declared.packages if not available(package)]
        marks = [pytest.mark.skip(reason=f"{missing[0]} is not installed")] if missing else []
        for task in sorted(declared.tasks):
            yield pytest.param(name, task, marks=marks, id=f"{name}-{task}")


def sample(view, task, n=400, seed=0):
    g = np.random.default_rng(seed)
    X = g.normal(size=(n, 6)).astype(np.float32)
    X[:, 5] = X[:, 5] > 0
    score = X[:, 0] + X[:, 1] * (X[:, 2] > 0) + 0.3 * g.normal(size=n)
    k = TASKS[task]
    categories, plain = (), 0
    if view in ("network", "towers"):
        X = np.hstack([X, g.integers(0, 9, size=(n, 1)).astype(np.float32)])
        categories, plain = (9,), 1  # the sixth column holds zeros and ones
    if view == "trees":
        X[g.random(X.shape) < 0.1] = np.nan
    y = np.argsort(np.argsort(score)) * k // n if k else 100 + 5 * score
    return X, y, Problem(task, k, categories, plain)


def fit(name, X, y, problem, weight=None, **rules):
    rules = {"budget": Budget(cores=1), "seed": 3, **rules}
    model = MODELS.load(name)()
    if "epochs" in model.get_params():
        model.set_params(epochs=25)
    return model.fit(X, y, weight, problem=problem, control=Control(**rules))


def halves(name, task):
    X, y, problem = sample(MODELS.load(name).capabilities.view, task)
    return (X[:300], y[:300]), Validation(X[300:], y[300:]), problem


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_the_lowered_graph_answers_like_the_model(name, task):
    (X, y), watched, problem = halves(name, task)
    model = fit(name, X, y, problem, validation=watched)
    odd = np.vstack([watched.X, np.zeros((1, X.shape[1])), 50 * np.ones((1, X.shape[1]))]).astype(np.float32)
    if problem.categories:
        odd[-1, -1] = 0
    native = model.output(odd)
    assert native.shape == (len(odd), max(1, problem.n_classes))
    assert np.isfinite(native).all()
    lowered = model.lower().run({"features": odd})
    np.testing.assert_allclose(lowered, native, rtol=1e-5, atol=1e-5)
    if problem.n_classes:
        np.testing.assert_allclose(lowered.sum(axis=1), 1.0, atol=1e-6)
        assert (lowered[:-1] > 0).all()


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_it_learns_what_can_be_learned(name, task):
    if name == "baseline":
        pytest.skip("it is what the others have to beat")
    (X, y), watched, problem = halves(name, task)
    answer = fit(name, X, y, problem, validation=watched).predict(watched.X)
    if problem.n_classes:
        assert np.mean(answer == watched.y) > {2: 0.75, 4: 0.42}[problem.n_classes]
    else:
        assert np.mean((answer - watched.y) ** 2) < 0.6 * np.var(watched.y)


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_the_same_seed_and_rounds_give_the_same(name, task):
    (X, y), watched, problem = halves(name, task)
    found = fit(name, X, y, problem, validation=watched)
    again = fit(name, X, y, problem, validation=watched)
    np.testing.assert_array_equal(found.output(watched.X), again.output(watched.X))
    refits = [fit(name, X, y, problem, rounds=found.rounds_).output(watched.X) for _ in range(2)]
    np.testing.assert_array_equal(*refits)


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_global_randomness_is_neither_used_nor_changed(name, task):
    (X, y), _, problem = halves(name, task)
    before = np.random.get_state()[1].copy()
    fit(name, X[:100], y[:100], problem, rounds=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_weights_count(name, task):
    (X, y), watched, problem = halves(name, task)
    y = np.random.default_rng(0).permutation(y)  # nothing to learn but how often
    if problem.n_classes:
        weight = np.where(y == 1, 20.0, 1.0)
        heavy = fit(name, X, y, problem, weight, validation=watched).output(watched.X)[:, 1].mean()
        assert heavy > fit(name, X, y, problem, validation=watched).output(watched.X)[:, 1].mean()
    else:
        weight = np.where(y > np.median(y), 20.0, 1.0)
        heavy = fit(name, X, y, problem, weight, validation=watched).output(watched.X).mean()
        assert heavy > fit(name, X, y, problem, validation=watched).output(watched.X).mean()


@pytest.mark.parametrize(("name", "task"), list(cases()))
def test_a_class_without_rows_and_a_constant_target_are_survived(name, task):
    (X, y), watched, problem = halves(name, task)
    if problem.n_classes == 4:
        kept = y != 2
        assert fit(name, X[kept], y[kept], problem, validation=watched).output(X).shape == (300, 4)
    same = np.zeros_like(y)
    answer = fit(name, X, same, problem, rounds=2)
    assert (answer.predict(X) == 0).mean() > 0.99 or not problem.n_classes
    lowered = answer.lower().run({"features": X})
    np.testing.assert_allclose(lowered, answer.output(X), atol=1e-5)


@pytest.mark.parametrize("name", [n for n in MODELS if MODELS.load(n).capabilities.iterative])
def test_the_clock_is_obeyed(name):
    declared = MODELS.load(name).capabilities
    if any(not available(package) for package in declared.packages):
        pytest.skip("its package is not installed")
    task = "binary"
    X, y, problem = sample(declared.view, task, n=min(4_000, declared.max_rows or 4_000))
    rules = {"validation": Validation(X[:300], y[:300])}
    fit(name, X[:50], y[:50], problem, **rules)  # imports are not what is timed
    began = time.monotonic()
    fit(name, X[300:], y[300:], problem, budget=Budget(2.0, cores=1), **rules)
    assert time.monotonic() - began < 4.0


@pytest.mark.parametrize("name", list(MODELS))
def test_parameters_are_stored_as_they_came(name):
    model = MODELS.load(name)()
    assert clone(model).get_params() == model.get_params()

"""The lowered graph decides as LightGBM does, for every task, with and without missing values."""

import time

import numpy as np
import pytest

from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Validation
from twofold.models.lightgbm import LightGBM

RULES = Control(Budget(cores=1), seed=0)


def sample(task, missing, n=600):
    g = np.random.default_rng(1)
    X = g.normal(size=(n, 5)).astype(np.float32)
    X[:, 1] = g.integers(0, 4, n)
    score = X[:, 0] + X[:, 1] * X[:, 2] + g.normal(size=n)
    if missing:
        X[g.random(X.shape) < 0.2] = np.nan
    if task == "regression":
        return X, score + 1e4, Problem(task)
    k = 2 if task == "binary" else 30
    return X, np.argsort(np.argsort(score)) * k // n, Problem(task, k)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("missing", [False, True])
def test_lowered_equals_native(task, missing):
    X, y, problem = sample(task, missing)
    model = LightGBM().fit(X, y, problem=problem, control=RULES)
    thresholds = np.unique(X[~np.isnan(X)])[::7]
    odd = np.full((3 + len(thresholds), 5), 1e12, dtype=np.float32)
    odd[0], odd[1], odd[2] = np.nan, 0.0, -1e12
    odd[3:, 0] = thresholds
    rows = np.vstack([X, odd])
    native = model.output(rows)
    lowered = model.lower().run({"features": rows})
    np.testing.assert_allclose(lowered, native, atol=1e-5, rtol=1e-5)


def test_it_stops_early_and_a_refit_repeats_it():
    X, y, problem = sample("binary", missing=False)
    watch = Validation(X[450:], y[450:])
    found = LightGBM().fit(
        X[:450], y[:450], problem=problem, control=Control(Budget(cores=1), validation=watch)
    )
    assert 1 <= found.rounds_ < 2_000
    again = LightGBM().fit(
        X[:450], y[:450], problem=problem, control=Control(Budget(cores=1), rounds=found.rounds_)
    )
    np.testing.assert_array_equal(found.output(X), again.output(X))


def test_it_obeys_the_clock():
    g = np.random.default_rng(0)
    X, y = g.normal(size=(30_000, 20)).astype(np.float32), g.normal(size=30_000)
    watch = Validation(X[:3_000], y[:3_000] + X[:3_000, 0])
    began = time.monotonic()
    model = LightGBM(learning_rate=0.02).fit(
        X, y + X[:, 0], control=Control(Budget(1.0, cores=1), validation=watch)
    )
    assert time.monotonic() - began < 3.0
    assert model.rounds_ >= 1

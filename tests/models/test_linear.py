"""The linear model equals scikit-learn's, and its lowered steps equal the model."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from twofold.core.control import Control, Problem, Validation
from twofold.models.linear import LinearModel

G = np.random.default_rng(0)
X = G.normal(size=(200, 6)).astype(np.float32)


def test_ridge_and_logistic_equal_scikit_learn():
    y = X @ np.arange(6.0) + G.normal(size=200)
    np.testing.assert_allclose(
        LinearModel(1.0).fit(X, y).predict(X), Ridge(1.0).fit(X, y).predict(X), rtol=1e-4
    )
    labels = (y > 0).astype(int)
    oracle = LogisticRegression(C=1.0, max_iter=200).fit(X, labels)
    np.testing.assert_allclose(LinearModel(1.0).fit(X, labels).output(X), oracle.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3, 30])
def test_a_class_without_rows_keeps_its_column(n_classes):
    y = G.integers(0, 2, 200)
    problem = Problem("binary" if n_classes == 2 else "multiclass", n_classes)
    model = LinearModel().fit(X, y, problem=problem)
    answer = model.output(X)
    assert answer.shape == (200, n_classes)
    np.testing.assert_allclose(answer.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.lower().run({"features": X}), answer)


def test_a_refit_takes_the_penalty_that_was_found():
    y = X[:, 0] + 3 * G.normal(size=200)
    found = LinearModel().fit(X[:150], y[:150], control=Control(validation=Validation(X[150:], y[150:])))
    again = LinearModel().fit(X[:150], y[:150], control=Control(rounds=found.rounds_))
    np.testing.assert_array_equal(found.weights_, again.weights_)


def test_an_absolute_penalty_leaves_useless_columns_out():
    y = X[:, 0] + 0.1 * G.normal(size=200)
    for target in (y, (y > 0).astype(int)):
        model = LinearModel(penalty=30.0, l1_ratio=1.0).fit(X, target)
        assert np.abs(model.weights_[0, 0]) > 0.1
        assert (model.weights_[0, 1:] == 0).sum() >= 4

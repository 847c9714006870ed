"""A projected row is the same alone and among others, and right."""

import numpy as np
import pytest
from scipy import sparse

from twofold.steps import tfidf
from twofold.steps.tfidf import Project


@pytest.mark.parametrize("width", [1, 7, 3_000])
def test_a_dense_row_is_projected_the_same_alone_and_among_others(width, monkeypatch):
    generator = np.random.default_rng(0)
    step = Project(generator.normal(size=(width, 12)).astype(np.float32))
    X = generator.normal(size=(40, width)).astype(np.float32)
    X[9:20] = X[9]
    whole = step.run(X)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole, np.vstack([step.run(row[None]) for row in X]))
    np.testing.assert_array_equal(whole[9:20], np.broadcast_to(whole[9], (11, 12)))
    np.testing.assert_allclose(whole, X.astype(float) @ step.directions.astype(float), rtol=1e-6, atol=1e-6)
    monkeypatch.setattr(tfidf, "AT_ONCE", 3 * width)
    np.testing.assert_array_equal(step.run(X), whole)


def test_sparse_and_dense_rows_and_none_are_projected_alike():
    X = np.eye(5, dtype=np.float32) * 3
    step = Project(np.arange(10, dtype=np.float32).reshape(5, 2))
    np.testing.assert_array_equal(step.run(sparse.csr_array(X)), step.run(X))
    assert step.run(X[:0]).shape == (0, 2)

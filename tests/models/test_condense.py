"""Models that compare whole rows do not lay out wide sparse ones."""

import numpy as np
import pytest
from scipy import sparse

from twofold.models.condense import KEPT, WIDE, dense, directions_of
from twofold.models.knn import KNN
from twofold.models.svm import SVM
from twofold.steps.base import FEATURES


def rows(n, d, seed=0):
    """Return sparse rows whose first ten columns tell the class."""
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = sparse.random(n, d, 0.002, format="csr", random_state=generator, dtype=np.float32)
    marks = sparse.csr_array(np.where(generator.random((n, 10)) < 0.6, y[:, None], 1 - y[:, None]) * 0.8)
    return sparse.csr_array(sparse.hstack([marks, X]), dtype=np.float32), y


@pytest.mark.parametrize("model", [SVM, KNN])
def test_wide_sparse_rows_are_condensed_and_answered_alike_once_lowered(model):
    X, y = rows(700, 4_000)
    fitted = model().fit(X[:500], y[:500])
    answer = fitted.output(X[500:])
    assert np.mean(answer.argmax(axis=1) == y[500:]) > 0.65
    np.testing.assert_allclose(fitted.lower().run({FEATURES: X[500:]}), answer, atol=1e-5)


@pytest.mark.parametrize("model", [SVM, KNN])
def test_wide_rows_are_never_laid_out(model, monkeypatch):
    X, y = rows(600, 3_000)

    def refuse(*args, **kwargs):
        raise AssertionError("a dense matrix of all columns was made")

    monkeypatch.setattr(sparse.csr_array, "toarray", refuse)
    assert model().fit(X, y).output(X).shape == (600, 2)


def test_narrow_and_dense_rows_stay_as_they_are():
    X, _ = rows(600, WIDE - 20)
    assert directions_of(X, 0) is None
    assert directions_of(X.toarray(), 0) is None
    assert directions_of(rows(KEPT, 4_000)[0], 0) is None
    np.testing.assert_array_equal(dense(X, None), X.toarray())

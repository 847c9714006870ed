"""Pictures are learned from mirrored only where that keeps what they mean."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from twofold.core.control import Problem, Tower
from twofold.models.mirroring import mirrored_alike
from twofold.models.towers import Towers


def digits():
    X, y = load_digits(return_X_y=True)
    return np.repeat(16.0 * X[:, None], 3, axis=1).reshape(len(X), -1).astype(np.float32), y


def lamps(n=400):
    """Return pictures with a bright spot, and whether it is above the middle."""
    generator = np.random.default_rng(0)
    X = generator.uniform(0, 60, size=(n, 3, 16, 16)).astype(np.float32)
    rows, columns = generator.integers(0, 14, size=(2, n))
    for picture, row, column in zip(X, rows, columns, strict=True):
        picture[:, row : row + 3, column : column + 3] = 250
    return X.reshape(n, -1), (rows < 7).astype(int)


def one_hot(y):
    return (y[:, None] == np.unique(y)).astype(float)


def test_digits_are_not_mirrored_and_lamps_are():
    X, y = digits()
    assert not mirrored_alike(X, (3, 8, 8), one_hot(y), np.random.default_rng(0))
    X, y = lamps()
    assert mirrored_alike(X, (3, 16, 16), one_hot(y), np.random.default_rng(0))


def test_values_count_as_well_as_classes():
    X, _ = lamps()
    left = X.reshape(-1, 3, 16, 16)[..., :8].mean(axis=(1, 2, 3))[:, None].astype(float)
    assert not mirrored_alike(X, (3, 16, 16), left, np.random.default_rng(0))
    assert mirrored_alike(X, (3, 16, 16), X.mean(axis=1, dtype=np.float64)[:, None], np.random.default_rng(0))


def test_where_nothing_is_known_mirroring_is_taken_to_be_harmless():
    X, y = digits()
    goals = one_hot(np.random.default_rng(1).permutation(y))
    assert mirrored_alike(X, (3, 8, 8), goals, np.random.default_rng(0))
    assert mirrored_alike(X, (3, 8, 8), np.ones((len(X), 1)), np.random.default_rng(0))
    assert mirrored_alike(X[:5], (3, 8, 8), goals[:5], np.random.default_rng(0))
    X[10:] = np.nan
    assert mirrored_alike(X, (3, 8, 8), one_hot(y), np.random.default_rng(0))


def test_a_network_of_pictures_asks_first():
    pytest.importorskip("torch")
    X, y = digits()
    table = np.zeros((300, 2), dtype=np.float32)
    problem = Problem("multiclass", 10, plain=0, towers=(Tower("image", (3, 8, 8)),))
    model = Towers(epochs=1).fit(np.concatenate([table, X[:300]], axis=1), y[:300], problem=problem)
    assert model.mirror_ == [False]
    assert [part.tower.mirror for part in model.module_.towers] == [False]

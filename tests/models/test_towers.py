"""The model of towers learns from raw cells of each kind, and repeats itself."""

import numpy as np
import pytest

from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Tower, Validation

pytest.importorskip("torch")

from twofold.models.towers import Towers


def pictures(n, g):
    """Vertical or horizontal stripes at a random place."""
    y = g.integers(0, 2, n)
    stripes = 120 + 60 * np.sign(np.sin(np.arange(12)[None] * 1.2 + g.uniform(0, 6, (n, 1))))
    flat = np.repeat(stripes[:, :, None], 12, axis=2)
    found = np.where(y[:, None, None] == 1, flat, flat.transpose(0, 2, 1)) + g.normal(0, 10, (n, 12, 12))
    return np.repeat(found[:, None], 3, axis=1).reshape(n, -1), y, Tower("image", (3, 12, 12))


def texts(n, g):
    """The word 7 or the word 5 at a random place, padding behind."""
    y = g.integers(0, 2, n)
    X = g.integers(8, 30, (n, 12)).astype(float)
    X[np.arange(n), g.integers(0, 8, n)] = np.where(y == 1, 7, 5)
    X[:, 8:] *= np.arange(4) < g.integers(0, 5, (n, 1))
    return X, y, Tower("text", (12,), 30)


def series(n, g):
    """A slow or a quick wave in the second channel."""
    y = g.integers(0, 2, n)
    speed = np.where(y == 1, 0.8, 0.3)[:, None]
    wave = np.sin(np.arange(40) * speed + g.uniform(0, 6, (n, 1))) + g.normal(0, 0.3, (n, 40))
    return np.hstack([g.normal(size=(n, 40)), wave]), y, Tower("series", (2, 40))


def clips(n, g):
    """A tone that rises or falls."""
    y = g.integers(0, 2, n)
    X = g.normal(0, 0.3, (n, 16, 24))
    frames = np.arange(12)
    for row, rises in enumerate(y):
        X[row, frames if rises else frames[::-1], frames + g.integers(0, 12)] += 3
    return X.reshape(n, -1), y, Tower("audio", (16, 24))


CASES = [
    (pictures, {"image": "resnet"}, 6),
    (texts, {"text": "cnn"}, 30),
    (texts, {"text": "transformer"}, 30),
    (series, {"series": "inception"}, 4),
    (series, {"series": "gru"}, 8),
    (series, {"series": "lstm"}, 8),
    (series, {"series": "transformer"}, 8),
    (clips, {"audio": "cnn"}, 8),
    (clips, {"audio": "crnn"}, 8),
]
IDS = [next(iter(choice.values())) for _, choice, _ in CASES]


def split(make, n=160, n_watched=60, lost=0.05):
    g = np.random.default_rng(0)
    X, y, tower = make(n + n_watched, g)
    X = X.astype(np.float32)
    X[g.random(len(X)) < lost] = np.nan
    problem = Problem("binary", 2, towers=(tower,))
    return X[:n], y[:n], Validation(X[n:], y[n:]), problem


@pytest.mark.parametrize(("make", "choice", "rounds"), CASES, ids=IDS)
def test_each_network_learns_what_can_be_learned_and_lowers(make, choice, rounds):
    X, y, watched, problem = split(make)
    model = Towers(**choice).fit(X, y, problem=problem, control=Control(seed=1, rounds=rounds))
    there = ~np.isnan(watched.X).all(axis=1)
    assert np.mean(model.predict(watched.X)[there] == watched.y[there]) > 0.85
    native = model.output(watched.X)
    lowered = model.lower().run({"features": watched.X})
    np.testing.assert_allclose(lowered, native, atol=1e-4)
    np.testing.assert_allclose(model.lower().run({"features": watched.X[:1]}), native[:1], atol=1e-4)


@pytest.mark.parametrize(("make", "choice", "rounds"), CASES, ids=IDS)
def test_fixed_rounds_repeat_exactly(make, choice, rounds):
    X, y, watched, problem = split(make, n=40)
    mixup = 0.0 if make is texts else 0.2
    rounds = min(rounds, 2)
    found = [
        Towers(**choice, mixup=mixup)
        .fit(X, y, problem=problem, control=Control(seed=5, rounds=rounds))
        .output(watched.X)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*found)


def test_a_table_beside_a_picture_is_read_too():
    g = np.random.default_rng(0)
    X, shown, tower = pictures(300, g)
    X[g.random(300) < 0.1] = np.nan
    table = np.column_stack([g.normal(size=300), g.integers(0, 2, 300), g.integers(0, 12, 300)])
    y = (shown == 1) ^ (table[:, 0] > 0)
    X = np.hstack([table, X]).astype(np.float32)
    problem = Problem("binary", 2, (12,), 1, (tower,))
    model = Towers().fit(X[:200], y[:200].astype(int), problem=problem, control=Control(rounds=12))
    assert np.mean(model.predict(X[200:]) == y[200:]) > 0.8
    np.testing.assert_allclose(model.lower().run({"features": X[200:]}), model.output(X[200:]), atol=1e-4)


def test_values_are_learned_from_pictures():
    g = np.random.default_rng(0)
    X, _, tower = pictures(300, g)
    bright = g.uniform(-60, 60, 300)
    X = np.clip(X + bright[:, None], 0, 255).astype(np.float32)
    problem = Problem("regression", towers=(tower,))
    rules = Control(Budget(20.0, cores=1), validation=Validation(X[200:], bright[200:]))
    model = Towers(epochs=8).fit(X[:200], bright[:200], problem=problem, control=rules)
    assert np.mean((model.predict(X[200:]) - bright[200:]) ** 2) < 0.2 * np.var(bright)


def test_the_deadline_holds_in_the_middle_of_an_epoch():
    g = np.random.default_rng(0)
    X = g.uniform(0, 255, (2_000, 3 * 32 * 32)).astype(np.float32)
    y = g.integers(0, 3, 2_000)
    problem = Problem("multiclass", 3, towers=(Tower("image", (3, 32, 32)),))
    budget = Budget(2.0, cores=1)
    Towers().fit(X, y, problem=problem, control=Control(budget, validation=Validation(X[:50], y[:50])))
    assert budget.spent() < 4.0

"""What ships answers like the models it came from; what does not is passed over, never an end of the fit."""

import numpy as np
import pandas as pd
import pytest

from twofold import TwofoldClassifier
from twofold.bundle.parity import Parity
from twofold.core.errors import BundleError
from twofold.search import finish


@pytest.fixture
def table():
    g = np.random.default_rng(0)
    X = pd.DataFrame({"a": g.normal(size=300), "b": g.choice(list("xyz"), 300)})
    return X, (X["a"] + (X["b"] == "x") + g.normal(size=300) > 0).astype(int)


def failing(monkeypatch, times):
    """Let the first so many checks of the saved form fail."""
    left = [times]
    true = finish.check_parity

    def check(native, lowered, **rules):
        left[0] -= 1
        return Parity(len(native), 0.5, 0.3) if left[0] >= 0 else true(native, lowered, **rules)

    monkeypatch.setattr(finish, "check_parity", check)


def fitted(table):
    return TwofoldClassifier(max_trials=2, folds=2, n_jobs=1, random_state=0).fit(*table)


def test_the_next_best_ships_where_the_best_answers_otherwise_once_saved(table, monkeypatch):
    best = fitted(table)
    failing(monkeypatch, 1)
    model = fitted(table)
    assert model.result_.choice.name != best.result_.choice.name
    assert [row.name for row in model.result_.rows if row.chosen] == [model.result_.choice.name]
    assert best.result_.choice.name in model.result_.choice.reason
    assert any("answers otherwise by up to 0.3" in sentence for _, sentence in model.result_.events)
    assert model.predict(table[0]).shape == (300,)


def test_when_nothing_agrees_the_fit_says_so(table, monkeypatch):
    failing(monkeypatch, 100)
    with pytest.raises(BundleError, match=r"50\.00% agree"):
        fitted(table)

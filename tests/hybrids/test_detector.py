"""A detector before a classifier: what it calls strange, what its trees are shown, and its bundle."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.models.test_every_model import halves
from twofold.bundle.about import About, Bundle
from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.core.budget import Budget
from twofold.core.control import Control, Problem
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids import detector
from twofold.hybrids.detector import STRANGENESS, Detector
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

pytest.importorskip("torch")
NAME = "twofold.hybrids.detector:Detector"


def linked(n, seed):
    """Six columns of which three follow the others, and a column of codes."""
    g = np.random.default_rng(seed)
    X = g.normal(size=(n, 3))
    code = (X[:, :1] > 0) * 4.0 + g.integers(0, 4, size=(n, 1))
    return np.hstack([X, X[:, [1, 2, 0]] + 0.1 * g.normal(size=(n, 3)), code]).astype(np.float32)


def fit(X, y, **params):
    problem = Problem("binary", 2, (9,), 0)
    return Detector(**params).fit(X, y, problem=problem, control=Control(Budget(cores=1), rounds=5))


@cache
def fitted(normal=None):
    X = linked(500, 0)
    return fit(X, (X[:, 0] > 0.8).astype(int), normal=normal), X


def strangeness(model, X):
    return model.lower().run({"features": X}, STRANGENESS)[:, 0]


def test_errors_codes_and_strangeness_are_what_they_are_said_to_be():
    model, X = fitted()
    network = model.network_
    seen = network.step.run(X).astype(float)
    errors, codes = seen[:, network.of_errors], seen[:, network.of_codes]
    assert errors.shape == X.shape
    np.testing.assert_allclose(errors.mean(axis=0), 1.0, atol=0.05)
    np.testing.assert_allclose(codes.mean(axis=0), 0.0, atol=0.01)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(codes.shape[1]), atol=0.02)
    told = np.log1p(np.hstack([errors, codes**2]).mean(axis=1))
    np.testing.assert_allclose(seen[:, 0], told, atol=2e-3)


def test_rows_whose_columns_do_not_fit_each_other_are_strange():
    model, _ = fitted()
    new = linked(300, 1)
    torn = new.copy()
    torn[:, 3:6] = np.random.default_rng(2).permutation(torn[:, 3:6])
    far = new.copy()
    far[:, 1] = 8.0
    usual = strangeness(model, new)
    assert np.median(strangeness(model, torn)) > np.quantile(usual, 0.9)
    assert np.median(strangeness(model, far)) > np.quantile(usual, 0.95)


def test_rows_that_were_learned_from_look_as_strange_as_new_ones():
    model, X = fitted()
    new = strangeness(model, linked(2_000, 7))
    for share in (0.5, 0.9):
        assert np.quantile(strangeness(model, X), share) == pytest.approx(np.quantile(new, share), rel=0.2)


def test_the_network_sees_no_labels():
    model, X = fitted()
    other = fit(X, np.random.default_rng(3).integers(0, 2, len(X)))
    assert other.network_.step.model == model.network_.step.model


def test_one_class_alone_is_learned_and_its_rows_are_judged_by_networks_that_did_not_see_them(monkeypatch):
    shown = []
    boost = detector.LightGBM.fit
    monkeypatch.setattr(
        detector.LightGBM, "fit", lambda self, X, y, *a, **k: shown.append(X) or boost(self, X, y, *a, **k)
    )
    X = linked(500, 0)
    y = (X[:, 0] > 0.8).astype(int)
    model = fit(X, y, normal=0)
    assert model.one_class_
    assert shown[0].shape[1] == X.shape[1] + 1, "codes of rows that were learned from are left out"
    apart = shown[0][y == 0, -1] != strangeness(model, X[y == 0])
    assert apart.mean() > 0.9
    np.testing.assert_array_equal(shown[0][y == 1, -1], strangeness(model, X[y == 1]))
    np.testing.assert_allclose(model.lower().run({"features": X}), model.output(X), atol=1e-6)


def test_too_few_rows_of_the_normal_class_are_not_learned_from_alone():
    X = linked(200, 0)
    y = np.ones(200, dtype=int)
    y[:20] = 0
    assert not fit(X, y, normal=0).one_class_


def test_on_a_table_it_answers_alike_from_disk_without_torch(tmp_path):
    X = linked(240, 4)
    frame = pd.DataFrame(X[:, :6], columns=list("abcdef")).assign(g=[f"k{int(v)}" for v in X[:, 6]])
    frame.loc[::17, "b"] = np.nan
    frame["kind"] = np.where(X[:, 0] + X[:, 4] > 0, "high", "low")
    dataset = dataset_from_frame(frame, Roles("kind"))
    graph = fit_plan(Plan("detector", NAME), dataset, rounds=5).graph
    about = About("binary", "kind", dataset.classes, dataset.schema)
    save(Bundle(about, graph), tmp_path / "model")
    loaded = load(tmp_path / "model")
    np.testing.assert_allclose(
        loaded.predict_proba(frame), graph.run({"table": dataset.table}), rtol=1e-6, atol=1e-7
    )
    assert set(loaded.capabilities.requires) == {"onnxruntime"}


@pytest.mark.slow
def test_it_is_tried_in_a_run_and_bundled(tmp_path):
    import twofold

    (X, y), _, _ = halves(NAME, "binary")
    frame = pd.DataFrame(X[:160], columns=[f"x{at}" for at in range(X.shape[1])]).assign(y=y[:160])
    model = twofold.fit(frame, target="y", candidates=["detector"], max_trials=1, folds=2, n_jobs=1)
    tried = model.leaderboard().set_index("model").loc["detector"]
    assert (tried["family"], tried["status"]) == ("hybrid", "complete")
    answers = model.predict_proba(frame.drop(columns="y"))
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame.drop(columns="y")), answers, atol=1e-6)

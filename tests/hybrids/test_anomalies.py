"""Anomalies without labels: each part against what it is defined by, and the blend on planted rows."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from twofold import shell
from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.data.unlabelled import unlabelled_rows
from twofold.hybrids.anomalies import PARTS, fit_anomalies
from twofold.hybrids.isolation import SAMPLE, isolation_graph, mean_depth
from twofold.hybrids.unlabelled import encode_unlabelled
from twofold.steps.neighbour_distance import NeighbourDistance

pytest.importorskip("torch")
N, ODD = 560, 24


def machines(seed=0, n=N):
    """Rows of four linked readings and a state; the last `ODD` are planted: torn apart, far off, or both."""
    g = np.random.default_rng(seed)
    heat, load_ = g.normal(size=n), g.normal(size=n)
    frame = pd.DataFrame({"heat": heat, "speed": heat + 0.15 * g.normal(size=n)})
    frame["load"], frame["power"] = load_, load_ - 0.5 * heat + 0.15 * g.normal(size=n)
    frame["state"] = np.where(heat > 0, "warm", "cold")
    if n > ODD:
        frame.loc[n - ODD : n - 17, "speed"] = -2.0 * np.sign(heat[n - ODD : n - 16])
        frame.loc[n - 16 : n - 9, "power"] = 9.0
        frame.loc[n - 8 :, ["heat", "speed", "load"]] *= 4.0
    return frame


@pytest.fixture(scope="module")
def found():
    rows = unlabelled_rows(machines())
    return fit_anomalies(rows, control=Control(Budget(cores=1))), rows


def test_the_forest_isolates_as_its_library_does():
    from sklearn.ensemble import IsolationForest

    from twofold.core.random import derive_seed

    X = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32)
    forest = IsolationForest(max_samples=SAMPLE, random_state=derive_seed(3, "isolation")).fit(X)
    depth = -mean_depth(np.array([SAMPLE]))[0] * np.log2(-forest.score_samples(X))
    np.testing.assert_allclose(
        isolation_graph(X, 3).run({"features": X}, "isolation")[:, 0], -depth, atol=1e-4
    )


def test_distances_are_those_of_the_library():
    from sklearn.neighbors import NearestNeighbors

    g = np.random.default_rng(0)
    rows, X = (1e3 + g.normal(size=(n, 4)).astype(np.float32) for n in (70, 30))
    near = NearestNeighbors(n_neighbors=7).fit(rows).kneighbors(X)[0].mean(axis=1)
    np.testing.assert_allclose(NeighbourDistance(rows, 7).run(X)[:, 0], near, rtol=1e-5)


def test_planted_rows_are_found_and_no_part_alone_is_needed(found):
    planted = np.arange(N) >= N - ODD
    scores = [roc_auc_score(planted, part) for part in found[0].scores.T]
    blended = roc_auc_score(planted, found[0].unusual)
    assert blended > 0.95
    assert blended > min(scores)
    assert found[0].scores.shape == (N, len(PARTS))


def test_the_columns_that_do_not_fit_are_named(found):
    model, _ = found
    torn = [{name for name, _ in model.reasons(row, 2)} for row in range(N - ODD, N - 16)]
    assert np.mean([bool(names & {"heat", "speed", "state"}) for names in torn]) == 1.0
    assert all("load" not in names for names in torn)
    far = [dict(model.reasons(row, 2)) for row in range(N - 16, N - 8)]
    assert all("power" in names for names in far)
    assert min(max(names.values()) for names in far) > 5.0


def test_the_scores_are_shares_of_rows(found):
    model, _ = found
    shares = np.sort(model.unusual)
    np.testing.assert_allclose(shares, np.arange(N) / N, atol=0.02)


def test_new_rows_are_judged_alike_from_disk(found, tmp_path):
    model, rows = found
    new = machines(seed=5)
    new.loc[0, "state"], new.loc[1, "heat"] = "never seen", np.nan
    save(model.bundle(rows.schema, 0.05), tmp_path / "model")
    loaded = load(tmp_path / "model")
    unusual = loaded.predict_proba(new)[:, 1]
    planted = np.arange(N) >= N - ODD
    assert roc_auc_score(planted, unusual) > 0.95
    np.testing.assert_array_equal(loaded.predict(new) == "unusual", unusual >= 0.95 - 1e-9)
    assert (unusual[~planted] >= 0.95).mean() < 0.06
    assert set(loaded.capabilities.requires) == {"onnxruntime"}
    assert loaded.capabilities.training_rows
    np.testing.assert_allclose(loaded.predict_proba(new[::-1])[::-1, 1], unusual, atol=2e-3)


def test_a_table_of_categories_alone_is_judged():
    g = np.random.default_rng(0)
    town, street = g.integers(0, 12, 200), g.integers(0, 3, 200)
    frame = pd.DataFrame(
        {"town": [f"t{a}" for a in town], "street": [f"s{a}.{b}" for a, b in zip(town, street, strict=True)]}
    )
    frame.loc[199, "street"] = f"s{(town[199] + 1) % 12}.0"
    model = fit_anomalies(unlabelled_rows(frame), control=Control(Budget(cores=1)))
    assert np.isfinite(model.scores).all()
    assert model.unusual[199] > 0.75


def test_constant_features_are_left_out_and_codes_are_kept():
    frame = machines(n=60).assign(town=[f"t{n % 12}" for n in range(60)], flag=[0.0] * 59 + [1.0])
    rows = unlabelled_rows(frame)
    encoded = encode_unlabelled(rows, np.arange(59), 0)
    assert "flag" not in encoded.names
    assert not any(name.startswith("mean target") for name in encoded.names)
    assert len(encoded.names) == len(encoded.origins) == encoded.matrix.shape[1]
    assert len(encoded.categories) == 1
    assert set(np.unique(encoded.matrix[:, -1 - encoded.plain : -1])) == {0.0, 1.0}
    again = encoded.graph.run({"table": rows.table.take(np.arange(59))}, "features")
    np.testing.assert_allclose(again, encoded.matrix)


def test_what_cannot_be_judged_is_told_in_three_parts(found):
    frame = machines(n=40)
    for table, leave_out, words in (
        (frame, ["colour"], "no column 'colour'"),
        (frame.head(5), [], "The table has 5 rows"),
        (frame.assign(**dict.fromkeys(frame, 1)), [], "No column tells anything"),
    ):
        with pytest.raises(InputError, match=words) as told:
            unlabelled_rows(table, leave_out)
        assert told.value.allowed
        assert told.value.todo
    with pytest.raises(InputError, match="The share is 2"):
        found[0].bundle(found[1].schema, 2.0)


def test_mistakes_are_told_before_anything_is_fitted(tmp_path, monkeypatch):
    monkeypatch.setattr("twofold.hybrids.anomalies.fit_anomalies", None)
    machines(n=40).to_csv(tmp_path / "rows.csv", index=False)
    for out, share, words in (("a.csv", 2.0, "The share is 2"), ("a.txt", 0.1, "ends in '.txt'")):
        with pytest.raises(InputError, match=words):
            shell.anomalies(str(tmp_path / "rows.csv"), tmp_path / out, None, share, {})


def test_the_command_lists_rows_with_reasons_and_its_model_judges_new_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    machines().assign(planted=np.arange(N) >= N - ODD).to_csv("rows.csv", index=False)
    machines(seed=5).to_csv("new.csv", index=False)

    def run(*words):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.exception
        return done.stdout

    options = ("--leave-out", "planted", "--share", "0.03", "--model", "watch")
    told = json.loads(run("anomalies", "rows.csv", "--out", "found.csv", *options, "--json"))
    found = pd.read_csv("found.csv")
    assert len(found) == told["rows"] == N
    assert told["unusual"] == found["unusual"].sum() == pytest.approx(0.03 * N, abs=1)
    assert found.loc[found["unusual"], "row"].ge(N - ODD).mean() > 0.7
    assert found.loc[found["unusual"], "reasons"].str.contains("x)", regex=False).all()
    np.testing.assert_array_equal(found["unusual"], found["share"] <= 0.03 + 1e-9)
    run("predict", "watch", "new.csv", "--out", "answers.csv")
    assert set(pd.read_csv("answers.csv")["prediction"]) == {"ordinary", "unusual"}
    with pytest.raises(InputError, match="ends in"):
        shell.anomalies("rows.csv", tmp_path / "found.txt", None, 0.01, {})

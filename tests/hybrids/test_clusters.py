"""Clusters: how many, where, what they are called, and how new rows come to them."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from typer.testing import CliRunner

from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.data.unlabelled import unlabelled_rows
from twofold.hybrids.cluster_number import choose_number, weigh_numbers
from twofold.hybrids.cluster_words import traits_of
from twofold.hybrids.clusters import fit_clusters

pytest.importorskip("torch")
KINDS = np.arange(360) * 4 // 360


def visitors():
    """Four kinds of visitors in equal parts, told apart by age and spending, by country and by words."""
    g = np.random.default_rng(0)
    n = len(KINDS)
    frame = pd.DataFrame({"age": 30.0 + 30 * (KINDS % 2) + 4 * g.normal(size=n)})
    frame["spent"] = 100.0 * (1 + 3 * (KINDS // 2)) * np.exp(0.15 * g.normal(size=n))
    frame["visits"] = frame["spent"] / 50 + g.normal(size=n)
    frame["mood"] = g.normal(size=n)
    frame["country"] = np.where(g.random(n) < 0.05, "elsewhere", np.where(KINDS // 2, "Peru", "Chad"))
    frame.loc[::29, "age"] = np.nan
    return frame


@cache
def fitted(space):
    control = Control(Budget(cores=1))
    return fit_clusters(unlabelled_rows(visitors()), clusters=4, space=space, control=control)


def blobs(k, n=300, seed=0):
    g = np.random.default_rng(seed)
    centres = 8.0 * np.eye(5)[np.arange(n) % k]
    return (centres + g.normal(size=(n, 5))).astype(np.float32)


def test_as_many_clusters_are_found_as_there_are():
    evidence = weigh_numbers(blobs(4), range(2, 7), 0, Budget())
    chosen = choose_number(evidence)
    assert chosen.clusters == 4
    assert chosen.found
    assert chosen.agreement > 0.95


def test_one_cloud_has_no_clusters():
    g = np.random.default_rng(0)
    cloud = (g.normal(size=(400, 5)) * [3, 2, 1, 1, 1]).astype(np.float32)
    found = [weigh_numbers(cloud, [k], seed, Budget())[0].found for k in (2, 3, 5) for seed in range(3)]
    assert np.mean(found) < 0.35


def test_when_the_time_is_over_the_first_number_has_its_evidence():
    evidence = weigh_numbers(blobs(3, n=60), range(2, 9), 0, Budget(1e-9))
    assert [one.clusters for one in evidence] == [2]


@pytest.mark.parametrize("space", ["codes", "columns"])
def test_kinds_are_found_and_each_row_goes_to_the_nearest_centre(space):
    found = fitted(space)
    assert adjusted_rand_score(KINDS, found.labels) > {"codes": 0.85, "columns": 0.3}[space]
    assert found.family == {"codes": "hybrid", "columns": "ml"}[space]
    np.testing.assert_array_equal(found.probabilities.argmax(axis=1), found.labels)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0)
    sizes = np.bincount(found.labels)
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(found.labels[found.central], np.arange(4))
    assert found.chosen.found


def test_the_columns_that_set_a_cluster_apart_are_named():
    found = fitted("codes")
    for place in range(4):
        kind = np.bincount(KINDS[found.labels == place]).argmax()
        traits = {trait.column: trait for trait in found.traits[place]}
        assert [trait.column for trait in found.traits[place]][-1] == "mood"
        assert (traits["age"].strength > 0) == bool(kind % 2)
        assert ("age is high" in traits["age"].words) == bool(kind % 2)
        own = "Peru" if kind // 2 else "Chad"
        assert f"'{own}' in 9" in traits["country"].words or "(others" in traits["country"].words
        assert abs(traits["mood"].strength) < 0.4


def test_words_missing_cells_and_dates_are_told():
    g = np.random.default_rng(0)
    n = 200
    labels = np.arange(n) % 2
    filler = [" ".join(g.choice(["alpha", "beta", "gamma", "delta"], 5)) for _ in range(n)]
    note = [
        words + (" refund now" if label else " thanks") for words, label in zip(filler, labels, strict=True)
    ]
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(labels * 400 + np.arange(n) % 30, unit="D")
    size = np.where((labels == 1) & (np.arange(n) % 3 > 0), np.nan, g.normal(size=n))
    frame = pd.DataFrame({"note": note, "day": day, "size": size})
    rows = unlabelled_rows(frame, declared={"note": "text"})
    told = {trait.column: trait.words for trait in traits_of(rows.table, rows.schema, labels)[1]}
    assert told["note"] in (
        "note holds 'refund' in 100% (others 0%)",
        "note holds 'now' in 100% (others 0%)",
        "note holds 'thanks' in 0% (others 100%)",
    )
    assert told["size"] == "size is missing in 67% (others 0%)"
    assert told["day"].startswith("day is high: 2021-02-")


@pytest.mark.parametrize("space", ["codes", "columns"])
def test_new_rows_are_assigned_alike_from_disk(space, tmp_path):
    found, frame = fitted(space), visitors()
    save(found.bundle(), tmp_path / "model")
    loaded = load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame), found.probabilities, atol=1e-6)
    assert loaded.predict(frame).tolist() == [found.names[label] for label in found.labels]
    assert set(loaded.capabilities.requires) <= {"onnxruntime"}
    assert not loaded.capabilities.training_rows
    odd = pd.DataFrame(
        {
            "age": [np.nan, 1e9],
            "spent": [np.nan, -1e9],
            "visits": [np.nan, 0.0],
            "mood": [np.nan, 0.0],
            "country": [None, "Moon"],
        }
    )
    assert np.isfinite(loaded.predict_proba(odd)).all()


def test_levels_of_many_are_distances_too():
    town = np.arange(240) % 12
    frame = pd.DataFrame(
        {"town": [f"t{a}" for a in town], "hills": (town % 3) + 0.1 * np.sin(np.arange(240))}
    )
    found = fit_clusters(unlabelled_rows(frame), clusters=3, space="columns")
    assert adjusted_rand_score(town % 3, found.labels) > 0.95


def test_what_cannot_be_clustered_is_told_in_three_parts():
    rows = unlabelled_rows(visitors().head(40))
    for options, words in (
        ({"clusters": 1}, "1 clusters were asked for"),
        ({"clusters": 30}, "30 clusters were asked for, with 40 rows"),
        ({"space": "sky"}, "The space is 'sky'"),
    ):
        with pytest.raises(InputError, match=words) as told:
            fit_clusters(rows, **options)
        assert told.value.allowed
        assert told.value.todo


def test_the_command_tells_clusters_and_its_model_assigns_new_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    visitors().assign(kind=KINDS).to_csv("visitors.csv", index=False)
    visitors().tail(50).to_csv("new.csv", index=False)

    def run(*words):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.exception
        return done.stdout

    options = ("--out", "groups", "--leave-out", "kind,mood", "--by", "columns", "--most", "6")
    told = json.loads(run("cluster", "visitors.csv", *options, "--json"))
    assert len(told["clusters"]) == 4
    assert told["found"]
    rows = pd.read_csv("groups/rows.csv")
    assert adjusted_rand_score(KINDS, rows["cluster"]) > 0.85
    text = run("cluster", "visitors.csv", *options, "--clusters", "4")
    assert "cluster 1: " in text
    assert "country is '" in text
    assert "no time" not in text
    hasty = run("cluster", "visitors.csv", "--by", "columns", "--budget", "0.001s", "--out", "hasty")
    assert "There was no time to try more than 2 clusters" in hasty
    run("predict", "groups", "new.csv", "--out", "answers.csv")
    answers = pd.read_csv("answers.csv")
    assert answers["prediction"].tolist() == rows["cluster"].tail(50).tolist()

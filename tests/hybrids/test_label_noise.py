"""Wrong labels are found, right ones are left alone, and the command writes both down."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from twofold.cli import app
from twofold.core.budget import Budget
from twofold.core.errors import InputError
from twofold.core.ranking import ranks_within
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.label_noise import (
    FAR,
    check_labels,
    confident_classes,
    confident_joint,
    judge,
    standard_misses,
    suspect_classes,
    suspect_values,
)
from twofold.hybrids.pair import Means, Pair, choose_pair
from twofold.workflow.plan import Plan

CLASSES = ("ant", "bee", "cat")


def told(n=3_000, k=4, noise=0.2, seed=0, sure=4.0):
    """True classes, given ones of which some are wrong, and honest probabilities that never saw the given."""
    g = np.random.default_rng(seed)
    true = g.integers(0, k, n)
    scores = sure * np.eye(k)[true] + g.normal(size=(n, k))
    p = np.exp(scores)
    p /= p.sum(axis=1, keepdims=True)
    given = np.where(g.random(n) < noise, (true + g.integers(1, k, n)) % k, true)
    return true, given, p


def test_the_joint_is_that_of_a_reading_row_by_row():
    _, y, p = told(400)
    k = p.shape[1]
    thresholds = [np.mean([p[i, j] for i in range(len(y)) if y[i] == j]) for j in range(k)]
    counts = np.zeros((k, k))
    for i in range(len(y)):
        sure = [j for j in range(k) if p[i, j] >= thresholds[j]]
        if sure:
            counts[y[i], max(sure, key=lambda j: p[i, j])] += 1
    shares = np.bincount(y) / len(y)
    expected = counts / counts.sum(axis=1, keepdims=True) * shares[:, None]
    np.testing.assert_allclose(confident_joint(y, p), expected)


def test_it_counts_and_finds_as_cleanlab_does():
    pytest.importorskip("cleanlab", reason="an oracle under the AGPL, in an environment of its own")
    from cleanlab.count import compute_confident_joint, estimate_joint
    from cleanlab.filter import find_label_issues

    _, y, p = told(1_000)
    joint = estimate_joint(y, p, confident_joint=compute_confident_joint(y, p, calibrate=False))
    np.testing.assert_allclose(confident_joint(y, p), joint, atol=1.5 / len(y))  # theirs is in whole rows
    theirs = find_label_issues(y, p, filter_by="confident_learning", n_jobs=1)
    found = confident_classes(y, p)
    ours = (found >= 0) & (found != y) & (p.argmax(axis=1) != y)
    assert np.mean(ours == theirs) > 0.995


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_the_share_of_wrong_labels_and_the_rows_are_found(noise):
    true, y, p = told(noise=noise)
    wrong = y != true
    found = suspect_classes(y, p)
    assert found.low <= found.rate <= found.high
    assert abs(found.rate - wrong.mean()) < 0.02
    assert np.mean(wrong[found.suspected]) > 0.9
    assert np.mean(found.suspected[wrong]) > 0.9
    assert np.mean(found.suggested[wrong] == true[wrong]) > 0.9
    assert set(found.worst_first) == set(np.flatnonzero(found.suspected))
    assert (np.diff(found.suspicion[found.worst_first]) <= 0).all()
    truth = np.bincount(y * 4 + true, minlength=16).reshape(4, 4) / len(y)
    assert np.abs(found.joint - truth).max() < 0.01


def test_right_labels_are_hardly_doubted_and_chance_says_nothing():
    true, _, p = told()
    assert suspect_classes(true, p).suspected.mean() < 0.01
    shuffled = np.random.default_rng(1).permutation(true)
    assert suspect_classes(shuffled, np.full((len(true), 4), 0.25)).suspected.sum() == 0


def test_the_order_of_rows_and_classes_changes_nothing():
    _, y, p = told(500)
    found = suspect_classes(y, p)
    order = np.random.default_rng(2).permutation(len(y))
    again = suspect_classes(y[order], p[order])
    np.testing.assert_array_equal(again.suspected, found.suspected[order])
    turned = np.array([2, 0, 3, 1])
    renamed = suspect_classes(turned[y], p[:, np.argsort(turned)])
    np.testing.assert_array_equal(renamed.suspected, found.suspected)
    np.testing.assert_array_equal(renamed.suggested, turned[found.suggested])


def test_a_class_with_hardly_any_row_is_taken_at_its_word():
    _, y, p = told(600)
    y[:3], p[:3] = 3, np.array([0.9, 0.1, 0.0, 0.0])
    y[3:][y[3:] == 3] = 0
    assert not suspect_classes(y, p).suspected[:3].any()


def test_values_that_are_far_off_are_found_where_all_members_agree():
    g = np.random.default_rng(0)
    true = g.uniform(0, 100, 800)
    noise = 1 + true / 20
    y = true + g.normal(size=800) * noise
    bad = g.choice(800, 40, replace=False)
    y[bad] += g.choice([-1, 1], 40) * 15 * noise[bad]
    members = np.stack([true + g.normal(size=800), true + g.normal(size=800)])
    found = suspect_values(y, members)
    wrong = np.isin(np.arange(800), bad)
    assert found.suspected[wrong].mean() > 0.95
    assert found.suspected[~wrong].mean() < 0.01
    assert found.low < wrong.mean() < found.high
    stubborn = np.stack([members[0], y + 1e-3 * noise])
    assert not suspect_values(y, stubborn).suspected.any()
    np.testing.assert_allclose(standard_misses(3 * y, 3 * true), standard_misses(y, true))
    assert np.mean(np.abs(standard_misses(y, true)[~wrong]) > FAR) < 0.01


def test_equal_members_are_judged_as_one():
    _, y, p = told(500)
    found = judge(y, np.stack([p, p]), classes=True)
    np.testing.assert_array_equal(found.joined.suspected, found.ml.suspected)
    np.testing.assert_array_equal(found.joined.suspected, found.dl.suspected)


def test_a_family_that_knows_nothing_does_not_spoil_the_other():
    _, y, p = told(500)
    blind = np.random.default_rng(5).dirichlet(np.ones(4), 500)
    found = judge(y, np.stack([blind, p]), classes=True)
    assert (found.joined.suspected == found.dl.suspected).mean() > 0.99


def test_places_within_groups():
    g = np.random.default_rng(0)
    groups, score = g.integers(0, 5, 100), g.normal(size=100)
    rank = ranks_within(groups, score)
    for row in range(100):
        assert rank[row] == ((groups == groups[row]) & (score > score[row])).sum()


def animals(n=240, seed=0):
    g = np.random.default_rng(seed)
    kind = g.integers(0, 3, n)
    frame = pd.DataFrame({"length": kind + 0.2 * g.normal(size=n), "legs": 4.0 + (kind < 2) * 2})
    frame["weight"] = np.exp(kind + 0.2 * g.normal(size=n))
    frame["kind"] = np.array(CLASSES)[kind]
    return frame


@pytest.fixture(scope="module")
def spoilt():
    frame = animals()
    bad = np.random.default_rng(1).choice(len(frame), 30, replace=False)
    turned = dict(zip(CLASSES, CLASSES[1:] + CLASSES[:1], strict=True))
    frame.loc[bad, "kind"] = frame.loc[bad, "kind"].map(turned)
    return frame, bad


def test_a_pair_finds_what_was_spoilt(spoilt):
    frame, bad = spoilt
    dataset = dataset_from_frame(frame, Roles("kind"))
    pair = Pair(Plan("extra_trees", "extra_trees"), Plan("linear", "linear"))
    found = check_labels(pair, dataset, Means(Budget(cores=1)), n_folds=3).joined
    wrong = np.isin(np.arange(len(frame)), bad)
    assert found.suspected[wrong].mean() > 0.75
    assert found.suspected[~wrong].mean() < 0.03
    assert np.isfinite(found.suspicion).all()
    with pytest.raises(InputError, match="There are 10 rows with a label"):
        check_labels(pair, dataset.take(np.arange(10)), Means())


def test_the_pair_follows_the_columns():
    assert [plan.model for plan in choose_pair(5_000).plans] == ["lightgbm", "realmlp"]
    text = choose_pair(5_000, ["words"], ["minilm"], ["tokens"])
    assert [(plan.model, plan.reads) for plan in text.plans] == [
        ("lightgbm", ("words",)),
        ("realmlp", ("minilm",)),
    ]
    series = choose_pair(100, ["quant"], [], ["regular_series"], columns=False)
    assert [plan.model for plan in series.plans] == ["linear", "towers"]


def labels(*words):
    return CliRunner().invoke(app, ["labels", *map(str, words)])


def test_the_command_writes_suspects_and_the_rest(spoilt, tmp_path):
    pytest.importorskip("torch")
    frame, bad = spoilt
    frame = frame.assign(kind=frame["kind"].where(np.arange(len(frame)) != 5))
    frame.to_csv(tmp_path / "animals.csv", index=False)
    out, clean = tmp_path / "suspects.csv", tmp_path / "clean.csv"
    options = (
        "--target",
        "kind",
        "--out",
        out,
        "--clean",
        clean,
        "--budget",
        "25s",
        "--folds",
        "2",
        "--json",
    )
    done = labels("check", tmp_path / "animals.csv", *options)
    assert done.exit_code == 0, done.output
    data = json.loads(done.output)
    suspects, rest = pd.read_csv(out), pd.read_csv(clean)
    assert data["rows"] == len(frame) - 1 == len(suspects) + len(rest)
    assert data["interval"][0] <= data["rate"] <= data["interval"][1]
    assert set(data["members"]) == {"extra_trees", "realmlp"}
    wrong = np.isin(suspects["row"] - 1, bad)
    assert wrong.mean() > 0.9
    assert wrong.sum() >= 20
    given = frame["kind"].iloc[suspects["row"] - 1]
    assert suspects["given kind"].tolist() == given.tolist()
    right = animals()["kind"].iloc[suspects["row"] - 1]
    assert (suspects["suggested kind"].to_numpy() == right.to_numpy()).mean() > 0.9
    assert data["confusions"][0]["rows"] > 1


def test_the_command_refuses_what_it_cannot_do(tmp_path):
    animals().to_csv(tmp_path / "animals.csv", index=False)
    for words, sentence in (
        (("--target", "sort"), "There is no column 'sort'"),
        (("--target", "kind", "--out", "x.json"), "ends in '.json'"),
        (("--target", "kind", "--reads", "minilm"), "'minilm' reads no column"),
    ):
        found = labels("check", tmp_path / "animals.csv", *words)
        assert isinstance(found.exception, InputError)
        assert sentence in str(found.exception)

"""A class or "unknown": p-values hold what they promise, and each row gets one answer."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.errors import InputError
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids import open_set
from twofold.hybrids.open_set import UNKNOWN, OpenSetClassifier
from twofold.steps.conform import columns_of, conform
from twofold.steps.open_set import OpenSet
from twofold.steps.ranks import ranks_among, ranks_of

pytest.importorskip("torch")
LEVEL = 0.1


def kinds(n, seed, places=(0, 1, 2)):
    """Rows around corners of a cube, each corner a kind."""
    g = np.random.default_rng(seed)
    kind = np.array(places)[np.arange(n) % len(places)]
    X = g.normal(size=(n, 4))
    X[:, :3] += 6.0 * np.eye(4)[kind][:, :3]
    return pd.DataFrame(X, columns=list("abcd")).assign(kind=[f"kind {place}" for place in kind])


@cache
def fitted(shuffled=False):
    frame = kinds(600, 0)
    if shuffled:
        frame["kind"] = np.random.default_rng(1).permutation(frame["kind"])
    return OpenSetClassifier(LEVEL).fit(dataset_from_frame(frame, Roles("kind")))


def ask(model, frame):
    schema = model.dataset_.schema
    return model.predict(conform(columns_of(frame, schema.names), schema))


def test_none_of_them_is_answered_exactly_where_the_p_value_is_at_most_the_level():
    g = np.random.default_rng(0)
    for k in (2, 5):
        said = g.dirichlet(np.full(k, 0.3), size=500)
        p = g.integers(1, 41, size=(500, 1)) / 40
        for level in (0.025, 0.1, 0.45):
            out = OpenSet(level).run(said, p)
            np.testing.assert_allclose(out.sum(axis=1), 1.0)
            np.testing.assert_array_equal(out.argmax(axis=1) == k, p[:, 0] <= level)
            known = p[:, 0] > level
            np.testing.assert_array_equal(out[known].argmax(axis=1), said[known].argmax(axis=1))


def test_ranks_are_p_values_for_scores_of_one_source():
    g = np.random.default_rng(0)
    p = np.concatenate([ranks_of(g.normal(size=(39, 1))).run(g.normal(size=(50, 1))) for _ in range(400)])
    for level in (0.025, 0.1, 0.5):
        assert (p <= level).mean() < level + 3 * np.sqrt(level / 400)
        assert (p <= level).mean() > level - 3 * np.sqrt(level / 400)
    scores = g.integers(0, 5, size=(30, 1)).astype(float)
    alone = [ranks_of(np.delete(scores, row, axis=0)).run(scores[row : row + 1])[0, 0] for row in range(30)]
    np.testing.assert_allclose(ranks_among(scores)[:, 0], alone)


def test_what_is_of_no_known_class_is_found_and_few_others_are():
    model = fitted()
    known, new = kinds(3_000, 1), kinds(300, 2, places=(3,))
    new[["a", "b", "c"]] += 4.0
    answer = ask(model, known)
    turned_away = (answer.labels == UNKNOWN).mean()
    assert turned_away < LEVEL + 3 * np.sqrt(LEVEL / model.calibrated_on_)
    np.testing.assert_array_equal(answer.labels == UNKNOWN, answer.p <= LEVEL)
    named = answer.labels != UNKNOWN
    assert (answer.labels == known["kind"])[named].mean() > 0.95
    assert model.accuracy_ > 0.95
    assert (ask(model, new).labels == UNKNOWN).mean() > 0.9


def test_a_classifier_that_is_worth_nothing_turns_away_no_more_than_it_says():
    model = fitted(shuffled=True)
    turned_away = (ask(model, kinds(3_000, 1)).labels == UNKNOWN).mean()
    assert turned_away < LEVEL + 3 * np.sqrt(LEVEL / model.calibrated_on_)


def test_no_row_that_was_fitted_on_stands_behind_a_p_value(monkeypatch):
    learned, compared = [], []
    fit, rank = open_set.fit_plan, open_set.ranks_of
    monkeypatch.setattr(open_set, "fit_plan", lambda *a, **k: learned.append(a[2]) or fit(*a, **k))
    monkeypatch.setattr(
        open_set, "ranks_of", lambda scores, **k: compared.append(len(scores)) or rank(scores, **k)
    )
    taken = []
    dataset = dataset_from_frame(kinds(200, 0), Roles("kind"))
    take = type(dataset.table).take
    monkeypatch.setattr(
        type(dataset.table), "take", lambda self, rows: taken.append(rows) or take(self, rows)
    )
    OpenSetClassifier(LEVEL).fit(dataset)
    first, second = taken[-2:]
    assert compared == [len(first), len(second)]
    assert len(np.unique(np.concatenate([learned[0], first, second]))) == 200


def test_it_answers_alike_from_disk(tmp_path):
    model, frame = fitted(), kinds(60, 3, places=(0, 1, 2, 3))
    save(model.bundle(), tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert loaded.classes_.tolist() == ["kind 0", "kind 1", "kind 2", UNKNOWN]
    np.testing.assert_array_equal(loaded.predict(frame), ask(model, frame).labels)
    assert set(loaded.capabilities.requires) == {"onnxruntime"}


def test_what_cannot_be_answered_is_told_in_three_parts():
    frame = kinds(60, 0)
    for table, level, words in (
        (frame, 0.7, "The level is 0.7"),
        (frame, 0.01, "rows are spared for p-values, at a level of 0.01"),
        (frame.assign(kind=frame["a"]), 0.1, "has values, not classes"),
        (frame.assign(kind=["unknown", "b"] * 30), 0.1, "'unknown' is one of the classes"),
    ):
        with pytest.raises(InputError, match=words) as told:
            OpenSetClassifier(level).fit(dataset_from_frame(table, Roles("kind")))
        assert told.value.allowed
        assert told.value.todo


def test_the_command_makes_a_model_that_answers_unknown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds(400, 0).to_csv("known.csv", index=False)
    kinds(80, 2, places=(0, 3)).assign(d=np.arange(80) % 2 * 9.0).to_csv("new.csv", index=False)

    def run(*words):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.exception
        return done.stdout

    told = json.loads(
        run("detect", "known.csv", "--target", "kind", "--level", "0.1", "--out", "m", "--json")
    )
    assert told["classes"] == ["kind 0", "kind 1", "kind 2", UNKNOWN]
    assert told["accuracy"] > 0.95
    run("predict", "m", "new.csv", "--out", "answers.csv")
    answers = pd.read_csv("answers.csv")
    assert (answers["prediction"][1::2] == UNKNOWN).mean() > 0.9
    assert (answers["prediction"][::2] == "kind 0").mean() > 0.7
    assert "proba_unknown" in answers.columns

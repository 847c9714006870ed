"""A frozen model goes on learning: it begins as it was, learns, is undone where that harms, and is saved."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from twofold.bundle.about import About, Bundle
from twofold.bundle.labels import known_targets
from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.errors import BundleError, InputError
from twofold.data.canonical import table_of
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.online.frozen import EVEN, FROZEN, STREAM, columns_of_stream, freeze, widths_of
from twofold.hybrids.online.update import Online
from twofold.hybrids.online_classifier import OnlineClassifier
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

HOME = Path(os.environ.get("TWOFOLD_DATA_HOME", "/nowhere"))
LINES = Plan("lines", "linear")


def rows(n=1600, seed=0, classes=2, turned=False):
    """Two numbers and a category; `turned` exchanges what the classes mean."""
    g = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": g.normal(size=n), "b": g.normal(size=n), "c": g.choice(["x", "y"], n)})
    score = frame["a"] + 0.5 * (frame["c"] == "x") + 0.3 * g.normal(size=n)
    code = np.searchsorted([-0.5, 0.8][: classes - 1], score)
    code = (classes - 1 - code) if turned else code
    frame["label"] = np.array(["no", "yes", "yet"])[code]
    return frame


def fitted(model="linear", classes=2):
    dataset = dataset_from_frame(rows(600, 1, classes), Roles("label"))
    about = About(dataset.task, "label", dataset.classes, dataset.schema, model=model)
    rounds = 2 if model == "realmlp" else None
    return Bundle(about, fit_plan(Plan(model, model), dataset, rounds=rounds).graph)


def known(frame, bundle):
    return table_of(frame, bundle.about.schema), known_targets(bundle.about, frame["label"])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(fitted(), tmp_path_factory.mktemp("online") / "model")


@pytest.mark.parametrize("head", ["mix", "logistic", "bayes", "tree"])
@pytest.mark.parametrize("classes", [2, 3])
def test_before_the_first_row_it_answers_as_the_frozen_model(head, classes, tmp_path):
    bundle = fitted("lightgbm", classes)
    table, _ = known(rows(300, 2, classes), bundle)
    online = Online.of(bundle, table, head)
    said = bundle.graph.run({"table": table})
    np.testing.assert_allclose(online.answer(table), said, atol=2e-6)
    back = load(save(online.bundle(), tmp_path / "model"))
    np.testing.assert_allclose(back.predict_proba(rows(300, 2, classes)), said, atol=2e-6)
    assert back.capabilities.update
    learner = Online.of(Bundle(back.about, back.graph), table, head).learner
    if head in ("mix", "logistic"):
        np.testing.assert_allclose(learner.answer(columns_of_stream(online.frozen, table)), said, atol=2e-6)


def test_a_network_is_cut_at_its_last_layer():
    pytest.importorskip("torch")
    bundle = fitted("realmlp")
    table, _ = known(rows(100), bundle)
    frozen = freeze(bundle.graph, table)
    assert [name.removesuffix(EVEN) for name in frozen.nodes[-1].inputs] == [
        FROZEN + "scores",
        FROZEN + "features",
        FROZEN + "embedding",
    ]
    X = columns_of_stream(frozen, table)
    width, plain = widths_of(frozen, table)
    assert 3 <= plain < width == X.shape[1]
    assert frozen.nodes[-1].output == STREAM
    assert X.shape[1] > 10
    np.testing.assert_allclose(X[:, 1:].mean(axis=0), 0.0, atol=0.1)


@pytest.mark.parametrize("head", ["mix", "logistic", "bayes", "tree"])
def test_it_learns_a_new_kind_and_keeps_it(head):
    bundle = fitted()
    frame = rows(turned=True)
    table, y = known(frame, bundle)
    online = Online.of(bundle, table, head)
    came = online.update(table, y)
    assert came.kept
    fresh, truth = known(rows(400, 5, turned=True), bundle)
    assert np.mean(online.answer(fresh).argmax(axis=1) == truth) > 0.75
    assert came.before.accuracy.mean < 0.3 < came.after.accuracy.mean
    assert came.change.high < 0


def test_what_is_learned_from_shuffled_labels_is_undone():
    bundle = fitted()
    good, y = known(rows(1000, 3), bundle)
    online = Online.of(bundle, good, "logistic")
    before = online.answer(good)
    # Rows whose first half is lies: the head that believed them answers the honest half worse.
    lied = np.where(np.arange(len(y)) < 500, 1 - y, y)
    came = online.update(good, lied, "none")
    assert not came.kept
    assert came.change.low > 0
    np.testing.assert_array_equal(online.answer(good), before)
    assert online.update(good, lied, "none", undo=False).kept
    assert not np.allclose(online.answer(good), before)


def test_in_pieces_and_saved_between_it_learns_the_same(tmp_path):
    bundle = fitted()
    table, y = known(rows(), bundle)
    whole = Online.of(bundle, table, "mix")
    whole.update(table, y, "none", undo=False)
    part = Online.of(bundle, table, "mix")
    for number, chosen in enumerate(np.array_split(np.arange(len(y)), 3)):
        part.update(table.take(chosen), y[chosen], "none", undo=False)
        back = load(save(part.bundle(), tmp_path / str(number)))
        part = Online.of(Bundle(back.about, back.graph), table)
    np.testing.assert_allclose(part.answer(table), whole.answer(table), rtol=1e-7, atol=1e-9)


def test_partial_fit_keeps_scikit_learn_s_contract(tmp_path):
    frame = rows()
    X, y = frame.drop(columns="label"), frame["label"]
    model = OnlineClassifier(LINES, head="logistic")
    for start in (0, 600, 1100):
        assert (
            model.partial_fit(X[start : start + 500], y[start : start + 500], classes=["no", "yes"]) is model
        )
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.predict_proba(X).shape == (1600, 2)
    assert model.score(X, y) > 0.8
    back = load(model.save(tmp_path / "model"))
    np.testing.assert_allclose(back.predict_proba(X), model.predict_proba(X), rtol=1e-12)
    again = model.get_params()
    assert OnlineClassifier(**again).fit(X, y).score(X, y) > 0.8


def test_a_learner_of_river_runs_and_is_not_saved(tmp_path):
    naive_bayes = pytest.importorskip("river.naive_bayes")
    frame = rows(500)
    X, y = frame.drop(columns="label"), frame["label"]
    model = OnlineClassifier(LINES, head=naive_bayes.GaussianNB()).partial_fit(X[:300], y[:300])
    assert model.partial_fit(X[300:], y[300:]).score(X, y) > 0.7
    with pytest.raises(BundleError, match="GaussianNB") as caught:
        model.save(tmp_path / "model")
    assert caught.value.todo


def test_bad_input_is_told_in_three_parts():
    frame = rows(200)
    X, y = frame.drop(columns="label"), frame["label"]
    one_class = y.where(np.arange(200) > 180, "no")
    values = Bundle(About("regression", "label", (), fitted().about.schema), fitted().graph)
    for wrong in (
        lambda: OnlineClassifier(LINES, head="eye").partial_fit(X, y),
        lambda: OnlineClassifier(LINES).partial_fit(X, y, classes=["no", "yes", "yet"]),
        lambda: OnlineClassifier(LINES, spared=0.5).partial_fit(X, one_class),
        lambda: OnlineClassifier(LINES).partial_fit(X, np.arange(200) / 7),
        lambda: OnlineClassifier(LINES).partial_fit(X, y).partial_fit(X, ["what"] * 200),
        lambda: Online.of(values, None),
    ):
        with pytest.raises(InputError) as caught:
            wrong()
        assert caught.value.came
        assert caught.value.allowed
        assert caught.value.todo


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_learns_reports_and_leaves_the_old_model_whole(model, tmp_path):
    rows(turned=True).to_csv(tmp_path / "new.csv", index=False)
    old = {path.name: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    result = run("update", model, tmp_path / "new.csv", "--out", tmp_path / "next", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["kept"]
    assert told["before"]["accuracy"]["mean"] < 0.3 < told["after"]["accuracy"]["mean"]
    assert 0 < told["after"]["no_change"] < 1
    assert {path.name: path.read_bytes() for path in model.rglob("*") if path.is_file()} == old
    turned = rows(300, 9, turned=True)
    assert np.mean(load(tmp_path / "next").predict(turned) == turned["label"]) > 0.8
    again = run("update", tmp_path / "next", tmp_path / "new.csv", "--out", tmp_path / "third")
    assert "The new head is kept." in again.output
    assert f"{tmp_path / 'next'} (unchanged)" in again.output


def test_the_command_says_where_errors_rose_and_when_it_went_back(model, tmp_path):
    good, bad = rows(1500, 3), rows(1500, 4, turned=True)
    pd.concat([good, bad]).to_csv(tmp_path / "turned.csv", index=False)
    result = run("update", model, tmp_path / "turned.csv", "--out", tmp_path / "next", "--json")
    alarms = json.loads(result.stdout)["alarms"]
    assert 1500 < alarms[0] < 1800
    lied = rows(1000, 3)
    lied.loc[:499, "label"] = lied.loc[:499, "label"].map({"no": "yes", "yes": "no"})
    lied.to_csv(tmp_path / "lied.csv", index=False)
    options = ("--head", "logistic", "--drift", "none")
    result = run("update", model, tmp_path / "lied.csv", "--out", tmp_path / "back", *options)
    assert "the old head was put back" in result.output
    np.testing.assert_allclose(
        load(tmp_path / "back").predict_proba(good), load(model).predict_proba(good), atol=2e-6
    )


def test_the_command_refuses_what_it_cannot_do(model, tmp_path):
    rows(30).to_csv(tmp_path / "new.csv", index=False)
    rows(5).to_csv(tmp_path / "few.csv", index=False)
    for words in (
        (model, tmp_path / "new.csv", "--out", model),
        (model, tmp_path / "few.csv", "--out", tmp_path / "next"),
        (model, tmp_path / "new.csv", "--target", "nothing", "--out", tmp_path / "next"),
        (model, tmp_path / "new.csv", "--drift", "eye", "--out", tmp_path / "next"),
        (model, tmp_path / "new.csv", "--head", "eye", "--out", tmp_path / "next"),
    ):
        result = run("update", *words)
        assert isinstance(result.exception, InputError), result.output
        assert result.exception.todo


def test_rows_without_a_label_are_left_out():
    bundle = fitted()
    table, y = known(rows(900, turned=True), bundle)
    gaps = np.where(np.arange(900) % 3 == 0, -1, y)
    some, all_of_them = Online.of(bundle, table, "logistic"), Online.of(bundle, table, "logistic")
    came = some.update(table, gaps)
    kept = np.flatnonzero(gaps >= 0)
    other = all_of_them.update(table.take(kept), y[kept])
    assert came.after == other.after
    assert came.alarms == tuple(kept[list(other.alarms)].tolist())


def moved(n, seed):
    """Rows whose number `a` and category `c` are other ones in the last third."""
    frame = rows(n, seed)
    late = frame.index >= 2 * n // 3
    frame.loc[late, "a"] += 1.0
    frame.loc[late, "c"] = "z"
    frame.loc[late & (frame["b"] > 1), "b"] = np.nan
    return frame


def test_watching_names_the_columns_that_changed_and_when(model, tmp_path):
    moved(1500, 3).to_csv(tmp_path / "new.csv", index=False)
    told = json.loads(run("watch", model, tmp_path / "new.csv", "--json").stdout)
    assert told["drift"]
    changed = [{one["column"] for one in part["columns"] if one["changed"]} for part in told["windows"]]
    assert changed[0] == changed[1] == set()
    assert changed[4] == {"a", "b", "c"}
    assert 1000 <= told["errors"]["alarms"][0] < 1300
    words = run("watch", model, tmp_path / "new.csv").output
    assert "Changed: " in words


def test_watching_is_quiet_where_nothing_changes(model, tmp_path):
    rows(1500, 3).drop(columns="label").to_csv(tmp_path / "new.csv", index=False)
    rows(600, 1).to_csv(tmp_path / "old.csv", index=False)
    result = run("watch", model, tmp_path / "new.csv", "--against", tmp_path / "old.csv", "--json")
    told = json.loads(result.stdout)
    assert not told["drift"]
    assert "errors" not in told
    assert [part["first"] for part in told["windows"]] == [0, 300, 600, 900, 1200]
    short = run("watch", model, tmp_path / "old.csv", "--against", tmp_path / "new.csv", "--drift", "eye")
    assert isinstance(short.exception, InputError)


def test_gaps_equal_their_definitions():
    from scipy.stats import ks_2samp

    from twofold.core.schema import Column, Schema
    from twofold.core.table import Table
    from twofold.hybrids.online.columns import compare

    g = np.random.default_rng(0)
    a, b = g.normal(size=500), g.normal(0.5, size=400)
    words = [np.array(["x"] * 30 + ["y"] * 70, dtype=object), np.array(["x"] * 80 + ["z"] * 20, dtype=object)]
    schema = Schema((Column("a", "number"),))
    (one,) = compare(Table({"a": a}, 500), Table({"a": b}, 400), schema)
    assert one.gap == pytest.approx(ks_2samp(a, b).statistic)
    (two,) = compare(*(Table({"w": w}, 100) for w in words), Schema((Column("w", "category"),)))
    assert two.gap == pytest.approx(0.7)
    false = 0
    for seed in range(40):
        g = np.random.default_rng(seed)
        first, second = (Table({"a": g.normal(size=100)}, 100) for _ in range(2))
        false += compare(first, second, schema)[0].p < 0.05
    assert false <= 6


@pytest.mark.slow
def test_what_a_fit_has_kept_goes_on_learning(tmp_path):
    import twofold

    model = twofold.fit(rows(400, 1), target="label", max_trials=2, folds=3, random_state=0, n_jobs=1)
    model.save(tmp_path / "model")
    rows(1500, turned=True).to_csv(tmp_path / "new.csv", index=False)
    result = run("update", tmp_path / "model", tmp_path / "new.csv", "--out", tmp_path / "next", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["kept"]
    turned = rows(300, 9, turned=True)
    back = load(tmp_path / "next")
    assert len(next(node for node in back.graph.nodes if node.output == STREAM).inputs) > 1
    assert np.mean(back.predict(turned) == turned["label"]) > 0.8


@pytest.mark.data
@pytest.mark.skipif(not (HOME / "sea-concepts").exists(), reason="TWOFOLD_DATA_HOME lacks sea-concepts")
def test_on_a_stream_that_turns_learning_beats_a_frozen_model():
    frame = pd.read_csv(HOME / "sea-concepts" / "sea_concepts.csv.gz")[:16_000]
    dataset = dataset_from_frame(frame, Roles("label"))
    first, rest = np.arange(4000), np.arange(4000, 16_000)
    about = About(dataset.task, "label", dataset.classes, dataset.schema)
    bundle = Bundle(about, fit_plan(Plan("trees", "lightgbm"), dataset, first).graph)
    came = Online.of(bundle, dataset.table.take(first)).update(dataset.table.take(rest), dataset.y[rest])
    assert came.kept
    assert came.after.log_loss.mean < came.before.log_loss.mean

"""Labels spread from one family to the other only where that helps, and what comes out is a bundle."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.budget import Budget
from twofold.core.errors import InputError, TargetError
from twofold.data.partly_labelled import partly_labelled
from twofold.hybrids import co_training
from twofold.hybrids.co_trained import CoTrainedClassifier, all_codes, bundle_of, sentence_of
from twofold.hybrids.co_training import Rules, choose_rounds, choose_spread, co_train
from twofold.hybrids.pair import Means, Pair, answers
from twofold.steps.base import INPUT
from twofold.workflow.plan import Plan

PAIR = Pair(Plan("trees", "extra_trees"), Plan("lines", "linear"))
QUICK = Rules(rounds=2, folds=2)


def chances(n=200, k=3, seed=0):
    p = np.random.default_rng(seed).dirichlet(np.ones(k), n)
    return p, 0.9 * p + 0.1 / k


def test_only_agreed_labels_are_spread_and_the_shares_of_the_classes_stay():
    teacher, _ = chances()
    other, _ = chances(seed=1)
    shares = np.array([0.5, 0.3, 0.2])
    spread = choose_spread(teacher, other, shares, 40, 0.5)
    assert (teacher[spread.places].argmax(axis=1) == spread.codes).all()
    assert (other[spread.places].argmax(axis=1) == spread.codes).all()
    np.testing.assert_array_equal(np.bincount(spread.codes, minlength=3), [20, 12, 8])
    np.testing.assert_allclose(spread.weight, 0.5 * teacher[spread.places].max(axis=1))
    agreed = (teacher.argmax(axis=1) == other.argmax(axis=1)) & (teacher.argmax(axis=1) == 0)
    left = np.setdiff1d(np.flatnonzero(agreed), spread.places)
    taken = spread.places[spread.codes == 0]
    assert teacher[left].max(axis=1).max() <= teacher[taken].max(axis=1).min()


def test_a_class_that_is_short_of_sure_rows_weighs_more_up_to_a_bound():
    teacher = np.repeat([[0.9, 0.1], [0.2, 0.8]], [95, 5], axis=0)
    spread = choose_spread(teacher, teacher, np.array([0.5, 0.5]), 100, 1.0)
    weight = [spread.weight[spread.codes == code].sum() for code in (0, 1)]
    assert np.bincount(spread.codes).tolist() == [50, 5]
    np.testing.assert_allclose(spread.weight[spread.codes == 1], 3.0 * 0.8)
    assert weight[1] / weight[0] > 5 / 50


def test_the_order_of_rows_changes_no_spread_label():
    teacher, other = chances()
    order = np.random.default_rng(3).permutation(len(teacher))
    shares = np.full(3, 1 / 3)
    first = choose_spread(teacher, other, shares, 60, 0.5)
    again = choose_spread(teacher[order], other[order], shares, 60, 0.5)
    assert sorted(order[again.places]) == sorted(first.places)


def test_rounds_are_kept_where_they_lower_the_loss_and_not_else():
    g = np.random.default_rng(0)
    y = g.integers(0, 2, 120)

    def members(strength):
        scores = strength * np.where(y == 1, 1.0, -1.0) + g.normal(size=(2, 120))
        p = 1 / (1 + np.exp(-scores))
        return np.stack([1 - p, p], axis=2)

    weak, strong = members(0.3), members(2.0)
    kept = choose_rounds(np.stack([weak, strong, weak]), y)
    assert kept.rounds == 1
    assert kept.gain > kept.error > 0
    assert "1 of 2 round(s)" in sentence_of(kept)
    np.testing.assert_allclose(kept.gain, kept.losses[0] - kept.losses[1])
    for some in (np.stack([weak, weak]), np.stack([strong, weak])):
        none = choose_rounds(some, y)
        assert (none.rounds, none.gain) == (0, 0.0)
        assert "did not lower" in sentence_of(none)
    assert len(choose_rounds(weak[None], y).losses) == 1


def test_no_more_rounds_are_told_than_there_was_time_for(monkeypatch):
    g = np.random.default_rng(0)
    frame = pd.DataFrame({"size": g.normal(size=160), "sold": np.where(g.random(160) < 0.5, "yes", "no")})
    frame.loc[120:, "sold"] = None
    data = partly_labelled(frame, "sold")
    y = data.known.y
    side = np.where(y == 1, 1.0, -1.0)
    sharper = [1 / (1 + np.exp(-s * side - g.normal(size=(2, 120)))) for s in (0, 2, 4)]
    told = np.stack([np.stack([1 - p, p], axis=2) for p in sharper])
    assert choose_rounds(told, y).rounds == 2
    monkeypatch.setattr(co_training, "_out_of_fold", lambda *_: told)
    monkeypatch.setattr(co_training, "_rounds", lambda *_: iter(["no round", "one round"]))
    monkeypatch.setattr(co_training, "_finished", lambda fitted, data, choice: (fitted, choice))
    fitted, choice = co_train(PAIR, data)
    assert (fitted, choice.rounds, len(choice.losses)) == ("one round", 1, 2)


def test_families_count_alike_unless_one_is_clearly_worth_more():
    g = np.random.default_rng(1)
    y = g.integers(0, 2, 80)

    def told(strength, timid=1.0):
        p = 1 / (1 + np.exp(-timid * (strength * np.where(y == 1, 1.0, -1.0) + g.normal(size=80))))
        return np.stack([1 - p, p], axis=1)

    even = choose_rounds(np.stack([told(1.5, timid=0.1), told(1.5)])[None], y).blend
    assert even.members == (0, 1)
    one = choose_rounds(np.stack([told(0.0), told(3.0)])[None], y).blend
    assert one.members == (1,)


def flowers(n=240, labelled=60, seed=0):
    """Rows of three kinds, of which a few are named."""
    g = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    frame = pd.DataFrame({f"part {c}": kind * (c + 1) + g.normal(size=n) for c in range(3)})
    frame["place"] = np.array(["wood", "field", "shore"])[
        np.where(g.random(n) < 0.7, kind, g.integers(0, 3, n))
    ]
    truth = np.array(["rose", "iris", "poppy"])[kind]
    frame["kind"] = np.where(np.arange(n) < labelled, truth, None)
    return frame, truth


@pytest.fixture(scope="module")
def trained():
    frame, truth = flowers()
    data = partly_labelled(frame, "kind")
    return co_train(PAIR, data, Means(Budget(cores=1)), QUICK), data, frame, truth


def test_every_row_gets_an_answer_and_known_labels_stay(trained):
    found, data, _, truth = trained
    assert found.labels.shape == (180, 3)
    np.testing.assert_allclose(found.labels.sum(axis=1), 1.0)
    codes = all_codes(found, data)
    labels = np.array(data.dataset.classes)[codes]
    assert (labels[:60] == truth[:60]).all()
    assert (labels[60:] == truth[60:]).mean() > 0.8
    assert (labels[60:] == truth[60:])[found.agreed].mean() > 0.9
    assert len(found.choice.losses) == 3
    assert np.isfinite(found.choice.out_of_fold).all()


def test_it_is_kept_as_data_and_answers_alike(trained, tmp_path):
    found, data, frame, _ = trained
    save(bundle_of(found, found.graph, PAIR, data.dataset), tmp_path / "model")
    model = load(tmp_path / "model")
    told = model.predict_proba(frame.drop(columns="kind"))
    np.testing.assert_allclose(told[60:], found.labels, atol=1e-6)
    assert model.about.verdict == sentence_of(found.choice)
    assert found.parity.passed


def test_without_unlabelled_rows_it_is_the_plain_blend():
    frame, _ = flowers(n=60)
    data = partly_labelled(frame, "kind")
    found = co_train(PAIR, data, Means(Budget(cores=1)), QUICK)
    assert found.choice.rounds == 0
    assert len(found.choice.losses) == 1
    assert found.labels.shape == (0, 3)
    assert "No label was spread" in sentence_of(found.choice)
    from twofold.hybrids.pair import fit_pair

    fitted = fit_pair(PAIR, [data.dataset] * 2, [data.labelled] * 2, Means(Budget(cores=1)), 0)
    plain = found.choice.blend.combine(answers([one.graph for one in fitted], data.dataset, data.labelled))
    told = found.graph.run({INPUT: data.dataset.table})
    np.testing.assert_allclose(told, found.choice.step.run(plain), atol=1e-9)


def test_labels_that_say_nothing_are_not_spread():
    frame, _ = flowers(n=150)
    named = np.flatnonzero(frame["kind"].notna())
    frame.loc[named, "kind"] = np.random.default_rng(4).permutation(frame["kind"].to_numpy()[named])
    found = co_train(PAIR, partly_labelled(frame, "kind"), Means(Budget(cores=1)), Rules(rounds=1, folds=2))
    assert found.choice.losses[found.choice.rounds] > 0.95


def test_the_estimator_takes_minus_one_none_and_nan_for_no_label():
    frame, truth = flowers(n=120, labelled=45)
    X = frame.drop(columns="kind")
    codes = {"rose": 0, "iris": 1, "poppy": 2}
    whole = np.array([codes[one] for one in truth])
    numbers = np.where(np.arange(120) < 45, whole, -1)
    shape = {"rounds": 1, "folds": 2}
    first = CoTrainedClassifier(PAIR, **shape).fit(X, numbers)
    gaps = np.where(numbers < 0, np.nan, numbers)
    second = CoTrainedClassifier(PAIR, **shape).fit(X, gaps)
    third = CoTrainedClassifier(PAIR, **shape).fit(X, frame["kind"].to_numpy())
    assert first.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    assert third.classes_.tolist() == ["iris", "poppy", "rose"]
    np.testing.assert_array_equal(first.transduction_[:45], whole[:45])
    assert (first.transduction_ == whole).mean() > 0.8
    assert (first.predict_proba(X).argmax(axis=1) == first.predict(X)).all()
    with pytest.raises(NotFittedError):
        CoTrainedClassifier(PAIR).predict(X)
    with pytest.raises(InputError, match="X has 120 rows, y has 3"):
        CoTrainedClassifier(PAIR).fit(X, [0, 1, -1])


def test_what_cannot_be_spread_is_told_in_three_parts():
    frame, _ = flowers()
    lonely = frame.assign(kind=frame["kind"].where(np.arange(len(frame)) > 0))
    lonely.loc[1:, "kind"] = lonely.loc[1:, "kind"].replace("rose", "iris")
    lonely.loc[0, "kind"] = "rose"
    with pytest.raises(InputError, match="'rose' has one labelled row"):
        co_train(PAIR, partly_labelled(lonely, "kind"))
    values = frame.assign(kind=np.where(np.arange(len(frame)) < 60, frame["part 0"], np.nan))
    with pytest.raises(InputError, match="has values, not classes"):
        co_train(PAIR, partly_labelled(values, "kind"))
    with pytest.raises(TargetError, match="There is no column 'sort'"):
        partly_labelled(frame, "sort")
    with pytest.raises(TargetError):
        partly_labelled(frame.assign(kind=None), "kind")


def test_whole_numbers_with_gaps_are_classes():
    frame = pd.DataFrame({"size": np.arange(30) / 7, "stars": [1.0, 2.0, np.nan] * 10})
    data = partly_labelled(frame, "stars")
    assert data.dataset.classes == (1, 2)
    assert data.dataset.y.tolist() == [0, 1, -1] * 10


def labels(*words):
    return CliRunner().invoke(app, ["labels", *map(str, words)])


def test_the_command_fills_in_and_saves(tmp_path):
    pytest.importorskip("torch")
    frame, truth = flowers(n=90, labelled=45)
    frame.to_csv(tmp_path / "flowers.csv", index=False)
    out, model = tmp_path / "filled.csv", tmp_path / "model"
    options = ("--target", "kind", "--out", out, "--model", model, "--budget", "15s", "--least", "0.7")
    done = labels("spread", tmp_path / "flowers.csv", *options, "--json")
    assert done.exit_code == 0, done.output
    data, filled = json.loads(done.output), pd.read_csv(out)
    assert (filled["kind"][:45] == truth[:45]).all()
    spread = filled["kind spread"].to_numpy()
    assert data["spread"] == spread.sum() > 0
    assert not spread[:45].any()
    assert (filled["kind"].to_numpy() == truth)[spread].mean() > 0.75
    assert filled["kind"].notna().sum() == 45 + data["spread"]
    assert (filled["kind confidence"][spread] >= 0.7).all()
    answers = load(model).predict_proba(frame.drop(columns="kind"))
    np.testing.assert_allclose(answers[45:].max(axis=1), filled["kind confidence"][45:], atol=1e-3)
    again = labels("spread", out, "--target", "kind spread")
    assert "Every row has a value" in str(again.exception)

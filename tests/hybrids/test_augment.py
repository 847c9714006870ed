"""Rows for rare classes: made rows hold what their columns hold, never score, and are used on evidence."""

import numpy as np
import pytest

from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.hybrids import augment
from twofold.hybrids.augment import Augmented
from twofold.hybrids.augmenting import ways
from twofold.hybrids.augmenting.gain import Gain
from twofold.hybrids.augmenting.quality import judge
from twofold.hybrids.augmenting.smote import between_neighbours
from twofold.hybrids.augmenting.spans import MOST_CODES, Spans
from twofold.hybrids.augmenting.ways import fuller, missing_rows
from twofold.models.lightgbm import LightGBM

PROBLEM = Problem("binary", 2, (5,), 2)


def rare(n=600, share=0.08, seed=0):
    g = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    X = g.normal(size=(n, 3)) + 1.5 * y[:, None]
    flag = (g.random(n) < 0.3 + 0.5 * y).astype(float)
    codes = np.where(y == 1, g.integers(2, 5, n), g.integers(0, 4, n))
    return np.column_stack([X, flag, 1 - flag, codes]).astype(np.float32), y


def fast(monkeypatch, steps=40):
    pytest.importorskip("torch")
    from twofold.nn import tabular_gan
    from twofold.nn.adversaries import Match

    monkeypatch.setattr(tabular_gan, "Match", lambda: Match(steps=steps, batch=80))


def test_numbers_and_choices_are_read_as_they_were_written():
    X, _ = rare()
    X[:300, 0] = 0.0  # a spike
    spans = Spans(X, PROBLEM)
    told = spans.write(X)
    assert told.shape[1] == sum(part.numbers + part.choices for part in spans.written)
    assert np.abs(told).max() <= 1.0
    np.testing.assert_allclose(spans.read(told, np.random.default_rng(0)), X, atol=1e-6)


def test_codes_too_many_to_be_written_one_by_one_are_drawn_as_often_as_they_are():
    g = np.random.default_rng(0)
    X = np.concatenate([np.repeat(np.arange(MOST_CODES), 20), 100 + g.integers(0, 50, 300)])[:, None]
    spans = Spans(X.astype(np.float32), Problem("binary", 2, (200,)))
    assert spans.written[0].choices == MOST_CODES + 1
    back = spans.read(spans.write(X.astype(np.float32)), g)[:, 0]
    np.testing.assert_array_equal(back[: MOST_CODES * 20], X[: MOST_CODES * 20, 0])
    assert set(back[MOST_CODES * 20 :]) <= set(X[MOST_CODES * 20 :, 0])


def test_rows_between_neighbours_lie_between_them():
    X, y = rare()
    own = X[y == 1]
    made = between_neighbours(own, PROBLEM, 200, np.random.default_rng(0))
    assert (made.min(axis=0) >= own.min(axis=0)).all()
    assert (made.max(axis=0) <= own.max(axis=0)).all()
    for place in range(X.shape[1]):
        assert set(made[:, place]) <= set(own[:, place]), "values that the column does not have"
    np.testing.assert_array_equal(made[:, 3] + made[:, 4], 1.0)


@pytest.mark.parametrize("way", ways.WAYS)
def test_real_rows_stay_and_rare_classes_reach_their_level(monkeypatch, way):
    fast(monkeypatch)
    X, y = rare()
    weight = np.linspace(1, 2, len(y))
    found = fuller(way, Validation(X, y, weight), PROBLEM, 0.5, Control(rounds=1))
    np.testing.assert_array_equal(found.rows.X[: len(X)], X)
    np.testing.assert_array_equal(found.rows.y[: len(X)], y)
    now = np.bincount(found.rows.y, found.rows.weight)
    before = np.bincount(y, weight)
    np.testing.assert_allclose(now / before, found.factors, rtol=1e-6)
    assert found.factors[0] == 1.0
    if way == "plain":
        assert found.factors[1] == 1.0
    else:
        assert np.bincount(y)[1] * found.factors[1] == pytest.approx(0.5 * np.bincount(y)[0], abs=1)
    made = found.rows.X[len(X) :]
    assert set(np.unique(made[:, 5])) <= set(np.unique(X[:, 5]))


def test_a_class_of_a_few_rows_and_the_largest_are_left_alone():
    y = np.repeat([0, 1, 2], [200, 30, ways.FEWEST - 1])
    assert missing_rows(y, 4, 0.5).tolist() == [0, 70, 0, 0]


@pytest.mark.parametrize("way", ["weights", "smote"])
def test_answers_keep_the_real_share_of_the_classes(way):
    g = np.random.default_rng(0)
    X = g.normal(size=(3_000, 4)).astype(np.float32)
    y = (g.random(3_000) < 0.05).astype(int)  # nothing to learn but how often
    model = Augmented(way, level=1.0, num_leaves=4).fit(X, y, control=Control(rounds=5))
    assert model.trees_.output(X)[:, 1].mean() > 0.15
    assert model.output(X)[:, 1].mean() == pytest.approx(0.05, abs=0.02)


def test_the_plain_way_is_boosted_trees():
    X, y = rare()
    model = Augmented("plain").fit(X, y, control=Control(rounds=10))
    trees = LightGBM().fit(X, y, control=Control(rounds=10))
    np.testing.assert_allclose(model.output(X), trees.output(X), atol=1e-9)


@pytest.mark.parametrize(
    ("gains", "chosen"),
    [
        ({"weights": Gain(0.01, 0.01), "smote": Gain(-0.1, 0.001), "gan": Gain(0.0, 0.0)}, "plain"),
        ({"weights": Gain(0.01, 0.01), "smote": Gain(0.02, 0.001), "gan": Gain(0.0, 0.0)}, "smote"),
        ({"weights": Gain(0.01, 0.01), "smote": Gain(0.018, 0.01), "gan": Gain(0.0, 0.0)}, "plain"),
    ],
)
def test_only_what_is_better_by_more_than_chance_is_used(monkeypatch, gains, chosen):
    monkeypatch.setattr(Augmented, "_evidence", lambda self, rows, control: gains)
    X, y = rare()
    assert Augmented().fit(X, y, control=Control(rounds=3)).way_ == chosen


def test_scored_rows_are_real_and_no_maker_sees_them(monkeypatch):
    X, y = rare()
    X[:, 0] = np.arange(len(X))  # a row is known by its first column
    seen, scored = [], []
    full, output = augment.fuller, LightGBM.output

    def remember(way, rows, *rest):
        seen.append(rows.X[:, 0])
        return full("weights" if way == "gan" else way, rows, *rest)

    def answer(self, X):
        scored.append(X[:, 0])
        return output(self, X)

    monkeypatch.setattr(augment, "fuller", remember)
    monkeypatch.setattr(LightGBM, "output", answer)
    model = Augmented().fit(X, y, problem=PROBLEM, control=Control(rounds=3))
    assert set(model.gains_) == {"weights", "smote", "gan"}
    assert len(seen) - 1 == len(scored) == augment.FOLDS * len(ways.WAYS)
    for learned, judged in zip(seen, scored, strict=False):
        assert not set(learned) & set(judged)
        assert set(learned) | set(judged) == set(range(len(X)))


def test_the_same_seed_makes_the_same_rows(monkeypatch):
    fast(monkeypatch, steps=10)
    X, y = rare()
    made, again, other = (
        fuller("gan", Validation(X, y), PROBLEM, 1.0, Control(seed=seed, rounds=1)).rows.X
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(made, again)
    assert (made != other).any()


@pytest.mark.slow
def test_the_network_learns_what_belongs_to_a_class():
    pytest.importorskip("torch")
    X, y = rare(1_500, 0.3)
    found = fuller("gan", Validation(X, y), PROBLEM, 1.0, Control(rounds=1))
    made = found.rows.X[len(X) :]
    assert len(made) == 600
    own, others = X[y == 1].mean(axis=0), X[y == 0].mean(axis=0)
    assert (np.abs(made.mean(axis=0) - own) < np.abs(made.mean(axis=0) - others)).all()


def test_copies_noise_and_real_rows_are_told_by_the_report():
    X, y = rare(3_000, 0.3)
    half = np.arange(3_000) % 2 == 0
    known, unseen = Validation(X[half], y[half]), Validation(X[~half], y[~half])
    copied = judge(known, known, unseen, PROBLEM, 0)
    assert (copied.copies, copied.nearness) == (1.0, 0.0)
    assert copied.real_copies < 0.05
    fresh = judge(known, Validation(*rare(1_500, 0.3, seed=1)), unseen, PROBLEM, 0)
    assert abs(fresh.told_apart - 0.5) < 0.07
    assert abs(fresh.teaches - fresh.real_teaches) < 0.03
    assert fresh.copies == 0.0
    assert 0.8 < fresh.nearness < 1.25
    noise = np.random.default_rng(0).normal(size=X[half].shape).astype(np.float32)
    lost = judge(known, Validation(noise, y[half]), unseen, PROBLEM, 0)
    assert lost.told_apart > 0.95
    assert lost.teaches < lost.real_teaches - 0.2


def test_without_a_rare_class_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(Augmented, "_evidence", lambda *_: pytest.fail("no class is rare"))
    X, y = rare(share=0.5)
    assert Augmented().fit(X, y, control=Control(rounds=3)).way_ == "plain"


def test_the_clock_ends_the_network():
    pytest.importorskip("torch")
    from twofold.nn.tabular_gan import TabularGan

    X, y = rare()
    spans = Spans(X, PROBLEM)
    stretches = [(part.numbers, part.choices) for part in spans.written]
    gan = TabularGan(spans.write(X), y, 2, stretches, Control(Budget(1e-6)))
    assert gan.steps == 0


@pytest.mark.parametrize(("params", "words"), [({"way": "luck"}, "way is 'luck'"), ({"level": 0.0}, "level")])
def test_what_is_not_allowed_is_told_in_three_parts(params, words):
    with pytest.raises(InputError, match=words) as told:
        Augmented(**params).fit(*rare())
    assert told.value.allowed
    assert told.value.todo


@pytest.mark.slow
def test_it_is_tried_in_a_run_and_bundled(monkeypatch, tmp_path):
    import pandas as pd

    import twofold

    fast(monkeypatch)
    X, y = rare(300)
    frame = pd.DataFrame(X[:, :4], columns=list("abcd")).assign(y=y)
    model = twofold.fit(frame, target="y", candidates=["augmented"], max_trials=1, folds=2, n_jobs=1)
    tried = model.leaderboard().set_index("model").loc["augmented"]
    assert (tried["family"], tried["status"]) == ("hybrid", "complete")
    answers = model.predict_proba(frame.drop(columns="y"))
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(frame.drop(columns="y")), answers, atol=1e-6)

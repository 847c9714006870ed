"""Scores are not too good and intervals not too narrow, whatever was learned, chosen or sampled."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.evaluate.build import entrants, guess, truth
from twofold.core.budget import Budget
from twofold.data.split import make_folds
from twofold.data.target import make_dataset
from twofold.evaluate import bootstrap
from twofold.evaluate import entrants as entrants_module
from twofold.evaluate.bootstrap import known_mean, resample
from twofold.evaluate.entrants import line_up
from twofold.evaluate.lines import learn_lines
from twofold.evaluate.optimism import fair_inside, take_off
from twofold.evaluate.records import Interval
from twofold.evaluate.verdict import _answer, reach_verdict
from twofold.metrics import get_metric
from twofold.search.trials import make_baseline


def weighed(found, joins=("blend", "stack"), whole=None):
    """Return lines, bootstraps and scores; `whole` predicts all rows where `found` holds a sample."""
    lines, gains = learn_lines(found, found.weight, joins)
    resampled = resample(found, lines, gains, Budget(), 0, joins)
    raw = gains
    if whole is not None:
        y, predictions = whole
        raw = np.array([found.metric.gain(y, line.answer(predictions), None) for line in lines])
    trivial = found.metric.gain(found.y, found.trivial, found.weight)
    return lines, resampled, take_off(resampled, raw, trivial)


def forest(n, seed, families="mmd", shared=0.9, task="regression"):
    """Return a data set and trials of the same worth whose errors are much alike."""
    dataset, signal, g = truth(n, seed, task)
    common = g.normal(size=n)
    trials = {}
    for place, letter in enumerate(families):
        noise = np.sqrt(shared) * common + np.sqrt(1 - shared) * g.normal(size=n)
        trials[f"{letter}{place}"] = ({"m": "ml", "d": "dl"}[letter], (signal + 0.4 * noise)[:, None])
    return dataset, trials


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 24)


def test_the_first_place_is_worth_what_the_winners_in_the_bag_are_worth_out_of_it(few_draws):
    dataset, trials = forest(400, 0, "mmmdd")
    _, resampled, scores = weighed(entrants(dataset, trials))
    picks = np.nanargmax(fair_inside(resampled), axis=1)
    rows = np.arange(len(picks))
    off = np.array([known_mean(column) for column in resampled.outside.T]) - scores.fair
    out = known_mean(resampled.outside[rows, picks] - off[picks])  # freed from the chance of the draws
    assert scores.expected.max() == pytest.approx(out)
    assert scores.expected.max() < scores.fair.max() <= scores.raw.max()


def test_the_order_of_the_table_stays_and_families_score_as_on_the_leaderboard(few_draws):
    dataset, trials = forest(400, 1, "mmmdd")
    found = entrants(dataset, trials)
    lines, resampled, scores = weighed(found)
    order = np.argsort(-scores.fair, kind="stable")
    assert (np.diff(scores.expected[order]) <= 0).all()
    verdict = reach_verdict(resampled, scores, found.metric)
    for family, interval in verdict.families.items():
        best = max(gain for gain, line in zip(scores.expected, lines, strict=True) if line.family == family)
        assert -interval.centre == pytest.approx(best)
        assert interval.low < interval.centre < interval.high


def test_what_is_clearly_best_loses_nothing(few_draws):
    dataset, signal, g = truth(800, 0, "regression")
    noises = {"good": 0.1, "bad": 1.0, "worse": 3.0}
    trials = {name: ("ml", (signal + noise * g.normal(size=800))[:, None]) for name, noise in noises.items()}
    _, _, scores = weighed(entrants(dataset, trials), joins=())
    np.testing.assert_allclose(scores.expected, scores.raw, rtol=1e-12)


def test_a_threshold_that_was_learned_is_paid_for_by_single_trials_too(few_draws):
    paid = []
    for seed in range(4):
        dataset, signal, g = truth(150, seed)
        found = entrants(dataset, {"a": ("ml", guess(signal, 3.0, g))}, "balanced_accuracy")
        _, _, scores = weighed(found, joins=())
        paid.append(scores.raw[0] - scores.fair[0])
    assert np.mean(paid) > 0.005


def test_a_sample_tells_of_all_rows(few_draws, monkeypatch):
    """Intervals as narrow as all rows allow stand around scores of all rows, not of the sample."""
    monkeypatch.setattr(entrants_module, "MOST_ROWS", 250)
    far = []
    for seed in range(6):
        dataset, trials = forest(2_500, seed, "md", shared=0.3)
        found = entrants(dataset, trials)
        assert len(found.y) == 250
        whole = (dataset.y, np.stack([predictions for _, predictions in trials.values()]))
        _, resampled, scores = weighed(found, joins=("blend",), whole=whole)
        np.testing.assert_array_equal(scores.fair[:2], scores.raw[:2])
        verdict = reach_verdict(resampled, scores, found.metric)
        measured = scores.raw[2] - scores.raw[:2].max()
        far.append((verdict.gain.centre - measured) / (verdict.gain.high - verdict.gain.centre))
    assert np.abs(far).max() < 1


def table(n):
    g = np.random.default_rng(0)
    return make_dataset(pd.DataFrame({"x": g.normal(size=n)}), g.normal(size=n), task="regression")


def lined_up(dataset, n_folds):
    folds = make_folds(dataset, n_folds, seed=0)
    base = make_baseline(dataset, folds)
    metric = get_metric(None, dataset.task)
    options = {"readable": {}, "native": {}, "timed": False, "seed": 0}
    return line_up([base], base, dataset, metric, folds, **options)


def test_overlapping_training_rows_widen_and_a_hold_out_less():
    dataset = table(1_000)
    assert lined_up(dataset, 5).overlap == pytest.approx(2.25)
    assert lined_up(dataset, 1).overlap == pytest.approx(1.25)
    timed = replace(dataset, time=np.arange(1_000.0))
    assert lined_up(timed, 1).overlap == pytest.approx(2.0, abs=0.01)


def test_a_sample_of_grouped_rows_is_as_sure_as_its_groups(monkeypatch):
    monkeypatch.setattr(entrants_module, "MOST_ROWS", 200)
    dataset = table(2_000)
    assert lined_up(dataset, 2).share == pytest.approx(0.1)
    grouped = replace(dataset, groups=np.arange(2_000) // 100)
    assert lined_up(grouped, 2).share == 1.0  # all 20 groups came into the sample
    timed = replace(dataset, time=np.arange(2_000.0))
    assert lined_up(timed, 2).share == 1.0


def test_the_trivial_answer_is_compared_row_by_row(few_draws):
    """Few rows far out make every score unsure, but not that the model is better on all of them."""
    g = np.random.default_rng(0)
    y = g.normal(size=400) * np.where(np.arange(400) % 20 == 0, 30.0, 1.0)
    dataset = make_dataset(pd.DataFrame({"x": y, "z": g.normal(size=400)}), y, task="regression")
    trials = {name: (name, 0.4 * y[:, None]) for name in ("ml", "dl")}
    trials = {name: (family, p + 0.01 * g.normal(size=(400, 1))) for name, (family, p) in trials.items()}
    found = entrants(dataset, trials)
    _, resampled, scores = weighed(found)
    assert not any("trivial" in note for note in reach_verdict(resampled, scores, found.metric).notes)


def test_an_answer_claims_no_more_than_its_interval():
    """A gain that was measured below zero, within errors that leave room for one, decides nothing."""
    wide, narrow = Interval(-0.001, -0.02, 0.018), Interval(-0.001, -0.003, 0.001)
    assert _answer(wide, 0.004, learned=True) == "undecided"
    assert _answer(narrow, 0.004, learned=True) == "no worthwhile gain"
    assert _answer(Interval(0.01, 0.002, 0.018), 0.004, learned=True) == "helps"
    assert _answer(Interval(0.01, 0.002, 0.018), 0.004, learned=False) == "no worthwhile gain"


@pytest.mark.slow
@pytest.mark.parametrize(("families", "shared"), [("mmd", 0.95), ("mmmmmddd", 0.95), ("md", 1.0)])
def test_trials_of_the_same_worth_are_seldom_said_to_help(few_draws, families, shared):
    answers = []
    for seed in range(40):
        dataset, trials = forest(300, seed, families, shared)
        found = entrants(dataset, trials)
        _, resampled, scores = weighed(found)
        answers.append(reach_verdict(resampled, scores, found.metric).answer)
    assert answers.count("helps") <= 5  # of 40 at 5 %: more has a chance of 1 %


@pytest.mark.slow
def test_the_score_of_the_best_of_many_holds_on_fresh_rows(few_draws):
    """Twenty trials of the same worth: the best one's own score is too good, what is shown is not."""
    raw, shown = [], []
    for seed in range(40):
        dataset, trials = forest(200, seed, "m" * 20, shared=0.0)
        _, _, scores = weighed(entrants(dataset, trials), joins=())
        true = -np.sqrt(0.25 + 0.16)
        raw.append(scores.raw.max() - true)
        shown.append(scores.expected.max() - true)
    error = np.std(shown) / np.sqrt(40)
    assert np.mean(raw) > 3 * error
    assert abs(np.mean(shown)) < 3 * error

"""The evidence: what is better is called better, what is chance is not, and choosing costs what it costs."""

import numpy as np
import pytest

from tests.evaluate.build import entrants, guess, truth
from twofold.core.budget import Budget
from twofold.evaluate.bootstrap import resample
from twofold.evaluate.choose import make_chooser
from twofold.evaluate.entrants import draw_in_bag
from twofold.evaluate.lines import learn_lines
from twofold.evaluate.optimism import take_off
from twofold.evaluate.verdict import reach_verdict


def weigh(found, joins=("blend", "stack", "cascade")):
    lines, gains = learn_lines(found, found.weight, joins)
    return lines, gains, resample(found, lines, gains, Budget(), 0, joins)


def scores_of(found, joins=("blend", "stack", "cascade")):
    lines, gains, resampled = weigh(found, joins)
    trivial = found.metric.gain(found.y, found.trivial, found.weight)
    return lines, resampled, take_off(resampled, gains, trivial)


def verdict_of(found):
    _, resampled, scores = scores_of(found)
    return reach_verdict(resampled, scores, found.metric)


def test_joining_independent_errors_helps():
    dataset, signal, g = truth(3_000)
    found = entrants(
        dataset, {"trees": ("ml", guess(signal, 1.2, g)), "network": ("dl", guess(signal, 1.2, g))}
    )
    verdict = verdict_of(found)
    assert verdict.answer == "helps", verdict.sentence
    assert verdict.gain.low > 0
    assert verdict.price == pytest.approx(2.0)
    assert set(verdict.families) == {"ml", "dl", "hybrid"}


def test_joining_copies_does_not_help():
    dataset, signal, g = truth()
    same = guess(signal, 1.0, g)
    found = entrants(dataset, {"trees": ("ml", same), "network": ("dl", same)})
    assert verdict_of(found).answer == "no worthwhile gain"


def test_an_ensemble_of_one_family_is_no_gain_of_joining():
    dataset, signal, g = truth(3_000)
    plans = {f"trees {i}": ("ml", guess(signal, 1.2, g)) for i in range(3)}
    found = entrants(dataset, {**plans, "network": ("dl", plans["trees 0"][1])})
    verdict = verdict_of(found)
    assert verdict.answer != "helps", verdict.sentence


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_shuffled_targets_never_help(task):
    for seed in range(5):
        dataset, _, g = truth(600, seed, task)
        noise = g.normal(size=600)
        found = entrants(
            dataset,
            {
                name: (family, guess(noise, 1.0, g, task) * (0.05 if task == "regression" else 1))
                for name, family in (("a", "ml"), ("b", "ml"), ("c", "dl"), ("d", "hybrid"))
            },
        )
        assert verdict_of(found).answer == "no worthwhile gain"


def test_the_best_of_many_guesses_is_not_believed():
    """The winner's curse: thirty coin tosses, the luckiest looks good, its corrected score does not."""
    dataset, _, g = truth(400)
    found = entrants(
        dataset, {f"toss {i}": ("ml", guess(g.normal(size=400), 1.0, g)) for i in range(30)}, "log_loss"
    )
    lines, resampled, scores = scores_of(found, joins=("blend",))
    picks = resampled.inside[:, : len(found.names)].argmax(axis=1)
    rows = np.arange(len(picks))
    inside, outside = resampled.inside[rows, picks].mean(), resampled.outside[rows, picks].mean()
    assert inside > outside + 0.005
    blend = [line.name for line in lines].index("ml blend")
    assert scores.fair[blend] < scores.raw[blend]
    assert scores.expected.max() < scores.raw.max() - 0.005


def test_bags_keep_blocks_whole_and_classes_in_proportion():
    from dataclasses import replace

    dataset, signal, g = truth(300)
    found = entrants(dataset, {"a": ("ml", guess(signal, 1.0, g)), "b": ("dl", guess(signal, 1.0, g))})
    counts = draw_in_bag(found, g)
    for label in (0, 1):
        assert counts[found.y == label].sum() == (found.y == label).sum()
    grouped = replace(found, blocks=np.repeat(np.arange(60), 5))
    counts = draw_in_bag(grouped, g).reshape(60, 5)
    assert (counts == counts[:, :1]).all()


def board(prefer, costs, noises, readable=()):
    dataset, signal, g = truth(4_000)
    found = entrants(
        dataset,
        {name: ("ml", guess(signal, noise, g)) for name, noise in noises.items()},
        costs=costs,
        readable=dict.fromkeys(readable, True),
    )
    lines, resampled, scores = scores_of(found, joins=())
    readable_lines = np.array([line.name in readable for line in lines])
    chooser = make_chooser(prefer, resampled, scores, readable_lines, np.zeros(len(lines), dtype=bool))
    return lines[chooser.pick(scores.fair)].name


def test_preferences_weigh_score_against_cost():
    costs = {"best": 1e-4, "near": 1e-5, "cheap": 1e-7}
    noises = {"best": 0.30, "near": 0.305, "cheap": 3.0}
    assert board("accuracy", costs, noises) == "best"
    assert board("balanced", costs, noises) == "near"
    assert board("speed", costs, noises) == "near"
    assert board("readable", costs, noises, readable=("cheap",)) == "cheap"


def test_with_one_family_nothing_is_compared():
    dataset, signal, g = truth(400)
    found = entrants(dataset, {"a": ("ml", guess(signal, 1.0, g)), "b": ("ml", guess(signal, 1.0, g))})
    verdict = verdict_of(found)
    assert verdict.answer == "not compared"
    assert "machine learning" in verdict.sentence


def test_the_same_seed_gives_the_same_evidence():
    dataset, signal, g = truth(500)
    found = entrants(dataset, {"a": ("ml", guess(signal, 1.0, g)), "b": ("dl", guess(signal, 1.1, g))})
    (_, _, first), (_, _, again) = weigh(found), weigh(found)
    np.testing.assert_array_equal(first.outside, again.outside)


@pytest.mark.slow
def test_intervals_hold_what_they_say():
    """The interval of a fixed model's score holds its true score about as often as it says."""
    held = 0
    for seed in range(60):
        dataset, signal, g = truth(800, seed)
        found = entrants(dataset, {"a": ("ml", guess(signal, 1.0, g)), "b": ("dl", guess(signal, 1.0, g))})
        _, gains, resampled = weigh(found, joins=())
        error = resampled.error(resampled.inside[:, 0])
        big, wide, gg = truth(100_000, 999 + seed)
        true = found.metric.gain(big.y, guess(wide, 1.0, gg), None)
        held += abs(gains[0] - true) < 1.96 * error
    assert held >= 54

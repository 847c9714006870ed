"""Heads, detectors and scores of streams: exact however a stream is cut, and equal to their oracles."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import GaussianNB

from twofold.bundle.about import About, Bundle
from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.core.errors import InputError
from twofold.core.schema import Column, Schema
from twofold.hybrids.online import prequential
from twofold.hybrids.online.bayes import Bayes
from twofold.hybrids.online.drift import DETECTORS, Adwin, Ddm, PageHinkley, alarms_of, make_detector
from twofold.hybrids.online.logistic import Logistic
from twofold.hybrids.online.mix import Frozen, Mix
from twofold.hybrids.online.stream import follow
from twofold.hybrids.online.tree import Tree
from twofold.steps.base import Graph, Node
from twofold.steps.links import softmax
from twofold.steps.log_scores import LogScores
from twofold.steps.numbers import Numbers

STARTS = {
    "sgd": lambda width, classes: Logistic.start(width, classes, method="sgd", rate=0.05, l2=0.01),
    "adagrad": lambda width, classes: Logistic.start(width, classes, l2=0.01),
    "ftrl": lambda width, classes: Logistic.start(width, classes, method="ftrl", l1=0.1, l2=0.1),
    "bayes": Bayes.start,
    "tree": lambda width, classes: Tree.start(width, classes, grace=50),
    "mix": Mix.start,
}
heads = pytest.mark.parametrize("name", list(STARTS))


def stream(n=2000, classes=2, seed=0, width=5):
    g = np.random.default_rng(seed)
    X = g.normal(size=(n, width))
    score = np.abs(X[:, 0]) + X[:, 1] + 0.3 * g.normal(size=n)
    return X, np.searchsorted(np.quantile(score, np.arange(1, classes) / classes), score)


def as_rows(X):
    return [dict(enumerate(row)) for row in X.tolist()]


@heads
@pytest.mark.parametrize("classes", [2, 3])
def test_however_a_stream_is_cut_the_answers_and_the_state_are_the_same(name, classes):
    X, y = stream(700, classes)
    whole = STARTS[name](X.shape[1], classes)
    together = whole.test_then_train(X, y)
    cut, parts = STARTS[name](X.shape[1], classes), np.array_split(np.arange(len(X)), 37)
    pieces = np.vstack([cut.test_then_train(X[part], y[part]) for part in parts])
    np.testing.assert_allclose(pieces, together, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(cut.answer(X), whole.answer(X), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(together.sum(axis=1), 1.0)


@heads
def test_an_answer_never_hangs_on_its_own_row_or_later_ones(name):
    X, y = stream(600)
    seen = STARTS[name](5, 2).test_then_train(X, y)
    other = np.concatenate([y[:400], 1 - y[400:]])
    lied = STARTS[name](5, 2).test_then_train(X, other)
    np.testing.assert_array_equal(seen[:401], lied[:401])
    assert not np.allclose(seen[401:], lied[401:])


@heads
def test_one_row_at_a_time_is_what_answer_says(name):
    X, y = stream(260)
    head = STARTS[name](5, 2)
    head.test_then_train(X[:250], y[:250])
    for row in range(250, 260):
        said = head.answer(X[[row]])
        np.testing.assert_allclose(head.test_then_train(X[[row]], y[[row]]), said, rtol=1e-9)


@heads
def test_a_copy_learns_on_its_own(name):
    X, y = stream(800)
    head = STARTS[name](5, 2)
    head.test_then_train(X[:400], y[:400])
    before = head.answer(X)
    head.copy().test_then_train(X[400:], y[400:])
    np.testing.assert_array_equal(head.answer(X), before)


@heads
def test_anew_is_as_it_began(name):
    X, y = stream(400)
    head = STARTS[name](5, 2)
    first = head.test_then_train(X, y)
    np.testing.assert_array_equal(head.anew().test_then_train(X, y), first)


@heads
def test_what_can_be_learned_is_learned_and_shuffled_labels_give_chance(name):
    X, y = stream(2000)
    answers = STARTS[name](5, 2).test_then_train(X, y)
    assert np.mean(answers[1000:].argmax(axis=1) == y[1000:]) > 0.75
    lost = np.random.default_rng(1).permutation(y)
    answers = STARTS[name](5, 2).test_then_train(X, lost)
    assert 0.45 < np.mean(answers.argmax(axis=1) == lost) < 0.55
    assert prequential.losses(answers, lost).mean() < 0.85


@heads
def test_columns_may_stand_in_any_order(name):
    X, y = stream(700)
    order = np.array([3, 0, 4, 2, 1])
    answers, moved = (STARTS[name](5, 2).test_then_train(part, y) for part in (X, X[:, order]))
    np.testing.assert_allclose(answers, moved, rtol=1e-6, atol=1e-8)


@heads
@pytest.mark.parametrize("classes", [2, 3])
def test_a_saved_head_answers_alike_and_goes_on_alike(name, classes, tmp_path):
    X, y = stream(900, classes)
    head = STARTS[name](5, classes)
    head.test_then_train(X[:600], y[:600])
    names = tuple("abcde")
    about = About(
        "binary" if classes == 2 else "multiclass",
        "y",
        tuple(range(classes)),
        Schema(tuple(Column(one, "number") for one in names)),
    )
    steps = Node(Numbers(names), ("table",), "X"), Node(head.step(), ("X",), "prediction")
    back = load(save(Bundle(about, Graph(steps)), tmp_path / "model"))
    np.testing.assert_allclose(back.predict_proba(X), head.answer(X), rtol=1e-12)
    again = type(head).resume(back.graph.nodes[-1].step)
    np.testing.assert_array_equal(
        again.test_then_train(X[600:], y[600:]), head.test_then_train(X[600:], y[600:])
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("method", ["sgd", "adagrad", "ftrl"])
def test_logistic_begins_where_the_frozen_model_stands(method, classes):
    X, _ = stream(50, classes)
    frozen = softmax(np.random.default_rng(0).normal(size=(50, classes)))
    scores = LogScores().run(frozen)
    head = Logistic.start(scores.shape[1] + 5, classes, scores.shape[1], method=method, l1=0.1, l2=0.01)
    np.testing.assert_allclose(head.answer(np.hstack([scores, X])), frozen, rtol=1e-5)
    head.test_then_train(np.hstack([scores, X])[:1], np.zeros(1, dtype=np.int64))
    np.testing.assert_allclose(head.answer(np.hstack([scores, X])), frozen, atol=0.5)


@pytest.mark.parametrize("method", ["sgd", "adagrad"])
def test_logistic_equals_river(method):
    linear_model = pytest.importorskip("river.linear_model")
    from river import optim

    optimiser = {
        "sgd": lambda: optim.SGD(0.05),
        "adagrad": lambda: optim.AdaGrad(0.1),
    }[method]()
    X, y = stream(600)
    oracle = linear_model.LogisticRegression(optimiser, intercept_lr=0.0)
    ours = {
        "sgd": lambda: Logistic.start(5, 2, method="sgd", rate=0.05),
        "adagrad": lambda: Logistic.start(5, 2, rate=0.1, first=0.0),
    }[method]()
    said = []
    for row, goal in zip(as_rows(np.column_stack([X, np.ones(len(X))])), y.tolist(), strict=True):
        said.append(oracle.predict_proba_one(row).get(True, 0.5))
        oracle.learn_one(row, bool(goal))
    np.testing.assert_allclose(ours.test_then_train(X, y)[:, 1], said, rtol=1e-6, atol=1e-8)


def test_ftrl_is_the_published_algorithm():
    X, y = stream(300)
    alpha, beta, l1, l2 = 0.1, 1.0, 0.2, 0.3
    z, n, said = [0.0] * 6, [0.0] * 6, []
    for row, goal in zip(np.column_stack([X, np.ones(len(X))]).tolist(), y.tolist(), strict=True):
        w = [
            0.0 if abs(a) <= l1 else -(a - math.copysign(l1, a)) / ((beta + math.sqrt(b)) / alpha + l2)
            for a, b in zip(z, n, strict=True)
        ]
        p = 1 / (1 + math.exp(-sum(a * b for a, b in zip(w, row, strict=True))))
        said.append(p)
        for place, value in enumerate(row):
            g = (p - goal) * value
            sigma = (math.sqrt(n[place] + g * g) - math.sqrt(n[place])) / alpha
            z[place] += g - sigma * w[place]
            n[place] += g * g
    head = Logistic.start(5, 2, method="ftrl", rate=alpha, first=0.0, l1=l1, l2=l2)
    np.testing.assert_allclose(head.test_then_train(X, y)[:, 1], said, rtol=1e-9)


def test_a_mixture_answers_as_bayes_says_and_follows_the_better_head():
    X, y = stream(1500)
    told = np.stack([Frozen.start(5, 2).test_then_train(X, y), Bayes.start(5, 2).test_then_train(X, y)])
    even = Mix._of(((Frozen.start(5, 2), 5), (Bayes.start(5, 2), 5)), 0.0).step()
    mix = Mix.resume(replace(even, weights=np.array([0.5, 0.5])))
    answers = mix.test_then_train(X, y)
    likelihood = told[:, np.arange(1500), y]
    before = np.cumprod(np.hstack([np.ones((2, 1)), likelihood[:, :99]]), axis=1)
    np.testing.assert_allclose(
        answers[:100], np.einsum("mn,mnc->nc", before / before.sum(axis=0), told[:, :100]), rtol=1e-9
    )
    assert mix.step().weights[1] > 0.999
    losses = -np.log(likelihood).sum(axis=1)
    total = prequential.losses(answers, y).sum()
    assert total <= losses.min() + math.log(2) + 1e-9, "the bound of a Bayesian mixture"


def test_plain_gradients_equal_scikit_learn():
    X, y = stream(150)
    oracle = SGDClassifier("log_loss", penalty=None, learning_rate="constant", eta0=0.05, shuffle=False)
    for row in range(len(X)):
        oracle.partial_fit(X[[row]], y[[row]], classes=[0, 1])
    head = Logistic.start(5, 2, method="sgd", rate=0.05)
    head.test_then_train(X, y)
    np.testing.assert_allclose(head.answer(X), oracle.predict_proba(X), rtol=1e-6)


def test_naive_bayes_equals_scikit_learn_and_river():
    naive_bayes = pytest.importorskip("river.naive_bayes")
    X, y = stream(900, 3)
    X[:, 2] += 1e4  # far from zero: sums of squares may not lose figures
    head = Bayes.start(5, 3, smooth=0.0)
    head.test_then_train(X, y)
    known, river = GaussianNB(var_smoothing=0.0).fit(X, y), naive_bayes.GaussianNB()
    for row, goal in zip(as_rows(X), y.tolist(), strict=True):
        river.learn_one(row, goal)
    state = head.step()
    np.testing.assert_allclose(state.mean, known.theta_, rtol=1e-9)
    np.testing.assert_allclose(state.squares / state.count[:, None], known.var_, rtol=1e-6)
    np.testing.assert_allclose(head.answer(X), known.predict_proba(X), atol=0.01)
    theirs = [[river.predict_proba_one(row).get(c, 0.0) for c in range(3)] for row in as_rows(X[:100])]
    np.testing.assert_allclose(head.answer(X[:100]), theirs, atol=0.01)


@pytest.mark.parametrize("seed", range(2))
def test_the_tree_is_river_s_tree_and_quicker(seed):
    river_tree = pytest.importorskip("river.tree")
    X, y = stream(5000, 2 + seed % 2, seed)
    began = time.process_time()
    oracle, said = river_tree.HoeffdingTreeClassifier(grace_period=100), []
    for row, goal in zip(as_rows(X), y.tolist(), strict=True):
        votes = oracle.predict_proba_one(row)
        said.append(max(votes, key=votes.get) if votes else 0)
        oracle.learn_one(row, goal)
    theirs = time.process_time() - began
    began = time.process_time()
    head = Tree.start(5, 2 + seed % 2, grace=100)
    answers = head.test_then_train(X, y).argmax(axis=1)
    assert time.process_time() - began < theirs
    state = head.step()
    assert (state.column < 0).sum() == oracle.n_leaves > 2
    assert state.column[0] == oracle._root.feature
    assert math.isclose(state.limit[0], oracle._root.threshold, rel_tol=1e-9)
    assert np.mean(answers == said) > 0.995


def errors_of(seed, *rates):
    g = np.random.default_rng(seed)
    return np.concatenate([g.random(2000) < rate for rate in rates]).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_detectors_equal_river(seed):
    drift = pytest.importorskip("river.drift")
    errors = errors_of(seed, 0.2, 0.4, 0.1, 0.3)

    def theirs(oracle):
        found = []
        for place, error in enumerate(errors):
            oracle.update(error)
            found += [place] if oracle.drift_detected else []
        return found

    assert alarms_of(Ddm(), errors) == theirs(drift.binary.DDM())
    assert alarms_of(PageHinkley(), errors) == theirs(drift.PageHinkley(alpha=1.0, mode="up"))
    ours, all_changes = alarms_of(Adwin(), errors), theirs(drift.ADWIN())
    assert ours[0] == all_changes[0]
    assert set(ours) < set(all_changes), "river's ADWIN also tells that errors have fallen"


@pytest.mark.parametrize("name", list(DETECTORS))
def test_alarms_do_not_hang_on_how_the_errors_are_cut(name):
    errors = errors_of(5, 0.1, 0.5, 0.2, 0.6)
    detector, found = make_detector(name), []
    for start in range(0, len(errors), 77):
        part = errors[start : start + 77]
        found += [start + place for place in alarms_of(detector, part)]
    assert found == alarms_of(make_detector(name), errors)
    assert 2000 < found[0] < 2300
    assert 0 < detector.recent <= len(errors)


def test_adwin_is_quiet_where_nothing_changes():
    g = np.random.default_rng(0)
    alarms = sum(len(alarms_of(Adwin(), (g.random(20_000) < 0.3).astype(float))) for _ in range(5))
    assert alarms <= 1


def test_an_unknown_detector_is_refused_in_three_parts():
    with pytest.raises(InputError, match="no detector") as caught:
        make_detector("eye")
    assert caught.value.allowed
    assert caught.value.todo


def turned(n=3000, seed=0):
    """A stream whose classes are exchanged half way."""
    X, y = stream(n, seed=seed)
    return X, np.where(np.arange(n) < n // 2, y, 1 - y)


@heads
def test_after_an_alarm_the_new_kind_is_learned(name):
    X, y = turned()
    plain, watched = (follow(STARTS[name](5, 2), X, y, detector) for detector in (None, Adwin()))
    assert plain.alarms == ()
    assert 1500 < watched.alarms[0] < 1700
    late = slice(2000, None)
    right = [np.mean(one.answers[late].argmax(axis=1) == y[late]) for one in (plain, watched)]
    gain = 0.1 if name in ("bayes", "tree") else -0.02  # gradients turn round by themselves
    assert right[1] > max(0.7, right[0] + gain)


@pytest.mark.parametrize("name", ["bayes", "tree"])
def test_alarms_alone_change_nothing(name):
    X, y = turned(2000)
    plain = follow(STARTS[name](5, 2), X, y)
    watched = follow(STARTS[name](5, 2), X, y, Adwin(), renew=False)
    assert len(watched.alarms) > 0
    np.testing.assert_allclose(watched.answers, plain.answers, rtol=1e-7, atol=1e-9)


def test_the_intervals_of_blocks_cover():
    g, hits = np.random.default_rng(0), 0
    for _ in range(200):
        found = prequential.estimate((g.random(2000) < 0.3).astype(float))
        hits += found.low < 0.3 < found.high
    assert 180 <= hits <= 199
    assert prequential.estimate(np.ones(1)).low == -np.inf


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("adagrad", 20_000), ("bayes", 50_000), ("tree", 20_000)])
def test_heads_are_quick(name, least):
    X, y = stream(4000, width=8)
    seconds = []
    for _ in range(3):
        head = STARTS[name](8, 2)
        began = time.process_time()
        head.test_then_train(X, y)
        seconds.append(time.process_time() - began)
    assert len(X) / min(seconds) > least

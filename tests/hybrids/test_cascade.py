"""Cascades: their ends, the floor that they promise, the way of each row, and that a fit finds them."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from typer.testing import CliRunner

import twofold
from twofold.bundle.about import About, Bundle
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.errors import BundleError, InputError
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.evaluate.lines import learn_lines
from twofold.hybrids.base import Evidence
from twofold.hybrids.cascade import Cascade, learn_cascade, look
from twofold.hybrids.floor import Bounds, check_floor, lower_bound, promise
from twofold.metrics import METRICS
from twofold.steps.base import INPUT, Graph, Node, Step
from twofold.steps.extraction import Extraction, Known, linked
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers

SECONDS = np.array([1e-6, 4e-6, 100e-6])
PAIR = (((0,), (2,)),)
ALL = (*PAIR, ((0, 1), (2,)), ((0,), (1,), (2,)))


def draw(n, seed, k=2, metric="log_loss"):
    """Return three members, each seeing the truth with less noise, and what they are to learn."""
    g = np.random.default_rng(seed)
    signal = 2.5 * g.normal(size=(n, k))
    y = (signal + g.gumbel(size=(n, k))).argmax(axis=1)
    told = []
    for noise in (1.0, 0.7, 0.1):
        logits = signal + noise * g.normal(size=(n, k))
        told.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    task = "binary" if k == 2 else "multiclass"
    return Evidence(np.stack(told), y, None, METRICS.load(metric), task, SECONDS)


def answers(p, threshold=0.5):
    return (p[:, 1] >= threshold).astype(int) if p.shape[1] == 2 else p.argmax(axis=1)


def agreement(join, fresh, means="last"):
    threshold = 0.5 if join.fixed is None else join.fixed
    truth = answers(fresh.predictions[2], threshold) if means == "last" else fresh.y
    return np.mean(answers(join.combine(fresh.predictions), threshold) == truth)


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (19, 20), (97, 100), (300, 300)])
def test_the_bound_is_the_exact_one(hits, n):
    exact = binomtest(hits, n, alternative="greater").proportion_ci(0.95, method="exact").low
    assert lower_bound(hits / n, n) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(
    ("means", "floor", "k"),
    [
        ("last", 0.95, 2),
        pytest.param("last", 0.97, 4, marks=pytest.mark.slow),
        pytest.param("right", 0.8, 2, marks=pytest.mark.slow),
    ],
)
def test_the_floor_holds_on_fresh_rows_in_95_of_100_draws(means, floor, k):
    fresh, kept, broken = draw(20_000, 10_000, k), 0, 0
    for seed in range(100):
        join = learn_cascade(draw(1_000, seed, k), ALL, floor, means)
        if join is not None:
            kept += 1
            broken += agreement(join, fresh, means) < floor
    assert kept >= 50, "a promise that is hardly ever made proves nothing"
    assert broken <= 10, "100 draws break a promise of 95 % more than 10 times in one of 100 cases"


def test_bounds_that_are_chosen_and_tested_on_the_same_rows_would_break_it():
    """The oracle of the test above: without rows of their own, the promise is broken far too often."""
    fresh, broken = draw(20_000, 10_000), 0
    for seed in range(40):
        seen = draw(1_000, seed)
        stages = look(PAIR[0], seen)
        levels = [(float(level), 0.0) for level in np.unique(stages.sureness[0])]
        good = stages.mean(stages.good("last", seen.y), [levels])
        boldest = levels[np.flatnonzero(good >= 0.95)[0]]
        join = Cascade((0, 2), Bounds((boldest[0],), (0.0,)), (1.0, 0.5))
        broken += agreement(join, fresh) < 0.95
    assert broken > 12


def test_more_is_saved_where_less_is_asked():
    seen = draw(4_000, 1)
    costs = [learn_cascade(seen, ALL, floor).row_seconds(SECONDS) for floor in (0.99, 0.95, 0.9)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.5 * costs[0]


def test_what_cannot_be_proven_is_not_promised():
    seen = draw(200, 1)
    assert learn_cascade(seen, ALL, 0.99) is None, "100 rows cannot prove 99 %"
    assert learn_cascade(draw(4_000, 1), ALL, 0.999, "right") is None, "no stage is right so often"
    alike = replace(seen, row_seconds=np.ones(3))
    assert learn_cascade(replace(alike, predictions=alike.predictions), ALL, 0.9) is None, "nothing is saved"


def test_a_promise_speaks_of_the_best_last_stage_alone():
    seen = draw(4_000, 1)
    cheap_last = ((0,), (1,))
    assert learn_cascade(seen, (*PAIR, cheap_last), 0.9).members[-1] == 2
    assert learn_cascade(seen, (cheap_last, *PAIR), 0.9).members[-1] == 1


def test_answers_by_a_threshold_are_promised_at_this_threshold():
    seen, fresh = draw(4_000, 3, metric="f1"), draw(40_000, 10_001)
    rare = [replace(one, y=(one.y & (one.predictions[2][:, 1] > 0.7)).astype(int)) for one in (seen, fresh)]
    join = learn_cascade(rare[0], PAIR, 0.95)
    assert abs(join.fixed - 0.5) > 0.05
    assert agreement(join, rare[1]) >= 0.95
    assert join.proof.bound >= 0.95
    assert "95% confidence" in join.note


def test_weights_count_by_their_proportions():
    seen = draw(2_000, 1)
    plain, even = (learn_cascade(replace(seen, weight=w), ALL, 0.9) for w in (None, np.full(2_000, 7.0)))
    assert plain == even
    few = np.where(np.arange(2_000) < 200, 1.0, 1e-9)
    assert learn_cascade(replace(seen, weight=few), ALL, 0.99) is None, "it is worth 200 rows"


def test_a_chain_at_its_ends_is_its_first_and_its_last_stage():
    p = draw(500, 1, k=3).predictions
    for sizes, members in (((1, 1, 1), (0, 1, 2)), ((2, 1), (0, 1, 2))):
        n = len(sizes) - 1
        first = Cascade(members, Bounds((0.0,) * n, (0.0,) * n), (1.0, *[0.0] * n), sizes)
        last = Cascade(members, Bounds((np.inf,) * n, (0.0,) * n), (1.0,) * (n + 1), sizes)
        np.testing.assert_array_equal(first.combine(p), p[: sizes[0]].mean(axis=0))
        np.testing.assert_array_equal(last.combine(p), p[2])


@dataclass(frozen=True)
class Counted(Step):
    """Answers with softened probabilities of two classes, and counts who asked."""

    kind = "counted"
    slope: float
    shift: float
    asked: list

    def run(self, table):
        x = np.asarray(table.columns["x"], dtype=float)
        self.asked.append(len(x))
        p = 1 / (1 + np.exp(-self.slope * (x - self.shift)))
        return np.column_stack([1 - p, p])


CHAINS = {
    "pair": ((1, 1), Bounds((0.8,), (0.0,))),
    "committee": ((2, 1), Bounds((0.0,), (1.0,))),
    "three": ((1, 1, 1), Bounds((0.9, 0.8), (0.0, 0.0))),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_the_step_answers_like_the_join_and_asks_no_stage_for_more_than_it_must(name):
    sizes, bounds = CHAINS[name]
    members = tuple(range(sum(sizes)))
    steps = [Counted(slope, 0.3 * slope, []) for slope in (0.5, 1.0, 3.0)[: len(members)]]
    x = np.random.default_rng(0).normal(size=300) * 2
    table = Table({"x": x}, 300, {})
    graphs = [Graph((Node(step, (INPUT,), "prediction"),)) for step in steps]
    p = np.stack([graph.run({INPUT: table}) for graph in graphs])
    join = Cascade(members, bounds, (1.0,) * len(sizes), sizes).named([f"m{m}" for m in members])
    step = join.lower(graphs).nodes[0].step
    trace = step.trace(table)
    np.testing.assert_allclose(trace.answer, join.combine(p), atol=1e-15)
    np.testing.assert_allclose(step.run(table.take(np.arange(300)[::-1])), trace.answer[::-1], atol=1e-15)
    assert steps[-1].asked[1] == np.sum(trace.stage == len(sizes) - 1) < 300
    assert np.isnan(trace.sureness[trace.stage == 0, -1]).all()
    reasons = [step.reason(trace, row) for row in range(300)]
    for row in np.flatnonzero(trace.stage == len(sizes) - 1):
        assert "needed" in reasons[row]
        assert f"m{members[-1]} is the last" in reasons[row]
    assert all("needed" not in reasons[row] for row in np.flatnonzero(trace.stage == 0))


@dataclass(frozen=True)
class Lengths(Extraction):
    """Reads a text, and counts how many it read."""

    kind = "lengths"
    asked: list

    @property
    def width(self):
        return 1

    @property
    def key(self):
        return "lengths"

    def extract(self, table):
        self.asked.append(table.n_rows)
        return np.array([[len(cell)] for cell in table.columns[self.column]], dtype=np.float32)


def test_stages_that_read_the_same_cells_read_them_once_and_are_linked():
    read = Lengths("words", [])
    graphs = [
        Graph(
            (
                Node(Known("words", read.key), (INPUT,), "X"),
                Node(Linear(np.array([[slope]]), np.array([-5.0 * slope]), "sigmoid"), ("X",), "prediction"),
            )
        )
        for slope in (0.2, 1.0)
    ]
    join = Cascade((0, 1), Bounds((0.7,), (0.0,)), (1.0, 0.5))
    cells = np.array(["x" * n for n in range(12)], dtype=object)
    known = {("words", read.key): read.extract(Table({"words": cells}, 12))}
    expected = join.lower(graphs).run({INPUT: Table({"words": cells}, 12, None, known)})
    read.asked.clear()
    whole = linked(join.lower(graphs), {("words", read.key): read})
    np.testing.assert_array_equal(whole.run({INPUT: Table({"words": cells}, 12, {})}), expected)
    assert read.asked == [12], "the second stage had to read again"


def bundle(join):
    about = About("binary", "rain", ("dry", "wet"), Schema((Column("x", "number"), Column("z", "number"))))
    graphs = [
        Graph(
            (
                Node(Numbers(("x", "z")), (INPUT,), "X"),
                Node(Linear(np.array([weights]), np.zeros(1), "sigmoid"), ("X",), "prediction"),
            )
        )
        for weights in ([1.0, 0.0], [0.5, 1.0], [2.0, 2.0])
    ]
    return Bundle(about, join.lower([graphs[member] for member in join.members]))


def test_a_saved_cascade_answers_and_explains_as_before(tmp_path):
    join = Cascade((0, 1, 2), Bounds((0.7, 0.8), (0.0, 0.0)), (1.0, 0.6, 0.3)).named(["a", "b", "c"])
    made = bundle(join)
    g = np.random.default_rng(0)
    rows = {"x": 2 * g.normal(size=1_000), "z": g.normal(size=1_000)}
    expected = made.graph.run({INPUT: Table(rows, 1_000, {})})
    model = twofold.load(save(made, tmp_path / "model"))
    np.testing.assert_array_equal(model.predict_proba(rows), expected)
    way = model.explain(rows)
    assert sorted(set(way.stage)) == [1, 2, 3]
    assert set(way.name[way.stage == 2]) == {"b"}
    sure = np.maximum(expected[:, 1], expected[:, 0])
    assert (sure[way.stage == 1] >= 0.7).all()
    assert all("a was" in one and "70.00% are needed" in one for one in way.reason[way.stage > 1])
    assert way.promise.startswith("Rows end: 40% at stage 1, 30% at stage 2, 30% at stage 3")
    empty = model.explain({"x": np.empty(0), "z": np.empty(0)})
    assert len(empty.stage) == len(empty.reason) == 0


def test_bounds_that_do_not_fit_the_stages_are_refused(tmp_path):
    join = Cascade((0, 1, 2), Bounds((0.7, 0.8), (0.0, 0.0)), (1.0, 0.6, 0.3))
    made = bundle(join)
    step = replace(made.graph.nodes[0].step, sure=np.zeros(0))
    with pytest.raises(BundleError, match="A step of the model failed"):
        save(replace(made, graph=Graph((replace(made.graph.nodes[0], step=step),))), tmp_path / "model")


def test_only_a_cascade_can_be_explained():
    about = About("regression", "y", (), Schema((Column("x", "number"),)))
    nodes = (Node(Numbers(("x",)), (INPUT,), "prediction"),)
    with pytest.raises(InputError, match="no cascade"):
        twofold.Predictor(about, Graph(nodes)).explain({"x": [1.0]})


@pytest.mark.parametrize("floor", [0, 1, 98, "0.98", True])
def test_a_floor_is_a_share(floor):
    with pytest.raises(InputError, match=r"above 0 and below 1, such as 0\.98"):
        check_floor(floor, "binary")
    check_floor(None, "regression")
    with pytest.raises(InputError, match="only classes have"):
        check_floor(0.9, "regression")


def test_every_pool_promises_with_a_third_of_the_doubt():
    from tests.evaluate.build import entrants, guess, truth

    dataset, signal, g = truth(3_000)
    told = {
        "linear": ("ml", guess(signal, 0.6, g)),
        "trees": ("ml", guess(signal, 0.1, g)),
        "network": ("dl", guess(signal, 0.05, g)),
    }
    found = entrants(dataset, told, costs={"linear": 1e-7, "trees": 2e-6, "network": 2e-4})
    lines, _ = learn_lines(replace(found, floor=0.9), found.weight)
    cascades = {line.name: line for line in lines if line.name.endswith("cascade")}
    assert set(cascades) == {"ml cascade", "cascade"}
    for line in cascades.values():
        proof = line.join.proof
        assert proof.bound == pytest.approx(lower_bound(proof.share, proof.rows, 0.05 / 3))
        assert line.threshold == line.join.fixed == 0.5
    assert promise([], found.y, 0.9) is None


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A table whose rows are easy for a line, but for a stretch that only trees understand."""
    folder = tmp_path_factory.mktemp("cascade")
    g = np.random.default_rng(0)
    a, b, c = g.uniform(-1, 1, size=(3, 1_500))
    hard = np.abs(a) < 0.3
    label = np.where(hard, b * c > 0, a > 0)
    pd.DataFrame({"a": a, "b": b, "c": c, "label": np.where(label, "yes", "no")}).to_csv(
        folder / "train.csv", index=False
    )
    return folder


def test_a_fit_with_a_floor_finds_a_cascade_and_its_model_explains_itself(place):
    words = (
        "--target label --candidates linear,lightgbm --max-trials 2 --folds 3 --jobs 1 --json "
        "--prefer speed --floor 0.95 --out"
    )
    asked = ["fit", str(place / "train.csv"), *words.split(), str(place / "out")]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert answer["model"] == "ml cascade"
    out, train, answers, why = (str(place / name) for name in ("out", "train.csv", "answers.csv", "why.csv"))
    told = CliRunner().invoke(app, ["predict", out, train, "--out", answers, "--explain", why, "--json"])
    assert told.exit_code == 0, told.output
    counted = json.loads(told.stdout)["explained"]["answered_by"]
    assert "95% confidence" in json.loads(told.stdout)["explained"]["promise"]
    assert set(counted) == {"linear", "lightgbm"}
    why = pd.read_csv(place / "why.csv")
    assert why["answered_by"].value_counts().to_dict() == counted
    rows = pd.read_csv(place / "train.csv")
    assert np.abs(rows["a"][why["stage"] == 2]).mean() < np.abs(rows["a"][why["stage"] == 1]).mean()
    assert (pd.read_csv(place / "answers.csv")["prediction"] == rows["label"]).mean() > 0.9


def test_a_floor_that_is_none_ends_a_command(place):
    told = CliRunner().invoke(
        app,
        ["fit", str(place / "train.csv"), "--target", "label", "--floor", "98", "--out", str(place / "x")],
    )
    assert isinstance(told.exception, InputError)
    assert "above 0 and below 1" in str(told.exception)

"""A student answers like its teacher: on new rows, as a bundle, in words; the report tells how far."""

import numpy as np
import pytest

import twofold
from tests.models.test_every_model import halves
from twofold.bundle.about import About, Bundle
from twofold.bundle.predictor import Predictor
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.hybrids.distill import Distilled, known_answers
from twofold.hybrids.distilling.report import Held, make_report
from twofold.hybrids.distilling.soft_trees import SoftTrees
from twofold.hybrids.distilling.teach import answers_of, as_answers
from twofold.models.lightgbm import LightGBM
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers

CLASSES = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}
LINKS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}
WEIGHTS = {
    "binary": [[3.0, -2.0, 0.0]],
    "multiclass": [[2.0, -1.0, 0.0], [0.0, 2.0, 0.0], [-2.0, 0.0, 0.0]],
    "regression": [[30.0, -20.0, 0.0]],
}
FAST = {"network": {"epochs": 15}, "tree": {}, "trees": {"max_rounds": 60}}
N = 500


def teacher(task, family="dl", threshold=None):
    schema = Schema(tuple(Column(name, "number") for name in ("x", "y", "z")))
    about = About(task, "goal", CLASSES[task], schema, model="lines", family=family, threshold=threshold)
    weights = np.array(WEIGHTS[task])
    head = Linear(weights, np.zeros(len(weights)), LINKS[task])
    nodes = Node(Numbers(("x", "y", "z")), (INPUT,), "X"), Node(head, ("X",), PREDICTION)
    return Predictor(about, Graph(nodes))


def rows(n=N, seed=0):
    g = np.random.default_rng(seed)
    return {name: g.normal(size=n) for name in ("x", "y", "z")}


def distilled(task, student, data=None, **options):
    return Distilled(teacher(task), student, params=FAST[student], **options).fit(data or rows())


def needs_torch(student):
    if student == "network":
        pytest.importorskip("torch")


@pytest.mark.parametrize("task", list(CLASSES))
@pytest.mark.parametrize("student", list(FAST))
def test_a_student_answers_like_its_teacher_on_new_rows_and_as_a_bundle(task, student, tmp_path):
    needs_torch(student)
    model, new = distilled(task, student), rows(300, seed=1)
    told, goal = model.predictor_.output(new), teacher(task).output(new)
    if task == "regression":
        assert np.mean((told - goal) ** 2) < (0.35 if student == "tree" else 0.1) * np.var(goal)
    else:
        assert np.mean(told.argmax(axis=1) == goal.argmax(axis=1)) > (0.75 if student == "tree" else 0.88)
        assert model.predict_proba(new).shape == goal.shape
    loaded = twofold.load(model.save(tmp_path / "small"))
    np.testing.assert_allclose(loaded.output(new), told, atol=1e-6)
    assert (loaded.about.target, loaded.about.classes) == ("goal", CLASSES[task])
    assert loaded.about.family == ("dl" if student == "network" else "hybrid")


def test_rows_in_another_order_and_missing_values_are_answered_one_by_one():
    model, new = distilled("binary", "trees"), rows(50, seed=1)
    new["x"][:10] = np.nan
    told = model.predict_proba(new)
    order = np.random.default_rng(0).permutation(50)
    np.testing.assert_allclose(
        model.predict_proba({name: values[order] for name, values in new.items()}), told[order]
    )
    assert np.isfinite(told).all()


def test_the_same_seed_gives_the_same_student():
    first, same, other = (
        distilled("binary", "trees", random_state=seed).predict_proba(rows(50, 1)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_with_full_trust_labels_count_for_nothing_and_with_none_the_teacher_does_not():
    data, g = rows(), np.random.default_rng(0)
    noise = np.where(g.random(N) < 0.5, "yes", "no")
    goal = teacher("binary").predict(data)

    def answers(y, trust):
        student = Distilled(teacher("binary"), "trees", trust=trust, augment=0, params=FAST["trees"])
        # without watched labels the number of rounds would follow from them
        student.divide = lambda n: (np.arange(n), np.arange(0))
        return student.fit(data, y).predict_proba(rows(300, 1))

    np.testing.assert_array_equal(answers(noise, 1.0), answers(None, 1.0))
    learned = np.where(answers(np.where(goal == "yes", "no", "yes"), 0.0)[:, 1] > 0.5, "no", "yes")
    assert np.mean(learned == teacher("binary").predict(rows(300, 1))) > 0.85


def test_answers_out_of_fold_are_learned_instead_of_the_teachers_own():
    data = rows()
    table = Table(data, N)
    opposite = answers_of(teacher("binary").graph, table)[:, ::-1]
    student = Distilled(teacher("binary"), "trees", augment=0, params=FAST["trees"])
    told = student.fit_table(table, answers=opposite).predict(rows(300, 1))
    assert np.mean(told == teacher("binary").predict(rows(300, 1))) < 0.15


def test_a_row_without_any_answer_gives_its_label_and_one_without_both_is_left_out():
    data = rows()
    answers = np.full((N, 2), np.nan)
    goal = teacher("binary").predict(data)
    y = np.where(np.arange(N) < 400, goal, None)
    student = Distilled(teacher("binary"), "trees", augment=0, params=FAST["trees"])
    told = student.fit(data, y, answers=answers).predict(rows(300, 1))
    assert np.mean(told == teacher("binary").predict(rows(300, 1))) > 0.85


def test_rows_without_labels_and_made_up_rows_help_where_rows_are_few():
    few, many, new = rows(40), rows(2_000, seed=2), rows(500, seed=1)
    goal = teacher("regression").output(new)

    def off(**options):
        student = Distilled(teacher("regression"), "trees", augment=options.pop("augment", 0.0))
        return np.mean((student.fit(few, **options).predictor_.output(new) - goal) ** 2)

    alone = off()
    assert off(augment=20.0) < 0.8 * alone
    assert off(unlabelled=many) < 0.3 * alone


def test_a_tree_is_told_in_words_that_say_what_it_answers():
    model = Distilled(teacher("binary"), "tree", params={"leaves": 4}).fit(rows())
    lines = model.in_words().splitlines()
    assert len(lines) == 4
    assert all(line.startswith("if ") and " %" in line for line in lines)
    assert not any("z" in line.partition(":")[0] for line in lines), "z has no influence"
    assert sum(int(line.split("(")[-1].split()[0].replace(",", "")) for line in lines) == 2 * N
    assert distilled("binary", "trees").in_words() == ""


def test_the_report_of_a_copy_is_perfect_and_a_noisy_student_is_worse():
    master = teacher("binary", threshold=0.3)
    table = Table(rows(600, 3), 600)
    answers = answers_of(master.graph, table)
    g = np.random.default_rng(0)
    known = np.eye(2)[(g.random(600) < answers[:, 1]).astype(int)]
    known[:100] = np.nan
    held = Held(table, answers, known)
    bundle = Bundle(master.about, master.graph)
    copy = make_report(held, bundle, master.graph, None)
    assert (copy.rows, copy.labelled, copy.measure, copy.metric) == (600, 500, "agreement", "roc_auc")
    assert copy.lines["student"].fidelity.value == 1.0
    assert (copy.over_teacher.value, copy.over_teacher.low, copy.over_teacher.high) == (0.0, 0.0, 0.0)
    assert copy.over_plain is None
    assert copy.size_ratio == 1.0
    noise = Graph(
        (
            master.graph.nodes[0],
            Node(Linear(np.array([[0.0, 0.0, 1.0]]), np.zeros(1), "sigmoid"), ("X",), PREDICTION),
        )
    )
    worse = make_report(held, bundle, noise, master.graph)
    assert worse.lines["student"].fidelity.high < 0.8
    assert worse.over_plain.high < 0
    score = worse.lines["plain"].score
    assert score.low < score.value < score.high
    assert score.value == copy.lines["student"].score.value


def test_the_report_on_values_tells_the_share_of_the_teachers_variance():
    master, table = teacher("regression"), Table(rows(300, 3), 300)
    answers = answers_of(master.graph, table)
    half = Graph(
        (
            master.graph.nodes[0],
            Node(Linear(np.array([[30.0, 0.0, 0.0]]), np.zeros(1), "identity"), ("X",), PREDICTION),
        )
    )
    report = make_report(Held(table, answers), Bundle(master.about, master.graph), half, None)
    assert (report.measure, report.labelled, report.lines["student"].score) == ("r2", 0, None)
    assert report.lines["teacher"].fidelity.value == 1.0
    off = answers - answers_of(half, table)
    assert report.lines["student"].fidelity.value == pytest.approx(1 - np.mean(off**2) / np.var(answers))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_trees_on_certain_answers_are_trees_on_labels(task):
    (X, y), watched, problem = halves("lightgbm", task)
    control = Control(Budget(cores=1), 3, 20)
    answers = as_answers(y, problem.n_classes)
    told = SoftTrees(learning_rate=0.1).fit(X, answers, problem=problem, control=control)
    known = LightGBM(learning_rate=0.1).fit(X, y, problem=problem, control=control)
    np.testing.assert_allclose(told.output(watched.X), known.output(watched.X), atol=1e-6)


def test_shuffled_labels_teach_nothing():
    g = np.random.default_rng(0)
    data, new = rows(), rows(600, 1)
    lost = np.full((N, 2), np.nan)
    noise = np.where(g.random(N) < 0.5, "yes", "no")
    student = Distilled(teacher("binary"), "trees", augment=0, params=FAST["trees"])
    told = student.fit(data, noise, answers=lost).predict_proba(new)
    truth = teacher("binary").predict(new) == "yes"
    known = np.eye(2)[truth.astype(int)]
    report = make_report(
        Held(Table(new, 600), told, known),
        Bundle(teacher("binary").about, student.predictor_.graph),
        student.predictor_.graph,
        None,
    )
    assert 0.3 < report.lines["student"].score.value < 0.7


def test_known_labels_become_certain_answers_and_missing_ones_nothing():
    found = known_answers(["yes", None, "no"], teacher("binary"))
    np.testing.assert_array_equal(found, [[0, 1], [np.nan, np.nan], [1, 0]])
    np.testing.assert_array_equal(known_answers([1.5, None], teacher("regression")), [[1.5], [np.nan]])


def test_what_is_not_allowed_is_told_in_three_parts():
    for model, words in (
        (Distilled(teacher("binary"), "forest"), "student is 'forest'"),
        (Distilled(teacher("binary"), trust=1.5), "trust is 1.5"),
        (Distilled(teacher("binary"), augment=-1), "augment is -1"),
    ):
        with pytest.raises(InputError, match=words) as told:
            model.fit(rows())
        assert told.value.allowed
        assert told.value.todo
    with pytest.raises(InputError, match="There are 5 rows"):
        Distilled(teacher("binary")).fit(rows(5))
    with pytest.raises(InputError, match="maybe"):
        Distilled(teacher("binary")).fit(rows(), np.full(N, "maybe"))

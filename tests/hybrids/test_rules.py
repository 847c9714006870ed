"""Rules over a model: what each test of a column holds for, who is heard, and what is answered."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import twofold
from tests.hybrids.rules_kit import about, bundle, frame, rules, table
from twofold.bundle.about import Bundle
from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.core.errors import BundleError, InputError
from twofold.core.schema import Column, Schema
from twofold.core.table import Unreadable
from twofold.hybrids.rules.audit import COLUMNS, audit
from twofold.hybrids.rules.laying import decide, lay_over
from twofold.hybrids.rules.remarks import remarks_of, remarks_on_rows
from twofold.hybrids.rules.tally import score_both, tally
from twofold.steps.base import Graph, Node, Step
from twofold.steps.rules import Rules

ROWS = pd.DataFrame(
    {
        "age": [17.0, 18.0, 65.0, np.nan],
        "town": ["Bern", "yes", "007", None],
        "note": ["Late again", "translate", None, "paid, late!"],
        "day": pd.to_datetime(["2020-01-31", "2020-01-31 23:59", "2020-02-01", None], format="mixed"),
    }
)


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("{age: {below: 18}}", [0]),
        ("{age: {at most: 18}}", [0, 1]),
        ("{age: {above: 18}}", [2]),
        ("{age: {at least: 18}}", [1, 2]),
        ("{age: {between: [17, 18]}}", [0, 1]),
        ("{age: {at least: 18, below: 65}}", [1]),
        ("{age: {is: 65}}", [2]),
        ("{age: {in: [17, 65]}}", [0, 2]),
        ("{age: {missing: yes}}", [3]),
        ("{age: {missing: no}}", [0, 1, 2]),
        ("{not: {age: {below: 18}}}", [1, 2, 3]),
        ("{not: {age: {missing: yes}}}", [0, 1, 2]),
        ("{town: {is: yes}}", [1]),
        ("{town: {is: 007}}", [2]),
        ("{town: {is: bern}}", []),
        ("{town: {in: [Bern, Atlantis]}}", [0]),
        ("{town: {is: Atlantis}}", []),
        ("{not: {town: {is: Atlantis}}}", [0, 1, 2, 3]),
        ("{town: {contains: ER}}", [0]),
        ("{town: {missing: yes}}", [3]),
        ("{note: {contains: late}}", [0, 1, 3]),
        ("{note: {word: late}}", [0, 3]),
        ("{note: {word: [again, paid]}}", [0, 3]),
        ("{note: {is: translate}}", [1]),
        ("{note: {missing: yes}}", [2]),
        ("{day: {before: 2020-01-31}}", []),
        ("{day: {until: 2020-01-31}}", [0, 1]),
        ("{day: {since: 2020-01-31T12:00}}", [1, 2]),
        ("{day: {after: 2020-01-31}}", [2]),
        ("{day: {between: [2020-01-31, 2020-01-31]}}", [0, 1]),
        ("{day: {missing: yes}}", [3]),
        ("[{age: {at most: 18}}, {town: {is: yes}}]", [1]),
    ],
)
def test_a_condition_holds_for_these_rows(asked, rows):
    (rule,) = rules(f"{asked} -> {{answer: good}}").rules
    assert np.flatnonzero(rule.run(table(ROWS))).tolist() == rows
    alone = [rule.run(table(ROWS.iloc[[row]])).item() for row in range(len(ROWS))]
    assert np.flatnonzero(alone).tolist() == rows


def answers(text, ages, said=None, task="binary"):
    """Return what rules make of a model that says 0.2, 0.8 (or `said`) whatever the row."""
    people = pd.DataFrame({"age": ages, "town": "Bern", "note": "x", "day": None})
    book = rules(text, task)
    said = np.tile([[0.2, 0.8]] if said is None else said, (len(people), 1))
    k = 0 if task == "regression" else said.shape[1]
    return Rules(book.rules, (), k).decide(table(people), said)


def test_a_veto_leaves_the_other_classes_in_proportion():
    told = answers("{age: {below: 18}} -> {forbid: c}", [17, 40], [[0.2, 0.3, 0.5]], "multiclass")
    np.testing.assert_allclose(told.answer, [[0.4, 0.6, 0.0], [0.2, 0.3, 0.5]])


def test_where_the_model_was_sure_of_what_is_forbidden_the_others_are_alike():
    told = answers("{age: {below: 18}} -> {forbid: c}", [17], [[0.0, 0.0, 1.0]], "multiclass")
    np.testing.assert_allclose(told.answer, [[0.5, 0.5, 0.0]])


def test_a_veto_of_all_classes_leaves_the_one_that_is_forbidden_last():
    text = "{age: {below: 18}} -> {forbid: good}\n{age: {below: 18}} -> {forbid: bad} -> 5"
    told = answers(text, [17])
    assert told.answer.tolist() == [[0.0, 1.0]]
    assert told.spoke[:, 0].tolist() == [False, True]
    notes = remarks_on_rows(rules(text), told)
    assert [(note.level, note.rule) for note in notes] == [("note", "r0")]
    assert "heard in none" in notes[0].sentence


def test_odds_are_multiplied_and_several_rules_together():
    text = "{age: {below: 18}} -> {odds: {good: 0.5}}\n{age: {below: 10}} -> {odds: {bad: 4}}"
    told = answers(text, [9, 17, 40])
    odds = told.answer[:, 1] / told.answer[:, 0]
    np.testing.assert_allclose(odds, [4 * 0.5 / 4, 4 * 0.5, 4])
    np.testing.assert_allclose(told.answer.sum(axis=1), 1)


def test_the_higher_priority_decides_and_of_equal_ones_the_veto():
    low = "{age: {below: 18}} -> {answer: good}\n{age: {below: 20}} -> {forbid: good}"
    assert answers(low, [17]).answer.tolist() == [[1, 0]]
    high = "{age: {below: 18}} -> {answer: good} -> 1\n{age: {below: 20}} -> {forbid: good}"
    told = answers(high, [17, 19])
    assert told.answer.tolist() == [[0, 1], [1, 0]]
    assert told.spoke.tolist() == [[True, False], [False, True]]


def test_overrides_of_equal_priority_that_disagree_go_by_the_list_and_are_told():
    text = "{age: {below: 18}} -> {answer: good}\n{age: {above: 15}} -> {answer: bad}"
    told = answers(text, [17, 40])
    assert told.answer.tolist() == [[0, 1], [1, 0]]
    (error,) = remarks_on_rows(rules(text), told)
    assert error.level == "error"
    assert "disagrees with 'r0'" in error.sentence
    assert "first of which is row 0" in error.sentence


def test_values_are_added_to_bounded_and_answered():
    text = (
        "{age: {below: 18}} -> {add: 5}\n{age: {above: 60}} -> {forbid: {above: 70}}\n"
        "{age: {above: 10}} -> {forbid: {below: 0}}\n{age: {is: 50}} -> {answer: -3}\n"
        "{age: {is: 55}} -> {answer: -3} -> 2"
    )
    told = answers(text, [17, 65, 30, 50, 55], [[1.0]], "regression")
    assert told.answer[:, 0].tolist() == [6.0, 1.0, 1.0, 1.0, -3.0]
    low = answers(text, [17, 65, 30, 50, 55], [[-9.0]], "regression")
    assert low.answer[:, 0].tolist() == [0.0, 0.0, 0.0, 0.0, -3.0]
    assert not low.spoke[3].any(), "-3 was forbidden before it was answered"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_row_in_which_no_rule_fires_is_answered_by_the_model_alone(task):
    label = {"binary": "good", "multiclass": "c", "regression": "7"}[task]
    plain, rows = bundle(task), frame()
    laid = lay_over(plain, rules(f"{{age: {{below: 30}}}} -> {{answer: {label}}}", task))
    before, after = (Predictor(one.about, one.graph).output(rows) for one in (plain, laid))
    young = (rows["age"] < 30).to_numpy()
    np.testing.assert_array_equal(before[~young], after[~young])
    assert 0 < young.sum() < len(rows)
    assert {*Predictor(laid.about, laid.graph).predict(rows[young]).tolist()} == {
        label if task != "regression" else 7.0
    }


def test_rows_are_answered_one_by_one_as_together_in_any_order_of_rows_and_columns():
    text = "{note: {word: late}} -> {odds: {bad: 3}}\n{town: {is: yes}} -> {forbid: bad}\n"
    model = _predictor(lay_over(bundle(), rules(text + "{age: {below: 30}} -> {route: other}"), [bundle()]))
    rows = frame()
    together = model.output(rows)
    order = np.random.default_rng(1).permutation(len(rows))
    np.testing.assert_array_equal(model.output(rows.iloc[order, ::-1]), together[order])
    alone = np.vstack([model.output(rows.iloc[[row]]) for row in range(len(rows))])
    np.testing.assert_array_equal(alone, together)


def _predictor(one):
    return Predictor(one.about, one.graph)


def test_a_route_sends_its_rows_to_the_other_model_and_weighs_them_after():
    text = "{age: {below: 30}} -> {route: other}\n{age: {below: 20}} -> {odds: {good: 2}}"
    laid = lay_over(bundle(), rules(text), [bundle(slope=-0.05)])
    rows = frame()
    first, other, both = (_predictor(one).output(rows) for one in (bundle(), bundle(slope=-0.05), laid))
    age = rows["age"].to_numpy()
    np.testing.assert_array_equal(both[~(age < 30)], first[~(age < 30)])
    middle = (age >= 20) & (age < 30)
    np.testing.assert_array_equal(both[middle], other[middle])
    odds = both[age < 20] / other[age < 20]
    np.testing.assert_allclose(odds[:, 1] / odds[:, 0], 2)


@dataclass(frozen=True)
class Says(Step):
    """Answers one number, and complains of its last row."""

    kind = "says"
    number: float

    def run(self, *inputs):
        (asked,) = inputs
        asked.complain(Unreadable("photo", asked.n_rows - 1, "x.png", "no picture"))
        return np.full((asked.n_rows, 1), self.number)


def test_the_first_route_by_priority_answers_and_tells_which_rows_it_could_not_read():
    text = "{age: {below: 30}} -> {route: other}\n{age: {below: 20}} -> {route: other} -> 1"
    low, high = rules(text, "regression").rules
    routes = tuple(Graph((Node(Says(number), ("table",), "prediction"),)) for number in (1.0, 2.0))
    step = Rules((low, replace(high, place=1)), routes, 0)
    asked = replace(table(ROWS.assign(age=[17.0, 50.0, 25.0, 19.0])), memo={})
    assert step.run(asked, np.zeros((4, 1)))[:, 0].tolist() == [2.0, 0.0, 1.0, 2.0]
    assert sorted(problem.row for problem in asked.complaints) == [2, 3]


def test_another_model_may_read_more_columns_but_answers_the_same_target():
    more = Schema((Column("age", "number"), Column("rent", "number")))
    other = bundle()
    other = Bundle(replace(other.about, schema=more), other.graph)
    book = rules("{age: {below: 30}} -> {route: other}")
    assert "rent" in lay_over(bundle(), book, [other]).about.schema.names
    with pytest.raises(InputError, match="answers regression"):
        lay_over(bundle(), book, [bundle("regression")])
    wrong = Bundle(
        about().__class__(**{**vars(other.about), "schema": Schema((Column("age", "category"),))}),
        other.graph,
    )
    with pytest.raises(InputError, match="'age' is a number for the model and a category"):
        lay_over(bundle(), book, [wrong])


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("[{age: {below: 18}}, {age: {above: 60}}] -> {answer: good}", "error", "No value of 'age'"),
        ("[{age: {is: 5}}, {age: {above: 60}}] -> {answer: good}", "error", "No value of 'age'"),
        ("[{town: {is: Bern}}, {town: {missing: yes}}] -> {answer: good}", "error", "No value of 'town'"),
        ("[{town: {in: [a, b]}}, {not: {town: {in: [b, a]}}}] -> {answer: bad}", "error", "No value"),
        ("{age: {below: 30}} -> {answer: good}\n{age: {below: 18}} -> {answer: bad}", "error", "heard first"),
        ("{age: {below: 30}} -> {answer: bad}\n{age: {below: 18}} -> {answer: bad}", "note", "heard first"),
        ("{age: {below: 30}} -> {answer: good} -> 1\n{age: {below: 18}} -> {answer: bad}", "note", "heard"),
        ("{age: {below: 30}} -> {forbid: good}\n{age: {below: 18}} -> {answer: good}", "note", "heard first"),
        ("{age: {below: 30}} -> {route: other}\n{age: {below: 18}} -> {route: other}", "note", "heard first"),
    ],
)
def test_what_the_words_of_rules_tell(text, level, words):
    (remark,) = remarks_of(rules(text), about())
    assert remark.level == level
    assert words in remark.sentence
    assert "line " in remark.sentence
    if level == "error":
        with pytest.raises(InputError, match=words):
            lay_over(bundle(), rules(text), [bundle()])


@pytest.mark.parametrize(
    "text",
    [
        "{age: {below: 30}} -> {forbid: bad}\n{age: {below: 18}} -> {answer: good}",
        "{age: {below: 18}} -> {answer: good}\n{age: {below: 30}} -> {answer: bad}",
        "{age: {below: 30}} -> {odds: {bad: 2}}\n{age: {below: 18}} -> {odds: {bad: 2}}",
    ],
)
def test_rules_that_can_be_heard_are_not_remarked_on(text):
    assert remarks_of(rules(text), about()) == []


def test_rules_are_laid_once_and_over_a_model_that_decides():
    book = rules("{age: {below: 18}} -> {forbid: good}")
    laid = lay_over(bundle(), book)
    with pytest.raises(InputError, match="has rules already"):
        lay_over(laid, book)
    with pytest.raises(InputError, match="always answers the same"):
        lay_over(bundle(threshold=0.0), book)
    with pytest.raises(InputError, match="has no rules"):
        decide(bundle().graph, table(frame()))


@pytest.mark.parametrize("threshold", [None, 0.05, 0.95])
def test_a_class_is_forbidden_and_answered_at_every_threshold(threshold):
    text = "{age: {below: 30}} -> {forbid: good}\n{age: {above: 60}} -> {answer: good}"
    model = _predictor(lay_over(bundle(threshold=threshold), rules(text)))
    rows = frame()
    said = model.predict(rows)
    assert set(said[rows["age"] < 30]) == {"bad"}
    assert set(said[rows["age"] > 60]) == {"good"}


def test_a_saved_model_with_rules_answers_the_same_and_is_one_graph(tmp_path):
    text = (
        "{note: {word: late}} -> {odds: {bad: 3}}\n{town: {is: 007}} -> {forbid: bad}\n"
        "{day: {since: 2021-06-01}} -> {answer: good} -> 2\n{age: {below: 30}} -> {route: other}"
    )
    laid, rows = lay_over(bundle(), rules(text), [bundle(slope=-0.2)]), frame()
    save(laid, tmp_path / "model", sign=b"key")
    loaded = twofold.load(tmp_path / "model", verify=b"key")
    np.testing.assert_array_equal(loaded.output(rows), _predictor(laid).output(rows))
    assert audit(loaded, rows) == audit(_predictor(laid), rows)
    manifest = tmp_path / "model" / "manifest.json"
    changed = manifest.read_text().replace('"priority": 2', '"priority": 0')
    assert changed != manifest.read_text()
    manifest.write_text(changed)
    with pytest.raises(BundleError):
        twofold.load(tmp_path / "model", verify=b"key")


def test_the_prediction_path_needs_neither_torch_nor_scikit_learn(tmp_path):
    save(lay_over(bundle(), rules("{note: {word: late}} -> {answer: bad}")), tmp_path / "model")
    frame().to_json(tmp_path / "rows.json", orient="records", date_format="iso")
    code = (
        "import json, sys, twofold\n"
        "rows = json.load(open('rows.json'))\n"
        "print(json.dumps(twofold.load('model').predict(rows).tolist()))\n"
        "print(json.dumps([m for m in ('torch', 'sklearn', 'pandas', 'yaml') if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    said, loaded = map(json.loads, done.stdout.splitlines())
    assert loaded == []
    late = frame()["note"].str.contains(r"\blate\b", case=False, na=False)
    assert {said[row] for row in np.flatnonzero(late)} == {"bad"}


def test_the_audit_log_says_who_decided(monkeypatch):
    text = "{age: {below: 30}} -> {answer: bad}\n{age: {below: 20}} -> {answer: good}"
    book = rules(text)
    step = Rules(book.rules, (), 2)
    laid = lay_over(bundle(), rules("{age: {above: 500}} -> {answer: bad}"))
    node = laid.graph.nodes[-1]
    graph = Graph((*laid.graph.nodes[:-1], replace(node, step=step)))
    model, rows = Predictor(laid.about, graph), frame()
    lines = audit(model, rows)
    young = np.flatnonzero(rows["age"] < 30).tolist()
    assert [line["row"] for line in lines] == young
    assert set(lines[0]) == set(COLUMNS)
    for line in lines:
        age = rows["age"][line["row"]]
        assert (line["rule"], line["answered"], line["chance"]) == ("r0", "bad", 1.0)
        assert line["model_said"] == Predictor(bundle().about, bundle().graph).predict(rows)[line["row"]]
        assert line["changed"] == (line["model_said"] != "bad")
        assert line["disagrees_with"] == ("r1" if age < 20 else "")
    whole = audit(model, rows, every=True)
    assert [line["row"] for line in whole] == list(range(len(rows)))
    assert {line["action"] for line in whole if line["row"] not in young} == {"model"}
    monkeypatch.setattr("twofold.bundle.predictor.CHUNK", 7)
    assert audit(model, rows, every=True) == whole, "row numbers go on from chunk to chunk"


def test_rules_are_counted_and_their_errors_told():
    book = rules("{age: {below: 30}} -> {answer: bad}\n{age: {below: 10}} -> {answer: bad} -> -1")
    laid, rows = lay_over(bundle(), book), frame()
    said, decisions, _ = decide(laid.graph, table(rows))
    y = np.zeros(len(rows), dtype=np.int64)
    first, second = tally(book, laid.about, decisions, said, y)
    young = int((rows["age"] < 30).sum())
    assert (first["fires"], first["heard"], first["changed"]) == (young, young, 0)
    assert (first["error_of_model"], first["error_with_rules"]) == (0.0, 0.0)
    assert (second["fires"], second["heard"]) == (0, 0)
    assert "error_of_model" not in second
    before, after = score_both(laid.about, said, decisions.answer, y)["accuracy"]
    assert after >= before


def test_no_rows_are_answered_with_none():
    model = _predictor(lay_over(bundle(), rules("{age: {below: 18}} -> {forbid: good}")))
    assert model.predict(frame().iloc[:0]).shape == (0,)
    assert audit(model, frame().iloc[:0]) == []

"""The YAML file of rules: what is wrong in it is told with its line, and what is written is read again."""

import itertools

import numpy as np
import pytest

from tests.hybrids.rules_kit import CLASSES, about, frame, rules, table
from twofold.bundle.about import About
from twofold.core.errors import InputError
from twofold.core.schema import Column, Schema
from twofold.hybrids.rules.book import RuleBook, parse_rules, read_rules
from twofold.hybrids.rules.extents import contradiction, shadows, simpler
from twofold.hybrids.rules.words import did, number_text, rule_told
from twofold.hybrids.rules.writing import write_rules
from twofold.steps.conditions import Condition
from twofold.steps.rules import Rule

GOOD = """rules:
  - name: minors
    if: {age: {below: 18}}
    then: {forbid: good}
"""


@pytest.mark.parametrize(
    ("was", "put", "words", "line", "column"),
    [
        ("age:", "agee:", "no column 'agee'", 3, 10),
        ("age:", "code:", "does not read 'code' (an id)", 3, 10),
        ("below", "before", "has the entry 'before'", 3, 16),
        ("below: 18", "below: young", "'below' of 'age' is 'young'", 3, 23),
        ("below: 18", "below: .inf", "'below' of 'age' is '.inf'", 3, 23),
        ("below: 18", "between: [18]", "'between' has the value(s): 18", 3, 25),
        ("below: 18", "between: [30, 18]", "It needs two, the smaller one first", 3, 25),
        ("below: 18", "in: []", "'in' has the value(s): none", 3, 20),
        ("below: 18", "missing: perhaps", "'missing' is 'perhaps'", 3, 25),
        ("below: 18", "below: [1, 2]", "It needs one", 3, 23),
        ("below: 18", "below: {a: 1}", "is not a plain value", 3, 23),
        ("{age: {below: 18}}", "{}", "A rule has 0 conditions", 2, 5),
        ("{age: {below: 18}}", "5", "A condition is not a mapping", 3, 9),
        ("{age: {below: 18}}", "{day: {since: soon}}", "'since' of 'day' is 'soon'", 3, 23),
        ("{age: {below: 18}}", "{not: {age: {below: 18}, town: {is: a}}}", "'not' holds 2 tests", 3, 15),
        ("{age: {below: 18}}", "{age: {below: 1}, age: {below: 2}}", "'age' stands there twice", 3, 27),
        ("forbid: good", "forbid: great", "'great' is no class of 'credit'", 4, 20),
        ("forbid: good", "add: 3", "'then' has the entry 'add'", 4, 12),
        ("forbid: good", "forbid: good, answer: bad", "'then' has 2 entries", 4, 11),
        ("forbid: good", "odds: {good: 0}", "The factor is 0", 4, 25),
        ("forbid: good", "odds: {good: 1e300}", "The factor is 1e+300", 4, 25),
        ("forbid: good", "odds: {good: 2, bad: 3}", "'odds' has 2 entries", 4, 18),
        ("forbid: good", "route: other", "no model 'other'", 4, 19),
        ("then:", "than:", "A rule has the entry 'than'", 4, 5),
        ("    then: {forbid: good}\n", "", "A rule lacks 'then'", 2, 5),
        ("  - name", "  - priority: 1.5\n    name", "The priority is 1.5", 2, 15),
        ("rules:", "rule:", "The file has the entry 'rule'", 1, 1),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_column(was, put, words, line, column):
    text = GOOD.replace(was, put, 1)
    assert text != GOOD
    with pytest.raises(InputError) as told:
        parse_rules(text, about())
    assert words in f"{told.value.came} {told.value.allowed}"
    assert f"line {line}, column {column}:" in told.value.came
    assert told.value.allowed
    assert told.value.todo


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'rules.yaml': The file is not a mapping"),
        ("- a\n- b", "The file is not a mapping"),
        ("rules: []", "no list of rules"),
        ("models: {a: b}", "no list of rules"),
        ("rules: [{name: a", "is no YAML"),
        ("rules: [{name: a, if: *no, then: {forbid: good}}]", "is no YAML"),
        ("rules: [!!python/object/apply:os.system [ls]]", "A rule is not a mapping"),
        (GOOD + GOOD.removeprefix("rules:\n"), "Two rules are called 'minors'"),
    ],
)
def test_what_is_no_file_of_rules_is_told(text, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")) as told:
        parse_rules(text, about())
    assert told.value.todo


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml", about())
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InputError, match="cannot be read"):
        read_rules(tmp_path / "bytes.yaml", about())


def test_folders_of_other_models_count_from_the_file(tmp_path):
    text = "models: {careful: ../models/careful}\n" + GOOD.replace("forbid: good", "route: careful")
    (tmp_path / "rules.yaml").write_text(text)
    book = read_rules(tmp_path / "rules.yaml", about())
    assert book.models == (("careful", str(tmp_path / "../models/careful")),)


@pytest.mark.parametrize(
    ("classes", "written", "code"),
    [((0, 1), "1", 1), ((0, 1), "1.0", 1), ((False, True), "yes", 1), ((False, True), "false", 0)],
)
def test_classes_that_are_no_strings_are_found_by_what_they_mean(classes, written, code):
    known = About("binary", "y", classes, Schema((Column("age", "number"),)))
    text = GOOD.replace("good", written)
    assert parse_rules(text, known).rules[0].place == code


def test_columns_may_be_called_like_words_of_the_language():
    schema = Schema(tuple(Column(name, "number") for name in ("not", "a: b", "yes", "if")))
    known = About("binary", "y", ("bad", "good"), schema)
    asked = '{not: {is: 1}, "a: b": {is: 2}, yes: {is: 3}, if: {is: 4}}'
    text = f"rules: [{{name: a, if: {asked}, then: {{forbid: bad}}}}]"
    book = parse_rules(text, known)
    assert [condition.column for condition in book.rules[0].when] == ["not", "a: b", "yes", "if"]
    assert parse_rules(write_rules(book, known), known) == book


EVERY = {
    "binary": """
        {age: {below: 18}} -> {forbid: good} -> 3
        {age: {at least: 18, at most: 30.5}} -> {answer: good}
        {age: {in: [1, 2.5]}} -> {odds: {bad: 0.25}}
        {not: {age: {above: 7}}} -> {answer: bad} -> -1
        {age: {missing: yes}} -> {route: other}
        {age: {missing: no}} -> {answer: bad}
        [{town: {is: yes}}, {not: {town: {in: [007, "a: b"]}}}] -> {answer: bad}
        {town: {contains: [er, ro]}} -> {answer: bad}
        {note: {word: late}} -> {answer: bad}
        {not: {note: {contains: 'it''s "x"'}}} -> {answer: bad}
        {day: {since: 2020-01-31, before: 2020-02-03T12:30}} -> {answer: bad}
        {day: {after: 2020-01-31}} -> {answer: bad}
        {day: {until: 2020-01-31}} -> {answer: bad}
        {day: {between: [2020-01-31, 2021-01-31]}} -> {answer: bad}
    """,
    "multiclass": "{age: {below: 18}} -> {forbid: c}",
    "regression": """
        {age: {below: 18}} -> {forbid: {below: 0.5}}
        {age: {below: 18}} -> {forbid: {above: 1e9}}
        {age: {below: 18}} -> {answer: -3}
        {age: {below: 18}} -> {add: 0.1}
    """,
}


@pytest.mark.parametrize("task", list(CLASSES))
def test_what_is_written_is_read_again(task):
    book = rules(EVERY[task], task)
    text = write_rules(book, about(task), "A head\n\nin lines")
    again = parse_rules(text, about(task))
    if task == "binary":  # ranges of dates are written to the second
        rows = table(frame(300))
        for rule, other in zip(book.rules, again.rules, strict=True):
            np.testing.assert_array_equal(rule.run(rows), other.run(rows))
        book, again = (RuleBook(one.rules[:10], one.models) for one in (book, again))
    assert again == book
    assert text.startswith("# A head\n#\n# in lines\n")
    for rule in book.rules:
        assert rule_told(rule, about(task).schema)
        assert did(rule, about(task), ["other"])


VALUES = (None, "a", "b", "ab")
ASKED = [
    Condition("x", test, np.empty(0), words, negated)
    for test, words in [
        ("missing", ()),
        ("among", ("a",)),
        ("among", ("a", "ab")),
        ("contains", ("a",)),
        ("word", ("b",)),
    ]
    for negated in (False, True)
]
NUMBERS = (np.nan, 0.0, 1.0, 1.5, 2.0, 3.0)
RANGES = [
    Condition("x", "range", np.array(numbers), (), negated)
    for numbers in [(-np.inf, 1, 0, 0), (-np.inf, 1, 0, 1), (1, np.inf, 1, 0), (1, 2, 0, 1), (1, 2, 1, 1)]
    for negated in (False, True)
] + [
    Condition("x", "among", np.array(numbers), (), negated)
    for numbers in [(1.0,), (0.0, 2.0)]
    for negated in (False, True)
]


def _rule(when, name="r"):
    return Rule(name, "", "override", 0, 1.0, 0, tuple(when))


@pytest.mark.parametrize(("kind", "asked", "values"), [("text", ASKED, VALUES), ("number", RANGES, NUMBERS)])
def test_what_words_tell_is_true_of_every_value(kind, asked, values):
    from twofold.core.table import Table

    column = np.array(values, dtype=object if kind == "text" else float)
    rows = Table({"x": column}, len(column))
    pairs = [*itertools.combinations(asked, 1), *itertools.combinations(asked, 2)]
    fires = [_rule(pair).run(rows) for pair in pairs]
    for pair, holds in zip(pairs, fires, strict=True):
        np.testing.assert_array_equal(_rule(simpler(pair)).run(rows), holds)
        if contradiction(_rule(pair)):
            assert not holds.any(), pair
    told = 0
    for (wide, far), (narrow, near) in itertools.product(zip(pairs, fires, strict=True), repeat=2):
        if shadows([(0, _rule(wide)), (1, _rule(narrow))], lambda first, rule: True):
            told += 1
            assert not (near & ~far).any(), (wide, narrow)
    assert told > len(pairs), "every rule covers itself, and some cover others"


def test_numbers_are_written_as_short_as_they_can_be_read_back():
    g = np.random.default_rng(0)
    for value in [0.0, -1.0, 1e15, 1e-9, *g.normal(size=50), *g.integers(-(10**6), 10**6, 50)]:
        assert float(number_text(value)) == value

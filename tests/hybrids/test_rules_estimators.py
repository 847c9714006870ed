"""A model with rules as a scikit-learn estimator: its contract, rules of a person, rules learned."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import twofold
from twofold.core.errors import InputError
from twofold.hybrids.rules.book import RuleBook
from twofold.hybrids.rules.estimators import RuledClassifier, RuledRegressor

WEIGHTED = "encoders and leaves count rows, so that a row of weight two is not the same as two rows"
TEXT = "rules: [{name: small, if: {size: {below: -1}}, then: {answer: 'yes'}}]"


@parametrize_with_checks(
    [RuledClassifier("tree"), RuledRegressor("tree")],
    expected_failed_checks=lambda _: {"check_sample_weight_equivalence_on_dense_data": WEIGHTED},
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def frame(n=600, seed=0):
    """A line through the size, but in Rome all is sold."""
    g = np.random.default_rng(seed)
    made = pd.DataFrame({"size": g.normal(size=n), "town": g.choice(["Bern", "Rome", "Oslo"], n)})
    signal = 1.5 * made["size"] + g.normal(size=n)
    made["sold"] = np.where((signal > 0) | (made["town"] == "Rome"), "yes", "no")
    made["price"] = signal + 4.0 * ((made["town"] == "Rome") & (made["size"] > 0))
    return made


X = ["size", "town"]


def test_rules_of_a_person_are_read_from_text_file_and_book(tmp_path):
    rows = frame(200)
    (tmp_path / "rules.yaml").write_text(TEXT)
    found = []
    for rules in (TEXT, tmp_path / "rules.yaml"):
        model = RuledClassifier("tree", rules).fit(rows[X], rows["sold"])
        assert set(model.predict(rows[rows["size"] < -1][X])) == {"yes"}
        found.append(model)
    found.append(RuledClassifier("tree", found[0].book_).fit(rows[X], rows["sold"]))
    plain = RuledClassifier("tree", None).fit(rows[X], rows["sold"])
    assert plain.book_ == RuleBook(())
    assert plain.explain(rows[X]) == []
    large = rows[rows["size"] >= -1][X]
    for model in found:
        np.testing.assert_array_equal(model.predict_proba(large), plain.predict_proba(large))
        assert {line["rule"] for line in model.explain(rows[X])} == {"small"}
        assert clone(model).get_params() == model.get_params()


def test_rules_are_learned_where_the_model_cannot_follow_and_saved_with_it(tmp_path):
    rows, fresh = frame(), frame(seed=1)
    model = RuledRegressor("linear", actions=("prior",), random_state=0).fit(rows[X], rows["price"])
    plain = RuledRegressor("linear", None).fit(rows[X], rows["price"])
    assert model.book_.rules
    errors = [np.mean((one.predict(fresh[X]) - fresh["price"]) ** 2) for one in (model, plain)]
    assert errors[0] < 0.9 * errors[1]
    model.save(tmp_path / "model")
    loaded = twofold.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict(fresh[X]), model.predict(fresh[X]), rtol=1e-6)


def test_rows_are_sent_to_another_model_where_it_is_better():
    rows, fresh = frame(900), frame(600, seed=1)
    model = RuledRegressor("linear", other="lightgbm", actions=["route"]).fit(rows[X], rows["price"])
    assert {rule.action for rule in model.book_.rules} == {"route"}
    plain = RuledRegressor("linear", None).fit(rows[X], rows["price"])
    errors = [np.mean((one.predict(fresh[X]) - fresh["price"]) ** 2) for one in (model, plain)]
    assert errors[0] < 0.9 * errors[1]


def test_it_is_judged_by_cross_validation():
    rows = frame(240)
    scores = cross_val_score(RuledClassifier("tree", TEXT), rows[X], rows["sold"], cv=2)
    assert (scores > 0.6).all()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (RuledClassifier("tree", 5), "rules is a int"),
        (RuledClassifier("tree", TEXT.replace("size:", "sise:")), "no column 'sise'"),
        (RuledClassifier("tree", actions=("veto",)), "actions is 'veto'"),
        (RuledClassifier("tree", actions=()), "actions is ''"),
        (
            RuledClassifier("tree", "models: {a: b}\n" + TEXT.replace("answer: 'yes'", "route: a")),
            "The rules name the models a",
        ),
        (
            RuledClassifier(
                "tree",
                "rules:\n- {name: a, if: {size: {below: 1}}, then: {answer: 'yes'}}\n"
                "- {name: b, if: {town: {is: Rome}}, then: {answer: 'no'}}",
            ),
            "disagrees with 'a'",
        ),
    ],
)
def test_what_is_not_allowed_is_told_in_three_parts(made, said):
    rows = frame(120)
    with pytest.raises(InputError, match=said) as told:
        made.fit(rows[X], rows["sold"])
    assert told.value.allowed
    assert told.value.todo

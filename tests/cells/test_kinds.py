"""What a kind of column brings, and what several members read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import twofold
from twofold.core.fold import Fold
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.data.infer import infer_schema
from twofold.features.extractor import base_name
from twofold.metrics import get_metric
from twofold.search.cells import Made
from twofold.search.kinds import kinds_worth
from twofold.steps.base import INPUT, Graph, Node
from twofold.steps.extraction import Known, linked
from twofold.steps.sentences import SentenceNetwork
from twofold.steps.word_numbers import WordNumbers
from twofold.workflow.plan import Plan


def dataset(n=400):
    y = np.arange(n) % 2
    schema = Schema((Column("a", "number"), Column("b", "text")))
    return Dataset(Table({}, n), schema, "binary", "y", y, (0, 1))


def test_a_kind_that_decides_is_told_from_one_that_brings_nothing():
    data, generator = dataset(), np.random.default_rng(0)
    good = np.clip(data.y * 0.6 + 0.2 + generator.normal(0, 0.15, len(data.y)), 0.01, 0.99)
    same = np.clip(good + generator.normal(0, 0.01, len(good)), 0.01, 0.99)
    trials = {
        name: Trial(name, "ml", predictions=np.column_stack([1 - p, p]))
        for name, p in {
            "linear": good,
            "linear without text": generator.uniform(0.01, 0.99, len(good)),
            "linear without number": same,
        }.items()
    }
    plans = {
        "linear": Plan("linear", "linear"),
        "linear without text": Plan("linear without text", "linear", without=("text",)),
        "linear without number": Plan("linear without number", "linear", without=("number",)),
    }
    half = np.arange(len(data.y)) < len(data.y) // 2
    folds = (
        Fold(0, np.flatnonzero(half), np.flatnonzero(~half)),
        Fold(1, np.flatnonzero(~half), np.flatnonzero(half)),
    )
    worth = kinds_worth(trials, plans, data, get_metric("roc_auc", "binary"), folds, seed=0)
    assert [entry.kind for entry in worth] == ["text", "number"]
    assert worth[0].low > 0.3
    assert worth[1].low < 0.01 < 0.02 + worth[1].high
    assert worth[1].loss == pytest.approx(0, abs=0.01)


def test_a_plan_that_leaves_a_kind_out_does_not_see_it():
    schema = Schema((Column("a", "number"), Column("b", "text"))).without(("text",))
    assert [column.name for column in schema.used] == ["a"]


def test_linking_puts_the_extraction_in_the_place_of_what_was_known():
    step = WordNumbers("text", np.array(["good", "bad"]), 3)
    table = Table({"text": np.array(["good bad good", None], dtype=object)}, 2)
    known = Table(table.columns, 2, None, {("text", step.key): step.run(table)})
    graph = Graph((Node(Known("text", step.key), (INPUT,), "prediction"),))
    whole = linked(graph, {("text", step.key): step})
    np.testing.assert_array_equal(graph.run({INPUT: known}), whole.run({INPUT: table}))
    with pytest.raises(KeyError):
        graph.run({INPUT: table})


def test_keys_tell_steps_apart_by_all_their_fields():
    words = np.array(["good", "bad"])
    assert WordNumbers("a", words, 3).key == WordNumbers("a", words.copy(), 3).key
    others = [WordNumbers("b", words, 3), WordNumbers("a", words[:1], 3), WordNumbers("a", words, 4)]
    assert len({WordNumbers("a", words, 3).key, *(step.key for step in others)}) == 4
    assert SentenceNetwork.kind not in WordNumbers("a", words, 3).key


def test_words_are_numbered_in_order_and_padded():
    step = WordNumbers("text", np.array(["good", "bad"]), 3)
    cells = np.array(["Good, unknown BAD good good", "", None, "bad"], dtype=object)
    found = step.run(Table({"text": cells}, 4))
    np.testing.assert_array_equal(found, [[2, 1, 3], [0, 0, 0], [np.nan] * 3, [3, 0, 0]])


def test_a_table_of_text_and_numbers_tells_what_each_kind_brings():
    generator = np.random.default_rng(1)
    n = 300
    y = generator.integers(0, 2, n)
    word = np.where(y, "splendid wonderful day out here", "dreary dull evening at home")
    frame = pd.DataFrame(
        {
            "remark": [f"{w} number {i} of the {i % 17} others" for i, w in enumerate(word)],
            "noise": generator.normal(size=n),
            "y": np.where(generator.random(n) < 0.03, 1 - y, y),
        }
    )
    model = twofold.fit(frame, target="y", budget=14, candidates=["linear"], folds=2)
    worth = {entry.kind: entry for entry in model.result_.kinds}
    assert worth["text"].low > 0.2
    assert abs(worth["number"].loss) < 0.1
    assert any("without text" in note for note in model.verdict_.notes)
    board = model.leaderboard().set_index("model")
    assert board.loc["linear without text", "status"] == "complete"


@pytest.mark.parametrize("cell", ["https://example.org/{}.jpg", "{}.png", "missing/{}.wav"])
def test_addresses_and_names_of_no_file_are_no_pictures(cell):
    frame = pd.DataFrame({"link": [cell.format(row) for row in range(30)], "n": range(30)})
    column = infer_schema(frame)["link"]
    assert column.kind == "id"
    assert "none of those looked at is there" in column.reason


def test_each_column_has_the_size_that_suits_it():
    assert base_name("minilm@64") == base_name("minilm") == "minilm"
    made = Made("body", "minilm@64", "key", 384, 0.01, 10, ())
    assert made.name == "minilm"


def test_a_variant_that_does_not_see_the_text_is_no_hybrid():
    plan = Plan("linear (deep)", "linear", reads=("minilm",))
    assert plan.family == "hybrid"
    assert replace(plan, without=("text",)).family == "ml"
    assert replace(plan, without=("number",)).family == "hybrid"

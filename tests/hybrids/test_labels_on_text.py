"""The commands on labels, on real sentences: words counted by hand beside vectors of a pretrained network."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from twofold.bundle.predictor import load
from twofold.cli import app

pytest.importorskip("tokenizers")
HOME = Path(os.environ.get("TWOFOLD_DATA_HOME", "."))
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not (HOME / "snips-intents").exists(), reason="TWOFOLD_DATA_HOME lacks snips-intents"),
]


@pytest.fixture(scope="module")
def intents():
    frame = pd.read_csv(HOME / "snips-intents" / "snips.csv.gz")
    frame = frame.loc[frame["split"] == "train", ["text", "intent"]]
    return frame.drop_duplicates("text").sample(500, random_state=0).reset_index(drop=True)


def labels(*words):
    done = CliRunner().invoke(app, ["labels", *map(str, words), "--target", "intent", "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_intents_that_were_shifted_are_found(intents, tmp_path):
    names = sorted(intents["intent"].unique())
    turned = dict(zip(names, names[1:] + names[:1], strict=True))
    wrong = np.random.default_rng(0).random(len(intents)) < 0.15
    spoilt = intents.assign(intent=intents["intent"].map(turned).where(wrong, intents["intent"]))
    spoilt.to_csv(tmp_path / "intents.csv", index=False)
    told = labels("check", tmp_path / "intents.csv", "--out", tmp_path / "suspects.csv", "--folds", "3")
    assert set(told["members"]) == {"linear", "linear over minilm"}
    assert told["interval"][0] - 0.08 < wrong.mean() < told["interval"][1] + 0.02
    found = pd.read_csv(tmp_path / "suspects.csv")
    hit = wrong[found["row"] - 1]
    assert hit.mean() > 0.6
    assert hit.sum() > 0.75 * wrong.sum()
    right = intents["intent"].iloc[found["row"] - 1].to_numpy()
    assert (found["suggested intent"].to_numpy() == right)[hit].mean() > 0.8


def test_intents_of_a_few_sentences_are_spread_and_asked_for(intents, tmp_path):
    given = intents.assign(intent=intents["intent"].where(np.arange(len(intents)) < 70))
    given.to_csv(tmp_path / "few.csv", index=False)
    model = tmp_path / "model"
    told = labels("spread", tmp_path / "few.csv", "--out", tmp_path / "filled.csv", "--model", model)
    filled = pd.read_csv(tmp_path / "filled.csv")
    spread = filled["intent spread"].to_numpy()
    assert told["spread"] == spread.sum() > 100
    right = filled["intent"].to_numpy() == intents["intent"].to_numpy()
    assert right[spread].mean() > 0.9
    assert abs(told["expected_right"] - right[spread].mean()) < 0.1
    answers = load(model).predict_proba(intents[["text"]])
    told_before = filled["intent confidence"][70:]
    np.testing.assert_allclose(answers[70:].max(axis=1), told_before, atol=2e-3)
    asked = labels("next", tmp_path / "few.csv", "--out", tmp_path / "next.csv", "--n", "20")
    assert len(set(asked["rows"])) == 20
    assert asked["answered_alike"] < 20

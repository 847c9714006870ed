"""Pretrained networks that the user names take the place of those for their kinds of columns."""

import numpy as np
import pytest

pytest.importorskip("tokenizers")

import twofold
from tests.cells.build import text_table
from tests.features.test_text_network import put
from twofold.core.errors import InputError
from twofold.core.schema import Column, Schema
from twofold.search.senses import senses_of

REMARKS = Schema((Column("remark", "text", ""), Column("size", "number", "")))


def test_a_named_encoder_takes_the_place_of_others_of_its_kind():
    senses = senses_of(REMARKS, deep=True, encoders=("wordllama",))
    assert senses.deep == ("wordllama",)
    assert senses_of(REMARKS, deep=False, encoders=("minilm@64",)).deep == ("minilm",)


@pytest.mark.parametrize(
    ("name", "came"),
    [("efficientnet", "there is none"), ("hog", "not a network"), ("elmo", "not a known name")],
)
def test_what_cannot_read_the_table_is_refused(name, came):
    with pytest.raises(InputError, match=came):
        senses_of(REMARKS, deep=True, encoders=(name,))


def test_a_run_reads_texts_with_an_encoder_from_a_folder(tmp_path):
    frame = text_table(60)
    encoder = f"hf:{put(tmp_path / 'mine')}@32"
    model = twofold.fit(
        frame,
        target="mood",
        encoders=[encoder],
        candidates=["linear (deep)"],
        max_trials=1,
        n_jobs=1,
        folds=2,
    )
    loaded = twofold.load(model.save(tmp_path / "model"))
    names = [type(node.step).__name__ for node in loaded.graph.nodes]
    assert any("Sentence" in name for name in names), names
    np.testing.assert_allclose(loaded.predict_proba(frame), model.predict_proba(frame), atol=1e-6)


def test_an_encoder_that_is_not_there_stops_the_run_and_says_so(tmp_path):
    with pytest.raises(InputError, match="cannot be used") as caught:
        twofold.fit(
            text_table(40), target="mood", encoders=[f"hf:{tmp_path / 'nowhere'}"],
            candidates=["linear (deep)"], max_trials=1, n_jobs=1, folds=2,
        )  # fmt: skip
    assert "leave the encoders out" in str(caught.value)


@pytest.mark.parametrize("given", [5, [1, 2]])
def test_encoders_are_names(given):
    with pytest.raises(InputError, match="encoders is"):
        twofold.fit(text_table(40), target="mood", encoders=given, max_trials=1)

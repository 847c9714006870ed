"""The load promise: bundles of every earlier format answer as they did when they were written."""

import json

import numpy as np
import pytest

from tests.bundle.make_samples import KEY, SAMPLES
from twofold.bundle.elsewhere import STORE
from twofold.bundle.inspect import inspect
from twofold.bundle.manifest import FORMAT
from twofold.bundle.predictor import load

FORMATS = sorted(SAMPLES.glob("format-*"))


def test_there_is_a_sample_of_the_format_that_is_written_and_of_the_two_before():
    there = {int(folder.name.removeprefix("format-")) for folder in FORMATS}
    assert there >= {version for version in (FORMAT - 2, FORMAT - 1, FORMAT) if version >= 1}


@pytest.mark.parametrize("folder", FORMATS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", ["model", "model.zip"])
def test_a_sample_answers_as_it_did(folder, name, monkeypatch):
    monkeypatch.setenv(STORE, str(folder / "store"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    predictor = load(folder / name, verify=KEY)
    probabilities = np.array(expected["probabilities"])
    np.testing.assert_allclose(predictor.predict_proba(expected["rows"]), probabilities, atol=1e-6)
    assert (
        predictor.predict(expected["rows"]).tolist() == predictor.classes_[probabilities.argmax(1)].tolist()
    )
    assert inspect(folder / name, verify=KEY).whole
    assert predictor.metadata.format == int(folder.name.removeprefix("format-"))
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 50_000

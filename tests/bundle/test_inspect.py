"""Inspection tells everything, runs nothing, and does not fail where a bundle is damaged."""

import json

import pytest

from tests.bundle.build import edit, make_bundle
from twofold.bundle.inspect import inspect
from twofold.bundle.save import save
from twofold.core.errors import BundleError
from twofold.steps.base import Graph
from twofold.steps.onnx_graph import OnnxGraph


@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_it_tells_everything(name, tmp_path, monkeypatch):
    place = save(make_bundle(onnx=True), tmp_path / name)
    monkeypatch.setattr(Graph, "run_many", lambda *_: pytest.fail("a step was run"))
    monkeypatch.setattr(OnnxGraph, "session", property(lambda _: pytest.fail("a model was opened")))
    found = inspect(place)
    assert found.whole
    assert [step.kind for step in found.steps] == [
        "numbers",
        "scale",
        "codes",
        "one_hot",
        "stack_columns",
        "onnx",
    ]
    last = found.steps[-1]
    assert (last.inputs, last.outputs, last.requires) == (("features",), ("prediction",), ("onnxruntime",))
    assert last.bytes == next(blob.bytes for blob in found.blobs if blob.path.endswith(".onnx"))
    assert found.size == sum(step.bytes for step in found.steps)
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["whole"]
    assert data["manifest"]["about"]["task"] == "binary"


def test_damage_is_reported_for_each_blob(tmp_path):
    place = save(make_bundle(), tmp_path / "m")
    paths = sorted((place / "blobs").iterdir())
    paths[0].write_bytes(b"x")
    paths[1].unlink()
    found = inspect(place)
    problems = {blob.path: blob.problem for blob in found.blobs}
    assert "was changed" in problems[f"blobs/{paths[0].name}"]
    assert "is missing" in problems[f"blobs/{paths[1].name}"]
    assert problems[f"blobs/{paths[2].name}"] == ""
    assert len(found.problems) == 2
    assert found.steps
    assert not found.to_json()["whole"]


def test_a_manifest_that_cannot_be_read_is_a_problem_too(tmp_path):
    place = save(make_bundle(), tmp_path / "m")
    edit(place, lambda m: m.update(format=99))
    found = inspect(place)
    assert found.manifest is None
    assert "newer twofold" in found.problems[0]
    (place / "manifest.json").write_text("{")
    assert "valid JSON" in inspect(place).problems[0]
    assert inspect(place).to_json()["manifest"] is None


def test_no_bundle_is_an_error(tmp_path):
    with pytest.raises(BundleError, match="does not exist"):
        inspect(tmp_path / "nothing")

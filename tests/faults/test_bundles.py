"""Damaged, unsafe and too new models through the shell: exit code 4, three parts, no answers written."""

import numpy as np
import pandas as pd
import pytest

from tests.bundle.build import contents, edit, gemm, make_bundle
from tests.bundle.test_load_safely import change_step, custom, external, put_blob, zip_of
from twofold.bundle import damage
from twofold.bundle.save import save


def change_byte(model):
    blob = next((model / "blobs").glob("*.npz"))
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(bytes(data))


def reach_out(how):
    def change(model):
        put_blob(model, "onnx", gemm(np.ones((1, 8)), np.zeros(1), change=how), "onnx")

    return change


def climb(manifest):
    step = next(step for step in manifest["steps"] if step["npz"])
    manifest["blobs"]["../secret.npz"] = manifest["blobs"].pop(step["npz"])
    step["npz"] = "../secret.npz"


FAULTS = {
    "a changed byte": (change_byte, "was changed"),
    "a missing blob": (lambda model: next((model / "blobs").iterdir()).unlink(), "is missing"),
    "a path that climbs out": (lambda model: edit(model, climb), "../secret.npz"),
    "an unknown step": (lambda model: edit(model, change_step("codes", kind="os_system")), "os_system"),
    "a newer format": (lambda model: edit(model, lambda data: data.update(format=99)), "99"),
    "ONNX with external data": (reach_out(external), "weights lie in another file"),
    "ONNX with operators of its own": (reach_out(custom), "domain 'evil.ops'"),
    "no manifest": (lambda model: (model / "manifest.json").unlink(), "manifest.json"),
    "half a manifest": (lambda model: (model / "manifest.json").write_text('{"twofold": '), "manifest"),
}


@pytest.fixture
def model(tmp_path):
    pd.DataFrame({"age": [31.0], "wage": [1.0], "job": ["cook"]}).to_csv(tmp_path / "new.csv", index=False)
    return save(make_bundle(onnx=True), tmp_path / "m")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_with_a_fault_is_refused(fault, model, shell):
    change, words = FAULTS[fault]
    shell("predict", "m", "new.csv", "--out", "before.csv").went_well()
    change(model)
    shell("predict", "m", "new.csv", "--out", "answers.csv").refused(4, words)
    looked = shell("inspect", "m")
    assert looked.code == 4
    assert words in looked.out + looked.err
    assert not looked.new


def test_a_zip_bomb_is_refused(model, shell, monkeypatch, tmp_path):
    monkeypatch.setattr(damage, "FREE_GROWTH", 2**20)
    bomb = ("blobs/zeros-0123456789abcdef.npz", bytes(2**24))
    (tmp_path / "m.zip").write_bytes(zip_of([*contents(model).items(), bomb]))
    shell("predict", "m.zip", "new.csv", "--out", "answers.csv").refused(4, "bomb")


def test_keys_that_do_not_fit_are_refused(model, shell, tmp_path):
    save(make_bundle(), tmp_path / "signed", sign="right")
    for name, text in {"right": "right\n", "wrong": "wrong", "empty": ""}.items():
        (tmp_path / f"{name}.key").write_text(text)
    predict = ("new.csv", "--out", "answers.csv", "--verify")
    shell("predict", "signed", *predict, "wrong.key").refused(4)
    shell("predict", "signed", *predict, "empty.key").refused(2, "The key is empty")
    shell("predict", "m", *predict, "right.key").refused(4, "not signed")
    shell("predict", "signed", *predict, "none.key").refused(2, "'none.key' cannot be read")
    shell("predict", "signed", *predict, "right.key").went_well()


@pytest.mark.parametrize("place", ["none", "new.csv", "."])
def test_what_is_no_model_is_refused(place, model, shell):
    shell("predict", place, "new.csv", "--out", "answers.csv").refused(4)
    shell("inspect", place).refused(4)

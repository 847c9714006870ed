"""The light form of a graph: whole or not there, and read as strictly as a bundle."""

import json
import zipfile

import numpy as np
import pytest

from tests.bundle.build import assert_three_parts, columns, contents, make_bundle
from twofold.bundle.graph_files import load_graph, save_graph
from twofold.core.errors import BundleError
from twofold.core.table import Table


def answers(graph):
    return graph.run({"table": Table(columns(), 50)})


@pytest.mark.parametrize("onnx", [False, True])
def test_a_graph_answers_the_same_after_the_disk(onnx, tmp_path):
    graph = make_bundle(onnx=onnx).graph
    save_graph(graph, tmp_path / "g")
    np.testing.assert_array_equal(answers(graph), answers(load_graph(tmp_path / "g")))
    assert sorted(contents(tmp_path)) == ["g/arrays.npz", "g/graph.json"]


def test_arrays_lie_uncompressed_and_open_with_numpy(tmp_path):
    save_graph(make_bundle().graph, tmp_path / "g")
    with zipfile.ZipFile(tmp_path / "g" / "arrays.npz") as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    with np.load(tmp_path / "g" / "arrays.npz", allow_pickle=False) as arrays:
        assert len(arrays.files) > 3


def test_nothing_is_left_when_the_disk_is_full(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "write_text", full)  # the second of the two files
    with pytest.raises(OSError, match="No space left"):
        save_graph(make_bundle().graph, tmp_path / "g")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_a_full_one_is_not(tmp_path):
    (tmp_path / "g").mkdir()
    save_graph(make_bundle().graph, tmp_path / "g")
    before = contents(tmp_path)
    with pytest.raises(OSError, match="g"):
        save_graph(make_bundle(seed=1).graph, tmp_path / "g")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("steps"),
        lambda d: d.pop("nodes"),
        lambda d: d.update(steps=3),
        lambda d: d["steps"][1].pop("arrays"),
        lambda d: d["steps"][1].update(arrays=[1]),
        lambda d: d["steps"][1].update(kind="pickle"),
        lambda d: d["steps"][1]["arrays"]["fill"].update(shape=[2**40]),
        lambda d: d["steps"][1]["arrays"]["fill"].update(dtype="|O"),
    ],
)
def test_a_damaged_description_is_refused(damage, tmp_path):
    save_graph(make_bundle().graph, tmp_path / "g")
    path = tmp_path / "g" / "graph.json"
    data = json.loads(path.read_text())
    damage(data)
    path.write_text(json.dumps(data))
    with pytest.raises(BundleError) as caught:
        load_graph(tmp_path / "g")
    assert_three_parts(caught.value)


@pytest.mark.parametrize("name", ["graph.json", "arrays.npz"])
def test_a_missing_or_cut_file_is_refused(name, tmp_path):
    save_graph(make_bundle().graph, tmp_path / "g")
    path = tmp_path / "g" / name
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BundleError):
        load_graph(tmp_path / "g")
    path.unlink()
    with pytest.raises(BundleError, match=name):
        load_graph(tmp_path / "g")

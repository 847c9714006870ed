"""Every tower: its graph answers like torch, missing cells too; it learns; its changes keep the shape."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from twofold.core.control import Tower  # noqa: E402 (torch has to be there)
from twofold.core.errors import InputError  # noqa: E402
from twofold.nn.efficientnet import EfficientNetLite  # noqa: E402
from twofold.nn.fusion import Fusion  # noqa: E402
from twofold.nn.inputs import Layout  # noqa: E402
from twofold.nn.onnx_writer import OnnxWriter  # noqa: E402
from twofold.nn.towers.audio import masked_clips  # noqa: E402
from twofold.nn.towers.image import changed_pictures  # noqa: E402
from twofold.nn.towers.make import Choice  # noqa: E402
from twofold.nn.towers.pretrained import LAST_GROUPS, NEWEST, EfficientNetTower  # noqa: E402

KINDS = [
    ("image", "resnet", (3, 32, 32)),
    ("image", "resnet", (3, 17, 17)),
    ("image", "resnet", (3, 100, 100)),
    ("text", "cnn", (9,)),
    ("text", "cnn", (1,)),
    ("text", "transformer", (9,)),
    ("series", "inception", (1, 50)),
    ("series", "inception", (3, 600)),
    ("series", "inception", (2, 4)),
    ("series", "gru", (2, 150)),
    ("series", "lstm", (1, 30)),
    ("series", "lstm", (1, 1)),
    ("series", "transformer", (2, 100)),
    ("audio", "cnn", (40, 64)),
    ("audio", "crnn", (40, 33)),
    ("audio", "crnn", (16, 400)),
]
IDS = [f"{name}-{'x'.join(map(str, shape))}" for _, name, shape in KINDS]


def cells(tower, n, g):
    if tower.kind == "text":
        found = g.integers(1, tower.size, size=(n, *tower.shape))
        lengths = g.integers(1, tower.shape[0] + 1, size=n)
        return np.where(np.arange(tower.shape[0]) < lengths[:, None], found, 0).astype(np.float32)
    values = g.normal(size=(n, tower.places)).astype(np.float32)
    return np.clip(120 + 64 * values, 0, 255) if tower.kind == "image" else values


def tower_of(kind, shape):
    return Tower(kind, shape, 50 if kind == "text" else 0)


def fusion(towers, choice, layout=None):
    torch.manual_seed(0)
    layout = layout or Layout(0, 0, (), tuple(towers))
    network = Fusion(layout, [choice.make(t) for t in towers], 2, 16, 0.1, smooth=False, table_factor=1.0)
    for parameter in network.parameters():  # zeros would hide what is missing
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return network


def onnx_of(network, width):
    writer = OnnxWriter(width)
    session = onnxruntime.InferenceSession(writer.finish({"out": network.write(writer)}))
    return lambda X: session.run(["out"], {"X": X})[0]


@pytest.mark.parametrize(("kind", "name", "shape"), KINDS, ids=IDS)
def test_the_graph_answers_like_torch_for_missing_cells_and_single_rows_too(kind, name, shape):
    g = np.random.default_rng(0)
    tower = tower_of(kind, shape)
    network = fusion([tower], Choice(**{kind: name}))
    X = cells(tower, 12, g)
    network.train()
    for _ in range(3):
        network(torch.from_numpy(X))  # batch norms have to have seen something
    network.eval()
    X[[0, 7]] = np.nan
    with torch.no_grad():
        native = network.embed(torch.from_numpy(X)).numpy()
    run = onnx_of(network, tower.places)
    np.testing.assert_allclose(run(X), native, atol=1e-4, rtol=1e-4)
    np.testing.assert_array_equal(native[0], native[7])
    assert np.isfinite(native).all()
    for row in (0, 3):
        np.testing.assert_allclose(run(X[row : row + 1]), native[row : row + 1], atol=1e-4, rtol=1e-4)
        with torch.no_grad():
            alone = network.embed(torch.from_numpy(X[row : row + 1])).numpy()
        np.testing.assert_allclose(alone, native[row : row + 1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("kind", "name", "shape"), KINDS, ids=IDS)
def test_every_parameter_is_trained_once_and_missing_cells_give_no_nan(kind, name, shape):
    tower = tower_of(kind, shape)
    network = fusion([tower], Choice(**{kind: name}))
    trained = [id(p) for group in network.parameter_groups() for p in group["params"]]
    assert sorted(trained) == sorted(id(p) for p in network.parameters())
    X = cells(tower, 6, np.random.default_rng(0))
    for lost in ([2], [0, 1, 2, 3, 4], list(range(6))):
        rows = X.copy()
        rows[lost] = np.nan
        network.train()
        network(torch.from_numpy(rows)).sum().backward()
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


def test_a_table_beside_four_towers_answers_like_torch():
    g = np.random.default_rng(1)
    shapes = {"image": (3, 24, 24), "text": (7,), "audio": (16, 20), "series": (2, 40)}
    towers = [tower_of(kind, shape) for kind, shape in shapes.items()]
    layout = Layout(2, 1, (5,), tuple(towers))
    network = fusion(towers, Choice(), layout)
    table = np.hstack([g.normal(size=(20, 2)), g.integers(0, 2, (20, 1)), g.integers(0, 5, (20, 1))])
    X = np.hstack([table, *(cells(tower, 20, g) for tower in towers)]).astype(np.float32)
    for row, (start, stop) in enumerate(layout.stretches()):
        X[row, start:stop] = np.nan
    network.train()
    network(network.augment(torch.from_numpy(X.copy()), torch.Generator().manual_seed(0)))
    network.eval()
    with torch.no_grad():
        native = network.embed(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(onnx_of(network, X.shape[1])(X), native, atol=1e-4, rtol=1e-4)
    assert not network.mixable


def test_changed_pictures_keep_their_shape_and_hold_only_known_values():
    g = np.random.default_rng(0)
    pictures = torch.from_numpy(g.integers(0, 100, size=(50, 3, 16, 16)).astype(np.float32))
    before = pictures.clone()
    changed = changed_pictures(pictures, torch.Generator().manual_seed(0), mirror=True)
    assert changed.shape == pictures.shape
    assert torch.equal(pictures, before)
    for old, new in zip(pictures, changed, strict=True):
        assert set(new[0].unique().tolist()) <= {*old[0].unique().tolist(), 120.0}
    again = changed_pictures(pictures, torch.Generator().manual_seed(0), mirror=True)
    assert torch.equal(changed, again)
    same = changed_pictures(torch.full((4, 3, 16, 16), 7.0), torch.Generator().manual_seed(0), mirror=True)
    assert set(same.unique().tolist()) <= {7.0, 120.0}
    assert changed_pictures(torch.zeros(2, 3, 1, 1), torch.Generator(), mirror=True).shape == (2, 3, 1, 1)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_shifted_picture_is_the_picture_elsewhere(mirror):
    picture = torch.arange(32.0).repeat(3, 32, 1)[None]
    moved = {
        tuple(
            changed_pictures(picture, torch.Generator().manual_seed(seed), mirror=mirror)[
                0, 0, 0, 8:12
            ].tolist()
        )
        for seed in range(40)
    }
    steps = {tuple(8.0 + shift + i for i in range(4)) for shift in range(-4, 5)}
    if mirror:
        steps |= {tuple(23.0 - shift - i for i in range(4)) for shift in range(-4, 5)}
    plain = {found for found in moved if 120.0 not in found}
    assert plain <= steps
    assert len(plain) > (6 if mirror else 4)


def test_masked_clips_keep_their_shape_and_most_of_their_values():
    clips = torch.ones(100, 40, 64)
    masked = masked_clips(clips, torch.Generator().manual_seed(0))
    assert masked.shape == clips.shape
    assert set(masked.unique().tolist()) == {0.0, 1.0}
    assert 0.6 < float(masked.mean()) < 0.95
    assert masked_clips(torch.ones(3, 4, 2), torch.Generator()).shape == (3, 4, 2)


@pytest.mark.parametrize("name", ["cnn", "transformer"])
def test_padding_changes_nothing(name):
    short, long = (Choice(text=name).make(Tower("text", (size,), 30)) for size in (6, 9))
    state = {key: value for key, value in long.state_dict().items() if key != "places"}
    short.load_state_dict(state, strict=False)
    if name == "transformer":
        short.places.data = long.places.data[:6]
    X = torch.tensor([[3.0, 7, 4, 0, 0, 0], [5, 6, 9, 2, 1, 8]])
    padded = torch.cat([X, torch.zeros(2, 3)], dim=1)
    for network in (short, long):
        network.eval()
    torch.testing.assert_close(short(X), long(padded))
    torch.testing.assert_close(short(X[:1]), long(padded)[:1])
    changed = long.augment(padded, torch.Generator().manual_seed(0))
    assert torch.equal(changed == 0, padded == 0)


@pytest.mark.parametrize("last_only", [False, True])
def test_a_pretrained_network_keeps_its_norms_and_writes_itself(last_only):
    torch.manual_seed(0)
    tower = EfficientNetTower((3, 24, 24), EfficientNetLite(), last_only=last_only)
    X = torch.rand(4, 3 * 24 * 24) * 255
    before = {name: value.clone() for name, value in tower.state_dict().items()}
    tower.train()
    tower(tower.augment(X, torch.Generator().manual_seed(0))).sum().backward()
    groups = tower.groups()
    assert len(groups) == (LAST_GROUPS if last_only else 18)
    factors = [group["factor"] for group in groups]
    assert factors == sorted(factors)
    assert factors[-1] == NEWEST
    learning = {id(p) for group in groups for p in group["params"]}
    assert learning == {id(p) for p in tower.parameters() if p.grad is not None}
    for name, value in tower.state_dict().items():
        torch.testing.assert_close(value, before[name])
    writer = OnnxWriter(X.shape[1])
    session = onnxruntime.InferenceSession(writer.finish({"out": (tower.write(writer, writer.x), 1280)}))
    with torch.no_grad():
        native = tower(X).numpy()
    np.testing.assert_allclose(session.run(["out"], {"X": X.numpy()})[0], native, atol=1e-4)


def test_an_unknown_tower_is_refused_with_what_there_is():
    with pytest.raises(InputError, match="cnn, transformer"):
        Choice(text="bert").make(Tower("text", (4,), 9))
    with pytest.raises(InputError, match="image, text, series, audio"):
        Choice().make(Tower("video", (4,)))

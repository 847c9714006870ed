"""What goes into plain data comes out again, and nothing else does."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.bundle.build import encoder_nodes, gemm
from twofold.bundle import decode
from twofold.bundle.damage import Allowance
from twofold.bundle.decode import Decoder
from twofold.bundle.encode import Encoder, StepData
from twofold.bundle.field_types import field_hints
from twofold.bundle.npz import pack, plain, unpack
from twofold.core.errors import BundleError
from twofold.steps import STEPS
from twofold.steps.base import Graph, Node, Step
from twofold.steps.linear import Linear
from twofold.steps.onnx_graph import OnnxGraph


@dataclass(frozen=True)
class Anything(Step):
    """A step with every kind of field."""

    kind = "anything"
    array: NDArray[Any]
    words: tuple[NDArray[np.str_], ...] = ()
    number: float = 0.0
    count: int | None = None
    flag: bool = False
    name: str = ""
    blob: bytes = b""
    mixed: tuple[Any, ...] = ()
    graph: Graph | None = None
    step: Step | None = None

    def run(self, *inputs):
        return inputs[0]


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    class WithAnything(dict):
        def load(self, kind):
            return self[kind]

    known = {name: STEPS.load(name) for name in STEPS}
    monkeypatch.setattr(decode, "STEPS", WithAnything({**known, "anything": Anything}))


def through(step):
    encoder = Encoder()
    place = encoder.add(step)
    decoder = Decoder(Allowance(10**9))
    for data in encoder.steps:
        arrays = {name: plain(values) for name, values in data.arrays.items()}
        packed = pack(arrays, compress=True)
        decoder.add(StepData(data.kind, data.fields, unpack(packed, data.declared, Allowance(0)), data.blobs))
    return decoder.step(place)


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, np.ndarray):
        assert a.shape == b.shape
        assert a.dtype.kind == b.dtype.kind
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, Step):
        for name in field_hints(type(a)):
            assert_same(getattr(a, name), getattr(b, name))
    elif isinstance(a, Graph):
        for x, y in zip(a.nodes, b.nodes, strict=True):
            assert (x.inputs, x.output) == (y.inputs, y.output)
            assert_same(x.step, y.step)
    elif isinstance(a, float):
        assert repr(a) == repr(b)
    else:
        assert a == b


arrays = hnp.arrays(
    st.sampled_from(["<f8", "<f4", "<f2", "<i8", "<i4", "|u1", "|b1", ">f8", ">i2"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
words = hnp.arrays(st.sampled_from(["U3", "U11"]), hnp.array_shapes(max_dims=2, min_side=0, max_side=5))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
mixed = st.recursive(
    scalars | arrays | words | st.binary(max_size=9),
    lambda part: st.lists(part, max_size=3).map(tuple),
    max_leaves=8,
)


@given(
    array=arrays,
    words=st.lists(words, max_size=3),
    number=st.floats(),
    count=st.none() | st.integers(),
    blob=st.binary(),
    mixed=st.lists(mixed, max_size=3),
)
def test_every_kind_of_field_survives(array, words, number, count, blob, mixed):
    inner = Anything(array, number=number)
    graph = Graph((Node(inner, ("x",), "y"),))
    step = Anything(array, tuple(words), number, count, True, "né\0", blob, tuple(mixed), graph, inner)
    assert_same(step, through(step))


def test_float_arrays_keep_their_width_and_order():
    for dtype in ("f2", "f4", "f8", "i4", "u1", "?"):
        array = np.asfortranarray(np.arange(6).reshape(2, 3).astype(dtype))
        back = through(Anything(array)).array
        assert back.dtype == array.dtype
        np.testing.assert_array_equal(back, array)


def test_arrays_come_back_read_only():
    assert not through(Anything(np.arange(3))).array.flags.writeable


def test_equal_steps_are_kept_once_and_made_once():
    encoder = Encoder()
    twice = (Node(Linear(np.ones((1, 2)), np.zeros(1), "identity"), ("a",), name) for name in "bc")
    nodes = encoder.add_graph(Graph(tuple(twice)))
    assert len(encoder.steps) == 1
    decoder = Decoder(Allowance(0))
    decoder.add(encoder.steps[0])
    first, second = decoder.graph(nodes).nodes
    assert first.step is second.step


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Anything(np.zeros(2)), Anything(np.zeros((2, 1)))),
        (Anything(np.zeros(2)), Anything(np.zeros(2, dtype=np.int64))),
        (Anything(np.zeros(1), number=1.0), Anything(np.zeros(1), number=2.0)),
        (Anything(np.zeros(1), blob=b"a"), Anything(np.zeros(1), blob=b"b")),
        (Anything(np.zeros(1), (np.array(["ab", "c"]),)), Anything(np.zeros(1), (np.array(["a", "bc"]),))),
    ],
)
def test_different_steps_stay_apart(one, other):
    encoder = Encoder()
    assert encoder.add(one) != encoder.add(other)


@pytest.mark.parametrize(
    "bad",
    [
        Anything(np.array([object()])),
        Anything(np.array(["2020"], dtype="M8[s]")),
        Anything(np.zeros(1), mixed=([1, 2],)),
        Anything(np.zeros(1), mixed=({"a": 1},)),
        Anything(np.zeros(1), mixed=(print,)),
        Anything(np.zeros(1), count="three"),
        Anything(np.zeros(1), number=True),
    ],
)
def test_what_cannot_be_data_is_refused(bad):
    with pytest.raises(BundleError, match="'anything' cannot be saved") as caught:
        Encoder().add(bad)
    assert caught.value.allowed
    assert caught.value.todo


def test_numpy_scalars_become_plain_ones():
    step = through(Anything(np.zeros(1), number=np.float64(0.5), count=np.int64(3)))
    assert (type(step.number), type(step.count)) == (float, int)


def linear_data(**changes):
    fields = {"weights": {"array": "w"}, "bias": {"array": "b"}, "link": "identity", **changes}
    return StepData("linear", fields, {"w": np.ones((1, 2)), "b": np.zeros(1)})


@pytest.mark.parametrize(
    "data",
    [
        StepData("os.system", {}),
        StepData(None, {}),
        StepData("linear", {}),
        linear_data(more=1),
        linear_data(link=3),
        linear_data(link=None),
        linear_data(weights=1.0),
        linear_data(weights={"array": "missing"}),
        linear_data(weights={"array": ["w"]}),
        linear_data(weights={"pickle": "w"}),
        linear_data(weights={"array": "w", "bytes": "w"}),
        linear_data(weights={"words": [0, [1]]}),
        linear_data(weights={"words": [True, [1]]}),
        linear_data(weights={"float": "1"}),
        linear_data(weights={"tuple": "ab"}),
        linear_data(weights={"step": 0}),
        linear_data(weights={"graph": [{"step": 0, "inputs": [], "output": "x"}]}),
        linear_data(weights=["w"]),
    ],
)
def test_false_descriptions_are_refused(data):
    with pytest.raises(BundleError) as caught:
        Decoder(Allowance(0)).add(data)
    assert caught.value.allowed
    assert caught.value.todo


@pytest.mark.parametrize(
    "nodes",
    [
        None,
        [1],
        [{}],
        [{"step": 0, "inputs": "x", "output": "y"}],
        [{"step": 0, "inputs": ["x"], "output": 3}],
        [{"step": 1, "inputs": ["x"], "output": "y"}],
        [{"step": -1, "inputs": ["x"], "output": "y"}],
        [{"step": True, "inputs": ["x"], "output": "y"}],
        [{"step": 0, "inputs": ["x"], "output": "y", "code": "print()"}],
        [{"step": 0, "inputs": ["x"], "output": "y"}] * 2,
    ],
)
def test_false_nodes_are_refused(nodes):
    decoder = Decoder(Allowance(0))
    decoder.add(linear_data())
    with pytest.raises(BundleError):
        decoder.graph(nodes)


def test_strings_that_would_fill_the_memory_are_refused():
    listed = [["x" * 10**6] + [""] * 10**6]
    text = np.frombuffer(json.dumps(listed).encode(), np.uint8)
    encoder = Encoder()
    encoder.add(Anything(np.zeros(1)))
    data = encoder.steps[0]
    fields = {**data.fields, "array": {"words": [0, [10**6 + 1]]}}
    with pytest.raises(BundleError, match="decompression bomb"):
        Decoder(Allowance(len(text))).add(StepData("anything", fields, {"words.json": text}, data.blobs))


def test_nesting_is_bounded_on_both_sides():
    step = Anything(np.zeros(1))
    for _ in range(8):
        step = Anything(np.zeros(1), step=step)
    assert_same(step, through(step))
    with pytest.raises(BundleError, match="nested"):
        Encoder().add(Anything(np.zeros(1), step=step))
    encoder = Encoder()
    encoder.add(step)
    decoder = Decoder(Allowance(0))
    for data in encoder.steps:
        decoder.add(data)
    last = encoder.steps[-1]
    outer = StepData("anything", {**last.fields, "step": {"step": 8}}, last.arrays, last.blobs)
    with pytest.raises(BundleError, match="nested"):
        decoder.add(outer)


def test_real_steps_survive():
    onnx = OnnxGraph(gemm(np.ones((1, 8)), np.zeros(1)), "y")
    for step in [*(node.step for node in encoder_nodes()), onnx]:
        assert_same(step, through(step))

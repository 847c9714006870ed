"""ONNX models that reach outside of themselves are found without the onnx package."""

import time

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.bundle.build import assert_three_parts, gemm
from twofold.bundle.onnx_check import check_onnx
from twofold.core.errors import BundleError


def model(**changes):
    return gemm(np.ones((1, 3)), np.zeros(1), **changes)


def subgraph_of(*nodes, tensors=()):
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    return helper.make_graph(list(nodes), "inner", [], [value], list(tensors))


def external_tensor(name="w2"):
    tensor = numpy_helper.from_array(np.ones(2, dtype=np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    return tensor


def in_node(attribute, value):
    """Hide a value in an attribute of a node."""

    def change(m):
        node = m.graph.node.add(op_type="Constant", output=["hidden"])
        node.attribute.append(helper.make_attribute(attribute, value))

    return change


def sparse(tensor):
    return helper.make_sparse_tensor(tensor, numpy_helper.from_array(np.zeros(2, dtype=np.int64)), [4])


def only_location(m):
    m.graph.initializer[0].data_location = TensorProto.EXTERNAL


def only_entries(m):
    m.graph.initializer[0].external_data.add().key = "location"


def in_branch(m):
    node = m.graph.node.add(op_type="If", output=["z"])
    inner = helper.make_node("Identity", ["q"], ["z"], domain="evil.ops")
    node.attribute.append(helper.make_attribute("then_branch", subgraph_of(inner)))


def in_training(m):
    m.training_info.add().algorithm.CopyFrom(
        subgraph_of(helper.make_node("Op", [], ["z"], domain="evil.ops"))
    )


def deep_nesting(m):
    graph = subgraph_of()
    for _ in range(20):
        node = helper.make_node("If", ["c"], ["z"])
        node.attribute.append(helper.make_attribute("then_branch", graph))
        graph = subgraph_of(node)
    m.graph.node.extend(graph.node)


EXTERNAL = {
    "initializer": lambda m: m.graph.initializer.append(external_tensor()),
    "location": only_location,
    "entries": only_entries,
    "attribute": in_node("value", external_tensor()),
    "attribute list": in_node("values", [external_tensor(), external_tensor()]),
    "sparse": lambda m: m.graph.sparse_initializer.append(sparse(external_tensor())),
    "sparse attribute": in_node("sparse_value", sparse(external_tensor())),
    "graph list": in_node("branches", [subgraph_of(tensors=[external_tensor()])]),
    "training": lambda m: m.training_info.add().initialization.initializer.append(external_tensor()),
}
DOMAINS = {
    "opset": lambda m: m.opset_import.append(helper.make_opsetid("evil.ops", 1)),
    "microsoft": lambda m: m.opset_import.append(helper.make_opsetid("com.microsoft", 1)),
    "node": lambda m: m.graph.node.append(helper.make_node("Op", ["y"], ["q"], domain="evil.ops")),
    "branch": in_branch,
    "training": in_training,
}


@pytest.mark.parametrize("domain", ["", "ai.onnx", "ai.onnx.ml"])
def test_standard_models_pass(domain):
    check_onnx(model(change=lambda m: m.graph.node.append(helper.make_node("Op", [], ["q"], domain=domain))))


@pytest.mark.parametrize("name", EXTERNAL)
def test_weights_in_other_files_are_found_wherever_they_hide(name):
    with pytest.raises(BundleError, match="another file") as caught:
        check_onnx(model(change=EXTERNAL[name]))
    assert_three_parts(caught.value)


@pytest.mark.parametrize("name", DOMAINS)
def test_custom_operators_are_found_wherever_they_hide(name):
    with pytest.raises(BundleError, match=r"domain '(evil\.ops|com\.microsoft)'") as caught:
        check_onnx(model(change=DOMAINS[name]))
    assert_three_parts(caught.value)


def test_functions_of_its_own_are_refused():
    function = helper.make_function("", "F", ["a"], ["b"], [], [helper.make_opsetid("", 17)])
    with pytest.raises(BundleError, match="functions of its own"):
        check_onnx(model(change=lambda m: m.functions.append(function)))


def test_the_other_format_of_onnxruntime_is_refused():
    with pytest.raises(BundleError, match="own format"):
        check_onnx(b"\x18\x00\x00\x00ORTM" + bytes(100))


def test_deep_nesting_is_refused():
    with pytest.raises(BundleError, match="nests graphs"):
        check_onnx(model(change=deep_nesting))


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff" * 20, b"not a model at all", b"\x08\x09", b"\x3b\x3c"]
)
def test_rubbish_is_refused(data):
    with pytest.raises(BundleError):
        check_onnx(data)


def test_every_cut_of_a_model_is_refused_or_still_safe():
    whole = model(change=EXTERNAL["attribute"])
    for stop in range(len(whole)):
        with pytest.raises(BundleError):
            check_onnx(whole[:stop])


def walk(m):
    """Tell with the onnx package what the walker has to find."""

    def tensors_and_nodes(graph):
        yield from graph.initializer
        for tensor in graph.sparse_initializer:
            yield from (tensor.values, tensor.indices)
        for node in graph.node:
            yield node
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                for inner in (attribute.g, *attribute.graphs):
                    yield from tensors_and_nodes(inner)

    found = list(tensors_and_nodes(m.graph))
    tensors = [part for part in found if isinstance(part, TensorProto)]
    domains = {part.domain for part in found if isinstance(part, onnx.NodeProto)}
    domains |= {entry.domain for entry in m.opset_import}
    return any(t.data_location or t.external_data for t in tensors), domains - {"", "ai.onnx", "ai.onnx.ml"}


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=3))
def test_flipped_bytes_never_hide_what_the_onnx_package_sees(flips):
    data = bytearray(model(change=in_node("value", numpy_helper.from_array(np.ones(2), "x"))))
    for place, value in flips:
        data[place % len(data)] = value
    try:
        parsed = onnx.ModelProto.FromString(bytes(data))
    except DecodeError:
        return
    if any((*walk(parsed), parsed.functions)):
        with pytest.raises(BundleError):
            check_onnx(bytes(data))


@given(
    floats=st.lists(st.floats(width=32), max_size=30),
    ints=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30),
    strings=st.lists(st.binary(max_size=200), max_size=30),
    hide=st.booleans(),
)
def test_runs_of_numbers_hide_nothing(floats, ints, strings, hide):
    def change(m):
        node = m.graph.node.add(op_type="TreeEnsembleRegressor", domain="ai.onnx.ml")
        attribute = node.attribute.add()
        attribute.floats.extend(floats)
        attribute.ints.extend(ints)
        attribute.strings.extend(strings)
        if hide:
            attribute.t.CopyFrom(external_tensor())

    if hide:
        with pytest.raises(BundleError, match="another file"):
            check_onnx(model(change=change))
    else:
        check_onnx(model(change=change))


def test_a_large_tree_ensemble_is_walked_fast():
    def change(m):
        node = m.graph.node.add(op_type="TreeEnsembleRegressor", domain="ai.onnx.ml")
        node.attribute.append(helper.make_attribute("nodes_values", np.ones(300_000, dtype=np.float32)))
        node.attribute.append(helper.make_attribute("nodes_treeids", np.arange(300_000)))
        node.attribute.append(helper.make_attribute("nodes_modes", ["BRANCH_LEQ"] * 300_000))

    data = model(change=change)
    began = time.process_time()
    check_onnx(data)
    assert time.process_time() - began < 0.5

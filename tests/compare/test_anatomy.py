"""The anatomy is counted from the lowered graph: by hand, by torch, and it follows every change."""

import itertools

import numpy as np
import pytest

from twofold.compare.anatomy import dissect
from twofold.compare.architectures import Training, amount, architectures
from twofold.compare.onnx_costs import model_costs
from twofold.core.table import Table
from twofold.nn.onnx_layers import write_convolution, write_linear, write_mean
from twofold.nn.onnx_writer import OnnxWriter
from twofold.steps.base import EMBEDDING, FEATURES, INPUT, PREDICTION, Graph, Node
from twofold.steps.cells import pack_array
from twofold.steps.hog import Hog
from twofold.steps.kernel_machine import KernelMachine
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers, Standard
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.pixels import Pixels
from twofold.steps.stack_columns import StackColumns

torch = pytest.importorskip("torch")
SIDE = 8
HEAD = Linear(np.ones((1, 5)), np.zeros(1), "sigmoid")


@pytest.fixture(scope="module")
def pictures():
    g = np.random.default_rng(0)
    cells = np.array(
        [pack_array(g.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)) for _ in range(4)], object
    )
    return Table({"photo": cells}, 4)


def small_network(n_convolutions):
    torch.manual_seed(0)
    widths = [3, 4, 6][: n_convolutions + 1]
    layers = [torch.nn.Conv2d(a, b, 3, padding=1) for a, b in itertools.pairwise(widths)]
    return [*layers, torch.nn.Linear(widths[-1], 5)]


def written(layers):
    writer = OnnxWriter(3 * SIDE * SIDE)
    x = writer.reshape(writer.x, -1, 3, SIDE, SIDE)
    for layer in layers[:-1]:
        x = writer.add("Relu", write_convolution(writer, x, layer))
    return writer.finish({EMBEDDING: (write_linear(writer, write_mean(writer, x, 2, 3), layers[-1]), 5)})


def end_to_end(layers):
    return Graph(
        (
            Node(Pixels("photo", SIDE), (INPUT,), "cells"),
            Node(StackColumns(), ("cells",), FEATURES),
            Node(OnnxGraph(written(layers), EMBEDDING), (FEATURES,), EMBEDDING),
            Node(HEAD, (EMBEDDING,), PREDICTION),
        )
    )


def test_a_networks_parameters_are_those_that_torch_counts():
    layers = small_network(2)
    wanted = sum(weights.numel() for layer in layers for weights in layer.parameters())
    assert model_costs(written(layers)).parameters == wanted


def test_multiply_adds_of_a_network_equal_a_count_by_hand():
    costs = model_costs(written(small_network(2)))
    by_hand = SIDE * SIDE * (4 * 3 * 9 + 6 * 4 * 9) + 6 * 5
    assert costs.multiply_adds == by_hand
    assert [layer.word for layer in costs.layers] == ["convolution", "convolution", "dense layer"]
    assert costs.layers[0].shape == (1, 4, SIDE, SIDE)


@pytest.mark.parametrize(("kind", "gates"), [("GRU", 3), ("LSTM", 4)])
def test_a_recurrent_layer_is_counted_for_every_step_and_both_ways(kind, gates):
    from twofold.nn.onnx_layers import write_recurrent

    steps, width, hidden = 7, 3, 5
    layer = getattr(torch.nn, kind)(width, hidden, bidirectional=True)
    writer = OnnxWriter(steps * width)
    x = writer.add("Transpose", writer.reshape(writer.x, -1, steps, width), perm=[1, 0, 2])
    out = write_mean(writer, write_recurrent(writer, x, layer), 0, 1)
    costs = model_costs(writer.finish({"out": (out, hidden)}))
    assert costs.multiply_adds == steps * 2 * gates * hidden * (width + hidden)
    assert costs.parameters == sum(weights.numel() for weights in layer.parameters())


def test_roles_and_widths_follow_from_the_graph(pictures):
    anatomy = dissect(end_to_end(small_network(1)), pictures)
    assert [(stage.role, stage.width) for stage in anatomy.stages] == [
        ("reading", 3 * SIDE * SIDE),
        ("encoding", 3 * SIDE * SIDE),
        ("features by a network", 5),
        ("classifier", 2),
    ]
    assert anatomy.depth == 4


def test_features_by_hand_are_estimated_from_their_definition(pictures):
    step = Hog("photo", SIDE)
    width = step.width
    encoded = Standard(np.zeros(width, np.float32), np.ones(width, np.float32), 8.0, False)
    head = Linear(np.ones((1, width)), np.zeros(1), "sigmoid")
    nodes = ((step, INPUT, "h"), (encoded, "h", FEATURES), (head, FEATURES, PREDICTION))
    anatomy = dissect(Graph(tuple(Node(one, (a,), b) for one, a, b in nodes)), pictures)
    hog, _, classifier = anatomy.stages
    assert (hog.role, hog.cost.estimated, hog.cost.parameters) == ("features by hand", True, 0)
    assert hog.cost.multiply_adds > SIDE * SIDE
    assert (classifier.cost.parameters, classifier.cost.multiply_adds) == (width + 1, width)


def table_of(graph, rows):
    anatomy = dissect(graph, rows)
    aspects = architectures([(anatomy, Training(10, 3, 1.0, 0.0, 1))])
    return {aspect.name: aspect.said[0].partition(" Of the time")[0] for aspect in aspects}


def test_another_layer_changes_the_table(pictures):
    one, two = (table_of(end_to_end(small_network(n)), pictures) for n in (1, 2))
    for name in ("Layers", "Connections", "Training", "Compute"):
        assert one[name] != two[name], name
    assert one["Structure"] == two["Structure"]
    assert "2 convolutions" in two["Layers"]


def test_another_step_changes_the_table():
    rows = Table({"a": np.ones(3), "b": np.ones(3)}, 3)
    head = Linear(np.ones((1, 2)), np.zeros(1), "sigmoid")
    plain = Graph((Node(Numbers(("a", "b")), (INPUT,), FEATURES), Node(head, (FEATURES,), PREDICTION)))
    scaled = Graph(
        (
            Node(Numbers(("a", "b")), (INPUT,), "raw"),
            Node(Standard(np.zeros(2, np.float32), np.ones(2, np.float32), 8.0, False), ("raw",), FEATURES),
            Node(head, (FEATURES,), PREDICTION),
        )
    )
    one, two = table_of(plain, rows), table_of(scaled, rows)
    for name in ("Structure", "Components", "Training", "Compute"):
        assert one[name] != two[name], name


def test_a_classifier_that_keeps_training_rows_is_told_from_a_weighted_sum():
    rows = Table({"a": np.ones(3), "b": np.ones(3)}, 3)
    machine = KernelMachine(np.ones((4, 2), np.float32), np.ones((4, 1)), np.zeros(1), 0.5)
    kernel = Graph((Node(Numbers(("a", "b")), (INPUT,), FEATURES), Node(machine, (FEATURES,), PREDICTION)))
    assert "training rows that it keeps" in table_of(kernel, rows)["Interpretability"]
    assert dissect(kernel, rows).multiply_adds == 4 * 2 + 4


@pytest.mark.parametrize("several", [False, True])
def test_trees_count_splits_leaves_and_the_mean_depth_of_a_leaf(several):
    from twofold.steps.tree_graph import Trees, lower_trees

    # one tree: a split whose left side is a leaf and whose right side splits again
    outputs = (0, 1) if several else (0,)
    leaves = np.repeat([1, 3, 4], len(outputs))
    trees = Trees(
        np.array([0]),
        np.array([0, -1, 1, -1, -1]),
        np.array([0.5, 0, 0.5, 0, 0]),
        np.array([1, 0, 3, 0, 0]),
        np.array([2, 0, 4, 0, 0]),
        np.zeros(5, dtype=bool),
        leaves,
        np.tile(outputs, 3),
        np.arange(len(leaves), dtype=float),
    )
    width = len(outputs)
    graph = lower_trees(trees, 2, Linear(np.eye(width), np.zeros(width), "identity"))
    costs = model_costs(graph.nodes[0].step.model)
    assert costs.trees
    assert costs.parameters == 2 * 2 + len(leaves)
    assert costs.multiply_adds == round((1 + 2 + 2) / 3)


def test_amounts_are_written_for_a_person():
    assert [amount(n) for n in (999, 9_999, 12_345, 1_500_000, 2.5e9)] == [
        "999", "9,999", "12.3 thousand", "1.5 million", "2.5 billion",
    ]  # fmt: skip

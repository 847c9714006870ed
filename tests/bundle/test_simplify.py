"""A simplified graph answers the same with fewer steps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.bundle.build import columns, encoder_nodes
from twofold.bundle.simplify import simplify, steps_of
from twofold.core.table import Table
from twofold.steps.base import Graph, Node
from twofold.steps.blend import WeightedMean
from twofold.steps.linear import Linear
from twofold.steps.stack_columns import StackColumns


def member(prefix, seed):
    rng = np.random.default_rng(seed)
    head = Linear(rng.normal(size=(1, 8)), rng.normal(size=1), "sigmoid")
    return (Graph(encoder_nodes()) + Graph((Node(head, ("features",), "prediction"),))).renamed(prefix)


def blend(*members):
    names = tuple(f"{prefix}prediction" for prefix, _ in members)
    graph = Graph(())
    for prefix, seed in members:
        graph += member(prefix, seed)
    return graph.then(Node(WeightedMean(np.full(len(members), 1 / len(members))), names, "prediction"))


def table():
    return Table({name: np.asarray(values) for name, values in columns().items()}, 50)


def test_members_of_a_blend_share_their_encoders():
    graph = blend(("a/", 1), ("b/", 2), ("c/", 1))
    slim = simplify(graph)
    assert len(graph.nodes) == 19
    assert len(slim.nodes) == 5 + 2 + 1
    np.testing.assert_array_equal(graph.run({"table": table()}), slim.run({"table": table()}))


def test_what_no_output_needs_is_left_out():
    graph = blend(("a/", 1), ("b/", 2))
    slim = simplify(graph, ("a/prediction",))
    assert [node.output for node in slim.nodes][-1] == "a/prediction"
    assert len(slim.nodes) == 6


def test_an_output_keeps_its_name_even_when_it_equals_another():
    graph = Graph((*encoder_nodes(), Node(encoder_nodes()[0].step, ("table",), "prediction")))
    slim = simplify(graph, ("prediction", "features"))
    assert {"prediction", "features"} <= {node.output for node in slim.nodes}


def test_order_of_inputs_matters():
    nodes = (
        Node(StackColumns(), ("x", "y"), "a"),
        Node(StackColumns(), ("y", "x"), "b"),
        Node(StackColumns(), ("a", "b"), "prediction"),
    )
    assert len(simplify(Graph(nodes)).nodes) == 3


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=3), max_size=12))
def test_random_graphs_answer_the_same(plan):
    nodes = []
    for position, sources in enumerate(plan):
        names = tuple("x" if s % (position + 1) == 0 else f"n{s % (position + 1) - 1}" for s in sources)
        nodes.append(Node(StackColumns(), names, f"n{position}"))
    last = tuple(node.output for node in nodes[-3:]) or ("x",)
    graph = Graph((*nodes, Node(StackColumns(), last, "prediction")))
    x = np.arange(4.0).reshape(2, 2)
    slim = simplify(graph)
    assert len(slim.nodes) <= len(graph.nodes)
    np.testing.assert_array_equal(graph.run({"x": x}), slim.run({"x": x}))


def test_nested_steps_are_found():
    assert [step.kind for step in steps_of(Graph(encoder_nodes()))] == [
        "numbers",
        "scale",
        "codes",
        "one_hot",
        "stack_columns",
    ]

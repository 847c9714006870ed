"""What a graph is made of, and the same graph with fewer steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from twofold.bundle.encode import Encoder
from twofold.steps.base import PREDICTION, Graph, Node, Step


def steps_of(graph: Graph) -> Iterator[Step]:
    """Yield every step of a graph, nested ones too."""
    for node in graph.nodes:
        yield from _with_nested(node.step)


def _with_nested(step: Step) -> Iterator[Step]:
    yield step
    for item in fields(step):  # type: ignore[arg-type]  # every step is a dataclass
        yield from _nested_in(getattr(step, item.name))


def _nested_in(value: Any) -> Iterator[Step]:
    if isinstance(value, Step):
        yield from _with_nested(value)
    elif isinstance(value, Graph):
        yield from steps_of(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _nested_in(item)


def simplify(graph: Graph, outputs: tuple[str, ...] = (PREDICTION,)) -> Graph:
    """Return a graph that gives the same outputs with fewer steps.

    Equal steps that read the same are run once, which is what blends of models over the same encoders
    need; steps that no output needs are left out.

    Parameters
    ----------
    graph : Graph
    outputs : tuple of str
        What has to stay, by its name.

    Examples
    --------
    >>> import numpy as np
    >>> from twofold.steps.linear import Linear
    >>> from twofold.steps.stack_columns import StackColumns
    >>> double = Linear(np.array([[2.0]]), np.zeros(1), "identity")
    >>> both = Node(StackColumns(), ("a", "b"), "prediction")
    >>> graph = Graph((Node(double, ("x",), "a"), Node(double, ("x",), "b"), both))
    >>> [node.output for node in simplify(graph).nodes]
    ['a', 'prediction']
    """
    return _without_unneeded(_without_equals(graph, outputs), outputs)


def _without_equals(graph: Graph, outputs: tuple[str, ...]) -> Graph:
    encoder = Encoder()
    first_of: dict[tuple[int, tuple[str, ...]], int] = {}
    step_at: dict[int, Step] = {}
    name_of: dict[str, str] = {}
    kept: list[Node] = []
    for node in graph.nodes:
        inputs = tuple(name_of.get(name, name) for name in node.inputs)
        place = encoder.add(node.step)
        step = step_at.setdefault(place, node.step)
        first = first_of.setdefault((place, inputs), len(kept))
        if first < len(kept) and node.output not in outputs:
            name_of[node.output] = kept[first].output
            continue
        kept.append(Node(step, inputs, node.output))
    return Graph(tuple(kept))


def _without_unneeded(graph: Graph, outputs: tuple[str, ...]) -> Graph:
    needed = set(outputs)
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
    return Graph(tuple(node for node in graph.nodes if node.output in needed))

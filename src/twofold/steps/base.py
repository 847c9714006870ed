"""A step, and the graph of steps that a prediction runs through.

A step is a pure function of arrays, held as a frozen dataclass. Its fields are what a bundle stores:
arrays (numeric, boolean or fixed-width unicode), bytes, plain scalars and strings, tuples of these, or
a nested `Graph`. Nothing else may be a field. What is expensive to set up (a look-up table, an ONNX
session) is a `functools.cached_property`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

INPUT = "table"
"""Name of a graph's input: a `Table` in canonical form."""
FEATURES = "features"
"""Name of the encoded matrix: what encoders end with and models begin with."""
EMBEDDING = "embedding"
"""Name of a network's penultimate layer, float32 of shape (n, k)."""
PREDICTION = "prediction"
"""Name of the answer: probabilities (n, n_classes) or values (n, 1), float64."""


class Step(ABC):
    """One kernel of the prediction path.

    Subclasses are frozen dataclasses, registered in `twofold.steps`.
    """

    kind: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    stores_rows: ClassVar[bool] = False

    @abstractmethod
    def run(self, *inputs: Any) -> Any:
        """Compute the output from the inputs of its node."""

    def forget(self) -> None:
        """Let go of what was made at first use: sessions of large models hold several times their bytes."""
        kept = {item.name for item in fields(self)}  # type: ignore[arg-type]
        for name in [name for name in self.__dict__ if name not in kept]:
            del self.__dict__[name]

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone: sessions and look-up tables are made again at first use."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


@dataclass(frozen=True)
class Node:
    """A step with the names of what it reads and writes."""

    step: Step
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Graph:
    """Steps in running order, each reading what came before.

    Parameters
    ----------
    nodes : tuple of Node
        In topological order; output names are unique.

    Examples
    --------
    >>> import numpy as np
    >>> from twofold.steps.linear import Linear
    >>> graph = Graph((Node(Linear(np.ones((1, 2)), np.zeros(1), "identity"), ("x",), "prediction"),))
    >>> graph.run({"x": np.array([[1.0, 2.0]])})
    array([[3.]])
    """

    nodes: tuple[Node, ...]

    def run(self, inputs: Mapping[str, Any], output: str = PREDICTION) -> Any:
        """Compute one named output from the named inputs, running only what it needs."""
        return self.run_many(inputs, (output,))[output]

    def run_many(self, inputs: Mapping[str, Any], outputs: Iterable[str]) -> dict[str, Any]:
        """Compute several named outputs, shared steps once; what is given is not computed again."""
        wanted = tuple(outputs)
        needed = set(wanted)
        for node in reversed(self.nodes):
            if node.output in needed and node.output not in inputs:
                needed.update(node.inputs)
        values = dict(inputs)
        for node in self.nodes:
            if node.output in needed and node.output not in inputs:
                values[node.output] = node.step.run(*(values[name] for name in node.inputs))
        return {name: values[name] for name in wanted}

    def renamed(self, prefix: str, keep: Iterable[str] = (INPUT,)) -> Graph:
        """Return the graph with every name but those in `keep` behind a prefix."""
        kept = frozenset(keep)

        def new(name: str) -> str:
            return name if name in kept else prefix + name

        return Graph(
            tuple(
                replace(node, inputs=tuple(map(new, node.inputs)), output=new(node.output))
                for node in self.nodes
            )
        )

    def then(self, *nodes: Node) -> Graph:
        """Return the graph with more nodes behind."""
        return Graph((*self.nodes, *nodes))

    def answered_by(self, step: Step) -> Graph:
        """Return the graph with a step behind that turns its prediction into another one.

        Examples
        --------
        >>> import numpy as np
        >>> from twofold.steps.linear import Linear
        >>> double = Linear(np.full((1, 1), 2.0), np.zeros(1), "identity")
        >>> Graph((Node(double, ("x",), "prediction"),)).answered_by(double).run({"x": np.array([[1.5]])})
        array([[6.]])
        """
        raw = "raw " + PREDICTION
        nodes = (replace(node, output=raw) if node.output == PREDICTION else node for node in self.nodes)
        return Graph((*nodes, Node(step, (raw,), PREDICTION)))

    def __add__(self, other: Graph) -> Graph:
        return Graph(self.nodes + other.nodes)

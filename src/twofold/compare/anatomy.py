"""The anatomy of a workflow: what each stage of its lowered graph is, holds and computes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from twofold.compare.onnx_costs import Layer
from twofold.compare.step_costs import Cost, cost_of_step, holds_network, is_raw
from twofold.core.table import Table
from twofold.steps.base import FEATURES, INPUT, PREDICTION, Graph, Node, Step
from twofold.steps.extraction import Extraction

Role = Literal[
    "reading", "features by hand", "features by a network", "encoding", "classifier", "joining of answers"
]
READING, BY_HAND, BY_NETWORK, ENCODING, CLASSIFIER, JOINING = (
    "reading",
    "features by hand",
    "features by a network",
    "encoding",
    "classifier",
    "joining of answers",
)
Origin = Literal["learned here", "learned elsewhere", "set by hand"]


@dataclass(frozen=True)
class Stage:
    """One step of a workflow.

    Parameters
    ----------
    output : str
        Its name in the graph.
    kind : str
        Of the step.
    role : Role
    origin : Origin
        Where its numbers come from.
    reads : tuple of str
        Columns of the table, or outputs of other stages.
    width : int
        Numbers that it gives for one row.
    cost : Cost
    seconds : float
        For one row, measured; 0 where it was not run.
    remembers : bool
        Whether it holds training rows themselves.
    """

    output: str
    kind: str
    role: Role
    origin: Origin
    reads: tuple[str, ...]
    width: int
    cost: Cost
    seconds: float = 0.0
    remembers: bool = False


@dataclass(frozen=True)
class Anatomy:
    """A whole workflow, stage by stage.

    Parameters
    ----------
    stages : tuple of Stage
        In running order; those of nested graphs stand before the stage that holds them.
    """

    stages: tuple[Stage, ...]

    @property
    def parameters(self) -> int:
        """Numbers stored."""
        return sum(stage.cost.parameters for stage in self.stages)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds (and comparisons) of one row, as far as they are counted."""
        return sum(stage.cost.multiply_adds or 0 for stage in self.stages)

    @property
    def estimated(self) -> bool:
        """Whether some of it was estimated, or is missing."""
        return any(stage.cost.estimated or stage.cost.multiply_adds is None for stage in self.stages)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Weighted layers of its networks."""
        return tuple(layer for stage in self.stages if stage.cost.network for layer in stage.cost.layers)

    def of_role(self, *roles: str) -> tuple[Stage, ...]:
        """Return the stages of these roles."""
        return tuple(stage for stage in self.stages if stage.role in roles)

    def learned(self, origin: str) -> int:
        """Return how many numbers come from there."""
        return sum(stage.cost.parameters for stage in self.stages if stage.origin == origin)

    @property
    def depth(self) -> int:
        """Stages on the longest way from the table to the answer."""
        length: dict[str, int] = {}
        for stage in self.stages:
            length[stage.output] = 1 + max((length.get(name, 0) for name in stage.reads), default=0)
        return max(length.values(), default=0)


def dissect(graph: Graph, table: Table) -> Anatomy:
    """Take a lowered graph apart.

    Parameters
    ----------
    graph : Graph
        From ``table`` to ``prediction``.
    table : Table
        A few rows; they are run through the steps, for what these give and how long they take.

    Examples
    --------
    >>> import numpy as np
    >>> from twofold.steps.linear import Linear
    >>> from twofold.steps.numbers import Numbers
    >>> head = Node(Linear(np.ones((1, 2)), np.zeros(1), "sigmoid"), ("features",), "prediction")
    >>> graph = Graph((Node(Numbers(("a", "b")), ("table",), "features"), head))
    >>> anatomy = dissect(graph, Table({"a": np.ones(3), "b": np.ones(3)}, 3))
    >>> [(stage.role, stage.width, stage.cost.parameters) for stage in anatomy.stages]
    [('reading', 2, 0), ('classifier', 2, 3)]
    >>> anatomy.parameters, anatomy.multiply_adds
    (3, 2)
    """
    return Anatomy(tuple(_stages(graph, table, {}, "")))


def _stages(graph: Graph, table: Table, given: dict[str, Any], within: str) -> Iterator[Stage]:
    values: dict[str, Any] = {INPUT: table, **given}
    leading = _leading_to_features(graph)
    for node in graph.nodes:
        for name, nested in _nested(node.step):
            yield from _stages(nested, table, given, f"{within}{node.output}/{name}/")
        inputs = [values[name] for name in node.inputs]
        began = time.perf_counter()
        values[node.output] = node.step.run(*inputs)
        seconds = (time.perf_counter() - began) / max(1, table.n_rows)
        cost = cost_of_step(node.step, [value for value in inputs if value is not table])
        role = _role(node, leading, cost, values[node.output])
        yield Stage(
            within + node.output,
            node.step.kind,
            role,
            _origin(node.step, role, cost),
            _reads(node, within),
            _width(values[node.output]),
            cost,
            seconds,
            node.step.stores_rows,
        )


def _nested(step: Step) -> Iterator[tuple[str, Graph]]:
    for item in fields(step):  # type: ignore[arg-type]
        value = getattr(step, item.name)
        if isinstance(value, Graph):
            yield item.name, value


def _leading_to_features(graph: Graph) -> frozenset[str]:
    """Return the outputs that end up in a matrix of features, such matrices included."""
    wanted: set[str] = set()
    for node in reversed(graph.nodes):
        if node.output in wanted or _last(node.output) == FEATURES:
            wanted.add(node.output)
            wanted.update(node.inputs)
    return frozenset(wanted)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _role(node: Node, leading: frozenset[str], cost: Cost, value: Any) -> Role:
    if isinstance(node.step, Extraction):
        if is_raw(node.step):
            return "reading"
        return "features by a network" if holds_network(node.step) else "features by hand"
    if cost.network:
        return "features by a network"
    if INPUT in node.inputs and not list(_nested(node.step)):
        counts = hasattr(value, "toarray")  # few of many columns are filled: words and letters
        return "features by hand" if counts else "reading"
    if len(node.inputs) > 1 and all(_last(name) == PREDICTION for name in node.inputs):
        return "joining of answers"
    return "encoding" if node.output in leading else "classifier"


def _origin(step: Step, role: str, cost: Cost) -> Origin:
    if not cost.parameters:
        return "set by hand"
    return "learned elsewhere" if role == BY_NETWORK and isinstance(step, Extraction) else "learned here"


def _reads(node: Node, within: str) -> tuple[str, ...]:
    column = getattr(node.step, "column", None)
    names = getattr(node.step, "names", None)
    if isinstance(column, str):
        return (column,)
    if isinstance(names, tuple) and INPUT in node.inputs:
        return tuple(str(name) for name in names)
    return tuple(within + name for name in node.inputs)


def _width(value: Any) -> int:
    if hasattr(value, "shape"):
        return int(value.shape[1]) if len(value.shape) > 1 else 1
    return int(getattr(value, "width", 1))


def groups(anatomy: Anatomy) -> tuple[tuple[Role, tuple[Stage, ...]], ...]:
    """Return neighbouring stages of one role together, in running order."""
    found: list[tuple[Role, list[Stage]]] = []
    for stage in anatomy.stages:
        if found and found[-1][0] == stage.role:
            found[-1][1].append(stage)
        else:
            found.append((stage.role, [stage]))
    return tuple((role, tuple(stages)) for role, stages in found)


def total(stages: Sequence[Stage]) -> tuple[int, int | None, bool]:
    """Return the numbers stored and the multiply-adds of some stages, and whether these are estimates."""
    known = [stage.cost.multiply_adds for stage in stages if stage.cost.multiply_adds is not None]
    estimated = any(stage.cost.estimated for stage in stages)
    return sum(stage.cost.parameters for stage in stages), sum(known) if known else None, estimated

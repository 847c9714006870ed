"""Which stage of a cascade answered a row, and why the ones before it did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.table import Table
from twofold.steps.base import INPUT, Graph
from twofold.steps.cascade import Cascade


@dataclass(frozen=True)
class Passed:
    """The way of n rows through a cascade.

    Parameters
    ----------
    stage : integer array of shape (n,)
        Which one answered, counted from 1.
    name : array of str of shape (n,)
        What it is called.
    reason : array of str of shape (n,)
        How sure each stage that was asked was, and how sure it had to be.
    promise : str
        What is known of the cascade: where rows end, and what was proven.
    """

    stage: NDArray[np.intp]
    name: NDArray[Any]
    reason: NDArray[Any]
    promise: str


def passed(graph: Graph, tables: Iterable[Table]) -> Passed:
    """Run the cascade of a graph and keep the way of each row.

    Parameters
    ----------
    graph : Graph
    tables : iterable of Table

    Raises
    ------
    InputError
        When the graph has no cascade.
    """
    node = next((node for node in graph.nodes if isinstance(node.step, Cascade)), None)
    if node is None:
        raise InputError(
            "The model is no cascade: one and the same model answers every row.",
            "Only a cascade has stages that rows are passed through.",
            "Fit with prefer='speed' and a floor, or look at a cascade.",
        )
    step = node.step
    assert isinstance(step, Cascade)
    stages, reasons = [np.empty(0, dtype=np.intp)], []
    for table in tables:
        given = graph.run_many({INPUT: table}, node.inputs)
        trace = step.trace(*(given[name] for name in node.inputs))
        stages.append(trace.stage)
        reasons += [step.reason(trace, row) for row in range(table.n_rows)]
    stage = np.concatenate(stages)
    names = np.array([step.name(place) for place in range(len(step.stages))], dtype=object)
    return Passed(stage + 1, names[stage], np.array(reasons, dtype=object), step.promise)

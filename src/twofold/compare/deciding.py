"""How a workflow decides: what its classifier is, and how far each group of features moves the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from twofold.compare.anatomy import CLASSIFIER, ENCODING, JOINING, Stage
from twofold.compare.architectures import amount
from twofold.compare.records import Workflow
from twofold.compare.views import Facts, View
from twofold.report.number_format import number, per_row
from twofold.steps.base import Graph, Node
from twofold.steps.linear import Linear
from twofold.steps.stack_columns import StackColumns

MOST = 6


def deciding_views(workflow: Workflow, values: dict[str, Any]) -> Iterator[View]:
    """Show what decides, from the features to the answer.

    Parameters
    ----------
    workflow : Workflow
    values : mapping of str to array
        What every stage gives for one row.
    """
    stages = workflow.anatomy.of_role(CLASSIFIER, JOINING)
    if not stages:
        return
    largest = max(stages, key=lambda stage: stage.cost.parameters)
    lines = list(_pushes(workflow.graph, values)) or list(_words(stages, workflow))
    parameters = sum(stage.cost.parameters for stage in stages)
    work = sum(stage.cost.multiply_adds or 0 for stage in stages)
    price = " · ".join(
        (
            f"{amount(parameters)} parameters",
            f"{amount(work)} {largest.cost.unit}",
            per_row(sum(stage.seconds for stage in stages)),
        )
    )
    yield View(_named(largest), "", Facts(tuple(lines[:MOST])), price)


def _named(stage: Stage) -> str:
    if stage.cost.trees:
        return "trees, added up"
    if stage.remembers:
        return "likeness to training rows"
    return "a weighted sum" if stage.kind == Linear.kind else stage.kind.replace("_", " ")


def _pushes(graph: Graph, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield how far each group of features moves the score of a weighted sum, largest first."""
    by_output = {node.output: node for node in graph.nodes}
    head = graph.nodes[-1]
    source = by_output.get(head.inputs[0]) if len(head.inputs) == 1 else None
    if not isinstance(head.step, Linear) or source is None or not isinstance(source.step, StackColumns):
        return
    if len(source.inputs) < 2 or len(head.step.weights) > 1:
        return
    start, pushes = 0, []
    for name in source.inputs:
        part = values[name]
        dense = np.asarray(part.toarray() if hasattr(part, "toarray") else part)[0]
        weights = head.step.weights[0, start : start + len(dense)]
        pushes.append((_group(by_output, name), float(weights @ dense)))
        start += len(dense)
    for name, push in sorted(pushes, key=lambda item: -abs(item[1])):
        yield name, number(push, 2, signed=True)


def _group(by_output: dict[str, Node], name: str) -> str:
    """Return what a group of features is called: the last words of where it begins."""
    node = by_output[name]
    while node.inputs[0] in by_output:
        node = by_output[node.inputs[0]]
    return node.output.rpartition(" by ")[2].rpartition("/")[2]


def _words(stages: tuple[Stage, ...], workflow: Workflow) -> Iterator[tuple[str, str]]:
    """Yield what goes in and out, where the sum cannot be divided."""
    encoded = workflow.anatomy.of_role(ENCODING)
    inner = [stage for stage in workflow.anatomy.stages if stage.cost.network and not stage.cost.trees]
    before = [stage.width for stage in (*encoded, *inner) if stage.output in stages[0].reads]
    if before:
        yield "numbers in", f"{before[-1]:,}"
    yield "answers out", f"{stages[-1].width:,}"

"""A model and rules laid over it as one graph of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.core.errors import InputError
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.hybrids.rules.book import RuleBook
from twofold.hybrids.rules.remarks import refuse, remarks_of
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.rules import Decisions, Rules

MODEL = "model/"
"""Stands before the names of the model's own steps."""


def lay_over(bundle: Bundle, book: RuleBook, others: Sequence[Bundle] = ()) -> Bundle:
    """Return a model with rules over it.

    Parameters
    ----------
    bundle : Bundle
    book : RuleBook
    others : sequence of Bundle
        The models that rows are sent to, in the order of ``book.models``; their columns join those of the
        first. Their probabilities are answered at the first one's threshold.

    Raises
    ------
    InputError
        When the model has rules already, a rule has an error, or another model answers something else.
    """
    about = bundle.about
    if find_rules(bundle.graph) is not None:
        raise InputError(
            f"The model '{about.model}' has rules already.",
            "Rules are laid over a model without any.",
            "Name the folder of the model itself, with all the rules in one file.",
        )
    refuse(remarks_of(book, about))
    if about.threshold is not None and not 0 < about.threshold <= 1:
        raise InputError(
            f"The model always answers the same: its threshold is {about.threshold:g}.",
            "A rule can only forbid or answer what a probability decides.",
            "Fit the model with another metric.",
        )
    if len(others) != len(book.models):
        raise InputError(
            f"{len(others)} other models came with the rules.",
            f"The rules name: {', '.join(name for name, _ in book.models) or 'none'}.",
            "Bring one for each name, in that order.",
        )
    schema = about.schema
    for other, (name, _) in zip(others, book.models, strict=True):
        schema = _with_columns(schema, other.about, about, name)
    step = Rules(book.rules, tuple(other.graph for other in others), len(about.classes))
    graph = bundle.graph.renamed(MODEL).then(Node(step, (INPUT, MODEL + PREDICTION), PREDICTION))
    families = {about.family, *(other.about.family for other in others)}
    count = f"{len(book.rules)} rule{'s' if len(book.rules) != 1 else ''}"
    laid = replace(
        about,
        schema=schema,
        model=f"{about.model} under {count}",
        family=about.family if len(families) == 1 else "hybrid",
        verdict=f"Rules were laid over the model. Without them: {about.verdict}" if about.verdict else "",
        metrics={},  # measured without the rules
        parity=None,
        examples=about.examples if schema is about.schema else (),  # they lack the columns of the others
    )
    return Bundle(laid, graph)


def _with_columns(schema: Schema, other: About, about: About, name: str) -> Schema:
    if (other.task, other.classes) != (about.task, about.classes):
        raise InputError(
            f"The model '{name}' answers {other.task} with {len(other.classes)} classes.",
            f"It has to answer like the first one: {about.task} with the classes {about.classes}.",
            "Send rows to a model of the same target.",
        )
    known = {column.name: column for column in schema.columns}
    for column in other.schema.used:
        mine = known.get(column.name)
        if mine is not None and not mine.unused and (mine.kind, mine.format) != (column.kind, column.format):
            raise InputError(
                f"'{column.name}' is a {mine.kind} for the model and a {column.kind} for '{name}'.",
                "Both have to read their common columns alike.",
                "Fit one of them anew with schema=.",
            )
        known[column.name] = column if mine is None or mine.unused else mine
    return Schema(tuple(known.values()))


def find_rules(graph: Graph) -> tuple[Rules, str] | None:
    """Return the rules of a graph and the name of the answer they were laid over; None without rules."""
    for node in graph.nodes:
        if node.output == PREDICTION and isinstance(node.step, Rules):
            return node.step, node.inputs[1]
    return None


def decide(graph: Graph, table: Table) -> tuple[NDArray[np.float64], Decisions, Rules]:
    """Return what the model said, what was made of it, and the rules, for rows of a graph with rules.

    Raises
    ------
    InputError
        When the graph has no rules.
    """
    found = find_rules(graph)
    if found is None:
        raise InputError(
            "The model has no rules.",
            "Rules are laid over a model by: twofold rules apply.",
            "Name the folder that it wrote.",
        )
    step, name = found
    said = np.asarray(graph.run({INPUT: table}, name), dtype=np.float64)
    return said, step.decide(table, said), step

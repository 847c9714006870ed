"""The columns as a kind of model wants to see them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from twofold.core.capabilities import View
from twofold.core.control import Problem
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.features import category, number, text
from twofold.features.encoded import Encoded, Part
from twofold.steps.base import FEATURES, INPUT, Graph, Node
from twofold.steps.numbers import Numbers
from twofold.steps.stack_columns import StackColumns

FEW_LEVELS = 8
"""Categories with at most so many levels are one-hot for networks; others get an embedding."""
MANY_LEVELS = 40
"""String columns with more levels are also read by their letters."""
TOPICS, NETWORK_TOPICS, LETTER_TOPICS = 40, 100, 16
TOP_WORDS = 80

_Made = tuple[list[Part], tuple[int, ...], int]
"""The parts side by side, the numbers of codes of the last columns, and the plain columns before them."""


def encode(
    view: View,
    table: Table,
    schema: Schema,
    y: NDArray[Any],
    problem: Problem,
    *,
    seed: int,
    weight: NDArray[np.float64] | None = None,
) -> Encoded:
    """Encode training rows for a view, and learn how to encode new ones.

    Parameters
    ----------
    view : View
    table : Table of n rows
    schema : Schema
    y : array of shape (n,)
        For target statistics and for the choice of words; out of fold in the returned matrix.
    problem : Problem
    seed : int
    weight : array of shape (n,) or None
        Unused by the encoders so far; rows count alike.

    Returns
    -------
    Encoded
    """
    del weight
    makers = {"trees": _for_trees, "linear": _for_linear, "network": _for_networks, "none": _for_nothing}
    parts, n_codes, plain = makers[view](table, schema, y, problem, seed)
    parts = [part for part in parts if part.matrix.shape[1]]
    if not parts:
        parts = [
            Part((Node(Numbers(()), (INPUT,), "nothing"),), "nothing", np.zeros((table.n_rows, 0)), (), ())
        ]
    return _together(parts, n_codes, plain)


def _together(parts: list[Part], n_codes: tuple[int, ...], plain: int) -> Encoded:
    nodes: dict[str, Node] = {}
    for part in parts:
        nodes.update({node.output: node for node in part.nodes})
    stack = StackColumns()
    final = Node(stack, tuple(part.output for part in parts), FEATURES)
    matrix = stack.run(*(part.matrix for part in parts))
    if sparse.issparse(matrix) and matrix.shape[1] < 200:
        matrix = matrix.toarray()
    return Encoded(
        Graph((*nodes.values(), final)),
        matrix,
        tuple(name for part in parts for name in part.names),
        tuple(origin for part in parts for origin in part.origins),
        n_codes,
        plain,
    )


def _several(schema: Schema, table: Table, most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide the category columns into those with few and those with many levels."""
    names = schema.of_kind("category")
    many = tuple(n for n in names if len(set(table.columns[n].tolist())) > most)
    return tuple(n for n in names if n not in many), many


def _strings(table: Table, schema: Schema, seed: int, *, scale: bool) -> list[Part]:
    """Read columns with many levels by their letters."""
    found = [text.letters(table, name) for name in _several(schema, table, MANY_LEVELS)[1]]
    topics = [text.projected(part, LETTER_TOPICS, seed, scale=scale) for part in found if part is not None]
    return [part for part in topics if part is not None]


def _for_trees(table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int) -> _Made:
    parts = [number.raw_numbers(table, schema.of_kind("number"))]
    if dates := schema.of_kind("date"):
        parts.append(number.date_parts(table, dates, cyclic=False))
    if names := schema.of_kind("category"):
        coded = category.codes(table, names)
        parts += [coded, category.frequencies(coded)]
        statistics = category.target_statistics(coded, y, problem, seed)
        parts += [statistics] if statistics is not None else []
        parts += _strings(table, schema, seed, scale=False)
    for name in schema.of_kind("text"):
        parts.append(text.lexical(table, name))
        found = text.words(table, name)
        if found is None:
            continue
        topics = text.projected(found, TOPICS, seed)
        parts += [topics] if topics is not None else []
        parts.append(_strongest_words(found, name, y, problem))
    return parts, (), 0


def _strongest_words(found: Part, name: str, y: NDArray[Any], problem: Problem) -> Part:
    best = text.strongest(found, y, problem, TOP_WORDS)
    names = tuple(found.names[position] for position in best)
    return number.picked(found, best, names, (name,) * len(names))


def _for_linear(table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int) -> _Made:
    del seed, y, problem
    parts: list[Part] = []
    numbers = number.raw_numbers(table, schema.of_kind("number"))
    if numbers.names:
        bent = number.hinges(numbers)
        parts += [number.scaled(numbers, smooth=False)] + ([bent] if bent is not None else [])
    if dates := schema.of_kind("date"):
        calendar = number.date_parts(table, dates, cyclic=True)
        parts += [number.scaled(calendar, smooth=False)] if calendar.names else []
    if names := schema.of_kind("category"):
        coded = category.codes(table, names, most=1_000)
        wide = int(category.sizes_of(coded).sum()) > 200
        parts.append(category.one_hot(coded, sparse=wide))
        found = [text.letters(table, name) for name in _several(schema, table, MANY_LEVELS)[1]]
        parts += [part for part in found if part is not None]
    for name in schema.of_kind("text"):
        found_words = text.words(table, name)
        parts += [number.scaled(text.lexical(table, name), smooth=False)]
        parts += [found_words] if found_words is not None else []
    return parts, (), 0


def _for_networks(table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int) -> _Made:
    embedded: list[Part] = []
    plain: list[Part] = []
    numbers = number.raw_numbers(table, schema.of_kind("number"))
    if numbers.names:
        embedded.append(number.scaled(numbers, smooth=True))
    if dates := schema.of_kind("date"):
        calendar = number.date_parts(table, dates, cyclic=True)
        embedded += [number.scaled(calendar, smooth=True)] if calendar.names else []
    few, many = _several(schema, table, FEW_LEVELS)
    if few:
        plain.append(category.one_hot(category.codes(table, few, output="few"), sparse=False))
    plain += _strings(table, schema, seed, scale=True)
    for name in schema.of_kind("text"):
        embedded.append(number.scaled(text.lexical(table, name), smooth=True))
        found = text.words(table, name)
        topics = text.projected(found, NETWORK_TOPICS, seed, scale=True) if found is not None else None
        plain += [topics] if topics is not None else []
        plain += [_strongest_words(found, name, y, problem)] if found is not None else []
    if not many:
        return embedded + plain, (), _width(plain)
    coded = category.codes(table, many, most=2_000, output="many")
    statistics = category.target_statistics(coded, y, problem, seed)
    embedded += [number.scaled(statistics, smooth=True)] if statistics is not None else []
    return [*embedded, *plain, coded], tuple(category.sizes_of(coded).tolist()), _width(plain)


def _width(parts: list[Part]) -> int:
    return sum(part.matrix.shape[1] for part in parts)


def _for_nothing(table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int) -> _Made:
    del table, schema, y, problem, seed
    return [], (), 0

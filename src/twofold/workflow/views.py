"""The columns as a kind of model wants to see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from twofold.core.capabilities import View
from twofold.core.control import Problem, Tower
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.features import category, number, text
from twofold.features.encoded import Encoded, Part
from twofold.features.reading import Reading, Ready, read_cells, standardised
from twofold.steps.base import FEATURES, INPUT, Graph, Node
from twofold.steps.numbers import Numbers
from twofold.steps.stack_columns import StackColumns

FEW_LEVELS = 8
"""Categories with at most so many levels are one-hot for networks; others get an embedding."""
MANY_LEVELS = 40
"""String columns with more levels are also read by their letters."""
TOPICS, NETWORK_TOPICS, LETTER_TOPICS = 40, 100, 16
TOP_WORDS = 80

MOST_FOR_TREES, MOST_FOR_NETWORKS = 400, 1_600
"""Features of cells beyond which trees and networks get the leading and the strongest ones alone."""
LEADING, STRONGEST = 100, 100
_Cells = list[tuple[Ready, Part]]


@dataclass(frozen=True)
class _Made:
    """Parts to be put side by side.

    Parameters
    ----------
    parts : list of Part
    n_codes : tuple of int
        Numbers of codes of the last columns before the towers.
    plain : int
        Columns before those that need no embedding.
    towers : tuple of Tower
    """

    parts: list[Part]
    n_codes: tuple[int, ...] = ()
    plain: int = 0
    towers: tuple[Tower, ...] = ()


def encode(
    view: View,
    table: Table,
    schema: Schema,
    y: NDArray[Any],
    problem: Problem,
    *,
    seed: int,
    weight: NDArray[np.float64] | None = None,
    reading: Reading | None = None,
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
    reading : Reading or None
        With what text, pictures, clips and series are read; None reads text by its words.

    Returns
    -------
    Encoded
    """
    del weight
    makers = {
        "trees": _for_trees,
        "linear": _for_linear,
        "network": _for_networks,
        "towers": _for_towers,
        "none": _for_nothing,
    }
    reading = reading or Reading()
    known = schema if reading.words or view == "towers" else _without_text(schema)
    cells = read_cells(table, schema, reading, view, seed) if view != "none" else []
    made = makers[view](table, known, y, problem, seed, cells)
    parts = [part for part in made.parts if part.matrix.shape[1]]
    if not parts:
        parts = [
            Part((Node(Numbers(()), (INPUT,), "nothing"),), "nothing", np.zeros((table.n_rows, 0)), (), ())
        ]
    return _together(parts, made)


def _without_text(schema: Schema) -> Schema:
    """Return the schema for a plan that does not count words."""
    return Schema(tuple(column for column in schema.columns if column.kind != "text"))


def _together(parts: list[Part], made: _Made) -> Encoded:
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
        made.n_codes,
        made.plain,
        made.towers,
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


def _for_trees(
    table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int, cells: _Cells
) -> _Made:
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
    for _, part in cells:
        parts += _reduced(part, y, problem, seed) if part.matrix.shape[1] > MOST_FOR_TREES else [part]
    return _Made(parts)


def _reduced(part: Part, y: NDArray[Any], problem: Problem, seed: int) -> list[Part]:
    """Return the leading directions of many features, and the strongest of them."""
    even = standardised(part)
    topics = text.projected(even, LEADING, seed)
    best = text.strongest_dense(even, y, problem, STRONGEST)
    names = tuple(even.names[place] for place in best)
    picked = number.picked(even, best, names, tuple(even.origins[place] for place in best))
    return [picked] if topics is None else [topics, picked]


def _strongest_words(found: Part, name: str, y: NDArray[Any], problem: Problem) -> Part:
    best = text.strongest(found, y, problem, TOP_WORDS)
    names = tuple(found.names[position] for position in best)
    return number.picked(found, best, names, (name,) * len(names))


def _for_linear(
    table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int, cells: _Cells
) -> _Made:
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
        found_letters = text.letters(table, name) if text.is_short(table, name) else None
        parts += [found_letters] if found_letters is not None else []
    return _Made(parts + [standardised(part) for _, part in cells])


def _for_networks(
    table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int, cells: _Cells
) -> _Made:
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
    for _, part in cells:
        even = standardised(part)
        wide = even.matrix.shape[1] > MOST_FOR_NETWORKS
        topics = text.projected(even, MOST_FOR_NETWORKS // 4, seed, scale=True) if wide else even
        plain += [topics] if topics is not None else []
    if not many:
        return _Made(embedded + plain, (), _width(plain))
    coded = category.codes(table, many, most=2_000, output="many")
    statistics = category.target_statistics(coded, y, problem, seed)
    embedded += [number.scaled(statistics, smooth=True)] if statistics is not None else []
    return _Made([*embedded, *plain, coded], tuple(category.sizes_of(coded).tolist()), _width(plain))


def _for_towers(
    table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int, cells: _Cells
) -> _Made:
    """Return what a network sees of numbers, categories and dates, and the raw cells behind it."""
    made = _for_networks(table, _without_text(schema), y, problem, seed, [])
    towers = tuple(Tower(schema[part.origins[0]].kind, ready.shape, ready.tokens) for ready, part in cells)
    return _Made([*made.parts, *(part for _, part in cells)], made.n_codes, made.plain, towers)


def _width(parts: list[Part]) -> int:
    return sum(part.matrix.shape[1] for part in parts)


def _for_nothing(
    table: Table, schema: Schema, y: NDArray[Any], problem: Problem, seed: int, cells: _Cells
) -> _Made:
    del table, schema, y, problem, seed, cells
    return _Made([])

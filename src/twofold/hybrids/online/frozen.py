"""What of a fitted model stays as it is: its answer and its features, as columns that a head learns from."""

from __future__ import annotations

import numpy as np

from twofold.core.table import Table
from twofold.hybrids.online.head import Array
from twofold.steps.base import EMBEDDING, FEATURES, INPUT, PREDICTION, Graph, Node
from twofold.steps.log_scores import LogScores
from twofold.steps.numbers import Pick, Standard
from twofold.steps.stack_columns import StackColumns

STREAM = "stream"
"""Name of the frozen columns: log-odds of the frozen model, then its features, standardised."""
FROZEN = "frozen/"
"""Stands before the names of the frozen model's steps."""
EVEN = ": even"
"""Stands behind the name of features that were standardised."""
ORDER = (FEATURES, EMBEDDING)
"""Last parts of the names that features have, in the order of the stream."""
WIDEST = 512
"""Features beyond so many are left to the frozen model: a new head would drown in them."""
LIMIT = 5.0
"""Standard deviations beyond which a feature is cut off."""
CHUNK = 4_096
"""Rows that go through the frozen steps at once."""


def freeze(graph: Graph, table: Table) -> Graph:
    """Return a model's steps and what makes of them the columns of a stream.

    Its log-odds come first, then its encoded columns, then the last layer of each network in it; what would
    make more than `WIDEST` columns is left out.

    Parameters
    ----------
    graph : Graph
        From ``table`` to ``prediction``.
    table : Table
        Some rows, to know the means and deviations of the features.

    Returns
    -------
    Graph
        From ``table`` to ``stream``.
    """
    nodes = list(graph.renamed(FROZEN).nodes)
    nodes.append(Node(LogScores(), (FROZEN + PREDICTION,), FROZEN + "scores"))
    parts, width = [FROZEN + "scores"], 0
    ends = {last: [node.output for node in nodes if _last(node.output) == last] for last in ORDER}
    values = Graph(tuple(nodes)).run_many({INPUT: table}, [name for last in ORDER for name in ends[last]])
    for name, matrix in values.items():
        if 0 < matrix.shape[1] <= WIDEST - width:
            width += matrix.shape[1]
            nodes += _standardised(name, matrix)
            parts.append(name + EVEN)
    return Graph((*nodes, Node(StackColumns(), tuple(parts), STREAM)))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def widths_of(graph: Graph, table: Table) -> tuple[int, int]:
    """Return how many columns a stream has, and how many of them come before the features of networks."""
    parts = next(node.inputs for node in graph.nodes if node.output == STREAM)
    values = graph.run_many({INPUT: table.take(np.arange(1))}, parts)
    deep = [name for name in parts if _last(name.removesuffix(EVEN)) == EMBEDDING]
    width = sum(matrix.shape[1] for matrix in values.values())
    return width, width - sum(values[name].shape[1] for name in deep)


def _standardised(name: str, matrix: Array) -> list[Node]:
    """Return the nodes that make a dense matrix without constant columns, of mean 0 and deviation 1."""
    dense = Pick(np.arange(matrix.shape[1])).run(matrix).astype(np.float64)
    known = np.isfinite(dense)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, dense, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, dense - mean, 0.0) ** 2).sum(axis=0) / count)
    kept = np.flatnonzero(deviation > 1e-9 * (1.0 + np.abs(mean)))
    step = Standard(mean[kept].astype(np.float32), deviation[kept].astype(np.float32), LIMIT, False)
    return [
        Node(Pick(kept), (name,), name + ": kept"),
        Node(step, (name + ": kept",), name + EVEN),
    ]


def columns_of_stream(graph: Graph, table: Table) -> Array:
    """Return the frozen columns of rows, float64 of shape (n, d)."""
    parts = []
    for start in range(0, max(1, table.n_rows), CHUNK):
        rows = np.arange(start, min(start + CHUNK, table.n_rows))
        parts.append(np.asarray(graph.run({INPUT: table.take(rows)}, STREAM), dtype=np.float64))
    return np.vstack(parts)

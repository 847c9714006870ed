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
WIDEST = 512
"""Features beyond so many are left to the frozen model: a new head would drown in them."""
LIMIT = 5.0
"""Standard deviations beyond which a feature is cut off."""
CHUNK = 4_096
"""Rows that go through the frozen steps at once."""


def freeze(graph: Graph, table: Table) -> Graph:
    """Return a model's steps and what makes of them the columns of a stream.

    The last layer of each network in the model is taken, where there is none the encoded columns; what is
    wider than `WIDEST` is left out.

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
    whole = Graph(tuple(nodes))
    for last in (EMBEDDING, FEATURES):
        names = [node.output for node in graph.nodes if node.output.rpartition("/")[2] == last]
        values = whole.run_many({INPUT: table}, [FROZEN + name for name in names])
        for name, matrix in values.items():
            if width + matrix.shape[1] > WIDEST or not matrix.shape[1]:
                continue
            width += matrix.shape[1]
            nodes += _standardised(name, matrix)
            parts.append(name + "/even")
        if len(parts) > 1:
            break
    return Graph((*nodes, Node(StackColumns(), tuple(parts), STREAM)))


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
        Node(Pick(kept), (name,), name + "/kept"),
        Node(step, (name + "/kept",), name + "/even"),
    ]


def columns_of_stream(graph: Graph, table: Table) -> Array:
    """Return the frozen columns of rows, float64 of shape (n, d)."""
    parts = []
    for start in range(0, max(1, table.n_rows), CHUNK):
        rows = np.arange(start, min(start + CHUNK, table.n_rows))
        parts.append(np.asarray(graph.run({INPUT: table.take(rows)}, STREAM), dtype=np.float64))
    return np.vstack(parts)

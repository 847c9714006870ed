"""Cells read once: what extractors make of them is kept beside the table, for many fits on the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from twofold.core.table import Unreadable
from twofold.data.dataset import Dataset
from twofold.features.extractor import make_extractor
from twofold.features.reading import WORDS, Ready, described
from twofold.steps.base import Graph
from twofold.steps.extraction import Extraction, Known, linked

STRETCH = 512
"""Rows whose cells are open at once."""


@dataclass(frozen=True)
class ReadOnce:
    """A data set whose cells were read.

    Parameters
    ----------
    dataset : Dataset
        Its table carries the features along.
    ready : mapping of (column, extractor) to Ready
        For `twofold.workflow.fitting.fit_plan`.
    extractions : mapping of (column, key) to Extraction
        The steps that read the cells.
    unreadable : tuple of Unreadable
        Cells that could not be read, and count as missing.
    """

    dataset: Dataset
    ready: Mapping[tuple[str, str], Ready]
    extractions: Mapping[tuple[str, str], Extraction]
    unreadable: tuple[Unreadable, ...] = ()

    def whole(self, graph: Graph) -> Graph:
        """Return a graph that reads cells by itself, instead of knowing what was read."""
        return linked(graph, self.extractions)


def read_once(dataset: Dataset, reads: Iterable[str], seed: int = 0) -> ReadOnce:
    """Read the cells of all rows with every extractor that learns nothing from them.

    Parameters
    ----------
    dataset : Dataset
    reads : iterable of str
        Names of extractors. Those that are fitted to rows are left to each fit, which knows its rows.
    seed : int
    """
    table, ready, steps = dataset.table, {}, {}
    unreadable: dict[tuple[str, int], Unreadable] = {}
    for name in dict.fromkeys(reads):
        extractor = None if name == WORDS else make_extractor(name)
        if extractor is None or extractor.fitted:
            continue
        for column in dataset.schema.of_kind(extractor.reads):
            step = extractor.make(column, table, seed)
            parts = []
            for start in range(0, table.n_rows, STRETCH):
                stretch = replace(table.take(np.arange(start, min(start + STRETCH, table.n_rows))), memo={})
                parts.append(step.run(stretch))
                for found in stretch.complaints:
                    unreadable[column, found.row + start] = replace(found, row=found.row + start)
            table = replace(table, known={**table.known, (column, step.key): np.concatenate(parts)})
            told = described(step, extractor.names(step))
            ready[column, name] = replace(told, step=Known(column, step.key))
            steps[column, step.key] = step
            step.forget()
    return ReadOnce(replace(dataset, table=table), ready, steps, tuple(unreadable.values()))

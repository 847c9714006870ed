"""What extractors make of text, pictures, clips and series: once for all rows, kept in the run folder.

::

    RUN/cells/EXTRACTOR-COLUMN/
      made.json                   key, width, names, seconds a row
      graph/                      the step alone
      matrix.npy                  float32 of shape (n_rows, width), filled stretch by stretch
      rows-START.json             a stretch is done: its seconds, and the cells that could not be read

No label is looked at here, so rows that are to be scored may be among them.
"""

from __future__ import annotations

import json
import math
import re
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.graph_files import load_graph, save_graph
from twofold.bundle.simplify import steps_of
from twofold.core import optional
from twofold.core.random import make_generator
from twofold.core.schema import Schema
from twofold.core.table import Table
from twofold.core.trial import Read
from twofold.data.dataset import Dataset
from twofold.features.extractor import Extractor, base_name, make_extractor
from twofold.features.reading import WORDS, Reading, Ready, described
from twofold.search.run_folder import RunFolder, whole_folder, write_json
from twofold.steps.base import INPUT, Graph, Node
from twofold.steps.extraction import Extraction, Known

SAMPLE = 256
"""Cells that a step is made from."""
TIMED = 12
"""Cells that it is timed on."""
BATCH = 256
"""Cells that are in memory at once."""
MADE = "made.json"


@dataclass(frozen=True)
class Made:
    """A step that was made for a column, and what it costs.

    Parameters
    ----------
    column, extractor : str
        The extractor by its whole name, with its size.
    key : str
        Of the step.
    width : int
    row_seconds : float
        Of one cell, on one core.
    size : int
        Bytes of the step.
    names : tuple of str
    shape : tuple of int
    tokens : int
    """

    column: str
    extractor: str
    key: str
    width: int
    row_seconds: float
    size: int
    names: tuple[str, ...]
    shape: tuple[int, ...] = ()
    tokens: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Made:
        """Read what `asdict` and JSON made of it."""
        return cls(**{**data, "names": tuple(data["names"]), "shape": tuple(data["shape"])})

    @property
    def name(self) -> str:
        """The extractor as plans name it: each column has the size that suits it."""
        return base_name(self.extractor)


def folder_of(run: RunFolder, column: str, extractor: str) -> Path:
    """Return where a column's features lie."""
    plain = re.sub(r"[^A-Za-z0-9@.]+", "_", f"{extractor}-{column}")[:60]
    return run.cells / f"{plain}-{zlib.crc32((extractor + column).encode()):08x}"


def make_step(run: RunFolder, dataset: Dataset, column: str, name: str, seconds: float, seed: int) -> Made:
    """Make the step of an extractor for a column and write it down; time it.

    Parameters
    ----------
    run : RunFolder
    dataset : Dataset
    column : str
    name : str
        Of the extractor. Where it has a choice of sizes and the name gives none, the finest is taken with
        which a cell costs at most `seconds`, or else the coarsest; the default where seconds do not count.
    seconds : float
    seed : int
    """
    extractor = make_extractor(name)
    for package in extractor.packages:
        optional.load(package, f"'{name}'")
    there = np.flatnonzero(dataset.table.columns[column] != None)  # noqa: E711 - element by element
    order = make_generator(seed, "cells", column).permutation(there)
    sample = _only(dataset.table, column, np.sort(order[:SAMPLE]))
    fixed = extractor.size or not extractor.sizes or math.isinf(seconds)
    sizes = [extractor.size] if fixed else sorted(extractor.sizes)
    found: tuple[str, Extractor, Extraction, float] | None = None
    for size in sizes:
        tried = make_extractor(f"{base_name(name)}@{size}" if size else name)
        step = tried.make(column, sample, seed)
        cost = _time(step, _only(dataset.table, column, order[:TIMED]))
        if found is None or cost <= seconds:
            found = (f"{base_name(name)}@{size}" if size else name, tried, step, cost)
        if cost > seconds:
            break
    assert found is not None
    whole_name, tried, step, cost = found
    ready = described(step, tried.names(step))
    with whole_folder(folder_of(run, column, whole_name)) as folder:
        save_graph(Graph((Node(step, (INPUT,), "cells"),)), folder / "graph")
        size = sum(file.stat().st_size for file in (folder / "graph").iterdir())
        told = (step.key, step.width, cost, size)
        made = Made(column, whole_name, *told, ready.names, tuple(ready.shape), ready.tokens)
        shape = (dataset.table.n_rows, step.width)
        matrix = np.lib.format.open_memmap(folder / "matrix.npy", "w+", np.float32, shape)
        del matrix
        write_json(folder / MADE, asdict(made))
    return made


def _only(table: Table, column: str, rows: NDArray[np.intp]) -> Table:
    return Table({column: table.columns[column][rows]}, len(rows), {})


def _time(step: Extraction, table: Table) -> float:
    step.run(_only(table, step.column, np.arange(min(2, table.n_rows))))  # sessions are made at first use
    began = time.perf_counter()
    step.run(Table(table.columns, table.n_rows, {}))
    return (time.perf_counter() - began) / max(1, table.n_rows)


def fill(run: RunFolder, dataset: Dataset, column: str, name: str, rows: tuple[int, int]) -> dict[str, Any]:
    """Compute a stretch of a column's features into the matrix on disk."""
    folder = folder_of(run, column, name)
    step = step_of(folder)
    began = time.perf_counter()
    matrix = np.load(folder / "matrix.npy", mmap_mode="r+", allow_pickle=False)
    unreadable = []
    for start in range(rows[0], rows[1], BATCH):
        stop = min(start + BATCH, rows[1])
        table = _only(dataset.table, column, np.arange(start, stop))
        matrix[start:stop] = step.run(table)
        unreadable += [asdict(replace(found, row=found.row + start)) for found in table.complaints]
    matrix.flush()
    told = {"stop": rows[1], "seconds": time.perf_counter() - began, "unreadable": unreadable}
    write_json(folder / f"rows-{rows[0]}.json", told)
    return told


def step_of(folder: Path) -> Extraction:
    """Return the step that was made; the last one stays open for the next stretch."""
    return _open_step(folder, (folder / MADE).stat().st_mtime_ns)


def close_step() -> None:
    """Let go of the step that is open: its session is larger than many a model."""
    _open_step.cache_clear()


@lru_cache(maxsize=1)
def _open_step(folder: Path, written: int) -> Extraction:
    """Read a step; `written` tells it from an earlier one in the same place."""
    del written
    return cast(Extraction, load_graph(folder / "graph").nodes[0].step)


def made_in(run: RunFolder) -> list[Made]:
    """Return every step that was made in a run."""
    paths = sorted(run.cells.glob(f"*/{MADE}"))
    return [Made.from_json(json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def stretches(run: RunFolder, made: Made) -> dict[int, dict[str, Any]]:
    """Return the stretches that are done, by their first row."""
    folder = folder_of(run, made.column, made.extractor)
    paths = folder.glob("rows-*.json")
    return {int(path.stem[5:]): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def with_cells(run: RunFolder, dataset: Dataset, reads: Iterable[str]) -> tuple[Dataset, Reading]:
    """Return the data set with what extractors made of it, and how a plan with these `reads` sees it."""
    names = tuple(reads)
    known, ready = {}, {}
    for made in made_in(run):
        if made.name in names:
            path = folder_of(run, made.column, made.extractor) / "matrix.npy"
            known[made.column, made.key] = np.load(path, mmap_mode="r", allow_pickle=False)
            step = Known(made.column, made.key)
            ready[made.column, made.name] = Ready(step, made.names, made.shape, made.tokens)
    table = replace(dataset.table, known={**dataset.table.known, **known})
    return replace(dataset, table=table), Reading(names, ready)


def costs_of(run: RunFolder, schema: Schema, reads: Iterable[str]) -> tuple[Read, ...]:
    """Return what it costs to read a row's cells before the model sees them, by extractor and used column."""
    names = set(reads)
    return tuple(
        Read(f"{made.extractor} of {made.column}", made.row_seconds, made.size)
        for made in made_in(run)
        if made.name in names and not schema[made.column].unused
    )


def extractions(run: RunFolder, graph: Graph) -> Mapping[tuple[str, str], Extraction]:
    """Return the steps that the `Known` steps of a graph stand for."""
    wanted = {(step.column, step.key) for step in steps_of(graph) if isinstance(step, Known)}
    return {
        (made.column, made.key): step_of(folder_of(run, made.column, made.extractor))
        for made in made_in(run)
        if (made.column, made.key) in wanted
    }


def learns(name: str) -> bool:
    """Whether an extractor is fitted to each part's training rows, and cannot be kept for all rows."""
    return name == WORDS or make_extractor(name).fitted

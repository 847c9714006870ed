"""Where a run lies on disk: what is finished is there whole, what is not is not there at all.

::

    RUN/
      lock                        held by the fit that works here
      run.json                    settings, versions, fingerprint of the data, seconds spent
      data/                       the data set and its folds
      cells/EXTRACTOR-COLUMN/     what extractors made of text, pictures, clips and series, for all rows
      views/VIEW-PART/            encoded matrices, made once a part, shared by all models
      trials/NAME/PART/           prediction.npy, graph/, result.json

A *part* is the number of a fold, or ``all`` for the refit.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.graph_files import load_graph
from twofold.core.errors import InputError
from twofold.core.fold import Fold
from twofold.data.dataset import Dataset
from twofold.data.store import load_dataset
from twofold.search.run_lock import LOCK
from twofold.steps.base import Graph

WHOLE = "all"


@dataclass(frozen=True)
class PartResult:
    """What one fit of one plan on one part came to.

    Parameters
    ----------
    name, part : str
    seconds : float
        To encode, fit and lower.
    rounds : int
    row_seconds : float
        Per row through the lowered graph, in a batch of the scored rows.
    size : int
        Bytes of the lowered graph.
    mismatch : float
        Largest difference between the native and the lowered answer on the scored rows.
    native : bool
        Whether a booster's own file had to be kept.
    cells : sequence of (extractor, seconds a row, bytes)
        What it costs to read the cells; part of `row_seconds` and `size`.
    """

    name: str
    part: str
    seconds: float
    rounds: int
    row_seconds: float
    size: int
    mismatch: float
    native: bool = False
    cells: Sequence[tuple[str, float, int]] = ()


def write_json(path: Path, data: Any) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    beside.write_text(json.dumps(data, indent=1, default=str), encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105 - one atomic call on every platform


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder that appears at `path` when the block ends, and not at all when it fails.

    When another process was quicker, its folder stays.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    beside.mkdir(parents=True)
    try:
        yield beside
        try:
            beside.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run, and how to read what is finished."""

    path: Path

    @property
    def exists(self) -> bool:
        """Whether a run was begun here and can be taken up again."""
        return (self.path / "run.json").exists()

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Make the folder for a block that fills it; take it away again when the block fails.

        Raises
        ------
        InputError
            When something else lies there, or nothing can be written there.
        """
        made = [path for path in (self.path, *self.path.parents) if not path.exists()]
        try:
            try:
                self.path.mkdir(parents=True)
            except FileExistsError:
                made = []
            found = {path.name for path in self.path.iterdir()}
        except OSError as error:
            raise InputError(
                f"The folder '{self.path}' cannot be written to: {error.strerror}.",
                "A run needs a folder of its own, new or empty.",
                "Name another folder.",
            ) from None
        if found and LOCK not in found:  # with a lock alone it is a run that was killed as it began
            raise InputError(
                f"'{self.path}' holds something that is no run.",
                "A run needs a folder of its own.",
                "Name a new folder.",
            )
        try:
            yield
        except BaseException:
            if made:
                shutil.rmtree(made[-1], ignore_errors=True)
            raise

    def sweep(self) -> None:
        """Remove what a killed fit left half written; the lock has to be held."""
        for path in [path for path in self.path.rglob(".*.tmp") if path.is_dir()]:
            shutil.rmtree(path, ignore_errors=True)
        if not self.exists:
            shutil.rmtree(self.data, ignore_errors=True)

    def load(self) -> tuple[Dataset, tuple[Fold, ...]]:
        """Read the data set and the folds.

        Raises
        ------
        InputError
            When they are damaged.
        """
        try:
            return load_dataset(self.data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"The data in the run '{self.path}' are damaged ({error}).",
                "A run is taken up again as it was left.",
                "Remove the run and fit anew.",
            ) from None

    @property
    def data(self) -> Path:
        """Folder of the data set."""
        return self.path / "data"

    def view(self, view: str, part: str, reads: tuple[str, ...] = ()) -> Path:
        """Folder of an encoded matrix, for plans that read cells with these extractors."""
        mark = f"-{zlib.crc32(' '.join(reads).encode()):08x}" if reads else ""
        return self.path / "views" / f"{view}-{part}{mark}"

    @property
    def cells(self) -> Path:
        """Folder of what extractors made."""
        return self.path / "cells"

    def trial(self, name: str, part: str | int) -> Path:
        """Folder of one fit."""
        return self.path / "trials" / name / str(part)

    def result(self, name: str, part: str | int) -> PartResult | None:
        """Return a finished fit, or None."""
        try:
            text = (self.trial(name, part) / "result.json").read_text(encoding="utf-8")
            return PartResult(**json.loads(text))
        except (OSError, ValueError, TypeError):  # not there, or cut short by a power failure
            return None

    def prediction(self, name: str, part: str | int, file: str = "prediction") -> NDArray[np.float64]:
        """Return the predictions of a finished fit."""
        return np.asarray(np.load(self.trial(name, part) / f"{file}.npy", allow_pickle=False))

    def graph(self, name: str, part: str | int) -> Graph:
        """Return the lowered graph of a finished fit."""
        return load_graph(self.trial(name, part) / "graph")

    def write_settings(self, settings: dict[str, Any]) -> None:
        """Write ``run.json``."""
        write_json(self.path / "run.json", settings)

    def settings(self) -> dict[str, Any]:
        """Read ``run.json``.

        Raises
        ------
        InputError
            When the folder holds no run.
        """
        try:
            data = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                f"'{self.path}' holds no run of twofold ({error}).",
                "A run folder has a file run.json.",
                "Name the run_dir of an earlier fit, or leave resume out.",
            ) from None
        return dict(data)


def describe(result: PartResult) -> dict[str, Any]:
    """Return plain data for ``result.json``."""
    return asdict(result)

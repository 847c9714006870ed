"""What a kept run remembers of rows: whether it learned from them, and its answers out of fold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twofold.shell.told import run_of

if TYPE_CHECKING:
    from twofold.core.table import Table


@dataclass(frozen=True)
class Remembered:
    """What is known of n rows.

    Parameters
    ----------
    learned : boolean array of shape (n,)
        The run has learned from a row with the same values.
    answers : array of shape (n, k) or None
        Its answers out of fold; NaN where it has none. None without a finished run.
    metric : str or None
        What the run was judged by.
    """

    learned: NDArray[np.bool_]
    answers: NDArray[np.float64] | None = None
    metric: str | None = None


def remember(folder: Path, table: Table) -> Remembered:
    """Look up the rows of a table in the run that the folder of a fit keeps, as far as there is one.

    Parameters
    ----------
    folder : Path
    table : Table of n rows, in the form of the fit's schema
    """
    from twofold.data.leakage import row_hashes
    from twofold.data.store import load_dataset
    from twofold.search.result_files import NAME, load_result

    run = run_of(folder)
    nothing = Remembered(np.zeros(table.n_rows, dtype=bool))
    if not (run / "data" / "meta.json").exists():
        return nothing
    dataset, _ = load_dataset(run / "data")
    if set(dataset.table.columns) != set(table.columns):
        return nothing
    hashes, first = np.unique(row_hashes(dataset.table), return_index=True)
    asked = row_hashes(table)
    place = np.minimum(np.searchsorted(hashes, asked), len(hashes) - 1)
    learned = hashes[place] == asked
    if not (run / NAME).exists():
        return Remembered(learned)
    result = load_result(run)
    answers = np.where(learned[:, None], result.choice.predictions[first[place]], np.nan)
    return Remembered(learned, answers, result.metric)

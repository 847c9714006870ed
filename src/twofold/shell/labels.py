"""What the commands on labels share: one plan of each family, cells read once, a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twofold.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from twofold.data.dataset import Dataset
    from twofold.hybrids.pair import Means, Pair
    from twofold.workflow.read_once import ReadOnce

ROW = "row"
"""Column of written tables: the place of a row in the table that was read, from 1."""


@dataclass(frozen=True)
class Effort:
    """What the commands on labels may use, and how the target is to be taken.

    Parameters
    ----------
    budget : str
        Wall clock of all fits; reading the cells comes before.
    task : str or None
    schema : str or None
        YAML file of kinds of columns that the user knows better.
    reads : str or None
        Extractors, with commas; None for the usual ones.
    seed : int
    jobs : int
        Threads.
    """

    budget: str = "120s"
    task: str | None = None
    schema: str | None = None
    reads: str | None = None
    seed: int = 0
    jobs: int = 1

    @property
    def declared(self) -> dict[str, str] | None:
        """Kinds that the user knows better."""
        from twofold.data.infer import read_schema_file

        return None if self.schema is None else read_schema_file(self.schema)


def prepared(dataset: Dataset, n_rows: int, effort: Effort) -> tuple[ReadOnce, Pair, Means]:
    """Choose one plan of each family, read the cells, and start the clock.

    Parameters
    ----------
    dataset : Dataset
    n_rows : int
        With a label.
    effort : Effort
    """
    from twofold.core.budget import Budget, parse_seconds
    from twofold.core.schema import MEDIA
    from twofold.hybrids.pair import Means, choose_pair
    from twofold.search.senses import BY_NETWORK, senses_of
    from twofold.workflow.read_once import read_once

    seconds = parse_seconds(effort.budget)
    senses = senses_of(dataset.schema, deep=True)
    if effort.reads is not None:
        senses = senses.only(_named(effort.reads, senses.names))
    first = [next((name for name in names if name in senses.deep), "") for names in BY_NETWORK.values()]
    cells = {"text", *MEDIA}
    pair = choose_pair(
        n_rows,
        senses.hand,
        [name for name in first if name],
        senses.raw,
        columns=any(column.kind not in cells for column in dataset.schema.used),
    )
    seen = read_once(dataset, pair.reads, effort.seed)
    return seen, pair, Means(Budget(seconds, cores=effort.jobs), effort.seed, seen.ready)


def _named(reads: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in reads.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise InputError(
                f"'{name}' reads no column of this table.",
                f"What can be read here is read with: {', '.join(known) or 'nothing but the columns'}.",
                "Check the spelling, or leave --reads out.",
            )
    return names


def labels_of(dataset: Dataset, codes: NDArray[Any]) -> NDArray[Any]:
    """Return the labels that codes stand for; values stay what they are."""
    from twofold.bundle.labels import objects_of

    return objects_of(dataset.classes)[codes] if dataset.classes else codes


def with_front(table: pd.DataFrame, front: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table with these columns before its own, in the place of any of the same name."""
    others = table.drop(columns=[name for name in front if name in table])
    return others.assign(**front)[[*front, *others.columns]]

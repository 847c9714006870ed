"""Real rows whose labels are spoilt, hidden or asked for: read once, divided anew for each seed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from common import table_rows
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.random import make_generator
from twofold.data.dataset import Dataset
from twofold.data.partly_labelled import UNKNOWN, PartlyLabelled
from twofold.data.split import inner_split
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.pair import Means, Pair, choose_pair
from twofold.workflow.read_once import ReadOnce, read_once

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cell_sets import texts

TEXTS: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "snips-intents": (texts("snips-intents", "snips.csv.gz", "intent"), "intent"),
    "rotten-tomatoes": (texts("rotten-tomatoes-polarity", "rt_polarity.csv.gz", "label"), "label"),
    "sms-spam": (texts("sms-spam", "sms_spam.csv.gz", "label"), "label"),
}


@dataclass(frozen=True)
class Pool:
    """Rows of a real data set, a plan of each family for them, and what both may use.

    Parameters
    ----------
    name : str
    seen : ReadOnce
    pair : Pair
    """

    name: str
    seen: ReadOnce
    pair: Pair

    @property
    def dataset(self) -> Dataset:
        """All rows with their true labels."""
        return self.seen.dataset

    def means(self, seconds: float, seed: int) -> Means:
        """Return what a fit of the pair may use."""
        return Means(Budget(seconds, cores=2), seed, self.seen.ready)

    def divided(self, test: int, seed: int) -> tuple[Dataset, Dataset]:
        """Return rows to learn from and about `test` rows to score, anew for each seed."""
        rows = np.arange(len(self.dataset.y))
        learn, score = inner_split(rows, self.dataset, test / len(rows), seed)
        return self.dataset.take(learn), self.dataset.take(score)


@cache
def pool(name: str, rows: int, labelled: int) -> Pool:
    """Return `rows` rows drawn from a data set, with their cells read; `labelled` chooses the plans."""
    if name in TEXTS:
        read, target = TEXTS[name]
        frame, kinds = read(), {"hand": ("words",), "deep": ("minilm",), "columns": False}
    else:
        frame, target, _ = table_rows(name)
        kinds = {}
    frame = frame.sample(min(rows, len(frame)), random_state=0).reset_index(drop=True)
    pair = choose_pair(labelled, **kinds)
    return Pool(name, read_once(dataset_from_frame(frame, Roles(target)), pair.reads), pair)


def hidden(dataset: Dataset, labelled: int, seed: int) -> PartlyLabelled:
    """Hide all labels but `labelled` ones, drawn at random with at least two of each class."""
    order = make_generator(seed, "labelled").permutation(len(dataset.y))
    of_class = [order[dataset.y[order] == code][:2] for code in range(len(dataset.classes))]
    first = np.concatenate(of_class)
    rest = order[~np.isin(order, first)]
    return known_at(dataset, np.concatenate([first, rest])[: max(labelled, len(first))])


def known_at(dataset: Dataset, rows: NDArray[np.intp]) -> PartlyLabelled:
    """Hide all labels but those of some rows."""
    known = np.isin(np.arange(len(dataset.y)), rows)
    y = np.where(known, dataset.y, UNKNOWN)
    return PartlyLabelled(replace(dataset, y=y), np.flatnonzero(known), np.flatnonzero(~known))

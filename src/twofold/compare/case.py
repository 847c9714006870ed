"""A case to compare on: a table with a target, divided once into rows to learn from and rows to test on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.random import make_generator
from twofold.core.table import Table
from twofold.data.canonical import table_of
from twofold.data.dataset import Dataset
from twofold.data.media_files import FILE, LABEL
from twofold.data.split import inner_split
from twofold.data.target import Roles, dataset_from_frame

SPLIT, OFFICIAL = "split", frozenset({"train", "test"})
"""A column of this name with these values tells the official division."""
TEST_SHARE, MOST_TEST = 0.25, 5_000
FRACTIONS = (0.01, 0.05, 0.25, 1.0)
"""Shares of the training labels at which workflows are compared."""
FEWEST = 5
"""Rows of each class that even the smallest share holds."""
FEWEST_ROWS = 60


@dataclass(frozen=True)
class Case:
    """What is compared on.

    Parameters
    ----------
    name : str
        Short, for titles.
    question : str
        What is asked of a row, in words.
    frame : pandas.DataFrame
        With the target; a column ``split`` of ``train`` and ``test`` is the official division.
    target : str
    source : str
        Where the rows come from.
    notes : tuple of str
        What a reader has to know: a substitute, a subset.
    answers : mapping of str to str
        How labels are called on the page; those that are not named are called as they are.
    """

    name: str
    question: str
    frame: pd.DataFrame
    target: str
    source: str = ""
    notes: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    def call(self, label: Any) -> str:
        """Return how a label is called."""
        return self.answers.get(str(label), str(label))


@dataclass(frozen=True)
class Divided:
    """A case, divided.

    Parameters
    ----------
    dataset : Dataset
        The training rows.
    test : Table
        The test rows, in the form of the training rows.
    y : array of shape (n_test,)
        Class codes or values of the test rows.
    official : bool
        Whether the data set's own division was kept.
    """

    dataset: Dataset
    test: Table
    y: NDArray[Any]
    official: bool


def divide(case: Case, seed: int) -> Divided:
    """Divide the rows of a case once.

    Raises
    ------
    InputError
        When there are too few rows, or test labels that no training row has.
    """
    if case.target not in case.frame.columns:
        raise InputError(
            f"There is no column '{case.target}'.",
            f"The columns are: {', '.join(map(str, case.frame.columns[:30]))}.",
            "Name one of them with --target.",
        )
    frame = case.frame[case.frame[case.target].notna()].reset_index(drop=True)
    if len(frame) < FEWEST_ROWS:
        raise InputError(
            f"There are {len(frame)} rows with a target.",
            f"A comparison needs at least {FEWEST_ROWS}: some to learn from, some to test on.",
            "Bring more rows.",
        )
    official = _official(frame)
    if official is not None:
        frame = frame.drop(columns=SPLIT)
        learn, test = np.flatnonzero(official == "train"), np.flatnonzero(official == "test")
    else:
        whole = dataset_from_frame(frame, Roles(case.target))
        share = min(TEST_SHARE, MOST_TEST / len(frame))
        learn, test = inner_split(np.arange(len(frame)), whole, share, seed)
    dataset = dataset_from_frame(frame.iloc[learn], Roles(case.target))
    rows = frame.iloc[test]
    y = _codes(rows[case.target], dataset)
    return Divided(dataset, table_of(rows, dataset.schema), y, official is not None)


def _official(frame: pd.DataFrame) -> NDArray[Any] | None:
    if SPLIT not in frame.columns:
        return None
    values = frame[SPLIT].to_numpy(dtype=object)
    return values if set(values.tolist()) == OFFICIAL else None


def _codes(values: pd.Series, dataset: Dataset) -> NDArray[Any]:
    """Return the targets of test rows as the training rows have them."""
    if not dataset.classes:
        return values.to_numpy(dtype=np.float64)
    code_of = {label: code for code, label in enumerate(dataset.classes)}
    code_of |= {str(label): code for label, code in list(code_of.items())}
    codes = [code_of.get(value, code_of.get(str(value))) for value in values.tolist()]
    if None in codes:
        unknown = values.iloc[codes.index(None)]
        raise InputError(
            f"The test rows hold the label {unknown!r}, which no training row has.",
            "Every label has to occur among the training rows.",
            "Leave rare labels out, or divide otherwise.",
        )
    return np.array(codes, dtype=np.int64)


def label_subsets(dataset: Dataset, seed: int) -> tuple[tuple[float, NDArray[np.intp]], ...]:
    """Return growing subsets of the training rows, each within the next, classes in proportion.

    A share that is not larger than the one before (few rows, `FEWEST` of each class) is left out.

    Returns
    -------
    tuple of (share, sorted rows)
    """
    order = make_generator(seed, "labels").permutation(len(dataset.y))
    classes = dataset.y[order].astype(np.int64) if dataset.classes else np.zeros(len(order), dtype=np.int64)
    rank = np.empty(len(order), dtype=np.int64)
    size = np.bincount(classes)[classes]
    for code in np.unique(classes):
        of_class = np.flatnonzero(classes == code)
        rank[of_class] = np.arange(len(of_class))
    found: list[tuple[float, NDArray[np.intp]]] = []
    fewest = FEWEST if dataset.classes else 4 * FEWEST
    for share in FRACTIONS:
        rows = np.sort(order[rank < np.maximum(fewest, np.round(share * size))])
        if found and len(rows) <= len(found[-1][1]):
            found.pop()
        found.append((share, rows))
    return tuple(found)


def named_case(data: str, target: str | None, seed: int) -> Case:
    """Return the case that a command line names: ``cars``, a table with its target, or a folder of classes.

    Raises
    ------
    InputError
        When the target is missing.
    """
    from twofold.data.read import read_table

    if data == "cars":  # a folder of that name is ./cars
        from twofold.compare.cars import load_cars

        return load_cars(seed=seed)
    frame = read_table(data)
    if target is None and set(map(str, frame.columns)) == {FILE, LABEL}:
        target = LABEL  # a folder of classes: there is nothing else to ask for
    if target is None:
        raise InputError(
            "No target is named.",
            f"The columns are: {', '.join(map(str, frame.columns[:30]))}.",
            "Name one of them with --target, or compare cars.",
        )
    return Case(Path(data).stem or data, f"Which {target}?", frame, target, str(data))

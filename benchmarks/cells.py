"""Pictures, clips, texts and series: each family and the joined model over several divisions of the rows.

    TWOFOLD_DATA_HOME=... python benchmarks/cells.py --set cars --budget 300 --seeds 5 --out cells.jsonl

For each seed the rows are divided anew (official test parts are left alone), twofold is fitted once with the
whole budget, and the kept model is scored on the rows set aside, beside the references of the set. One JSON
line for each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import twofold
from cell_sets import SETS, Set, divide
from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.metrics import get_metric
from twofold.search.cells import made_in
from twofold.search.run_folder import RunFolder


def scores(of: Set, model: Any, test: pd.DataFrame) -> dict[str, float]:
    task = model.result_.task
    code = {str(label): place for place, label in enumerate(model.result_.classes)}
    y = test[of.target].astype(str).map(code).to_numpy(np.int64) if code else test[of.target].to_numpy(float)
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
        line: dict[str, Any] = {"set": name, "seed": seed, "budget": budget, "rows": [len(train), len(test)]}
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

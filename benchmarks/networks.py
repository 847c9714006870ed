"""The networks of twofold against the authors' own RealMLP at equal seconds.

    TWOFOLD_DATA_HOME=... python benchmarks/networks.py --budget 30 --reference PYTHON --out networks.jsonl

PYTHON belongs to an environment of its own with ``pip install torch==2.13.0 'pytabkit[models]==1.7.3'``. The
reference trains as many epochs (at most its own 256) as fit into the seconds; its imports are not counted.
Tables have no missing numbers, which the reference rejects. The division of the rows is that of `tables.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import twofold
from tables import split, tables
from twofold.metrics import get_metric

TABLES = "kin8nm,phoneme,vehicle,california-housing,magic-telescope,letter,splice,abalone,cpu-act,segment"
REFERENCE = """
import sys, time, json
import numpy as np, pandas as pd
from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor
folder, target, kind, budget = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
train, test = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("train", "test"))
for frame in (train, test):
    for name in frame.columns.drop(target):
        if frame[name].dtype == object or frame[name].dtype.name in ("bool", "str"):
            frame[name] = frame[name].astype("category")
cls = RealMLP_TD_Regressor if kind == "regression" else RealMLP_TD_Classifier
def run(epochs):
    settings = {"n_epochs": epochs, "random_state": 0, "n_cv": 1, "n_refit": 0, "device": "cpu"}
    if kind != "regression":
        settings |= {"val_metric_name": "cross_entropy", "use_ls": False}
    began = time.perf_counter()
    model = cls(**settings).fit(train.drop(columns=target), train[target])
    return model, time.perf_counter() - began
run(1)
few = run(4)[1]
more = run(12)[1]
each = max((more - few) / 8, 1e-3)
epochs = int(min(256, max(8, (budget - few + 4 * each) / each)))
model, seconds = run(epochs)
X = test.drop(columns=target)
answer = model.predict(X) if kind == "regression" else model.predict_proba(X)
np.save(f"{folder}/answer.npy", np.asarray(answer, dtype=float))
classes = [] if kind == "regression" else [str(label) for label in model.classes_]
print(json.dumps({"epochs": epochs, "seconds": seconds, "classes": classes}))
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", type=float, default=30.0)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--tables", default=TABLES)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    found = tables(Path(os.environ["TWOFOLD_DATA_HOME"]))
    for name in options.tables.split(","):
        path, target, task = found[name]
        train, test, kind = split(path, target, name, task)
        metric = get_metric(None, kind)
        began = time.perf_counter()
        networks = ["realmlp", "tabm"]
        model = twofold.fit(train, target=target, budget=options.budget, task=kind, candidates=networks)
        ours = time.perf_counter() - began
        code = {str(label): place for place, label in enumerate(model.result_.classes)}
        if kind == "regression":
            y = test[target].to_numpy(float)
        else:
            y = test[target].map(lambda label, code=code: code[str(label).strip()]).to_numpy(np.int64)
        score = metric(y, model.predictor_.output(test.drop(columns=target)))
        with tempfile.TemporaryDirectory() as folder:
            train.to_parquet(f"{folder}/train.parquet")
            test.to_parquet(f"{folder}/test.parquet")
            words = [options.reference, "-c", REFERENCE, folder, target, kind, str(options.budget)]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                print(name, done.stderr[-500:])
                continue
            told = json.loads(done.stdout.strip().splitlines()[-1])
            answer = np.load(f"{folder}/answer.npy")
        if kind == "regression":
            answer = answer.reshape(-1, 1)
        else:
            answer = answer[:, [told["classes"].index(label) for label in code]]
        line = {
            "table": name,
            "metric": metric.name,
            "twofold": score,
            "reference": metric(y, answer),
            "seconds": round(ours, 1),
            "reference_seconds": round(told["seconds"], 1),
            "epochs": told["epochs"],
        }
        print(json.dumps(line), flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

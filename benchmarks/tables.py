"""Score, time, size and latency on the tables of a folder; one JSON line for each table.

    TWOFOLD_DATA_HOME=... python benchmarks/tables.py --budget 60 --out tables.jsonl [--tables kin8nm,letter]

Rows are divided 70/30 with seed 0, stratified by class or tenth of the target; rows without a target and
classes with under 10 rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from sklearn.model_selection import train_test_split

import twofold
from twofold.metrics import get_metric
from twofold.search.memory import held_by

LEFT_OUT = {
    "adult-income": ["split"],
    "bike-sharing-hourly": ["casual", "registered", "instant"],
    "druglib-reviews": ["rejoined", "split"],
}
SINGLE = {
    "adult-income": ("adult-income/adult.csv.gz", "income", "binary"),
    "german-credit": ("german-credit/german_credit.csv.gz", "class-label", "binary"),
    "midwest-survey": ("midwest-survey/midwest_survey.csv.gz", "Census_Region", "multiclass"),
    "druglib-reviews": ("druglib-reviews/druglib.csv.gz", "rating", "regression"),
    "bike-sharing-hourly": ("bike-sharing-hourly/bike_sharing.csv.gz", "cnt", "regression"),
}
AUTOGLUON = {  # 1.6.3, default preset, 60 s, two cores, the same split and metric
    "employee-salaries": 7770.0,
    "california-housing": 0.4393,
    "telco-churn": 0.8455,
    "midwest-survey": 1.1233,
    "splice": 0.1008,
    "kin8nm": 0.0928,
    "phoneme": 0.9518,
    "vehicle": 0.4034,
    "abalone": 2.1228,
    "credit-approval": 0.9397,
    "letter": 0.0801,
    "bike-sharing-hourly": 123.6613,
    "druglib-reviews": 1.3085,
    "adult-income": 0.9310,
    "magic-telescope": 0.9456,
    "concrete": 4.6276,
    "segment": 0.0419,
    "nursery": 0.0020,
    "ames-house-prices": 21229.0,
    "german-credit": 0.8366,
    "car-evaluation": 0.0234,
    "cpu-act": 2.4437,
}
LATENCY = """
import sys, time, json
import numpy as np, pyarrow.csv as csv
import twofold
model = twofold.load(sys.argv[1], trust_native=True)
table = csv.read_csv(sys.argv[2])
rows = table.slice(0, 50).to_pylist()
for row in rows[:10]:
    model.output([row])
seconds = []
for row in rows:
    began = time.perf_counter(); model.output([row]); seconds.append(time.perf_counter() - began)
n = table.num_rows
columns = {name: np.resize(np.array(table.column(name).to_pylist(), dtype=object), 10_000)
           for name in table.column_names}
model.output(columns)
began = time.perf_counter(); model.output(columns); many = time.perf_counter() - began
print(json.dumps({"row_ms": 1e3 * float(np.median(seconds)), "rows_10k_s": many}))
"""


def tables(home: Path) -> dict[str, tuple[Path, str, str]]:
    suite = home / "tabular-suite-a"
    meta = json.loads((suite / "META.json").read_text(encoding="utf-8"))
    found = {t["table"]: (suite / t["file"], t["target"], t["task"]) for t in meta["tables"]}
    found |= {name: (home / path, target, task) for name, (path, target, task) in SINGLE.items()}
    return found


def split(path: Path, target: str, name: str, task: str) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    frame = pd.read_csv(path).drop(columns=LEFT_OUT.get(name, []), errors="ignore")
    frame = frame[frame[target].notna()]
    if task.startswith("regression"):
        strata = pd.qcut(frame[target].rank(method="first"), 10, labels=False)
        kind = "regression"
    else:
        counts = frame[target].value_counts()
        frame = frame[frame[target].isin(counts[counts >= 10].index)]
        strata = frame[target]
        kind = "binary" if strata.nunique() == 2 else "multiclass"
    train, test = train_test_split(frame, test_size=0.3, random_state=0, stratify=strata)
    return train, test, kind


class Watch(threading.Thread):
    """Looks twice a second at what the process and all below it hold, pages shared counted once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self._over = 0.0, threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._over.wait(0.5):
            pids = [me.pid, *(child.pid for child in me.children(recursive=True))]
            self.peak = max(self.peak, sum(held_by(pids).values()))

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self.join()


def measure(name: str, place: tuple[Path, str, str], budget: float, prefer: str) -> dict[str, object]:
    path, target, task = place
    train, test, kind = split(path, target, name, task)
    with Watch() as watch:
        began = time.perf_counter()
        model = twofold.fit(train, target=target, budget=budget, task=kind, prefer=prefer)
        seconds = time.perf_counter() - began
    X = test.drop(columns=target)
    metric = get_metric(None, kind)
    answer = model.predictor_.output(X)
    code = {str(label): place for place, label in enumerate(model.result_.classes)}
    y = (
        test[target].to_numpy(float)
        if kind == "regression"
        else test[target].map(lambda label: code[str(label).strip()]).to_numpy(np.int64)
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle = model.save(Path(folder) / "model")
        size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
        X.to_csv(Path(folder) / "test.csv", index=False)
        timed = subprocess.run(
            [sys.executable, "-c", LATENCY, str(bundle), str(Path(folder) / "test.csv")],
            capture_output=True,
            text=True,
            check=False,
        )
    latency = json.loads(timed.stdout) if timed.returncode == 0 else {"error": timed.stderr[-300:]}
    families = {
        family: [interval.centre, interval.low, interval.high]
        for family, interval in model.verdict_.families.items()
    }
    rows = model.result_.rows
    baseline = next(row for row in rows if row.family == "baseline")
    best = next(row for row in rows if row.chosen)
    return {
        "table": name,
        "metric": metric.name,
        "score": metric(y, answer),
        "autogluon": AUTOGLUON.get(name),
        "expected": [best.score.centre, best.score.low, best.score.high] if best.score else None,
        "chosen": model.result_.choice.name,
        "family": model.result_.choice.family,
        "families": families,
        "baseline": baseline.score.centre if baseline.score else None,
        "folds": model.result_.settings["folds"],
        "refitted": model.result_.choice.refitted,
        "finished": sum(row.status == "complete" and not row.members for row in rows),
        "seconds": round(seconds, 1),
        "bytes": size,
        "peak_gb": round(watch.peak / 1e9, 2),
        "data_gb": round(train.memory_usage(deep=True).sum() / 1e9, 4),
        "verdict": model.verdict_.sentence,
        **latency,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--prefer", default="accuracy")
    parser.add_argument("--tables", default="")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    home = Path(os.environ["TWOFOLD_DATA_HOME"])
    found = tables(home)
    for name in options.tables.split(",") if options.tables else found:
        line = measure(name, found[name], options.budget, options.prefer)
        print(json.dumps(line), flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

"""Time to answer of loaded bundles, each measured in a fresh process; one table, printed.

    TWOFOLD_DATA_HOME=... python benchmarks/latency.py [--only salaries-linear,birds-lightgbm]

Every scenario fits one named candidate with ``max_trials=1`` on up to 5,000 rows (seed 0), saves it, and
answers rows that it did not see: 400 single ones (a list of one dict of Python values, missing cells as
None) and 10,000 at once (a dict of object arrays; tables with fewer rows are repeated). "Cold" is the wall
clock of a new process from before ``import twofold`` to its first answer. CPU times stand beside the wall
clock because they mean the same on a busy machine. `--bundle MODEL ROWS.csv` measures a bundle that is
there already, for instance that of ``twofold demo``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TABLES = {
    "adult": ("adult-income/adult.csv.gz", "income", None),
    "birds": (None, None, None),
    "drugs": ("druglib-reviews/druglib.csv.gz", "rating", "regression"),
    "letter": ("tabular-suite-a/letter.csv.gz", "class", None),
    "salaries": ("tabular-suite-a/employee-salaries.csv.gz", "current_annual_salary", "regression"),
}
LEFT_OUT = ["split", "rejoined"]
SCENARIOS = (
    "birds-lightgbm",
    "adult-lightgbm",
    "adult-linear",
    "adult-realmlp",
    "salaries-lightgbm",
    "salaries-linear",
    "salaries-realmlp",
    "drugs-lightgbm",
    "drugs-linear",
    "drugs-realmlp",
    "letter-lightgbm",
)
MEASURE = """
import sys, time
began = time.perf_counter()
import twofold
model = twofold.load(sys.argv[1], trust_native=True)
loaded = time.perf_counter()
nothing = {name: None for name in model.schema.names}
model.output([nothing])
cold = time.perf_counter() - began
heavy = [name for name in ("torch", "sklearn", "pandas", "scipy.sparse") if name in sys.modules]
import csv, json
import numpy as np

csv.field_size_limit(10**8)
kinds = {column.name: column.kind for column in model.schema.columns}

def value(name, word):
    if word == "":
        return None
    try:
        return float(word) if kinds.get(name) == "number" else word
    except ValueError:
        return word

with open(sys.argv[2], newline="", encoding="utf-8") as file:
    rows = [{name: value(name, word) for name, word in row.items()} for row in csv.DictReader(file)]

def timed(call, items):
    spent = []
    for item in items:
        start = time.perf_counter(), time.process_time()
        call(item)
        spent.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return np.array(spent)

single = 1e3 * timed(lambda row: model.output([row]), [rows[i % len(rows)] for i in range(450)])[50:]
columns = {name: np.resize(np.array([row[name] for row in rows], dtype=object), 10_000) for name in rows[0]}
many = timed(model.output, [columns] * 4)[1:]
print(json.dumps({
    "steps": len(model.graph.nodes),
    "row_ms": float(np.median(single[:, 0])),
    "row_p95_ms": float(np.percentile(single[:, 0], 95)),
    "row_cpu_ms": float(np.median(single[:, 1])),
    "rows_10k_s": float(np.median(many[:, 0])),
    "rows_10k_cpu_s": float(np.median(many[:, 1])),
    "load_s": loaded - began,
    "cold_s": cold,
    "heavy": heavy,
    "heavy_later": [name for name in ("torch", "sklearn", "pandas") if name in sys.modules],
}))
"""


def fit(name: str, folder: Path) -> tuple[Path, Path]:
    """Fit a scenario; return its bundle, and a CSV of rows that it did not see."""
    import pandas as pd

    import twofold
    from twofold.data.datasets import load_data

    table, candidate = name.split("-")
    path, target, task = TABLES[table]
    if path is None:
        frame, source = load_data(table)
        target = source.target
    else:
        frame = pd.read_csv(Path(os.environ["TWOFOLD_DATA_HOME"]) / path)
    frame = frame.drop(columns=LEFT_OUT, errors="ignore")
    frame = frame[frame[target].notna()].sample(frac=1, random_state=0)
    n_train = min(5_000, len(frame) * 7 // 10)
    model = twofold.fit(
        frame[:n_train],
        target=target,
        task=task,
        candidates=[candidate],
        max_trials=1,
        prefer="balanced",
        random_state=0,
    )
    rows = folder / "rows.csv"
    frame[n_train:][:10_000].drop(columns=target).to_csv(rows, index=False)
    return model.save(folder / "model"), rows


def measure(bundle: Path, rows: Path) -> dict[str, Any]:
    """Measure a bundle in a process of its own, three times; return the best of each figure."""
    runs = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(bundle), str(rows)],
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout))
    best: dict[str, Any] = {key: min(run[key] for run in runs) for key in runs[0] if "heavy" not in key}
    size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
    return {**best, "bytes": size, "heavy": sorted({*runs[0]["heavy"], *runs[0]["heavy_later"]})}


HEAD = f"{'bundle':20} {'steps':>5} {'bytes':>10} {'row ms':>7} {'p95':>7} {'cpu':>7} {'10k s':>7} {'cpu':>7} {'cold s':>7}  heavy"  # noqa: E501  # one line of a table


def line(name: str, m: dict[str, Any]) -> str:
    """Write the line of one bundle."""
    return (
        f"{name:20} {m['steps']:5} {m['bytes']:10,} {m['row_ms']:7.3f} {m['row_p95_ms']:7.3f} "
        f"{m['row_cpu_ms']:7.3f} {m['rows_10k_s']:7.3f} {m['rows_10k_cpu_s']:7.3f} {m['cold_s']:7.3f}  "
        f"{', '.join(m['heavy']) or 'none'}"
    )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(SCENARIOS))
    parser.add_argument("--bundle", nargs=2, type=Path, metavar=("MODEL", "ROWS"))
    options = parser.parse_args()
    print(HEAD)
    if options.bundle:
        print(line(options.bundle[0].parent.name, measure(*options.bundle)))
        return
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            print(line(name, measure(*fit(name, Path(folder)))), flush=True)


if __name__ == "__main__":
    main()

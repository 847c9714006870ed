"""Time to answer one text or picture by hand-made and by pretrained features; one table, printed.

    TWOFOLD_DATA_HOME=... python benchmarks/cells_latency.py

Each bundle is fitted on 1,000 rows with a linear head and loaded in a fresh process that has one core; 60
rows are answered one by one, and the median of the last 55 is told.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import twofold
from cell_sets import SETS

SCENARIOS = (
    ("sst2", "linear", ""),
    ("sst2", "linear (deep)", "minilm"),
    ("cars", "linear", ""),
    ("cars", "linear (deep)", "efficientnet@32"),
    ("cars", "linear (deep)", "efficientnet@64"),
    ("cars", "linear (deep)", "efficientnet@96"),
)
LEARNED, ANSWERED = 1_000, 60
MEASURE = """
import json, os, pickle, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {0})
import numpy as np
import twofold
model = twofold.load(sys.argv[1])
with open(sys.argv[2], "rb") as file:  # written by this benchmark a moment ago
    rows = pickle.load(file)
spent = []
for row in rows:
    began = time.perf_counter()
    model.output([row])
    spent.append(1e3 * (time.perf_counter() - began))
heavy = [name for name in ("torch", "sklearn", "pandas") if name in sys.modules]
print(json.dumps([float(np.median(spent[5:])), float(np.quantile(spent[5:], 0.9)), heavy]))
"""


def sample(name: str) -> pd.DataFrame:
    """Return rows of a set, its classes in equal shares."""
    frame = SETS[name].read()
    each = (LEARNED + ANSWERED) // frame[SETS[name].target].nunique()
    parts = [rows.sample(each, random_state=0) for _, rows in frame.groupby(SETS[name].target)]
    return pd.concat(parts).sample(frac=1, random_state=0)


def main() -> None:
    print("| data | model | features | median ms | 90 % ms | heavy packages |\n|---|---|---|---:|---:|---|")
    for name, plan, encoder in SCENARIOS:
        target, frame = SETS[name].target, sample(name)
        encoders = [encoder] if encoder else None
        train, rows = frame.iloc[:LEARNED], frame.iloc[LEARNED:].drop(columns=target)
        model = twofold.fit(train, target=target, candidates=[plan], encoders=encoders, max_trials=1, folds=2)
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "model")
            cells = Path(folder) / "rows.pkl"
            cells.write_bytes(pickle.dumps(rows.to_dict("records")))
            asked = [sys.executable, "-c", MEASURE, str(Path(folder) / "model"), str(cells)]
            told = subprocess.run(
                asked, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
            )
        median, high, heavy = json.loads(told.stdout)
        print(
            f"| {name} | {plan} | {encoder or 'by hand'} | {median:.2f} | {high:.2f} | {', '.join(heavy)} |"
        )


if __name__ == "__main__":
    main()

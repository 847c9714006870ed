"""Whether the evidence holds on real tables: what is said of shuffled targets, and what intervals hold.

    TWOFOLD_DATA_HOME=... python benchmarks/evidence.py --shuffled 20 --rows 300 --out shuffled.jsonl
    TWOFOLD_DATA_HOME=... python benchmarks/evidence.py --coverage 10 --rows 1500 --out coverage.jsonl

With ``--shuffled`` the target column is permuted, once for each seed, and the answers of the verdict are
counted: a table without anything to learn must not be said to gain by joining. With ``--coverage`` the
table is divided anew for each seed into a few rows to learn from and many to test on, and it is counted
how often the printed 95 % interval of the kept model holds its score on the test rows. Every fit is one
line of JSON in the file named by ``--out``; the last thing printed is a table.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import twofold
from twofold.metrics import get_metric

sys.path.insert(0, str(Path(__file__).parent))

from tables import LEFT_OUT
from tables import tables as suite_tables

CANDIDATES = ("linear", "lightgbm", "realmlp", "realmlp + linear")
ANSWERS = ("helps", "undecided", "no worthwhile gain", "not compared")
GERMAN = ("german-credit/german_credit.csv.gz", "class-label", "binary")
Answer = dict[str, object]


def read(home: Path, name: str) -> tuple[pd.DataFrame, str, str]:
    """Return a table with its target and task."""
    if name == "german-credit":
        path, target, task = home / GERMAN[0], *GERMAN[1:]
    else:
        path, target, task = suite_tables(home)[name]
    frame = pd.read_csv(path).drop(columns=LEFT_OUT.get(name, []), errors="ignore")
    frame = frame[frame[target].notna()].reset_index(drop=True)
    return frame, target, task.split()[0]


def fit(
    frame: pd.DataFrame, target: str, task: str, seed: int, folds: int | None
) -> twofold.TwofoldClassifier:
    return twofold.fit(
        frame,
        target=target,
        task=task,
        folds=folds,
        candidates=CANDIDATES,
        max_trials=8,
        n_jobs=2,
        random_state=seed,
    )


def shuffled(home: Path, name: str, seed: int, rows: int, folds: int | None) -> Answer:
    """Fit a sample of a table whose target was permuted, and return what the verdict says."""
    frame, target, task = read(home, name)
    generator = np.random.default_rng(seed)
    frame = frame.iloc[generator.permutation(len(frame))[:rows]].reset_index(drop=True)
    frame[target] = generator.permutation(frame[target].to_numpy())
    model = fit(frame, target, task, seed, folds)
    return {"table": name, "seed": seed, "answer": model.verdict_.answer, "sentence": model.verdict_.sentence}


def coverage(home: Path, name: str, seed: int, rows: int, folds: int | None) -> Answer:
    """Fit some rows, score the kept model on all others, and return the score and its printed interval."""
    frame, target, task = read(home, name)
    order = np.random.default_rng(seed).permutation(len(frame))
    train, test = frame.iloc[order[:rows]], frame.iloc[order[rows:]]
    model = fit(train, target, task, seed, folds)
    classes = {str(label): code for code, label in enumerate(model.result_.classes)}
    y = (
        test[target].to_numpy(float)
        if task == "regression"
        else test[target].map(lambda label: classes[str(label).strip()]).to_numpy(np.int64)
    )
    metric = get_metric(None, task)
    kept = next(row for row in model.result_.rows if row.chosen)
    score = metric(y, model.predictor_.output(test.drop(columns=target)))
    return {
        "table": name,
        "seed": seed,
        "kept": kept.name,
        "metric": metric.label,
        "centre": kept.score.centre,
        "low": kept.score.low,
        "high": kept.score.high,
        "test": score,
        "too_good": (kept.score.centre - score) * (1 if metric.greater_is_better else -1),
        "answer": model.verdict_.answer,
    }


def show_shuffled(found: Sequence[Answer]) -> None:
    print("| table | fits | " + " | ".join(ANSWERS) + " |")
    print("|---|" + "---:|" * (1 + len(ANSWERS)))
    for name, lines in by_table(found):
        counts = Counter(line["answer"] for line in lines)
        print(f"| {name} | {len(lines)} | " + " | ".join(str(counts[answer]) for answer in ANSWERS) + " |")


def show_coverage(found: Sequence[Answer]) -> None:
    print(
        "| table | fits | held | share | binomial error | score too good by, mean | half an interval, mean |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, lines in by_table(found):
        held = sum(line["low"] <= line["test"] <= line["high"] for line in lines)
        share, n = held / len(lines), len(lines)
        error = np.sqrt(max(share * (1 - share), 0.95 * 0.05) / n)
        good = np.mean([line["too_good"] for line in lines])
        half = np.mean([(line["high"] - line["low"]) / 2 for line in lines])
        told = f"{good:+.4f} {lines[0]['metric']} | {half:.4f}"
        print(f"| {name} | {n} | {held} | {share:.0%} | {error:.0%} | {told} |")


def by_table(found: Sequence[Answer]) -> Iterator[tuple[str, list[Answer]]]:
    for name in dict.fromkeys(str(line["table"]) for line in found):
        yield name, [line for line in found if line["table"] == name]


def run(
    ask: Callable[[Path, str, int, int, int | None], Answer], times: int, options: argparse.Namespace
) -> list[Answer]:
    """Ask for every table and seed; answers that lie in the file already are not asked again."""
    home, found = Path(os.environ["TWOFOLD_DATA_HOME"]), []
    if options.out.exists():
        found = [json.loads(line) for line in options.out.read_text(encoding="utf-8").splitlines()]
    known = {(line["table"], line["seed"]) for line in found}
    for seed in range(times):
        for name in options.tables.split(","):
            if (name, seed) in known:
                continue
            line = ask(home, name, seed, options.rows, options.folds)
            found.append(line)
            print(json.dumps(line), file=sys.stderr, flush=True)
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shuffled", type=int, default=0)
    parser.add_argument("--coverage", type=int, default=0)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--folds", type=int, default=None)
    parser.add_argument("--tables", default="german-credit,telco-churn,abalone")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.shuffled:
        show_shuffled(run(shuffled, options.shuffled, options))
    if options.coverage:
        show_coverage(run(coverage, options.coverage, options))


if __name__ == "__main__":
    main()

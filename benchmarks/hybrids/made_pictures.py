"""Pictures made by a network beside few real ones, against the same plan on the real ones, and a network.

python benchmarks/hybrids/made_pictures.py --out hybrids.jsonl

Chest X-rays of children, with and without pneumonia: 200 to learn from and 600 to score, anew for
each seed. Machine learning alone is a linear model over hand-made features, deep learning alone reads pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, main, run_plan, score, time_rows
from sklearn.model_selection import train_test_split

from twofold.core.control import Control
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.augmenting.pictures import fit_with_made
from twofold.workflow.plan import Plan

SECONDS, LEARN, TEST = 120.0, 200, 600
METRIC = "roc_auc"
BY_HAND = Plan("linear over hog", "linear", reads=("hog",))
PIXELS = Plan("towers", "towers", reads=("pixels",))


def frames(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return pictures to learn from and to score."""
    with np.load(HOME / "pneumoniamnist-trainval" / "pneumoniamnist_trainval.npz") as file:
        pictures = np.concatenate([file["train_images"], file["val_images"]])
        labels = np.concatenate([file["train_labels"], file["val_labels"]]).ravel()
    frame = pd.DataFrame({"picture": list(pictures), "ill": labels})
    learn, test = train_test_split(
        frame, train_size=LEARN, test_size=TEST, random_state=seed, stratify=frame["ill"]
    )
    return learn, test


def line(seeds: int) -> Line:
    """Compare the three."""
    found: dict[str, list[Outcome]] = {"ml": [], "dl": [], "hybrid": []}
    for seed in range(seeds):
        learn, test = (
            dataset_from_frame(part, Roles("ill"), declared={"picture": "image"}) for part in frames(seed)
        )
        found["ml"].append(run_plan(BY_HAND, learn, test, SECONDS, seed, METRIC))
        found["dl"].append(run_plan(PIXELS, learn, test, SECONDS, seed, METRIC))
        began = time.perf_counter()
        _, fuller = fit_with_made(BY_HAND, learn, 1.0, Control(seed=seed, rounds=1))
        seconds = time.perf_counter() - began
        found["hybrid"].append(
            Outcome(score(fuller.graph, test, METRIC), seconds, time_rows(fuller.graph, test))
        )
    return Line("made pictures", "pneumoniamnist", METRIC, LEARN, **found, test_share=TEST / LEARN)


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's line."""
    return [lambda: line(seeds)]


if __name__ == "__main__":
    main(make)

"""Few labelled texts: an encoder trained further on pairs, against word counts and the encoder as it came.

python benchmarks/hybrids/few_label_text.py --out hybrids.jsonl

Each seed draws new labels; of SNIPS four times as many draws are made. Draws are a small part of the rows, so
that their training rows hardly overlap. The official test part of SNIPS is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
from common import HOME, Line, Outcome, main, score, time_rows

from twofold.core.budget import Budget, count_cores
from twofold.core.control import Problem
from twofold.data.dataset import Dataset
from twofold.data.target import Roles, dataset_from_frame
from twofold.features.text_network import MiniLM
from twofold.hybrids import HYBRIDS
from twofold.models.linear import PENALTIES, LinearModel
from twofold.steps.base import FEATURES, INPUT, Graph, Node
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

PENALTY = 0.1
"""Of every logistic model here; the scores hardly change from 1 to 0.01."""
WORDS = Plan("words", "linear")
TUNED = Plan("pairs", HYBRIDS["few_label_text"], {"penalty": PENALTY}, reads=("word_pieces",))
SCORED = 400


def texts(name: str) -> tuple[pd.DataFrame, str]:
    """Return a frame with ``text`` and its target."""
    if name == "snips-intents":
        frame = pd.read_csv(HOME / name / "snips.csv.gz")
        return frame[frame["split"] == "train"], "intent"
    files = {"subj": "subj.csv.gz", "rotten-tomatoes-polarity": "rt_polarity.csv.gz"}
    return pd.read_csv(HOME / name / files[name]), "label"


def drawn(name: str, a_class: int, seed: int) -> tuple[Dataset, Dataset]:
    """Return so many rows of each class to learn from, and other rows to score."""
    frame, target = texts(name)
    frame = frame[["text", target]].sample(frac=1.0, random_state=seed)
    place = frame.groupby(target).cumcount()
    made = (frame[place < a_class], frame[place >= a_class].head(SCORED))
    task = "binary" if frame[target].nunique() == 2 else "multiclass"
    learn, rest = (
        dataset_from_frame(part, Roles(target), task=task, declared={"text": "text"}) for part in made
    )
    return learn, rest


def words(learn: Dataset, seed: int) -> Graph:
    """Return a logistic model over counts of words."""
    return fit_plan(WORDS, learn, seed=seed, rounds=PENALTIES.index(PENALTY) + 1).graph


def as_it_came(learn: Dataset, seed: int) -> Graph:
    """Return a logistic layer over the encoder, all else frozen."""
    step = MiniLM().make("text", learn.table, seed)
    problem = Problem(learn.task, len(learn.classes))
    head = LinearModel(PENALTY).fit(step.run(learn.table), learn.y, problem=problem)
    return Graph((Node(step, (INPUT,), FEATURES),)) + head.lower()


def tuned(learn: Dataset, seed: int) -> Graph:
    """Return the joined model."""
    return fit_plan(TUNED, learn, budget=Budget(cores=count_cores()), seed=seed).graph


WAYS = {"ml": words, "dl": as_it_came, "hybrid": tuned}


def line(name: str, a_class: int, draws: int) -> Line:
    found: dict[str, list[Outcome]] = {family: [] for family in WAYS}
    for seed in range(draws):
        learn, test = drawn(name, a_class, seed)
        for family, way in WAYS.items():
            began = time.perf_counter()
            graph = way(learn, seed)
            seconds = time.perf_counter() - began
            found[family].append(Outcome(score(graph, test, "accuracy"), seconds, time_rows(graph, test)))
    return Line(
        "few-label text",
        f"{name}, {a_class} labels a class",
        "accuracy",
        len(learn.y),
        found["ml"],
        found["dl"],
        found["hybrid"],
        note=f"{draws} draws; DL: logistic layer over frozen MiniLM",
    )


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    return [
        partial(line, "snips-intents", 8, 4 * seeds),
        partial(line, "subj", 16, seeds),
        partial(line, "rotten-tomatoes-polarity", 16, seeds),
    ]


if __name__ == "__main__":
    main(make)

"""A small model by hand, with a column of every kind that rules may ask about."""

import numpy as np
import pandas as pd

from twofold.bundle.about import About, Bundle
from twofold.core.schema import Column, Schema
from twofold.hybrids.rules.book import parse_rules
from twofold.steps.base import Graph, Node
from twofold.steps.conform import columns_of, conform
from twofold.steps.linear import Linear
from twofold.steps.numbers import Numbers, Scale

SCHEMA = Schema(
    (
        Column("age", "number"),
        Column("town", "category"),
        Column("note", "text"),
        Column("day", "date", format="iso"),
        Column("code", "id", unused="an id"),
    )
)
CLASSES = {"binary": ("bad", "good"), "multiclass": ("a", "b", "c"), "regression": ()}


def about(task="binary", **more):
    return About(task, "credit", CLASSES[task], SCHEMA, model="a line", family="ml", **more)


def bundle(task="binary", slope=0.1, threshold=None):
    """Answer by the age alone: 40 is the middle."""
    width = {"binary": 1, "multiclass": 3, "regression": 1}[task]
    link = {"binary": "sigmoid", "multiclass": "softmax", "regression": "identity"}[task]
    filled = Scale(np.array([40.0]), np.array([40.0]), np.ones(1), np.empty(0, np.int64), 1e9)
    weights = slope * np.linspace(1, -1, width)[:, None]
    nodes = (
        Node(Numbers(("age",)), ("table",), "ages"),
        Node(filled, ("ages",), "X"),
        Node(Linear(weights, np.zeros(width), link), ("X",), "prediction"),
    )
    return Bundle(about(task, threshold=threshold), Graph(nodes))


def frame(n=40, seed=0):
    g = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            "age": g.integers(15, 80, n).astype(float),
            "town": g.choice(["Bern", "Rome", "yes", "007"], n).astype(object),
            "note": g.choice(["late again", "paid on time", "LATE", "translate this"], n).astype(object),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(g.integers(0, 900, n), "D"),
            "code": np.arange(n),
        }
    )
    made.loc[3, "age"] = made.loc[4, "town"] = made.loc[5, "note"] = None
    made.loc[6, "day"] = pd.NaT
    return made


def table(rows):
    return conform(columns_of(rows, SCHEMA.names), SCHEMA)


def rules(text, task="binary"):
    """Read lines "what is asked -> what is done -> perhaps a priority" as the rules r0, r1, ..."""
    entries = []
    for place, line in enumerate(text.strip().splitlines()):
        when, then, *priority = (part.strip() for part in line.split("->"))
        entries.append(f"- {{name: r{place}, if: {when}, then: {then}, priority: {(*priority, 0)[0]}}}")
    models = "models: {other: x}\n" if "route:" in text else ""
    return parse_rules(f"{models}rules:\n" + "\n".join(entries), about(task))

"""What the commands do: each returns words for a person and data for a program."""

from __future__ import annotations

from twofold.shell.anomalies import anomalies
from twofold.shell.board import datasets, leaderboard, replay, report
from twofold.shell.cluster import cluster
from twofold.shell.compare import compare
from twofold.shell.detect import detect
from twofold.shell.distill import distill
from twofold.shell.inspect import inspect
from twofold.shell.main_job import demo, fit, predict
from twofold.shell.online import update, watch
from twofold.shell.recommend import recommend, suggest
from twofold.shell.told import Told

__all__ = [
    "Told",
    "anomalies",
    "cluster",
    "compare",
    "datasets",
    "demo",
    "detect",
    "distill",
    "fit",
    "inspect",
    "leaderboard",
    "predict",
    "recommend",
    "replay",
    "report",
    "suggest",
    "update",
    "watch",
]

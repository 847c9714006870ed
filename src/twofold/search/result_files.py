"""A finished run on disk: what the report and the leaderboard need, as JSON and arrays."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from twofold.core.errors import InputError
from twofold.core.schema import Schema
from twofold.data.dataset import Finding
from twofold.evaluate.records import Interval, Row, Verdict
from twofold.search.result import Choice, Importance, KindWorth, Result
from twofold.search.run_folder import write_json
from twofold.steps.base import Graph

NAME = "result.json"


def save_result(result: Result, folder: Path) -> None:
    """Write ``result.json`` and ``result.npz`` into a folder; the JSON, written last, makes it whole."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "result.npz", y=result.y, predictions=result.choice.predictions)
    choice = {key: value for key, value in vars(result.choice).items() if key != "predictions"}
    data = {
        "task": result.task,
        "metric": result.metric,
        "target": result.target,
        "classes": list(result.classes),
        "schema": result.schema.to_json(),
        "findings": [asdict(finding) for finding in result.findings],
        "rows": [asdict(row) for row in result.rows],
        "choice": choice,
        "verdict": asdict(result.verdict),
        "settings": result.settings,
        "seconds": result.seconds,
        "importances": [asdict(entry) for entry in result.importances],
        "events": [list(event) for event in result.events],
        "run_dir": str(result.run_dir) if result.run_dir else None,
        "kinds": [asdict(entry) for entry in result.kinds],
    }
    write_json(folder / NAME, _plain(data))


def _plain(value: Any) -> Any:
    """Return JSON data: numpy scalars as Python's, what JSON has no word for as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def load_result(folder: Path) -> Result:
    """Read what `save_result` wrote, without the model's graph.

    Raises
    ------
    InputError
        When the folder holds no finished run.
    """
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        with np.load(folder / "result.npz", allow_pickle=False) as arrays:
            y, predictions = arrays["y"], arrays["predictions"]
        return _result(data, y, predictions)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"'{folder}' holds no finished run ({error}).",
            "A folder that 'twofold fit --out' or run_dir= wrote has a file result.json.",
            "Name such a folder.",
        ) from None


def _result(data: dict[str, Any], y: Any, predictions: Any) -> Result:
    verdict = dict(data["verdict"])
    verdict["gain"] = _interval(verdict["gain"])
    verdict["families"] = {key: _interval(value) for key, value in verdict["families"].items()}
    verdict["notes"] = tuple(verdict["notes"])
    verdict["price"] = math.nan if verdict["price"] is None else verdict["price"]
    return Result(
        data["task"],
        data["metric"],
        data["target"],
        tuple(data["classes"]),
        Schema.from_json(data["schema"]),
        tuple(Finding(f["code"], f["sentence"], tuple(f["columns"])) for f in data["findings"]),
        y,
        tuple(_row(row) for row in data["rows"]),
        Choice(**data["choice"], predictions=predictions),
        Verdict(**verdict),
        Graph(()),
        data["settings"],
        data["seconds"],
        tuple(Importance(**{k: _number(v) for k, v in entry.items()}) for entry in data["importances"]),
        tuple((float(seconds), str(sentence)) for seconds, sentence in data["events"]),
        Path(data["run_dir"]) if data["run_dir"] else None,
        kinds=tuple(
            KindWorth(**{k: _number(v) for k, v in entry.items()}) for entry in data.get("kinds", ())
        ),
    )


def _number(value: Any) -> Any:
    return math.nan if value is None else value


def _interval(data: dict[str, Any] | None) -> Any:
    return None if data is None else Interval(**{key: _number(value) for key, value in data.items()})


def _row(data: dict[str, Any]) -> Row:
    return Row(
        **{
            **data,
            "score": _interval(data["score"]),
            "metrics": {key: _number(value) for key, value in data["metrics"].items()},
            "members": tuple(data["members"]),
            "rounds": tuple(data["rounds"]),
        }
    )

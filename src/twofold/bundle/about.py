"""A model in words and numbers, and the bundle that it makes together with its steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np

from twofold.bundle.damage import damaged
from twofold.bundle.field_types import field_hints, misfits
from twofold.bundle.parity import Parity
from twofold.core.errors import BundleError, InputError
from twofold.core.schema import Column, Schema
from twofold.core.task import TASKS
from twofold.steps.base import Graph

Label = bool | int | float | str
Plain = bool | int | float | str | None


def moment() -> str:
    """Return the present time as `About.created` has it: ISO 8601, to the second, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class About:
    """A model in words and numbers: all of a bundle but its steps.

    Parameters
    ----------
    task, target : str
    classes : tuple of int, float, str or bool
        Labels in the order of the probabilities; empty for regression.
    schema : Schema
    created : str
        When it was made, as the caller writes it (ISO 8601).
    model, family : str
        Its line on the leaderboard.
    verdict : str
        The verdict of the run in one sentence.
    metrics : mapping of str to float
        Estimated scores; NaN where one is not defined.
    threshold : float or None
        Binary only: probability of the second class from which it is answered.
    parity : Parity or None
    cold_start : float
        Seconds to load it and answer one row in a new process; NaN when not measured.
    updatable : bool
        Whether it may learn from more rows later.
    examples : tuple of mappings
        A few rows of plain values for documentation; left out of private bundles.
    """

    task: str
    target: str
    classes: tuple[Label, ...]
    schema: Schema
    created: str = ""
    model: str = ""
    family: str = ""
    verdict: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None
    parity: Parity | None = None
    cold_start: float = math.nan
    updatable: bool = False
    examples: tuple[Mapping[str, Plain], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data.

        Raises
        ------
        InputError
            When a label is neither a finite number, a string nor a boolean.
        """
        labels = [_plain_label(label) for label in self.classes]
        return {
            **{name: getattr(self, name) for name in _TEXTS},
            "classes": labels,
            "schema": [_without_nan(entry) for entry in self.schema.to_json()],
            "metrics": _without_nan(self.metrics),
            "threshold": None if self.threshold is None else float(self.threshold),
            "parity": None if self.parity is None else _without_nan(asdict(self.parity)),
            "cold_start": _without_nan({"": self.cold_start})[""],
            "updatable": self.updatable,
            "examples": [_without_nan(row) for row in self.examples],
        }

    @classmethod
    def from_json(cls, data: Any) -> About:
        """Read what `to_json` wrote, strictly.

        Raises
        ------
        BundleError
            When anything is missing, unknown or of the wrong type.
        """
        if not isinstance(data, dict) or set(data) != set(field_hints(cls)):
            raise damaged("The description of the model lacks entries or has unknown ones.")
        if not all(isinstance(data[name], list) for name in ("classes", "schema", "examples")):
            raise damaged("The classes, the schema or the examples of the model are not lists.")
        try:
            about = cls(
                **{
                    **data,
                    "classes": tuple(data["classes"]),
                    "schema": Schema(
                        tuple(read_record(Column, entry, ("missing",)) for entry in data["schema"])
                    ),
                    "metrics": {name: _or_nan(value) for name, value in data["metrics"].items()},
                    "parity": data["parity"] and read_record(Parity, data["parity"], ("largest", "metric")),
                    "cold_start": _or_nan(data["cold_start"]),
                    "examples": tuple(data["examples"]),
                }
            )
        except (TypeError, AttributeError) as error:
            raise damaged(f"The description of the model cannot be read: {error}.") from None
        wrong = misfits(cls, vars(about))
        if wrong:
            raise damaged(f"The entry '{wrong[0]}' of the description is not of its type.")
        about.check()
        return about

    def check(self) -> None:
        """Insist that the entries fit each other.

        Raises
        ------
        BundleError
            When they do not.
        """
        if self.task not in TASKS:
            raise BundleError(
                f"The bundle is for the task '{self.task[:80]}'.",
                f"Known tasks are: {', '.join(TASKS)}.",
                "Load it with the version of twofold that wrote it, or a newer one.",
            )
        n_classes = len(self.classes)
        fitting = n_classes >= 2 if TASKS[self.task].classification else not n_classes
        if not fitting or len({(type(label), label) for label in self.classes}) < n_classes:
            raise damaged(f"A model for '{self.task}' has {n_classes} classes, or a class twice.")
        if not self.schema.names:
            raise damaged("The schema has no columns.")
        if len(set(self.schema.names)) < len(self.schema.names):
            raise damaged("The schema has two columns of one name.")


_TEXTS = ("task", "target", "created", "model", "family", "verdict")

Record = TypeVar("Record")


def _plain_label(label: Any) -> Label:
    value = label.item() if isinstance(label, np.generic) else label
    if not isinstance(value, (bool, int, float, str)) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise InputError(
            f"The class {label!r} cannot be kept in a bundle.",
            "Classes are integers, finite floats, strings or booleans.",
            "Turn the target into strings before fitting.",
        )
    return value


def _without_nan(entries: Mapping[str, Any], keys: Iterable[str] | None = None) -> dict[str, Any]:
    """Return plain data in which a float that JSON has no word for is null."""
    chosen = entries.keys() if keys is None else keys
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in entries.items()}
    lost = {key: None for key in chosen if isinstance(plain[key], float) and not math.isfinite(plain[key])}
    return {**plain, **lost}


def _or_nan(value: Any) -> Any:
    return math.nan if value is None else value


def read_record(cls: type[Record], data: Any, may_be_nan: tuple[str, ...] = ()) -> Record:
    """Make a frozen record from JSON, if it has exactly its fields, each of its type.

    Raises
    ------
    BundleError
        When it does not.
    """
    if not isinstance(data, dict) or set(data) != set(field_hints(cls)):
        raise damaged(f"A record '{cls.__name__}' lacks entries or has unknown ones.")
    values = {name: _or_nan(value) if name in may_be_nan else value for name, value in data.items()}
    wrong = misfits(cls, values)
    if wrong:
        raise damaged(f"The entry '{wrong[0]}' of a record '{cls.__name__}' is not of its type.")
    return cls(**values)


@dataclass(frozen=True)
class Bundle:
    """A model ready to be saved.

    Parameters
    ----------
    about : About
    graph : Graph
        From ``table`` to ``prediction``.
    """

    about: About
    graph: Graph

"""Steps and graphs as plain data: descriptions for JSON, arrays and blobs. No code, no pickle.

A step becomes a `StepData`: its kind, a description of its fields, and what is too big for JSON. The
fields of a description are:

=====================================  ==============================================
``null``, booleans, numbers, strings   themselves
``{"float": "inf"}``                   floats that JSON has no word for
``{"array": NAME}``                    a numeric array, declared and stored as NAME
``{"words": [POSITION, SHAPE]}``       a string array, a flat list within the text ``words.json``
``{"bytes": NAME}``                    a blob
``{"tuple": [...]}``                   a tuple of these
``{"graph": [...]}``, ``{"step": N}``  what is nested; steps are named by their place in one list
=====================================  ==============================================

Equal steps become one, however often a graph holds them.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.damage import MAX_DEPTH
from twofold.bundle.field_types import field_hints, misfits
from twofold.bundle.npz import DTYPES, Declared, declare, plain
from twofold.core.errors import BundleError
from twofold.steps.base import Graph, Step

WORDS = "words.json"
"""Name of the array that holds all string arrays of a step, as UTF-8 JSON."""


@dataclass(frozen=True)
class StepData:
    """A step as data.

    Parameters
    ----------
    kind : str
    fields : dict
        The description, see the module.
    arrays : dict of str to array
        Plain numeric arrays by name.
    blobs : dict of str to bytes
    """

    kind: str
    fields: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def declared(self) -> dict[str, Declared]:
        """Dtype and shape of each array."""
        return {name: declare(values) for name, values in self.arrays.items()}

    def fingerprint(self) -> str:
        """Return a SHA-256 over everything that the step is."""
        described = json.dumps([self.kind, self.fields, self.declared, sorted(self.blobs)])
        digest = hashlib.sha256(described.encode("utf-8", "surrogatepass"))
        for values in self.arrays.values():
            digest.update(values.data if values.size else b"")
        for _, blob in sorted(self.blobs.items()):
            digest.update(len(blob).to_bytes(8, "little"))
            digest.update(blob)
        return digest.hexdigest()


def unfit(step: Step, reason: str) -> BundleError:
    """Return the error for a step that cannot be data."""
    return BundleError(
        f"A step '{step.kind}' cannot be saved: {reason}.",
        "Fields hold arrays of numbers or strings, bytes, plain scalars, tuples of these, steps and graphs.",
        "Change the step so that its fields hold nothing else.",
    )


class Encoder:
    """Collect steps as data, each different step once.

    Examples
    --------
    >>> from twofold.steps.linear import Linear
    >>> encoder = Encoder()
    >>> encoder.add(Linear(np.ones((1, 2)), np.zeros(1), "identity"))
    0
    >>> encoder.add(Linear(np.ones((1, 2)), np.zeros(1), "identity"))
    0
    """

    def __init__(self) -> None:
        self.steps: list[StepData] = []
        self._place_of_content: dict[str, int] = {}
        self._place_of_object: dict[int, tuple[Step, int]] = {}

    def add(self, step: Step, depth: int = 0) -> int:
        """Keep a step unless its equal is known; return its place in `steps`.

        Raises
        ------
        BundleError
            When a field holds what no bundle can hold.
        """
        known = self._place_of_object.get(id(step))
        if known is not None:
            return known[1]
        data = _StepWriter(self, step, depth).write()
        place = self._place_of_content.setdefault(data.fingerprint(), len(self.steps))
        if place == len(self.steps):
            self.steps.append(data)
        self._place_of_object[id(step)] = (step, place)  # the step is kept, so that its id stays its own
        return place

    def add_graph(self, graph: Graph, depth: int = 0) -> list[dict[str, Any]]:
        """Keep the steps of a graph; return its nodes as plain data."""
        return [
            {"step": self.add(node.step, depth), "inputs": list(node.inputs), "output": node.output}
            for node in graph.nodes
        ]


class _StepWriter:
    def __init__(self, encoder: Encoder, step: Step, depth: int) -> None:
        self.encoder, self.step, self.depth = encoder, step, depth
        self.arrays: dict[str, NDArray[Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self.words: list[Any] = []

    def write(self) -> StepData:
        values = {name: getattr(self.step, name) for name in field_hints(type(self.step))}
        described = {name: self._describe(value, name) for name, value in values.items()}
        wrong = misfits(type(self.step), {name: _as_python(value) for name, value in values.items()})
        if wrong:
            raise unfit(self.step, f"the field '{wrong[0]}' is a {type(values[wrong[0]]).__name__}")
        if self.words:
            text = json.dumps(self.words).encode("ascii")
            self.arrays[WORDS] = np.frombuffer(text, dtype=np.uint8)
        return StepData(self.step.kind, described, self.arrays, self.blobs)

    def _describe(self, value: Any, name: str) -> Any:  # noqa: PLR0911 - one line for each kind of field
        value = _as_python(value)
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": repr(value)}
        if isinstance(value, np.ndarray):
            return self._describe_array(value, name)
        if isinstance(value, bytes):
            self.blobs[name] = value
            return {"bytes": name}
        if isinstance(value, tuple):
            return {"tuple": [self._describe(item, f"{name}.{i}") for i, item in enumerate(value)]}
        if self.depth >= MAX_DEPTH:
            raise unfit(self.step, f"graphs are nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, Graph):
            return {"graph": self.encoder.add_graph(value, self.depth + 1)}
        if isinstance(value, Step):
            return {"step": self.encoder.add(value, self.depth + 1)}
        raise unfit(self.step, f"the field '{name}' holds a {type(value).__name__}")

    def _describe_array(self, values: NDArray[Any], name: str) -> dict[str, Any]:
        if values.dtype.kind == "U":
            self.words.append(values.ravel().tolist())
            return {"words": [len(self.words) - 1, list(values.shape)]}
        self.arrays[name] = plain(values)
        if self.arrays[name].dtype.str not in DTYPES:
            raise unfit(self.step, f"the field '{name}' is an array of {values.dtype}")
        return {"array": name}


def _as_python(value: Any) -> Any:
    """Return numpy scalars as Python numbers."""
    return value.item() if isinstance(value, np.generic) else value

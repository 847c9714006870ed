"""Plain data back to steps, trusting nothing: the reverse of `twofold.bundle.encode`.

Kinds are looked up in the closed list `STEPS`; fields have to be exactly those of the step's dataclass
and of the declared types; every array is declared, counted and used as declared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.damage import MAX_DEPTH, MAX_STEPS, Allowance, damaged
from twofold.bundle.encode import WORDS, StepData
from twofold.bundle.field_types import field_hints, misfits
from twofold.bundle.npz import count_bytes
from twofold.core.errors import BundleError
from twofold.steps import STEPS
from twofold.steps.base import Graph, Node, Step

_NAME = re.compile(r"[^\x00-\x1f]{1,300}")


def step_class(kind: Any) -> type[Step]:
    """Return the class of a known kind.

    Raises
    ------
    BundleError
        When the kind is not in twofold's own list.
    """
    if not isinstance(kind, str) or kind not in STEPS:
        raise BundleError(
            f"The bundle holds a step of the unknown kind {str(kind)[:80]!r}.",
            f"Known kinds are: {', '.join(sorted(STEPS))}.",
            "Load it with the version of twofold that wrote it or a newer one; otherwise do not trust it.",
        )
    cls: type[Step] = STEPS.load(kind)
    return cls


class Decoder:
    """Make steps in the order in which they were encoded; nested ones come first.

    Parameters
    ----------
    allowance : Allowance
        What string arrays may take.
    """

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.steps: list[Step] = []
        self._depths: list[int] = []

    def add(self, data: StepData) -> None:
        """Make one more step.

        Raises
        ------
        BundleError
            For an unknown kind, unknown or missing fields, or values that are not as declared.
        """
        cls = step_class(data.kind)
        known = field_hints(cls)
        if set(known) != set(data.fields):
            raise damaged(
                f"A step '{data.kind}' has the fields {str(list(data.fields))[:200]}.",
                f"It should have {sorted(known)}.",
            )
        reader = _FieldReader(self, data)
        values = {name: reader.read(data.fields[name]) for name in known}
        wrong = misfits(cls, values)
        if wrong:
            raise damaged(
                f"The field '{wrong[0]}' of a step '{data.kind}' holds a {type(values[wrong[0]]).__name__}.",
                f"It should hold {known[wrong[0]]}.",
            )
        if reader.depth > MAX_DEPTH or len(self.steps) >= MAX_STEPS:
            raise damaged(
                "The graph is nested too deeply or has too many steps.",
                f"{MAX_DEPTH} levels and {MAX_STEPS:,} steps are allowed.",
            )
        try:
            self.steps.append(cls(**values))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise damaged(f"A step '{data.kind}' cannot be made: {error}.") from None
        self._depths.append(reader.depth)

    def graph(self, nodes: Any) -> Graph:
        """Make a graph of steps already made.

        Raises
        ------
        BundleError
            When a node is malformed, or two write the same name.
        """
        if not isinstance(nodes, list) or len(nodes) > MAX_STEPS:
            raise damaged("The nodes of a graph are not a list of sane length.", f"At most {MAX_STEPS:,}.")
        made = tuple(map(self._node, nodes))
        if len({node.output for node in made}) < len(made):
            raise damaged("Two nodes of a graph write the same name.")
        return Graph(made)

    def _node(self, entry: Any) -> Node:
        if not isinstance(entry, dict) or set(entry) != {"step", "inputs", "output"}:
            raise damaged(f"A node is {str(entry)[:200]}.", "It should have a step, inputs and an output.")
        inputs, output = entry["inputs"], entry["output"]
        if not isinstance(inputs, list) or not all(_is_name(name) for name in [*inputs, output]):
            raise damaged(f"A node names {str([inputs, output])[:200]}.", "Names are short strings.")
        return Node(self.step(entry["step"]), tuple(inputs), output)

    def step(self, place: Any) -> Step:
        """Return a step by its place.

        Raises
        ------
        BundleError
            When no such step was made yet.
        """
        return self.steps[self._known(place)]

    def depth(self, place: Any) -> int:
        """Return how deeply graphs are nested in a step."""
        return self._depths[self._known(place)]

    def _known(self, place: Any) -> int:
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < len(self.steps):
            raise damaged(f"Step {str(place)[:80]} is used, but {len(self.steps)} steps were read before it.")
        return place


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


class _FieldReader:
    """Read the fields of one step; `depth` becomes that of its deepest nested graph."""

    def __init__(self, decoder: Decoder, data: StepData) -> None:
        self.decoder, self.data, self.depth = decoder, data, 0
        self.words = self._read_words()

    def read(self, spec: Any, nested: int = 0) -> Any:
        if spec is None or isinstance(spec, (bool, int, float, str)):
            return spec
        if not isinstance(spec, dict) or len(spec) != 1 or nested > MAX_DEPTH:
            raise self._unknown(spec)
        ((form, content),) = spec.items()
        readers = {
            "float": self._float,
            "array": self._array,
            "words": self._word_array,
            "bytes": self._bytes,
            "graph": self._graph,
            "step": self._step,
        }
        if form == "tuple" and isinstance(content, list):
            return tuple(self.read(item, nested + 1) for item in content)
        if form not in readers:
            raise self._unknown(spec)
        return readers[form](content)

    def _unknown(self, spec: Any) -> BundleError:
        return damaged(f"A field of a step '{self.data.kind}' is described by {str(spec)[:200]}.")

    def _float(self, content: Any) -> float:
        if content not in ("inf", "-inf", "nan"):
            raise self._unknown(content)
        return float(content)

    def _array(self, content: Any) -> NDArray[Any]:
        array: NDArray[Any] = self._stored(self.data.arrays, content)
        return array

    def _bytes(self, content: Any) -> bytes:
        blob: bytes = self._stored(self.data.blobs, content)
        return blob

    def _stored(self, table: Mapping[str, Any], name: Any) -> Any:
        if not isinstance(name, str) or name not in table:
            raise damaged(f"A step '{self.data.kind}' reads {str(name)[:80]!r}, which it does not have.")
        return table[name]

    def _graph(self, content: Any) -> Graph:
        graph = self.decoder.graph(content)
        self._go_below(*(entry["step"] for entry in content))
        return graph

    def _step(self, content: Any) -> Step:
        step = self.decoder.step(content)
        self._go_below(content)
        return step

    def _go_below(self, *places: int) -> None:
        self.depth = max([self.depth, *(1 + self.decoder.depth(place) for place in places)])

    def _read_words(self) -> Sequence[Any]:
        if WORDS not in self.data.arrays:
            return ()
        text = self.data.arrays[WORDS]
        try:
            lists = json.loads(text.tobytes()) if text.dtype == np.uint8 else None
        except (ValueError, RecursionError):
            lists = None
        if not isinstance(lists, list):
            raise damaged(f"The strings of a step '{self.data.kind}' cannot be read.")
        return lists

    def _word_array(self, content: Any) -> NDArray[np.str_]:
        if not isinstance(content, list) or len(content) != 2:
            raise self._unknown(content)
        place, shape = content
        if type(place) is not int or not 0 <= place < len(self.words):
            raise self._unknown(content)
        words = self.words[place]
        n_words = count_bytes({"dtype": "|u1", "shape": shape})
        if not isinstance(words, list) or len(words) != n_words or set(map(type, words)) - {str}:
            raise damaged(f"A list of strings of a step '{self.data.kind}' is not what is declared.")
        self.decoder.allowance.take(4 * n_words * max(map(len, words), default=0), "A list of strings")
        return np.array(words, dtype=np.str_).reshape(shape)

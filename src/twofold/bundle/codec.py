"""Graphs as plain data: a JSON description, arrays by key, and blobs by key. No code, no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import BundleError
from twofold.steps import STEPS
from twofold.steps.base import Graph, Node, Step

MAX_DEPTH = 12
MAX_NODES = 10_000
_DAMAGED = "The bundle is damaged or was not written by twofold; get it again from its source."


def damaged(came: str, allowed: str = "") -> BundleError:
    """Return the error for a file that is not what it should be."""
    return BundleError(came, allowed, _DAMAGED)


@dataclass
class Store:
    """Where arrays and blobs of a graph are kept while it is written or read."""

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def put_array(self, values: NDArray[Any]) -> str:
        """Keep an array; return its key."""
        key = f"a{len(self.arrays)}"
        self.arrays[key] = values
        return key

    def put_blob(self, data: bytes, ending: str) -> str:
        """Keep bytes; the same bytes are kept once. Return their key."""
        for key, known in self.blobs.items():
            if known == data:
                return key
        key = f"b{len(self.blobs)}.{ending}"
        self.blobs[key] = data
        return key


def _encode(value: Any, store: Store, ending: str) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value if not isinstance(value, float) or np.isfinite(value) else repr(value)}
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "U":
            joined = "\0".join(value.ravel().tolist()).encode("utf-8", "surrogatepass")
            key = store.put_array(np.frombuffer(joined, dtype=np.uint8))
            return {"strings": key, "length": int(value.size)}
        if value.dtype.kind not in "biuf":
            raise TypeError(f"an array of {value.dtype} cannot be stored")
        return {"array": store.put_array(value)}
    if isinstance(value, bytes):
        return {"blob": store.put_blob(value, ending)}
    if isinstance(value, (tuple, list)):
        return {"items": [_encode(item, store, ending) for item in value]}
    if isinstance(value, Graph):
        return {"graph": encode_graph(value, store)}
    raise TypeError(f"a step cannot hold a {type(value).__name__}")


def encode_graph(graph: Graph, store: Store) -> list[dict[str, Any]]:
    """Describe a graph as JSON-able data; its arrays and blobs go into `store`."""
    out = []
    for node in graph.nodes:
        step = node.step
        ending = "onnx" if step.kind == "onnx" else "bin"
        content = {
            item.name: _encode(getattr(step, item.name), store, ending)
            for item in fields(step)  # type: ignore[arg-type]  # every step is a dataclass
        }
        out.append({"kind": step.kind, "inputs": list(node.inputs), "output": node.output, "fields": content})
    return out


def _lookup(table: Mapping[str, Any], key: Any, what: str) -> Any:
    if not isinstance(key, str) or key not in table:
        raise damaged(f"The bundle names {what} {key!r}, which it does not hold.")
    return table[key]


def _decode(spec: Any, store: Store, depth: int) -> Any:
    if not isinstance(spec, dict):
        raise damaged(f"A field of a step is described by {type(spec).__name__}, not by an object.")
    if "value" in spec:
        value = spec["value"]
        if value is not None and not isinstance(value, (bool, int, float, str)):
            raise damaged("A plain value of a step is neither a number, a string nor a boolean.")
        return float(value) if value in ("inf", "-inf", "nan") else value
    if "array" in spec:
        return _lookup(store.arrays, spec["array"], "the array")
    if "strings" in spec:
        raw = _lookup(store.arrays, spec["strings"], "the array")
        length = spec.get("length")
        if raw.dtype != np.uint8 or not isinstance(length, int):
            raise damaged("A list of strings is not stored as text.")
        words = raw.tobytes().decode("utf-8", "surrogatepass").split("\0") if length else []
        if len(words) != length:
            raise damaged(f"A list of {length} strings holds {len(words)}.")
        return np.array(words, dtype=np.str_) if words else np.empty(0, dtype="U1")
    if "blob" in spec:
        return _lookup(store.blobs, spec["blob"], "the file")
    if "items" in spec and isinstance(spec["items"], list):
        return tuple(_decode(item, store, depth + 1) for item in spec["items"])
    if "graph" in spec:
        return decode_graph(spec["graph"], store, depth + 1)
    raise damaged(f"A field of a step is described by unknown keys: {sorted(spec)}.")


def decode_graph(data: Any, store: Store, depth: int = 0) -> Graph:
    """Read what `encode_graph` wrote, trusting nothing.

    Raises
    ------
    BundleError
        For an unknown kind of step, unknown or missing fields, or values of the wrong type.
    """
    if depth > MAX_DEPTH:
        raise damaged(f"The graph is nested deeper than {MAX_DEPTH} levels.")
    if not isinstance(data, list) or len(data) > MAX_NODES:
        raise damaged("The graph is not a list of steps of a sane length.")
    return Graph(tuple(_decode_node(entry, store, depth) for entry in data))


def _decode_node(entry: Any, store: Store, depth: int) -> Node:
    if not isinstance(entry, dict) or not {"kind", "inputs", "output", "fields"} <= set(entry):
        raise damaged("A step of the graph lacks its kind, inputs, output or fields.")
    kind, inputs, output = entry["kind"], entry["inputs"], entry["output"]
    if kind not in STEPS:
        raise BundleError(
            f"The bundle holds a step of the unknown kind {kind!r}.",
            f"Known kinds are: {', '.join(sorted(STEPS))}.",
            "Load it with the version of twofold that wrote it, or a newer one; do not trust it otherwise.",
        )
    names = isinstance(inputs, list) and all(isinstance(name, str) for name in [*inputs, output])
    if not names or not isinstance(entry["fields"], dict):
        raise damaged(f"The inputs, output or fields of a step '{kind}' are not what they should be.")
    cls = STEPS.load(kind)
    known = {item.name: str(item.type) for item in fields(cls)}
    if set(known) != set(entry["fields"]):
        raise damaged(f"A step '{kind}' has the fields {sorted(entry['fields'])}, not {sorted(known)}.")
    values = {name: _decode(spec, store, depth) for name, spec in entry["fields"].items()}
    for name, declared in known.items():
        _check_type(kind, name, declared, values[name])
    try:
        step: Step = cls(**values)
    except (TypeError, ValueError) as error:
        raise damaged(f"A step '{kind}' cannot be made: {error}.") from None
    return Node(step, tuple(inputs), output)


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "bytes": (bytes,),
    "tuple": (tuple,),
    "NDArray": (np.ndarray,),
    "Graph": (Graph,),
    "Array": (np.ndarray,),
}


def _check_type(kind: str, name: str, declared: str, value: Any) -> None:
    """Compare a value with the declared type of a field, as far as its outermost name goes."""
    allowed: tuple[type, ...] = ()
    for part in declared.split("|"):
        word = part.strip().partition("[")[0]
        allowed += (type(None),) if word == "None" else _TYPES.get(word, (object,))
    if not isinstance(value, allowed):
        raise damaged(
            f"The field '{name}' of a step '{kind}' is a {type(value).__name__}.", f"It should be {declared}."
        )

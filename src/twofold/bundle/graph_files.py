"""A graph as two files, ``graph.json`` and ``arrays.npz``: how workers hand over what they fitted.

This is the light form: fast, uncompressed, without manifest and hashes. `twofold.bundle.save` writes
what leaves the house.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from twofold.bundle.damage import MAX_TOTAL, Allowance, damaged
from twofold.bundle.decode import Decoder
from twofold.bundle.encode import Encoder, StepData
from twofold.bundle.files import whole_folder
from twofold.bundle.npz import declare, pack, unpack
from twofold.bundle.strict_json import parse
from twofold.steps.base import Graph

ARRAYS = "arrays.npz"
GRAPH = "graph.json"


def save_graph(graph: Graph, folder: Path) -> None:
    """Write a graph into a new folder: whole, or not at all.

    Parameters
    ----------
    graph : Graph
        From and to any names.
    folder : Path
        Must not exist yet, or be empty.

    Raises
    ------
    BundleError
        When a step holds what cannot be data.
    OSError
        When the folder cannot be written.
    """
    encoder = Encoder()
    nodes = encoder.add_graph(graph)
    arrays, steps = {}, []
    for place, step in enumerate(encoder.steps):
        blobs = {name: np.frombuffer(blob, dtype=np.uint8) for name, blob in step.blobs.items()}
        arrays.update({f"{place}/{name}": values for name, values in (step.arrays | blobs).items()})
        steps.append(
            {
                "kind": step.kind,
                "fields": step.fields,
                "arrays": step.declared,
                "blobs": {name: declare(values) for name, values in blobs.items()},
            }
        )
    # a run is many graphs, and a busy disk takes seconds to say that it has one: a clock is ticking
    with whole_folder(folder, durable=False) as draft:
        (draft / ARRAYS).write_bytes(pack(arrays, compress=False))
        (draft / GRAPH).write_text(json.dumps({"steps": steps, "nodes": nodes}), encoding="ascii")


def load_graph(folder: Path) -> Graph:
    """Read what `save_graph` wrote.

    Raises
    ------
    BundleError
        When a file is missing or damaged, or names an unknown step.
    """
    try:
        described = parse((folder / GRAPH).read_bytes(), GRAPH)
        data = (folder / ARRAYS).read_bytes()
    except OSError as error:
        raise damaged(f"The graph in '{folder}' cannot be read: {error}.") from None
    try:
        declared = {
            f"{place}/{name}": entry
            for place, step in enumerate(described["steps"])
            for name, entry in (step["arrays"] | step["blobs"]).items()
        }
        arrays = unpack(data, declared, Allowance(len(data)))
        decoder = Decoder(Allowance(MAX_TOTAL))
        for place, step in enumerate(described["steps"]):
            decoder.add(_step_data(place, step, arrays))
        return decoder.graph(described["nodes"])
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(f"The graph in '{folder}' is not described as it should be: {error!r}.") from None


def _step_data(place: int, step: dict[str, Any], arrays: dict[str, Any]) -> StepData:
    own = {name: arrays[f"{place}/{name}"] for name in step["arrays"]}
    blobs = {name: arrays[f"{place}/{name}"].tobytes() for name in step["blobs"]}
    return StepData(step["kind"], step["fields"], own, blobs)

"""Rows encoded without a look at any target, for what learns from the columns alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twofold.core.control import Control, Problem
from twofold.data.dataset import Dataset
from twofold.features.encoded import Encoded
from twofold.features.reading import Reading
from twofold.steps.base import FEATURES, Graph, Node
from twofold.steps.numbers import Pick
from twofold.workflow.views import encode

if TYPE_CHECKING:
    from twofold.nn.autoencoder import Autoencoder, Shape


def encode_unlabelled(
    dataset: Dataset, rows: NDArray[np.intp] | None, seed: int, reads: tuple[str, ...] = ()
) -> Encoded:
    """Encode rows as networks see them, without a look at any target and without constant columns.

    Parameters
    ----------
    dataset : Dataset
        As `twofold.data.unlabelled.unlabelled_rows` makes it, or any other: its targets are not used.
    rows : integer array or None
        To learn the encoding from; None for all.
    seed : int
    reads : tuple of str
        Extractors for text, pictures, clips and series.

    Returns
    -------
    Encoded
    """
    table = dataset.table if rows is None else dataset.table.take(rows)
    nothing = np.zeros(table.n_rows)
    problem = Problem("regression")
    encoded = encode("network", table, dataset.schema, nothing, problem, seed=seed, reading=Reading(reads))
    return _without_constants(encoded)


def _without_constants(encoded: Encoded) -> Encoded:
    """Leave out what is the same in every row, as statistics of a target that there is not are."""
    X = np.asarray(encoded.matrix)
    before = width_before_codes(encoded)
    kept = X.min(axis=0) < X.max(axis=0)
    kept[before:] = True
    if kept.all() or not kept.any():
        return encoded
    places = np.flatnonzero(kept)
    *nodes, last = encoded.graph.nodes
    everything = replace(last, output="all " + FEATURES)
    pick = Node(Pick(places.astype(np.int64)), (everything.output,), FEATURES)
    return replace(
        encoded,
        graph=Graph((*nodes, everything, pick)),
        matrix=X[:, places],
        names=tuple(encoded.names[place] for place in places),
        origins=tuple(encoded.origins[place] for place in places),
        plain=int(kept[before - encoded.plain : before].sum()),
    )


def width_before_codes(encoded: Encoded) -> int:
    """Return how many columns stand before the codes: those between which a distance makes sense."""
    return int(encoded.matrix.shape[1]) - len(encoded.categories)


def learn_to_tell(encoded: Encoded, control: Control, shape: Shape | None = None) -> Autoencoder:
    """Train an autoencoder on encoded rows (see `twofold.nn.autoencoder.fit_autoencoder`)."""
    from twofold.nn.autoencoder import fit_autoencoder
    from twofold.nn.inputs import Layout

    numbers = width_before_codes(encoded) - encoded.plain
    layout = Layout(numbers, encoded.plain, encoded.categories)
    return fit_autoencoder(np.asarray(encoded.matrix, dtype=np.float32), layout, control, shape)

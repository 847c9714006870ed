"""The view of towers sees raw texts, though their words are counted by others."""

import numpy as np

from twofold.core.control import Problem
from twofold.core.schema import Column, Schema
from twofold.core.table import Table
from twofold.features.reading import Reading
from twofold.workflow.views import encode


def test_texts_are_towers_and_no_counts():
    texts = np.array(["a red car", "a blue boat", "a red boat", None] * 5, dtype=object)
    schema = Schema((Column("words", "text"), Column("size", "number")))
    table = Table({"words": texts, "size": np.arange(20.0)}, 20)
    y = np.arange(20) % 2
    reading = Reading(("tokens",))
    encoded = encode("towers", table, schema, y, Problem("binary", 2), seed=0, reading=reading)
    assert [tower.kind for tower in encoded.towers] == ["text"]
    assert set(encoded.origins) == {"words", "size"}
    assert encoded.matrix.shape == (20, 1 + encoded.towers[0].places)

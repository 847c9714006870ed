"""Pictures described by hand-made features."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from twofold.core.table import Table
from twofold.features.extractor import Extractor
from twofold.steps import colours, edges
from twofold.steps.colours import Colours
from twofold.steps.edges import Edges
from twofold.steps.extraction import Extraction
from twofold.steps.hog import BLOCK, Hog
from twofold.steps.lbp import LocalPatterns
from twofold.steps.picture_features import tile_words
from twofold.steps.pictures import sizes

SIDES = (32, 64, 128)
"""Sides, in pixels, that pictures are brought to."""
UNKNOWN = 64
"""Side where no picture could be read."""
FAR_ABOVE = 1.5
"""A picture is not blown up by more than this."""


def choose_side(table: Table, column: str) -> int:
    """Return the largest side that is not far above that of most pictures.

    Parameters
    ----------
    table : Table
        A sample.
    column : str
    """
    found = sizes(table, column)
    if not len(found):
        return UNKNOWN
    usual = float(np.median(found.mean(axis=1)))
    return max((side for side in SIDES if side <= FAR_ABOVE * usual), default=SIDES[0])


class _Picture(Extractor):
    """What the extractors of pictures share: the side, in pixels."""

    reads = "image"
    network = False
    packages = ("PIL",)

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del seed  # nothing is drawn
        return self.make_at(column, self.size or choose_side(table, column))

    @abstractmethod
    def make_at(self, column: str, side: int) -> Extraction:
        """Return the step for pictures of this side."""


class HogFeatures(_Picture):
    """Histograms of oriented gradients: shapes (Dalal and Triggs 2005)."""

    seconds = 4e-4

    def make_at(self, column: str, side: int) -> Extraction:
        return Hog(column, side)

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, Hog)
        blocks = tile_words(step.cells - BLOCK + 1)
        cells, bins = tile_words(BLOCK), step.orientations
        return tuple(
            f"slopes at {180 * (position + 0.5) / bins:.0f}° in block {block}, {cell}"
            for block in blocks
            for cell in cells
            for position in range(bins)
        )


class LocalPatternFeatures(_Picture):
    """Local binary patterns: texture (Ojala, Pietikäinen and Mäenpää 2002)."""

    seconds = 3e-4

    def make_at(self, column: str, side: int) -> Extraction:
        return LocalPatterns(column, side)

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, LocalPatterns)
        words = step.pattern_words
        return tuple(f"texture {word}, {tile}" for tile in tile_words(step.grid) for word in words)


class ColourFeatures(_Picture):
    """Which colours there are, and where."""

    seconds = 7e-4

    def make_at(self, column: str, side: int) -> Extraction:
        return Colours(column, side)

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, Colours)
        parts = (("hue", colours.HUES), ("saturation", colours.SATURATIONS), ("value", colours.VALUES))
        histograms = [
            f"{word} {position / n:.3g} to {(position + 1) / n:.3g}, {tile}"
            for word, n in parts
            for tile in tile_words(step.grid)
            for position in range(n)
        ]
        levels = range(colours.LEVELS)
        mixed = [f"red {r}, green {g}, blue {b} of 0 to 3" for r in levels for g in levels for b in levels]
        moments = [
            f"{moment} of {colour}, {tile}"
            for moment in ("mean", "deviation")
            for tile in tile_words(step.fine)
            for colour in ("red", "green", "blue")
        ]
        return (*histograms, *mixed, *moments)


class EdgeFeatures(_Picture):
    """How many edges there are, how strong, and which way they run (Sobel and Feldman 1968)."""

    seconds = 6e-4

    def make_at(self, column: str, side: int) -> Extraction:
        return Edges(column, side)

    def names(self, step: Extraction) -> tuple[str, ...]:
        assert isinstance(step, Edges)
        whole = [f"edges: {word}" for word in edges.STATISTICS]
        fine = [f"edge {word}, {tile}" for tile in tile_words(step.fine) for word in ("strength", "density")]
        bins = step.orientations
        directions = [
            f"slopes at {180 * (position + 0.5) / bins:.0f}°, {tile}"
            for tile in tile_words(step.grid)
            for position in range(bins)
        ]
        return (*whole, *fine, *directions)

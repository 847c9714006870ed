"""Texts as networks read them: the numbers of their words, in order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import RawExtraction
from twofold.steps.strings import different, tokens

PADDING, UNKNOWN, FIRST = 0, 1, 2


@dataclass(frozen=True)
class WordNumbers(RawExtraction):
    """The first words of a text by their places in a vocabulary: 0 is padding, 1 an unknown word.

    Words are runs of two or more letters and digits, in lower case.

    Parameters
    ----------
    column : str
    vocabulary : unicode array of shape (m,)
        The word at place i has the number i + 2.
    length : int
        Words that are read.
    """

    kind = "word_numbers"
    vocabulary: NDArray[np.str_]
    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,)

    @property
    def tokens(self) -> int:
        return len(self.vocabulary) + FIRST

    @cached_property
    def _number(self) -> dict[str, int]:
        return {word: place + FIRST for place, word in enumerate(self.vocabulary.tolist())}

    def extract(self, table: Any) -> NDArray[np.float32]:
        cells, text = different(table, self.column), tokens(table, self.column)
        number = np.fromiter((self._number.get(w, UNKNOWN) for w in text.words), np.int64, len(text.words))
        starts = np.searchsorted(text.rows, np.arange(len(cells.values)))
        place = np.arange(len(text.ids)) - starts[text.rows]
        read = place < self.length
        out = np.zeros((len(cells.values), self.length), dtype=np.float32)
        out[text.rows[read], place[read]] = number[text.ids[read]]
        out[[value is None for value in cells.values]] = np.nan
        return out if cells.place is None else out[cells.place]

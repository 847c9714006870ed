"""Texts as a pretrained network reads them: the numbers of their tokens, in order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import RawExtraction
from twofold.steps.strings import different
from twofold.steps.token_ids import LETTERS_A_TOKEN, load_tokenizer, token_ids


@dataclass(frozen=True)
class WordPieces(RawExtraction):
    """The first tokens of a text by their numbers in a tokeniser's vocabulary; 0 is padding.

    Parameters
    ----------
    column : str
        The text column. A missing text is a row of NaN.
    tokenizer : uint8 array
        The bytes of a ``tokenizer.json`` whose token 0 is padding.
    length : int
        The most tokens that are read of a text, counting those that mark its ends.
    """

    kind = "word_pieces"
    requires = ("tokenizers",)
    tokenizer: NDArray[np.uint8]
    length: int = 64

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,)

    @cached_property
    def tokens(self) -> int:
        return int(self._reader.get_vocab_size())

    @cached_property
    def _reader(self) -> Any:
        return load_tokenizer(self.tokenizer, self.length)

    def extract(self, table: Any) -> NDArray[np.float32]:
        cells = different(table, self.column)
        there = np.array([value is not None for value in cells.values], dtype=bool)
        texts = [text for text in cells.values if text is not None]
        found = token_ids(self._reader, texts, self.length * LETTERS_A_TOKEN)
        laid = np.zeros((len(texts), self.length), dtype=np.float32)
        laid[np.arange(self.length) < found.counts[:, None]] = found.ids
        out = np.full((len(there), self.length), np.nan, dtype=np.float32)
        out[there] = laid
        return out if cells.place is None else out[cells.place]

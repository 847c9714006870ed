"""Text as the mean of its tokens' vectors: a look-up table in the place of a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import Extraction
from twofold.steps.strings import LONGEST, different
from twofold.steps.token_ids import load_tokenizer, token_ids


@dataclass(frozen=True)
class WordVectors(Extraction):
    """Average static token vectors over each text of a column (Miller 2024, WordLlama).

    Parameters
    ----------
    column : str
        The text column. Missing texts give NaN, a text without tokens gives zeros; the first
        `twofold.steps.strings.LONGEST` letters are read.
    tokenizer : uint8 array
        The bytes of a ``tokenizer.json``.
    vectors : float16 array of shape (vocabulary, width)
    normalise : bool
        Whether means are scaled to length one.
    """

    kind = "word_vectors"
    requires = ("scipy", "tokenizers")
    tokenizer: NDArray[np.uint8]
    vectors: NDArray[np.float16]
    normalise: bool = True

    @property
    def width(self) -> int:
        return int(self.vectors.shape[1])

    def extract(self, table: Any) -> NDArray[np.float32]:
        found = different(table, self.column)
        here = np.array([place for place, text in enumerate(found.values) if text is not None], dtype=np.intp)
        means = np.full((len(found.values), self.width), np.nan, dtype=np.float32)
        means[here] = self.embed([text for text in found.values if text is not None])
        return means if found.place is None else means[found.place]

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return float32 of shape (n, width), one row for each text.

        The sum of a text's vectors is a row of counts times the table: nothing of the size of all tokens
        times the width is ever held.
        """
        from scipy.sparse import csr_array

        tokens = token_ids(self._reader, texts, LONGEST, ends=False)
        ids = np.minimum(tokens.ids, len(self.vectors) - 1)
        ends = np.concatenate([[0], np.cumsum(tokens.counts)])
        ones = np.ones(len(ids), dtype=np.float32)
        sums = csr_array((ones, ids, ends), shape=(len(texts), len(self.vectors))) @ self._table
        means = sums / np.maximum(tokens.counts, 1)[:, None].astype(np.float32)
        if self.normalise:
            means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return np.asarray(means, dtype=np.float32)

    @cached_property
    def _reader(self) -> Any:
        return load_tokenizer(self.tokenizer)

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        return self.vectors.astype(np.float32)

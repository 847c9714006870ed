"""Texts as the networks read them that learn from the words themselves."""

from __future__ import annotations

from collections import Counter

import numpy as np

from twofold.core.table import Table
from twofold.features.extractor import Extractor
from twofold.steps.extraction import Extraction
from twofold.steps.strings import different, tokens
from twofold.steps.word_numbers import WordNumbers

MOST_WORDS = 20_000
RARE = 2
"""Words that occur less often are unknown words."""
SHORTEST, LONGEST = 8, 128
COVERED = 0.95
"""Share of the texts that are read to their end."""


class NumberedWords(Extractor):
    """Numbers of words; the vocabulary and the length follow from the training rows."""

    reads = "text"
    network = False
    raw = True
    fitted = True
    seconds = 2e-5

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del seed
        cells, text = different(table, column), tokens(table, column)
        often = np.ones(len(cells.values), dtype=np.int64)
        if cells.place is not None:
            often = np.bincount(cells.place, minlength=len(cells.values))
        counts = np.bincount(text.ids, often[text.rows], len(text.words)).astype(np.int64)
        ranked = Counter(dict(zip(text.words, counts.tolist(), strict=True))).most_common(MOST_WORDS)
        kept = [word for word, count in ranked if count >= RARE]
        lengths = np.repeat(np.bincount(text.rows, minlength=len(cells.values)), often)
        covered = int(np.quantile(lengths, COVERED)) if len(lengths) else SHORTEST
        length = self.size or int(np.clip(covered, SHORTEST, LONGEST))
        return WordNumbers(column, np.array(kept or [""], dtype=np.str_), length)

    def names(self, step: Extraction) -> tuple[str, ...]:
        return tuple(f"word {place + 1}" for place in range(step.width))

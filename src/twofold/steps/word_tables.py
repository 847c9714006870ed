"""What is counted in pairs of sentences: words that translate, follow, or are mistaken for each other."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step

LESS = 0.4
"""What a shorter history is worth (Brants et al. 2007)."""
UNKNOWN = -1


@dataclass(frozen=True)
class WordTables(Step):
    """Counted tables of two languages.

    Parameters
    ----------
    source_words, target_words : string arrays of shape (a,) and (b,)
    counts : integer array of shape (b,)
        How often each target word was seen in sentences; zero for words that networks alone wrote.
    translation : integer array of shape (t, 2)
        Places of source and target words.
    translation_chances : float array of shape (t,)
        Of the target word, given the source word.
    pairs, triples : integer arrays of shape (p, 3) and (q, 4)
        Places of target words that follow each other, and how often they did.
    mistakes : integer array of shape (e, 3)
        A drafted word, the word that should have stood there, and how often.
    """

    kind = "word_tables"
    source_words: NDArray[np.str_]
    target_words: NDArray[np.str_]
    counts: NDArray[np.int64]
    translation: NDArray[np.int64]
    translation_chances: NDArray[np.float64]
    pairs: NDArray[np.int64]
    triples: NDArray[np.int64]
    mistakes: NDArray[np.int64]

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        """Return the log probability of each word of sentences, one array for all of them."""
        (sentences,) = inputs
        return np.array(
            [
                self.log_chance(word, sentence[max(at - 2, 0) : at])
                for sentence in sentences
                for at, word in enumerate(sentence)
            ]
        )

    @cached_property
    def target(self) -> dict[str, int]:
        """Place of each target word."""
        return {word: place for place, word in enumerate(self.target_words.tolist())}

    @cached_property
    def translations(self) -> dict[str, dict[str, float]]:
        """Chances of the translations of each source word, the likeliest first."""
        words, goals = self.source_words.tolist(), self.target_words.tolist()
        found: defaultdict[str, dict[str, float]] = defaultdict(dict)
        order = np.argsort(-self.translation_chances, kind="stable")
        for (a, b), chance in zip(
            self.translation[order].tolist(), self.translation_chances[order].tolist(), strict=True
        ):
            found[words[a]][goals[b]] = chance
        return dict(found)

    @cached_property
    def mistaken(self) -> dict[str, dict[str, int]]:
        """How often other words should have stood where each word was drafted."""
        words = self.target_words.tolist()
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for a, b, count in self.mistakes.tolist():
            found[words[a]][words[b]] = count
        return dict(found)

    @cached_property
    def _following(self) -> dict[tuple[int, ...], int]:
        found = {tuple(row[:2]): row[2] for row in self.pairs.tolist()}
        return found | {tuple(row[:3]): row[3] for row in self.triples.tolist()}

    @cached_property
    def _singles(self) -> list[int]:
        return [*self.counts.tolist(), 0]

    @cached_property
    def _all(self) -> float:
        return float(self.counts.sum()) or 1.0

    def count(self, word: str) -> int:
        """Return how often a word was seen."""
        return self._singles[self.target.get(word, UNKNOWN)]

    def log_chance(self, word: str, before: list[str]) -> float:
        """Return the log probability of a word behind two others, or fewer.

        Long histories that were not seen are replaced by shorter ones at a price ("stupid backoff").
        """
        w = self.target.get(word, UNKNOWN)
        history = [self.target.get(one, UNKNOWN) for one in before]
        price = 1.0
        if len(history) == 2:
            both, alone = self._following.get((*history, w)), self._following.get((history[0], history[1]))
            if both and alone:
                return math.log(both / alone)
            price = LESS
        if history:
            both, alone_ = self._following.get((history[-1], w)), self._singles[history[-1]]
            if both and alone_:
                return math.log(price * both / alone_)
            price *= LESS
        return math.log(price * (self._singles[w] + 0.3) / self._all)

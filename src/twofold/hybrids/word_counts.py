"""Tables counted in pairs of sentences: translations of words by expectation maximisation, and n-grams.

Which word translates which is IBM's first model (Brown, Della Pietra, Della Pietra and Mercer 1993).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.sentence_words import words_of
from twofold.steps.word_tables import WordTables

ROUNDS = 6
KEPT = 12
"""Translations of a word that are kept ..."""
LEAST = 0.01
"""... if they are at least so likely."""
NOTHING = ""
"""The source word of target words that translate none."""
Sentences = Sequence[list[str]]


def translation_chances(source: Sentences, target: Sentences) -> dict[tuple[str, str], float]:
    """Learn the chance of each target word, given a source word beside it in some pair.

    Parameters
    ----------
    source, target : sequences of lists of str
        Pairs of sentences in words.

    Returns
    -------
    dict of (source word, target word) to float
        The `KEPT` likeliest of each source word.
    """
    sources, source_ids = _numbered([[NOTHING, *words] for words in source])
    targets, target_ids = _numbered(target)
    cells = [
        np.stack(
            np.broadcast_arrays(a[:, None] * len(targets) + b[None], at + np.arange(len(b))[None]), axis=-1
        )
        for a, b, at in zip(source_ids, target_ids, _starts(target_ids), strict=True)
    ]
    flat = np.concatenate([cell.reshape(-1, 2) for cell in cells])
    kinds, kind = np.unique(flat[:, 0], return_inverse=True)
    word, n_words = flat[:, 1], int(flat[:, 1].max()) + 1
    of_source = kinds // len(targets)
    chance: NDArray[np.float64] = np.ones(len(kinds))
    for _ in range(ROUNDS):
        weight = chance[kind]
        weight /= np.bincount(word, weight, n_words)[word]
        chance = np.bincount(kind, weight, len(kinds)).astype(np.float64)
        chance /= np.bincount(of_source, chance, len(sources))[of_source]
    order = np.lexsort((-chance, of_source))
    starts = np.flatnonzero(np.diff(of_source[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    kept = order[(rank < KEPT) & (chance[order] >= LEAST)]
    return {
        (sources[kinds[at] // len(targets)], targets[kinds[at] % len(targets)]): float(chance[at])
        for at in kept
    }


def _numbered(sentences: Iterable[list[str]]) -> tuple[list[str], list[NDArray[np.int64]]]:
    number: dict[str, int] = {}
    ids = [
        np.array([number.setdefault(word, len(number)) for word in words], dtype=np.int64)
        for words in sentences
    ]
    return list(number), ids


def _starts(ids: Sequence[NDArray[np.int64]]) -> list[int]:
    return [0, *accumulate(len(one) for one in ids)][:-1]


def count_tables(
    sources: Sequence[str], references: Sequence[str], mistakes: Counter[tuple[str, str]]
) -> WordTables:
    """Count everything in pairs of sentences.

    Parameters
    ----------
    sources, references : sequences of str
    mistakes : counter of (drafted word, word that should have stood there)
    """
    source = [[word.lower() for word in words_of(text)] for text in sources]
    target = [words_of(text) for text in references]
    chances = translation_chances(source, target)
    single = Counter(word for words in target for word in words)
    words = list(single) + sorted({w for pair in mistakes for w in pair} - set(single))
    place = {word: at for at, word in enumerate(words)}
    english = sorted({pair[0] for pair in chances})
    at_source = {word: at for at, word in enumerate(english)}
    pairs = Counter(pair for words_ in target for pair in pairwise(words_))
    triples = Counter(run for words_ in target for run in zip(words_, words_[1:], words_[2:], strict=False))

    def rows(counts: Mapping[Any, int], length: int) -> NDArray[np.int64]:
        found = [[*(place[word] for word in run), count] for run, count in counts.items()]
        return np.array(found, dtype=np.int64).reshape(-1, length + 1)

    return WordTables(
        np.array(english, dtype=np.str_),
        np.array(words, dtype=np.str_),
        np.array([single[word] for word in words], dtype=np.int64),
        np.array([[at_source[a], place[b]] for a, b in chances], dtype=np.int64).reshape(-1, 2),
        np.array(list(chances.values())),
        rows(pairs, 2),
        rows(triples, 3),
        rows(mistakes, 2),
    )


def mistakes_of(drafted: list[str], wanted: list[str]) -> list[tuple[str, str]]:
    """Return words that stand in each other's place where two sentences differ.

    Examples
    --------
    >>> mistakes_of(["ein", "Hund", "rennt"], ["ein", "Kater", "rennt", "weg"])
    [('Hund', 'Kater')]
    """
    from difflib import SequenceMatcher

    found = []
    for kind, a, b, c, d in SequenceMatcher(None, drafted, wanted, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            found += list(zip(drafted[a:b], wanted[c:d], strict=True))
    return found

"""A draft word by word: what each is, how sure the network was, and what it looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.translate import Draft, Translate

_WORD = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")


def words_of(text: str) -> list[str]:
    """Return the words and signs of a sentence.

    Examples
    --------
    >>> words_of("Ein T-Shirt, rot.")
    ['Ein', 'T-Shirt', ',', 'rot', '.']
    """
    return _WORD.findall(text)


@dataclass(frozen=True)
class Written:
    """A draft in words.

    Parameters
    ----------
    text : str
    words, source : list of str
        Of the draft, and of what it translates in lower case.
    spans : list of (start, stop)
        Where each word stands in the text.
    begins : integer array of shape (n + 1,)
        The token that each word begins with; the last is the one behind all.
    sure : float array of shape (n,)
        Log probability of the least sure token of each word.
    look : float array of shape (n, m)
        How much attention each source word got.
    others : list of (n + 1) dicts
        Log probabilities of the tokens that might have stood where a word begins.
    """

    text: str
    words: list[str]
    source: list[str]
    spans: list[tuple[int, int]]
    begins: NDArray[np.int64]
    sure: NDArray[np.float64]
    look: NDArray[np.float64]
    others: list[dict[int, float]]


def written(translator: Translate, draft: Draft) -> Written:
    """Turn tokens into words."""
    text, spans, owner = _owned(translator.pieces(draft.tokens))
    source_text, source_spans, source_owner = _owned(translator.pieces(draft.source))
    n, m = len(spans), len(source_spans)
    sure, look, begins = np.zeros(n), np.zeros((n, m)), np.full(n + 1, len(draft.tokens))
    for place, tokens in enumerate(owner):
        sure[place] = draft.chances[tokens].min()
        mean = draft.shares[tokens].mean(axis=0)
        look[place] = [mean[part].sum() for part in source_owner]
        begins[place] = tokens[0]
    others = [
        dict(zip(draft.others[at].tolist(), draft.other_chances[at].tolist(), strict=True))
        for at in np.minimum(begins, len(draft.others) - 1)
    ]
    words, source = (
        [whole[a:b] for a, b in places] for whole, places in ((text, spans), (source_text, source_spans))
    )
    return Written(text, words, [word.lower() for word in source], spans, begins, sure, look, others)


def _owned(pieces: list[str]) -> tuple[str, list[tuple[int, int]], list[list[int]]]:
    """Return the text of tokens, the spans of its words, and the tokens of each word."""
    whole = "".join(pieces)
    spared = int(whole.startswith(" "))
    token_of = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces]).tolist()
    found: list[Any] = list(_WORD.finditer(whole))
    tokens = [sorted(set(token_of[match.start() : match.end()])) for match in found]
    return whole[spared:], [(match.start() - spared, match.end() - spared) for match in found], tokens

"""Drafts of a network, edited where a judge is convinced that it betters them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import FEATURES, Graph, Step
from twofold.steps.edits import INSERT, Edit, Proposals, Proposer, change
from twofold.steps.sentence_words import Written, written
from twofold.steps.translate import Draft, Translate
from twofold.steps.word_tables import WordTables

NEVER = 1.01
"""A threshold that no edit passes."""


@dataclass(frozen=True)
class PostEdit(Step):
    """Translate, propose edits, and make those that are likely enough to better the draft.

    Parameters
    ----------
    translator : Translate
    tables : WordTables
    judge : Graph
        From ``features`` of edits to ``prediction``: the probabilities that it does not, and does, better.
    threshold : float
        From which an edit is made; above 1 the drafts stand.
    """

    kind = "post_edit"
    requires = ("onnxruntime", "tokenizers")
    translator: Translate
    tables: WordTables
    judge: Graph
    threshold: float

    def run(self, *inputs: Any) -> NDArray[np.object_]:
        """Return the edited translations of a column of sentences, object array of shape (n,)."""
        (sentences,) = inputs
        drafts = self.translator.drafts(["" if text is None else text for text in sentences])
        out = np.empty(len(drafts), dtype=object)
        out[:] = self.edited(drafts)
        return out

    def edited(self, drafts: Sequence[Draft]) -> list[str]:
        """Return the texts of drafts after the edits."""
        if self.threshold > 1:
            return [self.translator.text(draft) for draft in drafts]
        seen = [written(self.translator, draft) for draft in drafts]
        proposed = [self.propose(one) for one in seen]
        chances = self.chances(proposed)
        return [
            change(draft, chosen(proposals, chance, self.threshold))
            for draft, proposals, chance in zip(seen, proposed, chances, strict=True)
        ]

    @cached_property
    def _first_tokens(self) -> dict[str, int]:
        return {}

    def first_token(self, word: str) -> int:
        """Return the number of the token that a word begins with."""
        known = self._first_tokens
        if word not in known:
            ids = self.translator.words.encode(word, add_special_tokens=False).ids
            known[word] = ids[0] if ids else -1
        return known[word]

    def propose(self, draft: Written, own: Counter[tuple[str, str]] | None = None) -> Proposals:
        """Return the edits of a draft; `own` mistakes of it are not counted."""
        return Proposer(self.tables, draft, self.first_token, own or Counter()).propose()

    def chances(self, proposed: Sequence[Proposals]) -> list[NDArray[np.float64]]:
        """Return how likely each edit betters its draft."""
        if not proposed:
            return []
        features = np.concatenate([proposals.features for proposals in proposed])
        answer = self.judge.run({FEATURES: features})[:, 1] if len(features) else np.zeros(0)
        return np.split(answer, np.cumsum([len(proposals.edits) for proposals in proposed])[:-1])


def chosen(proposals: Proposals, chances: NDArray[np.float64], threshold: float) -> list[Edit]:
    """Return the edits that are made: the likeliest first, one at a place, each source word once."""
    made: list[Edit] = []
    places: set[int] = set()
    words: set[tuple[int, str]] = set()
    for at in np.argsort(-chances, kind="stable"):
        if chances[at] < threshold:
            break
        edit = proposals.edits[at]
        near = {edit.place - 1, edit.place} if edit.kind == INSERT else {edit.place}
        if places & near or (edit.source >= 0 and (edit.source, edit.word) in words):
            continue
        places |= near
        words.add((edit.source, edit.word))
        made.append(edit)
    return made

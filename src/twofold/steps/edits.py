"""Edits that might better a draft, each described by numbers that a judge reads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twofold.steps.sentence_words import Written
from twofold.steps.word_tables import WordTables

DELETE, REPLACE, INSERT = 0, 1, 2
MOST_REPLACED, MOST_TRANSLATED, MOST_MISTAKEN, MOST_INSERTED = 5, 6, 6, 2
COVERED = 0.05
"""Chance from which a source word counts as translated by a word of the draft."""
UNLIKELY = -4.0
"""Change of the log probability of the sentence below which an edit is not looked at."""

FEATURES_OF_EDITS = tuple(
    "deletes replaces inserts sure sure_before sure_behind fluency old_chance new_chance old_support "  # noqa: SIM905
    "old_looked_support new_support new_looked_support covered_elsewhere looked_at other_chance other_gain "
    "times_new times_old repeats count_new count_old mistaken mistaken_share beginning place length "
    "looked_share uncovered sign".split()
)
"""Names of the numbers."""


class Edit(NamedTuple):
    """One change of a draft.

    Parameters
    ----------
    kind : int
        `DELETE`, `REPLACE` or `INSERT`.
    place : int
        Of the word that is deleted or replaced, or before which one is inserted.
    word : str
        That is put in; empty for a deletion.
    source : int
        The source word that speaks for it; -1 for none.
    """

    kind: int
    place: int
    word: str
    source: int


@dataclass(frozen=True)
class Proposals:
    """Edits of one draft, and what is known of each: (n, len(FEATURES_OF_EDITS))."""

    edits: list[Edit]
    features: NDArray[np.float32]


FirstToken = Callable[[str], int]


class Proposer:
    """Looks at one draft.

    Parameters
    ----------
    tables : WordTables
    draft : Written
    first_token : callable (word) -> int
        The first token of a word.
    own : Counter of (str, str)
        Mistakes of this very draft, which are not counted when learning.
    """

    def __init__(
        self, tables: WordTables, draft: Written, first_token: FirstToken, own: Counter[tuple[str, str]]
    ) -> None:
        self.tables, self.draft, self.first_token, self.own = tables, draft, first_token, own
        self.words, self.sure, n = draft.words, draft.sure.tolist(), len(draft.words)
        self.known = [tables.translations.get(word, {}) for word in draft.source]
        m = len(self.known)
        self.support = [[known.get(word, 0.0) for known in self.known] for word in self.words]
        self.columns = [sorted((row[i] for row in self.support), reverse=True)[:2] for i in range(m)]
        self.looked = draft.look.argmax(axis=1).tolist() if n and m else [-1] * n
        self.most_looked = draft.look.max(axis=1).tolist() if n and m else [0.0] * n
        self.mass = draft.look.sum(axis=0).tolist()
        self.open = [i for i in range(m) if self.known[i] and max(self.columns[i], default=0.0) < COVERED]
        self.times = Counter(self.words)
        self.ends = [(min(found.values()) - 1, max(found.values())) for found in draft.others]
        self._chances: dict[tuple[str, ...], float] = {}

    def propose(self) -> Proposals:
        """Return the edits that are worth a look."""
        edits: list[Edit] = []
        rows: list[list[float]] = []
        for place in range(len(self.words)):
            edits.append(Edit(DELETE, place, "", -1))
            rows.append(self._describe(edits[-1]))
            found = [(edit, self._describe(edit)) for edit in self._replacements(place)]
            found = [one for one in found if one[1][6] > UNLIKELY]
            found.sort(key=lambda one: -_promise(one[1]))
            edits += [edit for edit, _ in found[:MOST_REPLACED]]
            rows += [row for _, row in found[:MOST_REPLACED]]
        for edit in self._insertions():
            edits.append(edit)
            rows.append(self._describe(edit))
        return Proposals(edits, np.array(rows, dtype=np.float32).reshape(-1, len(FEATURES_OF_EDITS)))

    def _replacements(self, place: int) -> Iterator[Edit]:
        """Yield words that may stand in the place of one; signs give way to signs alone."""
        old, support = self.words[place], self.support[place]
        sources = [self.looked[place], support.index(max(support))] if support else []
        found: dict[str, int] = {}
        for source in sources:
            for word in islice(self.known[source], MOST_TRANSLATED):
                found.setdefault(word, source)
        for source in self.open:
            for word in islice(self.known[source], MOST_INSERTED):
                found.setdefault(word, source)
        mistaken = self.tables.mistaken.get(old, {})
        for word in sorted(mistaken, key=lambda word: -mistaken[word])[:MOST_MISTAKEN]:
            if mistaken[word] > self.own[old, word]:
                found.setdefault(word, -1)
        for word, source in found.items():
            if word != old and _is_sign(word) == _is_sign(old):
                yield Edit(REPLACE, place, word, source if source >= 0 else self._speaker(word))

    def _speaker(self, word: str) -> int:
        """Return the source word that speaks most for a word; -1 for none."""
        chances = [known.get(word, 0.0) for known in self.known]
        best = max(chances, default=0.0)
        return chances.index(best) if best > 0 else -1

    def _insertions(self) -> Iterator[Edit]:
        """Yield translations of source words that nothing in the draft translates, where they read best."""
        places = len(self.words) + (not self.words or not _is_sign(self.words[-1]))
        for source in self.open:
            for word in islice(self.known[source], MOST_INSERTED):
                gains = [self._fluency(place, place, word) for place in range(places)]
                best = max(gains, default=-np.inf)
                if best > 2 * UNLIKELY:
                    yield Edit(INSERT, gains.index(best), word, source)

    def _fluency(self, start: int, stop: int, word: str) -> float:
        """Return how much likelier the sentence becomes where `word` takes the place of some words."""
        behind = self.words[stop : stop + 2]
        history = self.words[max(start - 2, 0) : start]
        return self._run([*history, *([word] if word else []), *behind], len(history)) - self._run(
            [*history, *self.words[start:stop], *behind], len(history)
        )

    def _run(self, words: list[str], first: int) -> float:
        return sum(self._chance(words[max(at - 2, 0) : at + 1]) for at in range(first, len(words)))

    def _chance(self, words: list[str]) -> float:
        """Return the log probability of the last of up to three words."""
        key = tuple(words)
        if key not in self._chances:
            self._chances[key] = self.tables.log_chance(words[-1], words[:-1])
        return self._chances[key]

    def _describe(self, edit: Edit) -> list[float]:
        place, new = edit.place, edit.word
        n, inside = len(self.words), place < len(self.words)
        old = self.words[place] if edit.kind != INSERT else ""
        mistaken = self.tables.mistaken.get(old, {}) if old and new else {}
        times = mistaken.get(new, 0) - self.own[old, new] if mistaken else 0
        history = self.words[max(place - 2, 0) : place]
        return [
            edit.kind == DELETE,
            edit.kind == REPLACE,
            edit.kind == INSERT,
            self.sure[place] if inside else 0.0,
            self.sure[place - 1] if place else 0.0,
            self.sure[place + 1] if place + 1 < n else 0.0,
            self._fluency(place, place + (edit.kind != INSERT), new),
            self._chance([*history, old]) if old else 0.0,
            self._chance([*history, new]) if new else 0.0,
            *self._describe_meaning(edit, old),
            self.times[new] if new else 0,
            self.times[old] if old else 0,
            bool(old) and old in self.words[max(place - 1, 0) : place] + self.words[place + 1 : place + 2],
            math.log1p(self.tables.count(new)) if new else 0.0,
            math.log1p(self.tables.count(old)) if old else 0.0,
            times,
            times / sum(mistaken.values()) if times else 0.0,
            _shared_beginning(old.lower(), new.lower()) / max(len(old), len(new), 1),
            place / max(n, 1),
            n / max(len(self.draft.source), 1),
            self.most_looked[place] if inside else 0.0,
            len(self.open),
            bool(old) and _is_sign(old),
        ]

    def _describe_meaning(self, edit: Edit, old: str) -> list[float]:
        """Return what the source words and the network say of the old word and the new one."""
        place, new, source = edit.place, edit.word, edit.source
        support = self.support[place] if old else []
        looked = self.looked[place] if place < len(self.words) else -1
        elsewhere = 0.0
        if source >= 0:
            best = self.columns[source]
            mine = bool(support) and bool(best) and support[source] == best[0]
            elsewhere = best[mine] if len(best) > mine else 0.0
        least, most = self.ends[place]
        other = self.draft.others[place].get(self.first_token(new), least) if new else 0.0
        return [
            max(support, default=0.0),
            support[looked] if support else 0.0,
            self.known[source].get(new, 0.0) if source >= 0 else 0.0,
            self.known[looked].get(new, 0.0) if looked >= 0 else 0.0,
            elsewhere,
            self.mass[source] if source >= 0 else -1.0,
            other,
            other - most,
        ]


def _promise(row: list[float]) -> float:
    """Return how well a replacement looks at first sight: it reads, it is supported, the network knows it."""
    gain = math.log(row[11] + 0.01) - math.log(row[9] + 0.01)
    return row[6] + gain + 0.5 * row[16] + math.log1p(max(row[22], 0.0))


def _shared_beginning(a: str, b: str) -> int:
    """Return how many letters two words begin with alike.

    Examples
    --------
    >>> _shared_beginning("kleiner", "kleines")
    6
    """
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _is_sign(word: str) -> bool:
    return not word[0].isalnum()


def change(draft: Written, edits: list[Edit]) -> str:
    """Return the text of a draft after edits of different places.

    Examples
    --------
    >>> words = ["ein", "ein", "Hunt", "."]
    >>> spans = [(0, 3), (4, 7), (8, 12), (12, 13)]
    >>> nothing = np.zeros(0)
    >>> draft = Written("ein ein Hunt.", words, [], spans, nothing, nothing, nothing, [])
    >>> change(draft, [Edit(DELETE, 1, "", -1), Edit(REPLACE, 2, "Hund", -1), Edit(INSERT, 2, "roter", -1)])
    'ein roter Hund.'
    """
    text = draft.text
    for edit in sorted(edits, key=lambda one: (-one.place, one.kind == INSERT)):
        if edit.kind == INSERT:
            at = draft.spans[edit.place][0] if edit.place < len(draft.spans) else len(text)
            behind_space = not at or text[at - 1] == " "
            put = f"{edit.word} " if behind_space else f" {edit.word}"
            text = (text[:at] + put + text[at:]).rstrip(" ")
            continue
        start, stop = draft.spans[edit.place]
        if edit.kind == REPLACE:
            text = text[:start] + edit.word + text[stop:]
        else:
            before = text[:start].rstrip(" ")
            text = before + text[stop:] if before else text[stop:].lstrip(" ")
    return text

"""Sentences written by a network from other sentences, with what it was sure of and what it looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.onnx_session import open_session
from twofold.steps.token_ids import load_tokenizer, token_ids

PAD, UNKNOWN, BEGIN, END = 0, 1, 2, 3
"""Numbers of the tokens that stand for no letters."""
AT_ONCE = 64
"""Sentences that are written together."""
LETTERS = 2_000
"""Letters of a sentence that are read."""
OTHERS = 8
"""Tokens that are kept of those which might have been written."""
SPACE = "▁"
"""What the tokeniser writes for a space."""


@dataclass(frozen=True)
class Draft:
    """What the network wrote for one sentence.

    Parameters
    ----------
    source, tokens : integer arrays of shape (s,) and (t,)
        Without those that mark the ends.
    chances : float32 array of shape (t,)
        Log probability of each token when it was written.
    shares : float32 array of shape (t, s)
        How much of the attention each source token got.
    others : integer array of shape (t + 1, OTHERS)
        The likeliest tokens at each place, and behind the last.
    other_chances : float32 array of shape (t + 1, OTHERS)
        Their log probabilities.
    """

    source: NDArray[np.int64]
    tokens: NDArray[np.int64]
    chances: NDArray[np.float32]
    shares: NDArray[np.float32]
    others: NDArray[np.int64]
    other_chances: NDArray[np.float32]


@dataclass(frozen=True)
class Translate(Step):
    """Write the likeliest next token until the end (greedy decoding).

    Parameters
    ----------
    reader, writer : bytes
        The graphs of `twofold.nn.onnx_translator`, as ONNX models.
    tokenizer : uint8 array
        A ``tokenizer.json`` whose first four tokens are padding, unknown, begin and end.
    places : int
        The most tokens of a sentence.
    """

    kind = "translate"
    requires = ("onnxruntime", "tokenizers")
    reader: bytes
    writer: bytes
    tokenizer: NDArray[np.uint8]
    places: int

    @cached_property
    def _sessions(self) -> tuple[Any, Any]:
        return open_session(self.reader), open_session(self.writer)

    @cached_property
    def words(self) -> Any:
        """The tokeniser."""
        return load_tokenizer(self.tokenizer)

    def run(self, *inputs: Any) -> NDArray[np.object_]:
        """Return the translations of a column of sentences, object array of shape (n,)."""
        (sentences,) = inputs
        out = np.empty(len(sentences), dtype=object)
        out[:] = [self.text(draft) for draft in self.drafts(["" if s is None else s for s in sentences])]
        return out

    @cached_property
    def _letters(self) -> list[str]:
        size = self.words.get_vocab_size()
        found = [self.words.id_to_token(token).replace(SPACE, " ") for token in range(size)]
        return [*[""] * (END + 1), *found[END + 1 :]]

    def pieces(self, tokens: NDArray[np.int64]) -> list[str]:
        """Return the letters of tokens; put together they are the text, but for a space in front."""
        return [self._letters[token] for token in tokens.tolist()]

    def text(self, draft: Draft) -> str:
        """Return a draft in letters."""
        return "".join(self.pieces(draft.tokens)).removeprefix(" ")

    def drafts(self, sentences: Sequence[str]) -> list[Draft]:
        """Translate sentences, those of like length together.

        Parameters
        ----------
        sentences : sequence of str

        Returns
        -------
        list of Draft
        """
        found = token_ids(self.words, sentences, LETTERS, ends=False)
        sources = [
            found.ids[start : start + min(count, self.places - 1)]
            for start, count in zip(found.starts, found.counts, strict=True)
        ]
        order = np.argsort([len(source) for source in sources], kind="stable")
        out: dict[int, Draft] = {}
        for start in range(0, len(order), AT_ONCE):
            rows = order[start : start + AT_ONCE]
            out |= zip(rows.tolist(), self._write([sources[row] for row in rows]), strict=True)
        return [out[row] for row in range(len(sentences))]

    def _write(self, sources: Sequence[NDArray[np.int64]]) -> list[Draft]:
        reader, writer = self._sessions
        n, longest = len(sources), max(map(len, sources)) + 1
        matrix = np.full((n, longest), PAD, dtype=np.int64)
        for row, source in enumerate(sources):
            matrix[row, : len(source)] = source
            matrix[row, len(source)] = END
        read = dict(zip(READ, reader.run(list(READ), {"source": matrix}), strict=True))
        layers, _, heads, _, width = read["keys"].shape
        past = [np.zeros((layers, n, heads, 0, width), dtype=np.float32)] * 2
        limit = min(self.places - 1, 2 * longest + 8)
        notes: list[tuple[NDArray[Any], ...]] = []
        last, going = np.full((n, 1), BEGIN, dtype=np.int64), np.ones(n, dtype=bool)
        for place in range(limit):
            given = {**read, "token": last, "place": np.array([place])}
            given |= {"past_keys": past[0], "past_values": past[1]}
            chances, shares, *past = writer.run(list(WRITTEN), given)
            chances[:, [PAD, BEGIN]] = -1e4
            others, other_chances = _likeliest(chances)
            last = np.where(going, others[:, 0], END)[:, None]
            notes.append((last[:, 0], other_chances[:, 0], shares, others, other_chances))
            going &= last[:, 0] != END
            if not going.any():
                break
        columns = [np.stack(parts, axis=1) for parts in zip(*notes, strict=True)]
        return [_cut(*parts) for parts in zip(sources, *columns, strict=True)]


READ = ("keys", "values", "bias")
WRITTEN = ("chances", "shares", "new_keys", "new_values")


def _likeliest(chances: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the `OTHERS` likeliest tokens of each row, the likeliest first, and their chances."""
    found = np.argpartition(-chances, OTHERS, axis=1)[:, :OTHERS]
    order = np.argsort(-np.take_along_axis(chances, found, axis=1), axis=1, kind="stable")
    found = np.take_along_axis(found, order, axis=1)
    return found, np.take_along_axis(chances, found, axis=1)


def _cut(
    source: NDArray[np.int64],
    tokens: NDArray[np.int64],
    chances: NDArray[np.float32],
    shares: NDArray[np.float32],
    others: NDArray[np.int64],
    other_chances: NDArray[np.float32],
) -> Draft:
    """Return a draft without its end."""
    ends = np.flatnonzero(tokens == END)
    stop = int(ends[0]) if len(ends) else len(tokens)
    behind = slice(0, stop + 1)
    return Draft(
        source,
        tokens[:stop],
        chances[:stop],
        shares[:stop, : len(source)],
        others[behind],
        other_chances[behind],
    )

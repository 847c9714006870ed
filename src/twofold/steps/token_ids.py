"""Texts as the numbers of their tokens, by a tokeniser that is kept as the file it came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.optional import load

AT_ONCE = 1_024
"""Texts that are taken apart in one call: what the tokeniser says of each token fills memory."""
LETTERS_A_TOKEN = 12
"""Letters that are read for each token wanted: no language's tokens are as long on average."""


@dataclass(frozen=True)
class TokenIds:
    """The tokens of several texts, one text behind the other.

    Parameters
    ----------
    ids : integer array of shape (t,)
    counts : integer array of shape (n,)
        Number of tokens of each text.
    """

    ids: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each text begins in `ids`."""
        return np.concatenate([[0], np.cumsum(self.counts)])[:-1].astype(np.int64)


def load_tokenizer(file: NDArray[np.uint8], length: int = 0) -> Any:
    """Return the tokeniser of a ``tokenizer.json``, which pads nothing.

    Parameters
    ----------
    file : uint8 array
        The bytes of the file.
    length : int
        The most tokens of a text, counting those that mark its ends; 0 for all.

    Raises
    ------
    MissingExtraError
        When the package ``tokenizers`` is not installed.
    InputError
        When it is no such file.
    """
    tokenizers = load("tokenizers", "Reading text with a network")
    try:
        tokenizer = tokenizers.Tokenizer.from_buffer(file.tobytes())
    except Exception as error:  # the package raises nothing more special
        raise InputError(
            f"A tokeniser cannot be read: {error}.",
            "It has to be the content of a 'tokenizer.json'.",
            "Make or fetch the encoder again.",
        ) from error
    tokenizer.no_padding()
    if length:
        tokenizer.enable_truncation(length)
    else:
        tokenizer.no_truncation()
    return tokenizer


def cut(text: str, letters: int) -> str:
    r"""Return the first letters of a text, without halves of letters, which no tokeniser takes.

    Examples
    --------
    >>> cut("never mind", 5), cut("half a letter: \ud83d", 20)
    ('never', 'half a letter: ?')
    """
    return text[:letters].encode("utf-8", "replace").decode("utf-8")


def token_ids(tokenizer: Any, texts: Sequence[str], letters: int, *, ends: bool = True) -> TokenIds:
    """Take texts apart.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    texts : sequence of str
    letters : int
        Letters of each text that are read at all.
    ends : bool
        Whether tokens mark the ends of a text.
    """
    found = [ids for part in _parts(texts) for ids in _encode(tokenizer, part, letters, ends)]
    counts = np.fromiter(map(len, found), np.int64, len(found))
    return TokenIds(np.fromiter(chain.from_iterable(found), np.int64, int(counts.sum())), counts)


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), AT_ONCE):
        yield texts[start : start + AT_ONCE]


def _encode(tokenizer: Any, texts: Sequence[str], letters: int, ends: bool) -> list[list[int]]:
    taken = tokenizer.encode_batch_fast([cut(text, letters) for text in texts], add_special_tokens=ends)
    return [text.ids for text in taken]

"""Strings read once: the different values of a column, and the words in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table

BETWEEN = "\0"
"""Stands between the words of two cells."""
LONGEST = 20_000
"""Letters of a cell that are read; the rest is left out, so that one novel cannot stall a batch."""

_WORD = re.compile(r"\w\w+")
_PLAIN = bytes(
    code if code == 0 or code >= 0x80 else ord(letter) if re.match(r"\w", letter := chr(code).lower()) else 32
    for code in range(256)
)
"""ASCII to lower case, and everything between words to a space; other bytes stay."""


@dataclass(frozen=True)
class Different:
    """The different values of a column, and which of them each row has.

    Parameters
    ----------
    values : list of str or None, length m
        In order of appearance.
    place : integer array of shape (n,) or None
        None when no value repeats.
    """

    values: list[str | None]
    place: NDArray[np.int64] | None


@dataclass(frozen=True)
class Tokens:
    """The words of the different values of a column, from the first to the last.

    Parameters
    ----------
    words : list of str
        Different ones.
    ids, rows : integer arrays of shape (t,)
        Which word, and in which value.
    """

    words: list[str]
    ids: NDArray[np.int64]
    rows: NDArray[np.int64]


def different(table: Table, name: str) -> Different:
    """Return the different values of a column; a table that is being answered is asked once."""
    return table.once(("different", name), lambda: _different(table.columns[name].tolist()))


def _different(values: list[str | None]) -> Different:
    if len(values) < 2:
        return Different(values, None)
    number: defaultdict[str | None, int] = defaultdict(count().__next__)
    place = np.fromiter(map(number.__getitem__, values), np.int64, len(values))
    return Different(list(number), place if len(number) < len(values) else None)


def tokens(table: Table, name: str) -> Tokens:
    """Return the words of the different values of a column; a table that is being answered is asked once."""
    return table.once(("tokens", name), lambda: _tokens(different(table, name).values))


def _tokens(values: Sequence[str | None]) -> Tokens:
    number: defaultdict[str, int] = defaultdict(count().__next__)
    number[BETWEEN]
    found = split_words(values)
    ids = np.fromiter(map(number.__getitem__, found), np.int64, len(found))
    words = list(number)
    long = np.fromiter(map(len, words), np.int64, len(words)) > 1
    rows = np.cumsum(ids == 0)
    kept = long[ids]
    return Tokens(words, ids[kept], rows[kept])


def split_words(values: Sequence[str | None]) -> list[str]:
    r"""Return the words of all cells in lower case, `BETWEEN` between the cells.

    Words are runs of two or more letters, digits and underscores (``\w\w+``). Single ones are returned
    too, where all of a cell is ASCII: to leave them out is quicker later.

    Examples
    --------
    >>> split_words(["It's FINE", None, "Größe 42"])
    ['it', 's', 'fine', '\x00', '\x00', 'größe', '42']
    """
    cells = ["" if value is None else _plain(value[:LONGEST]) for value in values]
    return f" {BETWEEN} ".join(cells).encode().translate(_PLAIN).decode().split()


def _plain(cell: str) -> str:
    if cell.isascii():
        return cell.replace(BETWEEN, " ")
    return " ".join(_WORD.findall(cell.lower()))

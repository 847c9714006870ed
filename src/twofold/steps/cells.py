"""Cells that hold a picture, a clip or a series: the bytes of a file, wherever they are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 200_000_000
"""A file with more is not read: no picture, clip or series that is learned from is so large."""
LONGEST_NAME = 120
"""Letters of a cell that are told."""
ARRAY = b"\x93NUMPY"
"""How an array in the ``.npy`` form begins."""


class CellError(ValueError):
    """A cell cannot be read; the sentence says why, and what would be allowed."""


def read_cell(cell: Any) -> bytes:
    """Return the bytes of a canonical cell: a path (`str`) is read, `bytes` are themselves.

    Raises
    ------
    CellError
        When there is no such file, or it is empty or too large.
    """
    if isinstance(cell, bytes):
        data = cell
    else:
        try:
            if "\0" in cell or not Path(cell).is_file():
                raise CellError("there is no such file")
            size = Path(cell).stat().st_size
            if size > MOST_BYTES:
                raise CellError(f"{size:,} bytes are more than the {MOST_BYTES:,} that are read")
            data = Path(cell).read_bytes()
        except OSError as error:
            raise CellError((error.strerror or "cannot be read").lower()) from None
    if not data:
        raise CellError("it has no bytes at all")
    return data


def name_cell(cell: Any) -> str:
    """Return a short name of a cell for a person: of a long one, how it begins and ends.

    Examples
    --------
    >>> name_cell("cats/17.png"), name_cell(b"abc")
    ('cats/17.png', '3 bytes')
    >>> len(name_cell("cats/" * 1_000 + "17.png"))
    123
    """
    if not isinstance(cell, str):
        return f"{len(cell):,} bytes"
    return cell if len(cell) <= LONGEST_NAME else f"{cell[:40]}...{cell[40 - LONGEST_NAME :]}"


def pack_array(array: NDArray[Any]) -> bytes:
    """Return an array in the ``.npy`` form, as a canonical cell.

    Examples
    --------
    >>> unpack_array(pack_array(np.array([1.0, 2.0])))
    array([1., 2.])
    """
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def unpack_array(data: bytes) -> NDArray[Any]:
    """Return the array that `pack_array` packed.

    Raises
    ------
    CellError
        When the bytes are cut short or hold objects.
    """
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(data), allow_pickle=False))
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError) as error:
        raise CellError(f"it is no whole array ({error})") from None

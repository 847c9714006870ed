"""A column of pictures: cells from what people bring, and pixels from cells."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import MissingExtraError
from twofold.core.table import Table, Unreadable
from twofold.steps.cells import CellError, name_cell, pack_array, read_cell
from twofold.steps.conform import is_missing
from twofold.steps.picture_files import as_bytes, read_pixels, read_size
from twofold.steps.threads import thread_count

SHARE = 16
"""Pictures that are worth a thread."""
RED, GREEN, BLUE = 0.299, 0.587, 0.114
"""How bright the eye sees the colours (ITU-R BT.601, 1982)."""


def decode(table: Table, column: str, side: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read all pictures of a column, once for all steps that ask for the same size.

    Cells that cannot be read are missing, and the table is told why.

    Parameters
    ----------
    table : Table
    column : str
    side : int
        Pixels.

    Returns
    -------
    pixels : uint8 array of shape (n_rows, side, side, 3)
        Red, green and blue; black where there is no picture.
    present : bool array of shape (n_rows,)

    Examples
    --------
    >>> cells = np.array([pack_array(np.full((5, 4), 255, dtype=np.uint8)), None], dtype=object)
    >>> pixels, present = decode(Table({"photo": cells}, 2), "photo", 8)
    >>> pixels.shape, int(pixels[0].min()), present
    ((2, 8, 8, 3), 255, array([ True, False]))
    """
    return table.once(("pixels", column, side), lambda: _decode(table, column, side))


def _decode(table: Table, column: str, side: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    cells = table.columns[column].tolist()
    pixels = np.zeros((len(cells), side, side, 3), dtype=np.uint8)
    present = np.array([cell is not None for cell in cells], dtype=bool)

    def read(row: int) -> str | None:
        try:
            pixels[row] = read_pixels(read_cell(cells[row]), side)
        except ValueError as error:  # a `CellError`, or a path that no file system could have
            return str(error)
        return None

    rows = np.flatnonzero(present).tolist()
    shares = min(thread_count(), len(rows) // SHARE)
    if shares > 1:
        with ThreadPoolExecutor(shares) as threads:
            reasons = list(threads.map(read, rows))
    else:
        reasons = [read(row) for row in rows]
    for row, reason in zip(rows, reasons, strict=True):
        if reason is not None:
            present[row] = False
            table.complain(Unreadable(column, row, name_cell(cells[row]), reason))
    return pixels, present


def sizes(table: Table, column: str) -> NDArray[np.int64]:
    """Return width and height of the pictures that can be read, of shape (n, 2), from their first bytes."""
    found = []
    for cell in table.columns[column].tolist():
        if cell is not None:
            try:
                found.append(read_size(read_cell(cell)))
            except ValueError:
                continue
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def grey(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how bright pictures are, 0 to 255; shape (..., 3) becomes (...).

    Examples
    --------
    >>> grey(np.array([255, 0, 0], dtype=np.uint8)).round(3)
    np.float32(76.245)
    """
    return np.asarray(pixels @ np.array([RED, GREEN, BLUE], dtype=np.float32))


def picture_cell(value: Any) -> str | bytes | None:
    """Turn what people put into a cell into a path, the bytes of a picture, or None where nothing is.

    What cannot be a picture becomes a short text of it, which reading the cell then complains about.

    Parameters
    ----------
    value : str, Path, bytes, PIL image, array of pixels, dict with "bytes" or "path", or None
        NaN, an empty string and words such as ``"NA"`` are missing.

    Examples
    --------
    >>> picture_cell("cats/17.png"), picture_cell("NA"), picture_cell(float("nan"))
    ('cats/17.png', None, None)
    """
    if is_missing(value):
        return None
    if isinstance(value, (str, os.PathLike)):
        return str(value).strip()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Mapping):
        return picture_cell(value.get("bytes") or value.get("path"))
    try:
        return _pack_image(value) if hasattr(value, "getbands") else _pack_pixels(value)
    except MissingExtraError:
        raise
    except Exception as error:  # noqa: BLE001 - pictures are opened late, and decoders raise anything at all
        return f"{type(value).__name__} ({error})"[:200]


def _pack_image(image: Any) -> bytes:
    """Return an opened picture as a file of its own, nothing lost."""
    if image.mode in ("F", "I"):
        return pack_array(np.asarray(image))
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1, exif=image.getexif())
    return buffer.getvalue()


def _pack_pixels(value: Any) -> bytes | str:
    """Return an array of pixels in the ``.npy`` form, one byte a channel where its values allow."""
    array = np.asarray(value)
    if array.ndim == 0 or array.dtype == object:
        return str(value)[:200]
    try:
        return pack_array(as_bytes(array) if array.size else array)
    except CellError:
        return pack_array(array)

"""Small pictures for a page: arrays become PNG files within the page itself."""

from __future__ import annotations

import base64
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

GAP = 1
"""Pixels between the tiles of a mosaic."""


def png(pixels: NDArray[np.uint8]) -> bytes:
    r"""Return a PNG file (W3C 2003) of pixels of shape (h, w, 3) or (h, w, 4).

    Examples
    --------
    >>> png(np.zeros((2, 2, 3), dtype=np.uint8))[:4]
    b'\x89PNG'
    """
    height, width, channels = pixels.shape
    lines = np.zeros((height, 1 + width * channels), dtype=np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 6, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def address(pixels: NDArray[np.uint8]) -> str:
    """Return pixels as an address that an ``img`` element shows."""
    return "data:image/png;base64," + base64.b64encode(png(np.ascontiguousarray(pixels))).decode("ascii")


@cache
def _ramp() -> NDArray[np.uint8]:
    """Return 256 colours from dark to bright in even steps (magma; van der Walt and Smith 2015)."""
    from matplotlib import colormaps

    return np.round(255 * colormaps["magma"](np.linspace(0.04, 0.98, 256))[:, :3]).astype(np.uint8)


def heat(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Colour values by their place between the smallest and the largest; NaN counts as the smallest.

    Examples
    --------
    >>> heat(np.array([[0.0, 1.0]])).shape
    (1, 2, 3)
    """
    known = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=np.nanmin(values, initial=0.0))
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    place = (known - low) / (high - low) if high > low else np.zeros_like(known)
    coloured: NDArray[np.uint8] = _ramp()[np.round(255 * place).astype(np.intp)]
    return coloured


def mosaic(maps: NDArray[Any], across: int) -> NDArray[np.uint8]:
    """Put maps of shape (k, h, w) side by side, each with colours of its own, transparent gaps between.

    Examples
    --------
    >>> mosaic(np.zeros((4, 2, 2)), across=2).shape
    (5, 5, 4)
    """
    k, height, width = maps.shape
    down = -(-k // across)
    size = (down * (height + GAP) - GAP, across * (width + GAP) - GAP, 4)
    out = np.zeros(size, dtype=np.uint8)
    for number, one in enumerate(maps):
        top, left = number // across * (height + GAP), number % across * (width + GAP)
        out[top : top + height, left : left + width, :3] = heat(one)
        out[top : top + height, left : left + width, 3] = 255
    return out


def strip(values: NDArray[Any], across: int = 32) -> NDArray[np.uint8]:
    """Lay a row of numbers out as small squares; what is left of the last line is transparent."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    across = min(across, max(1, len(flat)))
    down = -(-len(flat) // across)
    out = np.zeros((down * across, 4), dtype=np.uint8)
    out[: len(flat), :3] = heat(flat[None])[0] if len(flat) else 0
    out[: len(flat), 3] = 255
    return out.reshape(down, across, 4)

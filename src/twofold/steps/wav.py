"""Reading and writing WAV files, the form of sound that needs no package."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.cells import CellError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN = 0xFFFFFFFF
"""Length that programs write when they do not know how much will follow."""
_KNOWN_BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}


class OtherCodingError(CellError):
    """A WAV file whose samples are not plain numbers (mu-law, ADPCM, ...)."""


def read_wav(data: bytes, seconds: float) -> tuple[NDArray[np.float32], int]:
    """Return the first seconds of a WAV file of plain integers or floats.

    Parameters
    ----------
    data : bytes
    seconds : float
        The most that is read.

    Returns
    -------
    samples : float32 array of shape (n, channels)
        Integers are scaled to -1..1, floats are as they stand.
    rate : int
        Samples a second.

    Raises
    ------
    OtherCodingError
        When its samples are coded otherwise.
    CellError
        When it is no whole WAV file.
    """
    coding, channels, rate, bits, start, size = _layout(data)
    if bits not in _KNOWN_BITS.get(coding, ()):
        raise OtherCodingError(f"its samples are of coding {coding} with {bits} bits")
    if not channels or not rate:
        raise CellError(f"its header says {channels} channels at {rate} Hz")
    if size > len(data) - start:
        raise CellError(
            f"its header promises {size:,} bytes of sound, {len(data) - start:,} are there: it is cut short"
        )
    frame = channels * bits // 8
    frames = min(size // frame, int(seconds * rate))
    flat = _numbers(data[start : start + frames * frame], coding, bits)
    return flat.reshape(frames, channels), rate


def _layout(data: bytes) -> tuple[int, int, int, int, int, int]:
    """Return coding, channels, rate, bits, and where the samples begin and how many bytes they have."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise CellError("it does not begin like a WAV file")
    form: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"data":
            if form is None:
                break
            return (*form, at, len(data) - at if size == _UNKNOWN else size)
        if name == b"fmt " and at + 16 <= len(data):
            coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at)
            if coding == EXTENSIBLE and size >= 26 and at + 26 <= len(data):
                coding = int.from_bytes(data[at + 24 : at + 26], "little")
            form = coding, channels, rate, bits
        at += size + size % 2
    raise CellError("it ends before its sound begins: it is cut short")


def _numbers(raw: bytes, coding: int, bits: int) -> NDArray[np.float32]:
    if coding == FLOAT:
        with np.errstate(over="ignore"):
            return np.frombuffer(raw, f"<f{bits // 8}").astype(np.float32)
    if bits == 8:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128.0) / np.float32(128.0)
    if bits == 24:
        wide = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        whole: NDArray[Any] = wide.view("<i4").ravel()
    else:
        whole = np.frombuffer(raw, f"<i{bits // 8}")
    return whole.astype(np.float32) / np.float32(2.0 ** (8 * whole.itemsize - 1))


def write_wav(samples: NDArray[Any], rate: int) -> bytes:
    """Return samples as a WAV file of 32-bit floats.

    Parameters
    ----------
    samples : array of shape (n,) or (n, channels)
    rate : int
        Samples a second.

    Examples
    --------
    >>> read_wav(write_wav(np.array([0.0, 0.5, -1.0]), 8_000), 1.0)[0].ravel()
    array([ 0. ,  0.5, -1. ], dtype=float32)
    """
    flat = np.ascontiguousarray(samples, dtype="<f4")
    channels = flat.shape[1] if flat.ndim == 2 else 1
    raw = flat.tobytes()
    form = struct.pack("<HHIIHH", FLOAT, channels, rate, rate * channels * 4, channels * 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(raw)) + raw
    return b"RIFF" + struct.pack("<I", len(body)) + body

"""Sound clips: from what stands in a cell to samples at one rate, many clips in one array."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.optional import EXTRAS, available, load
from twofold.core.table import Table, Unreadable
from twofold.steps.cells import MOST_BYTES, CellError, name_cell, read_cell
from twofold.steps.conform import is_missing
from twofold.steps.wav import OtherCodingError, read_wav, write_wav

MOST_SECONDS = 120.0
"""What lies behind is cut off."""
LOWEST_RATE, HIGHEST_RATE = 100, 384_000
LOUDEST = 1e9
"""Samples beyond are cut to it, that squares stay within float32."""
BATCH = 8_000_000
"""Samples after which a batch of clips ends (32 MB)."""
ALLOWED = "wav, flac, ogg and mp3 files are read"
UNUSABLE = b"\0no clip: "
"""How a cell begins that holds nothing but the reason why the user's value is no clip."""
_NAMED = {b"fLaC": "flac", b"OggS": "ogg", b"RIFF": "wav", b"FORM": "aiff", b".snd": "au", b"ID3\x03": "mp3"}


@dataclass(frozen=True)
class Clips:
    """Decoded clips of neighbouring rows, one behind the other.

    Parameters
    ----------
    samples : float32 array of shape (total,)
        Mono, mostly within -1..1.
    offsets : int64 array of shape (k + 1,)
        Where each clip begins and ends in `samples`.
    rows : integer array of shape (k,)
        The row of the table that each clip stands in; rows that hold none are left out.
    rate : int
        Samples a second.
    """

    samples: NDArray[np.float32]
    offsets: NDArray[np.int64]
    rows: NDArray[np.intp]
    rate: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Samples of each clip, at least one."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class _Batch:
    clips: Clips
    stop: int


def decode(table: Table, column: str, rate: int) -> Iterator[Clips]:
    """Yield the clips of a column in batches of neighbouring rows.

    The first batch, mostly the only one, is decoded once for all steps that share the table. Cells that
    cannot be read are complained about and left out, like missing ones. Stereo becomes the mean of its
    channels, other rates are resampled, and at most `MOST_SECONDS` of a clip are read.

    Parameters
    ----------
    table : Table
    column : str
        Its cells are paths, bytes of sound files, or None.
    rate : int
        Samples a second that the clips get.
    """
    batch = table.once(("clips", column, rate), lambda: _decode_from(table, column, rate, 0))
    yield batch.clips
    while batch.stop < table.n_rows:
        batch = _decode_from(table, column, rate, batch.stop)
        yield batch.clips


def _decode_from(table: Table, column: str, rate: int, start: int) -> _Batch:
    cells = table.columns[column]
    found: list[NDArray[np.float32]] = []
    rows: list[int] = []
    total, row = 0, start
    while row < len(cells) and total < BATCH:
        cell: Any = cells[row]
        if cell is not None:
            try:
                clip = read_clip(cell, rate)
            except CellError as error:
                table.complain(Unreadable(column, row, _name(cell), str(error)))
            else:
                found.append(clip)
                rows.append(row)
                total += len(clip)
        row += 1
    samples = np.concatenate(found) if found else np.empty(0, dtype=np.float32)
    offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
    return _Batch(Clips(samples, offsets, np.array(rows, dtype=np.intp), rate), row)


def read_clip(cell: str | bytes, rate: int) -> NDArray[np.float32]:
    """Return the samples of one cell, mono, at `rate` Hz: float32 of shape (n,), n >= 1.

    Raises
    ------
    CellError
        When there is no sound in it that can be read.
    """
    if isinstance(cell, bytes) and cell.startswith(UNUSABLE):
        raise CellError(cell[len(UNUSABLE) :].decode("utf-8", "replace"))
    if isinstance(cell, bytes) and len(cell) > MOST_BYTES:
        raise CellError(f"{len(cell):,} bytes are more than the {MOST_BYTES:,} that are read")
    if isinstance(cell, str) and "\0" in cell:
        raise CellError("no file has such a name")
    samples, own_rate = _samples(read_cell(cell))
    if not len(samples):
        raise CellError("it holds no samples")
    if not LOWEST_RATE <= own_rate <= HIGHEST_RATE:
        raise CellError(f"{own_rate:,} Hz is not between {LOWEST_RATE} and {HIGHEST_RATE:,} Hz")
    with np.errstate(invalid="ignore", over="ignore"):
        mono = samples.mean(axis=1) if samples.shape[1] > 1 else samples[:, 0]
    if not np.isfinite(mono).all():
        raise CellError("some of its samples are not finite numbers")
    return resampled(np.clip(mono, -LOUDEST, LOUDEST), own_rate, rate)


def _samples(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Return samples of shape (n, channels) and their rate."""
    if data[:4] == b"RIFF":
        try:
            return read_wav(data, MOST_SECONDS)
        except OtherCodingError:
            pass
    if not available("soundfile"):
        form = _NAMED.get(data[:4])
        if form is None:
            raise CellError(f"it is no sound file ({ALLOWED})")
        raise CellError(
            f"this form of {form} needs the package 'soundfile': pip install 'twofold[{EXTRAS['soundfile']}]'"
        )
    return _by_soundfile(data)


def _by_soundfile(data: bytes) -> tuple[NDArray[np.float32], int]:
    soundfile = load("soundfile", "Reading sound")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            wanted = min(file.frames, int(MOST_SECONDS * file.samplerate))
            samples = file.read(wanted, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except (RuntimeError, OSError, ValueError, TypeError, MemoryError) as error:
        reason = str(error).rstrip(".").rpartition(": ")[2].lower() or "it cannot be decoded"
        raise CellError(f"{reason} ({ALLOWED})") from None
    if len(samples) < wanted:
        raise CellError(
            f"its header promises {wanted:,} samples, {len(samples):,} are there: it is cut short"
        )
    return samples, rate


def resampled(samples: NDArray[np.float32], own_rate: int, rate: int) -> NDArray[np.float32]:
    """Return samples at another rate, low-pass filtered before (polyphase, Kaiser window).

    Examples
    --------
    >>> len(resampled(np.zeros(80, dtype=np.float32), 8_000, 16_000))
    160
    """
    if own_rate == rate:
        return samples.astype(np.float32, copy=False)
    from scipy.signal import resample_poly

    shared = gcd(own_rate, rate)
    up, down = rate // shared, own_rate // shared
    out = resample_poly(samples, up, down, window=_low_pass(max(up, down)))
    return np.asarray(out, dtype=np.float32)


@lru_cache(maxsize=8)
def _low_pass(factor: int) -> NDArray[np.float32]:
    from scipy.signal import firwin

    taps = firwin(20 * factor + 1, 1.0 / factor, window=("kaiser", 5.0))
    return np.asarray(taps, dtype=np.float32)


def clip_cell(value: Any) -> str | bytes | None:  # noqa: PLR0911 - one for each form of value
    """Return what a person puts into a column of clips as a canonical cell.

    Parameters
    ----------
    value : Any
        A path, the bytes of a sound file, ``(rate, samples)`` or ``(samples, rate)``, a mapping with
        ``"array"`` and ``"sampling_rate"`` (or with ``"bytes"`` or ``"path"``), or nothing. Samples have the
        shape (n,) or, with channels, (n, c) or (c, n). A value that is none of these becomes a cell that
        counts as unreadable.

    Examples
    --------
    >>> clip_cell(Path("a.wav")), clip_cell(float("nan"))
    ('a.wav', None)
    >>> len(read_clip(clip_cell((8_000, np.zeros(400))), 16_000))
    800
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Mapping):
        if value.get("array") is None:
            inner = value.get("bytes")
            return clip_cell(value.get("path") if inner is None else inner)
        value = (value.get("sampling_rate"), value["array"])
    if isinstance(value, tuple) and len(value) == 2:
        rate, samples = value if np.ndim(value[0]) == 0 else (value[1], value[0])
        return _packed(samples, rate)
    return _unusable(f"a value of type {type(value).__name__} is neither a file nor samples with their rate")


def _packed(samples: Any, rate: Any) -> bytes:
    try:
        hertz = round(float(rate))
        array = np.asarray(samples)
    except (TypeError, ValueError, OverflowError):
        return _unusable("its samples or their rate are no numbers")
    if not LOWEST_RATE <= hertz <= HIGHEST_RATE:
        return _unusable(f"{hertz:,} Hz is not between {LOWEST_RATE} and {HIGHEST_RATE:,} Hz")
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.T
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf":
        return _unusable(f"samples of shape {array.shape} and type {array.dtype} are no sound")
    array = array[: int(MOST_SECONDS * hertz)]
    return write_wav(_scaled(array), hertz)


def _scaled(array: NDArray[Any]) -> NDArray[np.float32]:
    """Bring integers to -1..1: 8 bits without sign are centred, wide integers are taken for 16 bits."""
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128.0) / np.float32(128.0)
    bits = 31 if array.dtype == np.int32 else 7 if array.dtype == np.int8 else 15
    return (array / 2.0**bits).astype(np.float32)


def _unusable(reason: str) -> bytes:
    return UNUSABLE + reason.encode()


def _name(cell: str | bytes) -> str:
    return "a value" if isinstance(cell, bytes) and cell.startswith(UNUSABLE) else name_cell(cell)

"""Arrays as an ``.npz`` file, written and read without `numpy.load`.

Every array is declared (dtype and shape) beside the file, and its ``.npy`` header has exactly one
accepted form. So nothing of a file is interpreted that was not announced, its size is known before
memory is asked for, and pickled objects have no way in.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.damage import MAX_GROWTH, Allowance, damaged

DTYPES = frozenset(
    "|b1 |i1 |u1 <i2 <i4 <i8 <u2 <u4 <u8 <f2 <f4 <f8".split()  # noqa: SIM905 - reads as the list it is
)
WORTH = 0.8
"""Compressed files are kept when they are smaller than this share of the plain ones."""

Declared = dict[str, Any]
"""``{"dtype": "<f8", "shape": [3, 4]}``."""


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return the array in C order and little-endian, copied only when it must be."""
    return np.asarray(values, dtype=values.dtype.newbyteorder("<"), order="C")


def declare(values: NDArray[Any]) -> Declared:
    """Describe a plain array.

    Examples
    --------
    >>> declare(np.zeros((3, 4)))
    {'dtype': '<f8', 'shape': [3, 4]}
    """
    return {"dtype": values.dtype.str, "shape": list(values.shape)}


def count_bytes(declared: Any) -> int:
    """Return the bytes of a declared array.

    Raises
    ------
    BundleError
        When the declaration is not one of a numeric array.
    """
    dtype, shape = (declared.get("dtype"), declared.get("shape")) if isinstance(declared, dict) else ("", 0)
    sizes = shape if isinstance(shape, list) and len(shape) <= 8 else [None]
    if (
        not isinstance(dtype, str)
        or dtype not in DTYPES
        or not all(type(size) is int and 0 <= size < 2**48 for size in sizes)
    ):
        raise damaged(
            f"An array is declared as {str(declared)[:200]}.", "Numeric dtypes and whole sizes are allowed."
        )
    return math.prod(sizes) * int(dtype[2:])


@lru_cache(maxsize=4096)
def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """Write the header of a ``.npy`` file, version 1.0, padded to a multiple of 64 bytes."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")


def _zip(arrays: Mapping[str, NDArray[Any]], how: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, values in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = how
            archive.writestr(entry, _header(values.dtype.str, values.shape) + values.tobytes())
    return buffer.getvalue()


def pack(arrays: Mapping[str, NDArray[Any]], *, compress: bool) -> bytes:
    """Return plain arrays as the bytes of an ``.npz`` file, the same bytes for the same arrays.

    Parameters
    ----------
    arrays : mapping of str to array
        As `plain` returns them.
    compress : bool
        Deflate, when that helps and stays within what a reader allows.

    Examples
    --------
    >>> np.load(io.BytesIO(pack({"a": np.arange(3)}, compress=False)))["a"]
    array([0, 1, 2])
    """
    stored = _zip(arrays, zipfile.ZIP_STORED)
    if not compress:
        return stored
    small = _zip(arrays, zipfile.ZIP_DEFLATED)
    bomb_like = len(stored) > max(2**16, len(small) * MAX_GROWTH // 2)
    return small if len(small) < WORTH * len(stored) and not bomb_like else stored


def unpack(data: bytes, declared: Mapping[str, Declared], allowance: Allowance) -> dict[str, NDArray[Any]]:
    """Read declared arrays; what else the file holds is not looked at.

    Parameters
    ----------
    data : bytes
        An ``.npz`` file.
    declared : mapping of str to dict
        What `declare` returned for each array.
    allowance : Allowance
        What may be unpacked.

    Returns
    -------
    dict of str to array
        Read-only.

    Raises
    ------
    BundleError
        When an array is missing or not as declared, or too much would be unpacked.
    """
    allowance.take(sum(map(count_bytes, declared.values())), "The arrays")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: _member(archive, name, entry) for name, entry in declared.items()}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        KeyError,
    ) as error:
        raise damaged(f"The arrays cannot be read: {error}.") from None


def _member(archive: zipfile.ZipFile, name: str, declared: Declared) -> NDArray[Any]:
    dtype, shape = declared["dtype"], tuple(declared["shape"])
    header = _header(dtype, shape)
    entry = archive.getinfo(f"{name}.npy")
    expected = len(header) + count_bytes(declared)
    if entry.file_size != expected or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise damaged(
            f"The array '{name}' has {entry.file_size:,} bytes.", f"As declared it should have {expected:,}."
        )
    content = archive.read(entry)
    if not content.startswith(header) or len(content) != expected:
        raise damaged(f"The array '{name}' is not the {dtype} array of shape {shape} that is declared.")
    return np.frombuffer(content, dtype, offset=len(header)).reshape(shape)

"""One picture: from the bytes of a file or an array to pixels, or a sentence why there are none."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import MissingExtraError
from twofold.core.optional import load
from twofold.steps.cells import ARRAY, CellError, unpack_array

MOST_PIXELS = 40_000_000
"""A picture with as many pixels, or more, is not read."""
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "TIFF", "WEBP")
"""Formats that are read. Pillow knows more, among them PostScript, which is a program and no picture."""
ALLOWED = "allowed are PNG, JPEG, GIF, BMP, PPM, TIFF and WebP files, and .npy arrays of pixels"
ALLOWED_ARRAYS = "allowed are the shapes (h, w), (h, w, 1), (h, w, 3) and (h, w, 4)"
_ORIENTATION = 0x0112
_DEEP = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
"""Pillow's modes with more than eight bits a channel."""

_UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
"""What turns a picture with this EXIF orientation upright."""


def read_pixels(data: bytes, side: int) -> NDArray[np.uint8]:
    """Return a picture at the size that is wanted.

    Parameters
    ----------
    data : bytes
        A picture file, or an array in the ``.npy`` form.
    side : int
        Pixels; the picture is squeezed into a square.

    Returns
    -------
    uint8 array of shape (side, side, 3)
        Red, green, blue; what was transparent is white; upright as its EXIF note says.

    Raises
    ------
    CellError
        When it is no picture, a damaged one, or has too many pixels.
    MissingExtraError
        When pillow is not installed.
    """
    try:
        if data.startswith(ARRAY):
            return _shrink(_image_of(unpack_array(data)), side)
        image = _open(data)
        image.draft(None, (2 * side, 2 * side))
        image.load()
        pixels = _shrink(image, side)
        turn = _UPRIGHT.get(_orientation(image))
        return pixels if turn is None else np.ascontiguousarray(turn(pixels))
    except (CellError, MissingExtraError):
        raise
    except Exception as error:  # noqa: BLE001 - damaged files make decoders raise anything at all
        raise CellError(f"it is damaged ({_first_words(error)}); {ALLOWED}") from None


def read_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a picture without decoding it.

    Raises
    ------
    CellError
        When it is no picture or has too many pixels.
    """
    if data.startswith(ARRAY):
        shape = unpack_array(data).shape
        _check_array(shape)
        return shape[1], shape[0]
    width, height = _open(data).size
    return int(width), int(height)


def _open(data: bytes) -> Any:
    """Open a file as far as its header, and refuse what would be too large."""
    image_module = load("PIL.Image", "Reading pictures")
    try:
        image = image_module.open(io.BytesIO(data), formats=FORMATS)
    except (image_module.DecompressionBombError, image_module.DecompressionBombWarning):
        raise CellError(f"it is larger than the {MOST_PIXELS:,} pixels that are read") from None
    except image_module.UnidentifiedImageError:
        raise CellError(f"it is no picture that can be read; {ALLOWED}") from None
    except Exception as error:  # noqa: BLE001 - damaged files make decoders raise anything at all
        raise CellError(f"it is damaged ({_first_words(error)}); {ALLOWED}") from None
    _check_size(*image.size)
    return image


def _check_size(width: int, height: int) -> None:
    if width * height >= MOST_PIXELS:
        raise CellError(
            f"its {width:,} x {height:,} pixels are too many; it has to have fewer than {MOST_PIXELS:,}"
        )


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - a broken note beside the picture is no reason not to read it
        return 1


def _shrink(image: Any, side: int) -> NDArray[np.uint8]:
    """Return the pixels of a loaded picture, resized with a filter that sees every pixel of the original."""
    image_module = load("PIL.Image", "Reading pictures")
    if image.mode in _DEEP:
        image = image_module.fromarray(as_bytes(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    if image.size != (side, side):
        image = image.resize((side, side), image_module.Resampling.BILINEAR, reducing_gap=2.0)
    if image.mode == "RGBA":
        white = image_module.new("RGBA", image.size, "white")
        image = image_module.alpha_composite(white, image)
    return np.asarray(image.convert("RGB"))


def _image_of(array: NDArray[Any]) -> Any:
    _check_array(array.shape)
    pixels = as_bytes(array[:, :, 0] if array.shape[2:] == (1,) else array)
    return load("PIL.Image", "Reading pictures").fromarray(np.ascontiguousarray(pixels))


def _check_array(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)) or 0 in shape:
        raise CellError(f"it is an array of shape {shape}; {ALLOWED_ARRAYS}")
    _check_size(shape[1], shape[0])


def as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels of any kind of number as uint8.

    Truth values are black and white; uint16 is scaled; floats within 0..1 are scaled, others are taken
    for 0..255; further integers are taken for 0..255, or for 16 bits when one of them is larger.

    Raises
    ------
    CellError
        When the values are no numbers, not finite, or negative integers.

    Examples
    --------
    >>> as_bytes(np.array([0.0, 0.5, 1.0])), as_bytes(np.array([0, 65535], dtype=np.uint16))
    (array([  0, 128, 255], dtype=uint8), array([  0, 255], dtype=uint8))
    """
    kind = array.dtype.kind
    if array.dtype == np.uint8:
        return array
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "f":
        values = array.astype(np.float32)
        low, high = float(values.min()), float(values.max())
        if not np.isfinite((low, high)).all():
            raise CellError("it holds values that are not finite; allowed are floats from 0 to 1 or 0 to 255")
        scale = 255.0 if low >= 0 and high <= 1 else 1.0
        return np.asarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8))
    if kind not in "iu":
        raise CellError(f"it holds {array.dtype}; allowed are uint8, uint16, bool and floats")
    low, high = int(array.min()), int(array.max())
    if low < 0:
        raise CellError(f"it holds {low}; integers from 0 to 255 or 0 to 65,535 are allowed")
    if high <= 255 and array.dtype != np.uint16:
        return array.astype(np.uint8)
    return np.asarray((np.minimum(array, 65_535).astype(np.float32) / 257 + 0.5).astype(np.uint8))


def _first_words(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:100] or type(error).__name__

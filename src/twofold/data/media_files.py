"""Files of pictures, clips and series that tables name, or that folders hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.errors import ReadError
from twofold.core.schema import MEDIA, Column, Schema
from twofold.core.table import Table

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
CLIPS = frozenset({".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff", ".au"})
SERIES = frozenset({".npy"})
KIND_OF_ENDING = {
    **dict.fromkeys(PICTURES, "image"),
    **dict.fromkeys(CLIPS, "audio"),
    **dict.fromkeys(SERIES, "series"),
}
SOUND = frozenset({b"RIFF", b"fLaC", b"OggS"})
"""How sound files begin."""
FILE, LABEL = "file", "label"
"""Columns of the table that a folder is."""
SAMPLE = 200
ENOUGH = 0.9
"""Share of the looked-at strings that have to end like a file of one kind."""


def kind_of_files(values: NDArray[Any]) -> str:
    """Return ``image``, ``audio`` or ``series`` when strings name such files, else nothing.

    Examples
    --------
    >>> kind_of_files(np.array(["a/1.png", "a/2.JPG", None], dtype=object))
    'image'
    """
    present = [value for value in values.tolist() if isinstance(value, (str, Path)) and str(value).strip()]
    if not present:
        return ""
    step = max(1, len(present) // SAMPLE)
    endings = [Path(str(value)).suffix.lower() for value in present[::step]]
    kinds = [KIND_OF_ENDING.get(ending, "") for ending in endings]
    best = max(set(kinds), key=kinds.count)
    return best if best and kinds.count(best) >= ENOUGH * len(kinds) else ""


def infer_media(name: str, values: NDArray[Any]) -> Column | None:
    """Return what a column of pictures, clips or series is; None for every other column."""
    if values.dtype != object:
        return None
    kind = kind_of_files(values)
    if kind and _some_there(values):
        return described(Column(name, kind, f"names of {kind} files"), values)  # type: ignore[arg-type]
    first = next(
        (value for value in values.tolist() if not (_is_empty(value) or isinstance(value, str))), None
    )
    kind, reason = _kind_of_cell(first)
    return described(Column(name, kind, reason), values) if kind else None  # type: ignore[arg-type]


def _some_there(values: NDArray[Any]) -> bool:
    """Whether one of the first named files is there: addresses and bare names are no files."""
    named = [str(value) for value in values.tolist() if isinstance(value, (str, Path)) and str(value).strip()]
    return any(map(_is_file, named[:SAMPLE]))


def gone_files(values: NDArray[Any]) -> str:
    """Say that strings end like files of a kind, of which none was found; nothing for others."""
    kind = kind_of_files(values) if values.dtype == object else ""
    return f"; they end like {kind} files, but none of those looked at is there" if kind else ""


def _kind_of_cell(cell: Any) -> tuple[str, str]:
    if isinstance(cell, bytes):
        return ("audio", "sound files as bytes") if cell[:4] in SOUND else ("image", "picture files as bytes")
    if hasattr(cell, "getbands"):
        return "image", "pictures"
    if isinstance(cell, Mapping) and {"array", "sampling_rate"} <= set(cell):
        return "audio", "samples with a rate"
    if isinstance(cell, tuple) and len(cell) == 2 and np.isscalar(cell[0]) != np.isscalar(cell[1]):
        return "audio", "pairs of a rate and samples"
    if isinstance(cell, (np.ndarray, list, pd.Series)):
        shape = np.shape(cell)
        pixels = len(shape) == 3 or (len(shape) == 2 and getattr(cell, "dtype", None) == np.uint8)
        return ("image", "arrays of pixels") if pixels else ("series", "arrays of numbers")
    return "", ""


def _is_empty(cell: Any) -> bool:
    blank = isinstance(cell, str) and not cell.strip()
    return cell is None or blank or (isinstance(cell, float) and np.isnan(cell))


def described(column: Column, values: NDArray[Any]) -> Column:
    """Return a column of pictures, clips or series with what is to be said of its cells."""
    there = [value for value in values.tolist() if not _is_empty(value)]
    plain = all(isinstance(value, (str, bytes)) for value in there)
    unique = len(set(there)) if plain else len(there)
    column = replace(column, missing=1.0 - len(there) / max(len(values), 1), unique=unique)
    return column if there else replace(column, unused="every value is missing")


def beside(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the frame with files named as seen from here, where they lie beside the table.

    Parameters
    ----------
    frame : pandas.DataFrame
    folder : Path
        Of the table.
    """
    if folder == Path():
        return frame
    for label in frame.columns:
        values = frame[label].to_numpy()
        if values.dtype == object and kind_of_files(values):
            frame = frame.assign(**{str(label): [_from(folder, value) for value in values.tolist()]})
    return frame


def _from(folder: Path, value: Any) -> Any:
    if not isinstance(value, str) or not value.strip() or Path(value).is_absolute():
        return value
    found = str(folder / value)
    return found if _is_file(found) or not _is_file(value) else value


def whole_paths(table: Table, schema: Schema) -> Table:
    """Return the table with its files named from the root: worker processes stand in another folder.

    Names of files that are not there stay as they are, to be told as they were written.
    """
    columns = dict(table.columns)
    for name in schema.of_kind(*MEDIA):
        cells = columns[name].copy()
        for row, cell in enumerate(cells.tolist()):
            if isinstance(cell, str) and not Path(cell).is_absolute() and _is_file(cell):
                cells[row] = str(Path(cell).absolute())
        columns[name] = cells
    return replace(table, columns=columns)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # longer than any name may be, or with a NUL
        return False


def folder_frame(folder: Path) -> pd.DataFrame:
    """Return a folder with one sub-folder for each class as a table of files and labels.

    Raises
    ------
    ReadError
        When it holds no such sub-folders, or no pictures, clips or series.
    """
    files = sorted(path for path in folder.glob("*/**/*") if path.suffix.lower() in KIND_OF_ENDING)
    if not files:
        raise ReadError(
            f"The folder '{folder}' holds no sub-folder with pictures, clips or series.",
            f"Files end in {', '.join(sorted(KIND_OF_ENDING))}, in one sub-folder for each class.",
            "Name a file with a table, or sort the files into sub-folders.",
        )
    kinds = {KIND_OF_ENDING[path.suffix.lower()] for path in files}
    if len(kinds) > 1:
        raise ReadError(
            f"The folder '{folder}' holds files of different kinds: {', '.join(sorted(kinds))}.",
            "A folder is one column: pictures, clips or series.",
            "Write a table that names the files, with one column for each kind.",
        )
    labels = [path.relative_to(folder).parts[0] for path in files]
    return pd.DataFrame({FILE: [str(path) for path in files], LABEL: labels}, dtype=object)

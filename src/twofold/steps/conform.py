"""From whatever the user has to a canonical table: the same code when learning and when predicting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError, SchemaError
from twofold.core.schema import Column, Schema
from twofold.core.table import Table

MISSING = frozenset(
    {"", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", ".", "missing", "<na>", "nat"}
)
"""Strings (stripped, lower case) that mean that a value is not there."""
CELLS = {
    "image": "twofold.steps.pictures:picture_cell",
    "audio": "twofold.steps.clips:clip_cell",
    "series": "twofold.steps.series:series_cell",
}
"""Kinds whose values stay as they are until a step reads them, and what makes a cell of a value."""
LONGEST = 100
"""Strings with more letters are read neither as numbers nor as dates."""
_NOISE = re.compile(r"[\s%$€£¥'’\u00a0]")


def columns_of(data: Any, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Take named columns out of a frame, an Arrow table, a dict, a list of dicts or a 2-D array.

    Parameters
    ----------
    data : pandas.DataFrame, pyarrow.Table, dict of arrays, list of dicts, or 2-D array
        A 2-D array has its columns in the order of `names`.
    names : sequence of str
        Columns wanted; those the data does not have are left out.

    Examples
    --------
    >>> columns_of([{"a": 1}, {"a": 2}], ["a"])["a"].tolist()
    [1, 2]
    """
    if isinstance(data, Mapping):
        return {name: as_array(one_cell_a_row(data[name])) for name in names if name in data}
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], Mapping):
        present = [name for name in names if any(name in row for row in data)]
        return {name: as_array([row.get(name) for row in data]) for name in present}
    if hasattr(data, "column_names"):
        return {name: as_array(data.column(name)) for name in names if name in data.column_names}
    if hasattr(data, "columns"):
        by_text = {str(label): label for label in data.columns}
        if len(by_text) < len(data.columns):
            raise SchemaError(
                f"The data has {len(data.columns)} columns, but only {len(by_text)} different names.",
                "Every column needs a name of its own.",
                "Rename or remove the doubled columns.",
            )
        return {name: as_array(data[by_text[name]]) for name in names if name in by_text}
    matrix = np.asarray(data)
    if matrix.ndim != 2:
        raise InputError(
            f"The data has {matrix.ndim} dimension(s). Reshape your data: expected a 2D array.",
            "Rows and columns are needed: a frame, a table, a list of dicts, or a 2-D array.",
            "For one row write [row], for one column [[value], ...].",
        )
    if matrix.shape[1] != len(names):
        raise SchemaError(
            f"X has {matrix.shape[1]} features, but the model is expecting {len(names)} features as input.",
            "An array carries no column names, so its columns have to be those of the training data.",
            "Give a frame with named columns, or all columns in the order of the training data.",
        )
    return {name: matrix[:, position] for position, name in enumerate(names)}


def as_array(values: Any) -> NDArray[Any]:
    """Return a 1-D numpy array of a pandas, Arrow or Python sequence."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    kinds = {type(value) for value in values}
    if kinds <= {int, float} or kinds <= {bool}:
        return np.asarray(values)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def one_cell_a_row(values: Any) -> Any:
    """Return arrays that lie in one array, such as pictures of one size, as the cells of a column."""
    if not isinstance(values, np.ndarray) or values.ndim <= 1:
        return values
    out = np.empty(len(values), dtype=object)
    for row in range(len(values)):
        out[row] = values[row]
    return out


def is_missing(value: Any) -> bool:
    """Tell whether one Python value stands for nothing."""
    if value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        return True
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    return type(value).__name__ in {"NAType", "NaTType"}


def _as_text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        word = value.strip()
        if not word.isascii():
            word = _without_halves(word)
        return None if word.lower() in MISSING else word
    if is_missing(value):
        return None
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _without_halves(word: str) -> str:
    r"""Join or replace halves of UTF-16 pairs, such as a cut emoji leaves behind: no file can hold them.

    Examples
    --------
    >>> ascii(_without_halves("cut \ud83d"))
    "'cut \\ufffd'"
    """
    try:
        word.encode()
    except UnicodeEncodeError:
        return word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return word


def to_text(values: NDArray[Any]) -> NDArray[np.object_]:
    """Turn values into strings, `None` where missing; 3, 3.0 and "3" become the same."""
    if values.dtype.kind in "biuf":
        unique, inverse = np.unique(values, return_inverse=True)
        words = np.array([_as_text(value) for value in unique.tolist()] or [None], dtype=object)
        return np.asarray(words[inverse.reshape(-1)])
    if values.dtype.kind == "M":
        values = values.astype(str)
    listed = values.tolist()
    out = np.empty(len(listed), dtype=object)
    try:
        seen = {value: _as_text(value) for value in set(listed)}
        out[:] = list(map(seen.__getitem__, listed))
    except (TypeError, KeyError):  # unhashable values, or a NaN that is not itself
        out[:] = list(map(_as_text, listed))
    return out


def parse_number(word: str, style: str) -> float:
    """Read one number; NaN when it is none.

    Examples
    --------
    >>> parse_number("$1,234.5", "thousands,"), parse_number("12 %", "percent")
    (1234.5, 12.0)
    """
    if len(word) > LONGEST:
        return np.nan
    text = _NOISE.sub("", word)
    if style == "thousands.":
        text = text.replace(".", "").replace(",", ".")
    elif style == "thousands,":
        text = text.replace(",", "")
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan


def to_number(values: NDArray[Any], style: str = "") -> NDArray[np.float64]:
    """Turn values into float64: NaN where missing, unreadable or infinite."""
    if values.dtype.kind in "biuf":
        out = values.astype(np.float64)
    elif values.dtype.kind in "Mm":
        out = values.astype("datetime64[us]" if values.dtype.kind == "M" else "m8[us]").astype(np.float64)
    else:
        try:
            out = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            out = _read_numbers(values.astype(object).tolist(), style)
    if not np.isfinite(out).all():
        out = np.where(np.isinf(out), np.nan, out)
    return out


def _read_numbers(values: list[Any], style: str) -> NDArray[np.float64]:
    words = {value for value in values if type(value) is str}
    known = {word: _one_number(word, style) for word in words}
    read = (known[v] if type(v) is str else v if type(v) is float else _one_number(v, style) for v in values)
    return np.fromiter(read, np.float64, len(values))


def _one_number(value: Any, style: str) -> float:
    """Read one value: a number is itself, whatever stands beside it; anything else goes by its text."""
    if value is None:
        return np.nan
    if not isinstance(value, (str, bytes)):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    word = _as_text(value)
    return np.nan if word is None else parse_number(word, style)


def parse_date(word: str, style: str) -> float:
    """Read one date as seconds since 1970 (UTC when no zone is given); NaN when it is none."""
    if len(word) > LONGEST:
        return np.nan
    try:
        moment = datetime.fromisoformat(word) if style in ("", "iso") else datetime.strptime(word, style)
    except ValueError:
        return np.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(value: Any, style: str) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    word = _as_text(value)
    return np.nan if word is None else parse_date(word, style)


def to_date(values: NDArray[Any], style: str = "") -> NDArray[np.float64]:
    """Turn values into seconds since 1970, NaN where missing or unreadable."""
    if values.dtype.kind == "M":
        stamps = values.astype("datetime64[us]")
        return np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e6)
    if values.dtype.kind in "iuf":
        return to_number(values)
    listed = values.tolist()
    try:
        known = {value: _moment(value, style) for value in set(listed)}
    except TypeError:
        return np.array([_moment(value, style) for value in listed], dtype=np.float64)
    return np.fromiter((known.get(value, np.nan) for value in listed), float, len(listed))


def convert(values: NDArray[Any], column: Column) -> NDArray[Any]:
    """Turn one raw column into its canonical form."""
    if column.kind == "number":
        return to_number(values, column.format)
    if column.kind == "date":
        return to_date(values, column.format)
    if column.kind in CELLS:
        return to_cells(values, column.kind)
    return to_text(values)


def to_cells(values: NDArray[Any], kind: str) -> NDArray[np.object_]:
    """Turn what people put into a column of pictures, clips or series into paths and bytes."""
    module, _, name = CELLS[kind].partition(":")
    make = getattr(import_module(module), name)
    out = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        out[row] = make(value)
    return out


def conform(columns: Mapping[str, Any], schema: Schema) -> Table:
    """Turn raw columns into a canonical table by the schema; further columns are ignored.

    Parameters
    ----------
    columns : mapping of str to array
        As `columns_of` returns them.
    schema : Schema

    Raises
    ------
    SchemaError
        When a used column is missing or the columns differ in length.

    Examples
    --------
    >>> schema = Schema((Column("age", "number"),))
    >>> conform({"age": ["31", "?"]}, schema).columns["age"]
    array([31., nan])
    """
    used = schema.used
    absent = [column.name for column in used if column.name not in columns]
    if absent:
        raise SchemaError(
            f"The data lacks {len(absent)} column(s): {_list(absent)}.",
            f"The model reads: {_list([column.name for column in used])}.",
            "Add them (with missing values where nothing is known).",
        )
    arrays = {column.name: as_array(columns[column.name]) for column in used}
    lengths = {len(values) for values in arrays.values()}
    if len(lengths) > 1:
        raise SchemaError(
            f"The columns differ in length: {sorted(lengths)}.", "All need the same number of rows.", ""
        )
    n_rows = lengths.pop() if lengths else max((len(as_array(v)) for v in columns.values()), default=0)
    return Table({column.name: convert(arrays[column.name], column) for column in used}, n_rows)


def _list(names: Iterable[str], most: int = 8) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(f"'{name}'" for name in listed[:most]) + more

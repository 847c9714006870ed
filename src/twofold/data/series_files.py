"""Series from files of the UCR/UEA archive (.ts), and from frames with one row a time point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.errors import ReadError

_TRUE = frozenset({"true", "yes", "1"})
_GAPS = frozenset({"?", "nan", ""})
FORM = (
    "A .ts file has lines such as '@classLabel true a b', then '@data', then one series a line: "
    "numbers between commas, channels and at last the class or value between colons."
)


@dataclass(frozen=True)
class _Header:
    """What the lines before ``@data`` say.

    Parameters
    ----------
    target : str
        ``"class"``, ``"value"`` or empty where there is none.
    classes : tuple of str
        Allowed classes; empty where none are listed.
    dimensions : int
        Number of channels; 0 where the file does not say.
    length : int
        Length of all series; 0 where they differ, or the file does not say.
    """

    target: str = ""
    classes: tuple[str, ...] = ()
    dimensions: int = 0
    length: int = 0


def read_ts(path: str | Path) -> pd.DataFrame:
    """Read a file of the UCR/UEA archive of time series (Bagnall et al. 2018).

    Parameters
    ----------
    path : path of a .ts file

    Returns
    -------
    pandas.DataFrame
        Columns ``series`` (float32 arrays of shape (channels, length), NaN where ``?`` stands) and, where the
        file has one, ``target`` (str for classes, float for values).

    Raises
    ------
    ReadError
        When there is no such file or it breaks the format; the message names the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReadError(
            f"'{path}' cannot be read: {(error.strerror or 'unknown cause').lower()}.",
            "A file in the .ts format is needed.",
            "Check the path.",
        ) from None
    except UnicodeDecodeError:
        raise ReadError(f"'{path}' is not UTF-8 text.", FORM, "Check its ending.") from None
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    lines = ((number, line) for number, line in lines if line and not line.startswith(("#", "%")))
    header = _read_header(path, lines)
    series: list[NDArray[np.float32]] = []
    targets: list[Any] = []
    for number, line in lines:
        parts = line.split(":")
        if header.target:
            targets.append(_target(path, number, parts.pop().strip(), header))
        series.append(_channels(path, number, parts, header))
    if not series:
        raise ReadError(f"'{path}' has no series behind '@data'.", FORM, "Check that the file is whole.")
    cells = np.empty(len(series), dtype=object)
    cells[:] = series
    frame = pd.DataFrame({"series": pd.Series(cells, dtype=object)})
    return frame.assign(target=targets) if header.target else frame


def _read_header(path: str | Path, lines: Iterator[tuple[int, str]]) -> _Header:
    """Read the lines up to ``@data``."""
    found: dict[str, list[str]] = {}
    for number, line in lines:
        if not line.startswith("@"):
            raise _wrong(path, number, "is no header line, and '@data' has not come yet")
        word, *rest = line[1:].split()
        found[word.lower()] = rest
        if word.lower() == "data":
            break
        if word.lower() == "timestamps" and rest[:1] and rest[0].lower() in _TRUE:
            raise ReadError(
                f"Line {number} of '{path}' announces time stamps with the values.",
                "Read are .ts files whose values stand one behind the other, without time stamps.",
                "Bring the series to even time steps first, or put them into a long table for 'from_long'.",
            )
    else:
        raise ReadError(f"'{path}' has no line '@data'.", FORM, "Check that the file is whole.")
    yes = {word for word, rest in found.items() if rest and rest[0].lower() in _TRUE}
    target = "class" if "classlabel" in yes else "value" if "targetlabel" in yes else ""
    dimensions = _count(path, found, "dimensions") or _count(path, found, "dimension")
    equal = "equallength" in yes or "equallength" not in found
    return _Header(
        target,
        tuple(found["classlabel"][1:]) if target == "class" else (),
        1 if "univariate" in yes else dimensions,
        _count(path, found, "serieslength") if equal else 0,
    )


def _count(path: str | Path, found: dict[str, list[str]], word: str) -> int:
    """Return the number that a header line gives, 0 where there is none."""
    if not found.get(word):
        return 0
    try:
        return int(found[word][0])
    except ValueError:
        raise ReadError(
            f"'{path}' says '@{word} {found[word][0]}'.",
            "A whole number is needed there.",
            "Correct the header.",
        ) from None


def _target(path: str | Path, number: int, word: str, header: _Header) -> str | float:
    if header.target == "class":
        if header.classes and word not in header.classes:
            raise _wrong(path, number, f"ends in the class '{word[:40]}', which '@classLabel' does not list")
        return word
    try:
        return np.nan if word.lower() in _GAPS else float(word)
    except ValueError:
        raise _wrong(path, number, f"ends in '{word[:40]}', which is no number") from None


def _channels(path: str | Path, number: int, parts: list[str], header: _Header) -> NDArray[np.float32]:
    """Read the channels of one line; shorter channels of a series end in gaps."""
    if not parts:
        raise _wrong(path, number, "has no series before its class or value")
    if any("(" in part for part in parts):
        raise _wrong(path, number, "has time stamps, '(time, value)'")
    if header.dimensions and len(parts) != header.dimensions:
        raise _wrong(path, number, f"has {len(parts)} channels where the header says {header.dimensions}")
    channels = [_values(path, number, part) for part in parts]
    length = max(map(len, channels))
    if header.length and length != header.length:
        raise _wrong(path, number, f"has {length} time points where the header says {header.length}")
    out = np.full((len(channels), length), np.nan, dtype=np.float32)
    for channel, values in enumerate(channels):
        out[channel, : len(values)] = values
    return out


def _values(path: str | Path, number: int, text: str) -> list[float]:
    words = [word.strip() for word in text.split(",")]
    try:
        return [np.nan if word.lower() in _GAPS else float(word) for word in words]
    except ValueError as error:
        raise _wrong(path, number, f"holds a word that is no number ({error})") from None


def _wrong(path: str | Path, number: int, what: str) -> ReadError:
    return ReadError(f"Line {number} of '{path}' {what}.", FORM, "Correct that line, or leave it out.")


def from_long(
    frame: pd.DataFrame,
    *,
    id: str,
    time: str | None = None,
    value: str | Sequence[str],
    channel: str | None = None,
) -> pd.DataFrame:
    """Gather a frame with one row a time point into one with one row a series.

    Parameters
    ----------
    frame : pandas.DataFrame
    id : str
        Column that tells which series a row belongs to; rows without one are left out.
    time : str, optional
        Column to sort by; otherwise rows stay in their order.
    value : str or sequence of str
        Column of the values; several are several channels.
    channel : str, optional
        Column that tells which channel a row belongs to, where `value` is a single column. Channels are
        joined on `time`; without it, each is taken in its own order.

    Returns
    -------
    pandas.DataFrame
        The id, every other column that has but one value within each series, such as the target, and a
        column ``series`` (float32 arrays of shape (channels, length)); in the order of the first rows.

    Raises
    ------
    ReadError
        When a column does not exist, values are no numbers, or a series has two values for one time.

    Examples
    --------
    >>> long = pd.DataFrame({"who": [1, 1, 2], "t": [2, 1, 1], "v": [5.0, 4.0, 6.0], "y": ["a", "a", "b"]})
    >>> wide = from_long(long, id="who", time="t", value="v")
    >>> wide["series"].tolist()[0], wide["y"].tolist()
    (array([[4., 5.]], dtype=float32), ['a', 'b'])
    """
    values = [value] if isinstance(value, str) else list(value)
    _check_long(frame, [id, time, channel], values)
    frame = frame[frame[id].notna()]
    code, names = pd.factorize(frame[id])
    others = [name for name in frame.columns if name not in {id, time, channel, *values}]
    kept = [id, *(name for name in others if _constant(frame[name], code))]
    _, first = np.unique(code, return_index=True)
    numbers = np.stack([_as_numbers(frame[name]) for name in values])
    cells = np.empty(len(names), dtype=object)
    if channel is not None:
        cells[:] = _joined(frame, code, numbers[0], time, channel)
    elif len(names):
        order = np.lexsort((np.zeros(len(code)) if time is None else _ranks(frame[time]), code))
        cells[:] = np.split(numbers[:, order], np.cumsum(np.bincount(code))[:-1], axis=1)
    return frame[kept].iloc[first].reset_index(drop=True).assign(series=pd.Series(cells, dtype=object))


def _check_long(frame: pd.DataFrame, roles: list[str | None], values: list[str]) -> None:
    """Insist that the columns exist and fit together; `roles` are id, time and channel."""
    for name in filter(None, (*roles, *values)):
        if name not in frame.columns:
            raise ReadError(
                f"There is no column '{name}'.",
                f"The frame has: {', '.join(map(str, frame.columns[:30]))}.",
                "Check the spelling.",
            )
    if roles[2] is not None and len(values) != 1:
        raise ReadError(
            f"There are {len(values)} columns of values and a column of channels.",
            "Either several columns hold one channel each, or 'channel' divides a single one.",
            "Leave one of them out.",
        )
    if "series" in frame.columns and "series" not in (*roles[1:], *values):
        raise ReadError(
            "The frame has a column 'series' of its own.",
            "That name is for the result.",
            "Rename the column.",
        )


def _constant(column: pd.Series[Any], code: NDArray[np.intp]) -> bool:
    """Tell whether a column has but one value (or none at all) within each series."""
    try:
        word, _ = pd.factorize(column)
    except TypeError:  # values that cannot be hashed
        return False
    _, first = np.unique(code, return_index=True)
    return bool((word == word[first][code]).all())


def _ranks(column: pd.Series[Any]) -> NDArray[np.intp]:
    """Return the place of each value among the sorted ones; missing values come last."""
    rank, found = pd.factorize(column, sort=True)
    return np.where(rank < 0, len(found), rank)


def _as_numbers(column: pd.Series[Any]) -> NDArray[np.float32]:
    try:
        return np.asarray(pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ReadError(
            f"The column '{column.name}' holds values that are no numbers ({error}).",
            "The values of a series have to be numbers; gaps may be empty.",
            "Choose another column, or clean this one.",
        ) from None


def _joined(
    frame: pd.DataFrame, code: NDArray[np.intp], numbers: NDArray[np.float32], time: str | None, channel: str
) -> list[NDArray[np.float32]]:
    """Put the values of several channels beside each other, by time or by their order."""
    which, names = pd.factorize(frame[channel], sort=True)
    if (which < 0).any():
        raise ReadError(
            f"The column '{channel}' has {int((which < 0).sum())} rows without a channel.",
            "Every value belongs to a channel.",
            "Fill them in, or leave those rows out.",
        )
    if time is None:
        moment = pd.Series(code).groupby([code, which]).cumcount().to_numpy()
    else:
        moment = _ranks(frame[time])
    pairs, place = np.unique(np.stack([code, moment]), axis=1, return_inverse=True)
    place = place.reshape(-1)
    if len(np.unique(place * len(names) + which)) < len(place):
        raise ReadError(
            f"A series has two values of one channel for the same '{time}'.",
            "Each channel has at most one value for each time.",
            "Remove the doubled rows, or leave 'time' out to keep them in their order.",
        )
    whole = np.full((len(names), pairs.shape[1]), np.nan, dtype=np.float32)
    whole[which, place] = numbers
    return np.split(whole, np.cumsum(np.bincount(pairs[0]))[:-1], axis=1) if len(place) else []

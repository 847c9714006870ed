"""Inferring what each column is, with the reason in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.errors import SchemaError
from twofold.core.schema import KINDS, MEDIA, Column, Schema
from twofold.data.media_files import described, gone_files, infer_media
from twofold.steps.conform import LONGEST, as_array, convert, parse_date, parse_number, to_text

SAMPLE = 2_000
"""Different values looked at when a format is guessed."""
READABLE = 0.95
"""Share of the values that must be readable as numbers or dates."""
TEXT_WORDS, TEXT_LETTERS = 4.0, 40.0
"""Strings with more words, or letters, on average and many different values are free text."""
DATE_FORMATS = (
    "iso",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%y",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%m-%Y",
    "%Y-%m",
)
NUMBER_FORMATS = ("", "thousands,", "thousands.", "percent")


def infer_schema(frame: pd.DataFrame, declared: Mapping[str, str] | Schema | None = None) -> Schema:
    """Tell what the columns of a frame are.

    Rules, in order: the user's own word; all missing or constant: unused; dates; numbers (also as text,
    with thousands separators, percent or currency signs); row numbers and keys that differ in every row:
    ids, unused; many different strings of several words: free text; every other string: category.
    Names of picture, sound and series files, and pictures, clips and arrays in cells, are told by what they
    are before anything else.

    Parameters
    ----------
    frame : pandas.DataFrame
        Without the target.
    declared : mapping of column to kind, or Schema, or None
        What the user knows better. The kind ``id`` leaves a column out.

    Returns
    -------
    Schema

    Examples
    --------
    >>> frame = pd.DataFrame({"price": ["1,200", "950", "?"], "city": ["Bern", "Rome", "Bern"]})
    >>> [(column.name, column.kind) for column in infer_schema(frame).columns]
    [('price', 'number'), ('city', 'category')]
    """
    if isinstance(declared, Schema):
        declared = {column.name: column.kind for column in declared.columns}
    known = dict(declared or {})
    _check_declared(known, [str(name) for name in frame.columns])
    columns = [
        _declare(str(name), as_array(frame[name]), known[str(name)])
        if str(name) in known
        else infer_media(str(name), as_array(frame[name])) or _infer(str(name), as_array(frame[name]))
        for name in frame.columns
    ]
    return Schema(tuple(_mark_duplicates(frame, columns, frozenset(known))))


def _check_declared(known: Mapping[str, str], names: Sequence[str]) -> None:
    for name, kind in known.items():
        if name not in names:
            raise SchemaError(
                f"The schema declares a column '{name}', which the data does not have.",
                f"The data has: {', '.join(names[:20])}.",
                "Check the spelling.",
            )
        if kind not in KINDS:
            raise SchemaError(
                f"The schema declares '{name}' as '{kind}'.",
                f"Kinds are: {', '.join(KINDS)}.",
                "Use one of these.",
            )


def _infer(name: str, values: NDArray[Any]) -> Column:
    text = to_text(values)
    present = text[text != None]  # noqa: E711 - element by element
    n, missing = len(values), 1.0 - len(present) / max(len(values), 1)
    unique = len(set(present.tolist()))
    column = Column(name, "category", missing=missing, unique=unique)
    if not len(present):
        return replace(column, reason="no value at all", unused="every value is missing")
    if unique == 1 and missing == 0.0:
        return replace(column, reason="one value only", unused=f"constant: always '{present[0]}'")
    if values.dtype.kind == "b" or set(present.tolist()) <= {"True", "False"}:
        return replace(column, reason="true or false")
    if values.dtype.kind == "M":
        return replace(column, kind="date", reason="dates by type")
    if values.dtype.kind in "iuf":
        return _number_or_id(replace(column, kind="number", reason="numbers by type"), values, n)
    found = _from_strings(column, present, values, n)
    return replace(found, reason=found.reason + gone_files(values))


def _from_strings(column: Column, present: NDArray[Any], values: NDArray[Any], n: int) -> Column:
    sample = list(dict.fromkeys(present.tolist()))[:SAMPLE]
    for style in NUMBER_FORMATS:
        share = np.mean([not np.isnan(parse_number(word, style)) for word in sample])
        if _allows(sample, style) and share >= READABLE:
            how = f" ({style})" if style else ""
            reason = (
                f"text that reads as numbers{how}" if share == 1 else f"{share:.0%} reads as numbers{how}"
            )
            column = replace(column, kind="number", format=style, reason=reason)
            return _number_or_id(column, convert(values, column), n)
    if any(letter.isdigit() for letter in sample[0][:LONGEST]):
        for style in DATE_FORMATS:
            if np.mean([not np.isnan(parse_date(word, style)) for word in sample[:300]]) >= READABLE:
                return replace(column, kind="date", format=style, reason=f"reads as dates ({style})")
    words = float(np.mean([word.count(" ") + 1 for word in sample]))
    letters = float(np.mean([len(word) for word in sample]))
    many = column.unique > max(20, 0.1 * len(present))
    if many and (words > TEXT_WORDS or (letters > TEXT_LETTERS and words > 2)):
        return replace(
            column, kind="text", reason=f"{words:.0f} words on average, {column.unique:,} different"
        )
    if column.unique == n and n > 20 and words < 1.5:
        return replace(
            column, kind="id", reason="a different string in every row", unused="an id tells nothing new"
        )
    return replace(column, reason=f"{column.unique:,} different strings")


def _allows(sample: Sequence[str], style: str) -> bool:
    """Whether the separators of a style stand where they may."""
    if style == "percent":
        return any("%" in word for word in sample)
    if style == "thousands,":
        return all("," not in word or _grouped(word, ",") for word in sample)
    if style == "thousands.":
        return any("," in word for word in sample) and all(word.count(",") <= 1 for word in sample)
    return True


def _grouped(word: str, mark: str) -> bool:
    parts = word.split(".", maxsplit=1)[0].split(mark)
    return all(len("".join(filter(str.isdigit, part))) == 3 for part in parts[1:])


def _number_or_id(column: Column, values: NDArray[Any], n: int) -> Column:
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    whole = len(finite) == n and n > 20 and bool((finite == np.floor(finite)).all())
    if whole and column.unique == n:
        steps = np.diff(finite)
        if (steps == 1).all() or (steps == -1).all():
            return replace(
                column, kind="id", reason="counts the rows", unused="a row number tells nothing new"
            )
        if (steps > 0).all() and _named_like_id(column.name):
            return replace(column, kind="id", reason="a rising key", unused="an id tells nothing new")
        if _named_like_id(column.name):
            return replace(column, kind="id", reason="a key by name, different in every row", unused="an id")
    return column


def _named_like_id(name: str) -> bool:
    word = name.lower().strip("_ ")
    return word in {"id", "key", "index", "uuid", "rownames", "row"} or word.endswith(("_id", " id", "uuid"))


def _declare(name: str, values: NDArray[Any], kind: str) -> Column:
    if kind in MEDIA:
        _must_hold_cells(name, kind, values)
        return described(Column(name, kind, "declared"), values)  # type: ignore[arg-type]
    text = to_text(values)
    present = [word for word in text.tolist() if word is not None]
    sample = list(dict.fromkeys(present))[:SAMPLE]
    column = Column(
        name,
        kind,  # type: ignore[arg-type]  # checked by _check_declared
        "declared",
        missing=1.0 - len(present) / max(len(values), 1),
        unique=len(set(present)),
    )
    if kind == "id":
        return replace(column, unused="declared as an id")
    if not present:
        return replace(column, unused="every value is missing")
    if kind == "number" and values.dtype.kind not in "biuf":
        share, style = _best(
            [np.mean([not np.isnan(parse_number(w, s)) for w in sample]) for s in NUMBER_FORMATS]
        )
        _must_read(
            name, kind, share, sample, [np.isnan(parse_number(w, NUMBER_FORMATS[style])) for w in sample]
        )
        return replace(column, format=NUMBER_FORMATS[style])
    if kind == "date" and values.dtype.kind not in "Miuf":
        share, style = _best(
            [np.mean([not np.isnan(parse_date(w, s)) for w in sample]) for s in DATE_FORMATS]
        )
        _must_read(name, kind, share, sample, [np.isnan(parse_date(w, DATE_FORMATS[style])) for w in sample])
        return replace(column, format=DATE_FORMATS[style])
    return column


def _must_hold_cells(name: str, kind: str, values: NDArray[Any]) -> None:
    """Insist on files, bytes or arrays: single numbers and dates are no pictures, clips or series."""
    plain = values.dtype.kind in "biufMm" or all(
        isinstance(value, (bool, int, float, np.number)) for value in values.tolist() if value is not None
    )
    if plain and len(values):
        raise SchemaError(
            f"'{name}' is declared as {kind}, but holds single values such as {values[0]!r}.",
            "A cell is the path of a file, the bytes of one, or an array.",
            "Correct the schema, or give the files.",
        )


def _best(shares: Sequence[Any]) -> tuple[float, int]:
    position = int(np.argmax(shares))
    return float(shares[position]), position


def _must_read(name: str, kind: str, share: float, sample: Sequence[str], bad: Sequence[bool]) -> None:
    if share < 0.5:
        examples = ", ".join(repr(word) for word, wrong in zip(sample, bad, strict=True) if wrong)
        raise SchemaError(
            f"'{name}' is declared as {kind}, but only {share:.0%} of its values read as one "
            f"(not: {examples[:80]}).",
            "At least half of the values have to fit the declared kind.",
            "Declare it as 'category' or 'text', or clean the column.",
        )


def _mark_duplicates(frame: pd.DataFrame, columns: list[Column], declared: frozenset[str]) -> list[Column]:
    """Leave out a column that repeats an earlier one value by value."""
    seen: dict[tuple[str, int], str] = {}
    out = []
    for column, label in zip(columns, frame.columns, strict=True):
        if not column.unused and column.name not in declared and column.kind not in MEDIA:
            series = frame[label]
            try:
                digest = int(pd.util.hash_pandas_object(series, index=False).sum() & np.uint64(2**63 - 1))
            except (TypeError, UnicodeEncodeError):  # no hash, or halves of UTF-16 pairs
                digest = hash(tuple(map(str, series.tolist())))
            key = (column.kind, digest)
            if key in seen and frame[label].equals(frame[seen[key]]):
                column = replace(column, unused=f"the same as '{seen[key]}' in every row")  # noqa: PLW2901
            seen.setdefault(key, label)
        out.append(column)
    return out


def read_schema_file(path: str | Path) -> dict[str, str]:
    """Read declared kinds from a YAML file of ``column: kind`` lines.

    Raises
    ------
    SchemaError
        When the file is missing or is not such a list.
    """
    import yaml

    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"The schema file '{path}' cannot be read: {' '.join(str(error).split())}.",
            "It has to be a YAML file with one 'column: kind' a line.",
            "Check the path and the contents.",
        ) from None
    if not isinstance(data, dict) or not all(isinstance(kind, str) for kind in data.values()):
        raise SchemaError(
            f"The schema file '{path}' is not a list of 'column: kind' lines.",
            f"Kinds are: {', '.join(KINDS)}.",
            "Write for instance 'age: number'.",
        )
    return {str(name): kind for name, kind in data.items()}

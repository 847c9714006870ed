"""Reading a table from wherever it is."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from twofold.core.errors import ReadError
from twofold.data.media_files import beside, folder_frame
from twofold.data.series_files import read_ts
from twofold.steps.conform import one_cell_a_row

ENDINGS = (".csv", ".tsv", ".txt", ".gz", ".parquet", ".feather", ".arrow", ".jsonl", ".duckdb", ".db", ".ts")
_READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".parquet": pd.read_parquet,
    ".feather": pd.read_feather,
    ".arrow": pd.read_feather,
    ".ts": read_ts,
}


def read_table(source: Any) -> pd.DataFrame:
    """Read a table into a frame with text column names.

    Parameters
    ----------
    source : path, pandas.DataFrame, pyarrow.Table, DuckDB relation, or str
        Files end in ``.csv .tsv .txt`` (also with ``.gz``; delimiter found by itself, UTF-8),
        ``.parquet``, ``.feather``/``.arrow``, ``.jsonl``, ``.ts`` (series), or ``.duckdb``/``.db``
        with one table in it. ``"duckdb:FILE#SELECT ..."`` runs a query (an empty FILE queries files by
        name). A folder of pictures or clips with one sub-folder for each class is a table of files and
        labels. Paths of pictures, clips and series in a file count from the folder of that file.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ReadError
        When there is no such file, or it cannot be read as a table with at least one row.
    """
    if isinstance(source, (str, Path)):
        folder = Path(source)
        found = folder_frame(folder) if folder.is_dir() else beside(_read_named(str(source)), folder.parent)
        frame, name = found, f"'{source}'"
    else:
        frame, name = frame_of(source), "The table"
    frame = frame.rename(columns=str)
    refuse_doubled(frame.columns, name)
    if not len(frame.columns) or not len(frame):
        what = "no row below its header" if len(frame.columns) else "no column"
        raise ReadError(
            f"{name} has {what}.", "A table needs a header and at least one row.", "Check the file."
        )
    return frame


def refuse_doubled(columns: Iterable[str], name: str) -> None:
    """Insist that every column has a name of its own; `name` begins the sentence of the error."""
    counts = Counter(columns)
    doubled = [column for column, count in counts.items() if count > 1]
    if doubled:
        raise ReadError(
            f"{name} has the column '{doubled[0]}' {counts[doubled[0]]} times.",
            "Every column needs a name of its own.",
            "Rename or remove the doubled column.",
        )


def frame_of(source: Any) -> pd.DataFrame:
    """Make a frame of a frame, an Arrow table, a DuckDB relation or a dict of columns."""
    if isinstance(source, pd.DataFrame):
        return source
    if hasattr(source, "to_pandas"):
        return source.to_pandas()  # type: ignore[no-any-return]  # pyarrow.Table and its kin
    if hasattr(source, "to_df"):
        return source.to_df()  # type: ignore[no-any-return]  # a DuckDB relation
    try:
        if isinstance(source, Mapping):
            source = {name: one_cell_a_row(values) for name, values in source.items()}
        return pd.DataFrame(source)
    except (TypeError, ValueError) as error:
        raise ReadError(
            f"A {type(source).__name__} is not a table ({error}).",
            "Allowed are a path, a pandas frame, an Arrow table, a DuckDB relation or a dict of columns.",
            "Make a pandas frame of it first.",
        ) from None


def _read_named(name: str) -> pd.DataFrame:
    if name.startswith("duckdb:"):
        return _answer(name)
    path = Path(name)
    if not path.is_file():
        there = "is a folder" if path.is_dir() else "is a pipe or a device"
        what = there if path.exists() else "does not exist"
        raise ReadError(f"'{name}' {what}.", "A file with a table is needed.", "Check the path.")
    ending = path.suffix.lower()
    try:
        if ending in _READERS:
            return _READERS[ending](path)
        if ending in {".jsonl", ".ndjson"}:
            return pd.read_json(path, lines=True)
        if ending in {".duckdb", ".db"}:
            return _query(name, "")
        return _read_delimited(path)
    except ReadError:
        raise
    except Exception as error:  # noqa: BLE001 - each reader raises its own kinds on rubbish
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ReadError(
            f"'{name}' cannot be read as a table: {line}",
            f"Readable are files ending in {', '.join(ENDINGS)}.",
            "Check that the file is whole and that its ending tells what it is.",
        ) from None


def _answer(name: str) -> pd.DataFrame:
    """Run a query that was given as ``duckdb:FILE#QUERY``."""
    import duckdb

    file, _, query = name.removeprefix("duckdb:").partition("#")
    form = "Write it as 'duckdb:FILE#SELECT ...'; without a FILE the query names files itself."
    if not file and not query.strip():
        raise ReadError(f"'{name}' holds no query.", form, "Add a query, or name a file.")
    try:
        return _query(file, query)
    except duckdb.Error as error:
        line = str(error).strip().splitlines()[0]
        raise ReadError(f"'{name}' cannot be read: {line}", form, "Correct the query.") from None


def _query(file: str, query: str) -> pd.DataFrame:
    import duckdb

    if file and not Path(file).is_file():
        raise ReadError(f"'{file}' does not exist.", "A DuckDB file is needed.", "Check the path.")
    with duckdb.connect(file or ":memory:", read_only=bool(file)) as connection:
        if not query:
            tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
            if len(tables) != 1:
                raise ReadError(
                    f"'{file}' holds {len(tables)} tables: {', '.join(tables[:10])}.",
                    "Without a query there has to be exactly one.",
                    f"Name one in a query: 'duckdb:{file}#FROM \"TABLE\"'.",
                )
            query = 'FROM "{}"'.format(tables[0].replace('"', '""'))
        return connection.execute(query).df()  # type: ignore[no-any-return]


def _read_delimited(path: Path) -> pd.DataFrame:
    with _open(path) as file:
        head = file.read(65_536)
    if not head.strip():
        raise ReadError(
            f"'{path}' is empty.", "A table needs a header and at least one row.", "Check the file."
        )
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not wide:
        raise ReadError(
            f"'{path}' holds binary data.", f"Readable endings: {', '.join(ENDINGS)}.", "Check its ending."
        )
    encoding = "utf-16" if wide else "utf-8-sig"
    try:
        delimiter = _check_header(path, encoding)
        return pd.read_csv(path, sep=delimiter, encoding=encoding, low_memory=False)
    except UnicodeDecodeError as error:
        raise ReadError(
            f"'{path}' is not UTF-8 text (it holds the byte {error.object[error.start]:#04x}).",
            "Text files have to be UTF-8 or UTF-16.",
            f"Convert it first: iconv -f latin1 -t utf-8 '{path}' > '{path.stem}-utf8.csv'",
        ) from None


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _check_header(path: Path, encoding: str) -> str:
    """Return the delimiter that divides the header into the most names, once they fit the rows."""
    starts = {delimiter: _first_records(path, encoding, delimiter) for delimiter in (",", ";", "|", "\t")}
    chosen = "\t" if ".tsv" in path.suffixes else max(starts, key=lambda key: len(starts[key][0]))
    header, first = starts[chosen]
    refuse_doubled(filter(None, header), f"'{path}'")  # before pandas renames the doubled ones
    if len(first) > len(header):  # pandas would take the first column for row names, and shift the others
        raise ReadError(
            f"The rows of '{path}' have more fields ({len(first)}) than its header ({len(header)}).",
            "Every row has as many fields as the header.",
            "Name every column, and look for a delimiter at the end of the rows.",
        )
    return chosen


def _first_records(path: Path, encoding: str, delimiter: str) -> tuple[list[str], list[str]]:
    """Return the fields of the header and of the first row, as far as they can be told apart."""
    records: list[list[str]] = []
    with _open(path) as raw, io.TextIOWrapper(raw, encoding, newline="") as file, suppress(csv.Error):
        for record in islice(filter(None, csv.reader(file, delimiter=delimiter)), 2):
            records.append(record)  # noqa: PERF402 - a record before one that is too long still counts
    return (*records, [], [])[0], (*records, [], [])[1]

"""What a command answers, and what several commands need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twofold.bundle.files import demand_folders, whole_file
from twofold.core.errors import InputError


@dataclass(frozen=True)
class Told:
    """A command's answer.

    Parameters
    ----------
    text : str
    data : dict
    good : bool
    interrupted : bool
    """

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    good: bool = True
    interrupted: bool = False


def bundle_of(folder: Path) -> Path:
    """Return the bundle in the folder of a fit, or the folder itself."""
    return folder / "model" if (folder / "model" / "manifest.json").exists() else folder


def run_of(folder: Path) -> Path:
    """Return the kept run in the folder of a fit, or the folder itself."""
    return folder / "run" if (folder / "run" / "run.json").exists() else folder


def key(file: str | None) -> bytes | None:
    """Return the secret key that a file holds."""
    if file is None:
        return None
    try:
        return Path(file).read_bytes().strip()
    except OSError as error:
        raise InputError(
            f"The key file '{file}' cannot be read: {error.strerror}.",
            "It holds the secret key.",
            "Check it.",
        ) from None


TABLES = (".csv", ".parquet")


def demand_table(out: Path, data: str, *others: Path | None, endings: tuple[str, ...] = TABLES) -> None:
    """Insist on a place that a table can be written to, before anything is computed.

    Parameters
    ----------
    out : Path
    data : str
        What is read; it is not overwritten.
    others : Path or None
        What else is written.
    endings : tuple of str
    """
    if out.suffix.lower() not in endings:
        raise InputError(
            f"'{out}' ends in '{out.suffix}'.",
            f"It is written as {', '.join(endings[:-1])} or {endings[-1]}.",
            "Change the name of the file.",
        )
    if out.is_dir():
        raise InputError(f"'{out}' is a folder.", "A file is written.", "Change its name.")
    taken = {Path(data).resolve(): "read", **{other.resolve(): "written" for other in others if other}}
    if out.resolve() in taken:
        raise InputError(
            f"'{out}' would take the place of another table that is {taken[out.resolve()]}.",
            "Each table has a file of its own.",
            "Change the name of the file.",
        )
    demand_folders(out)


def write_table(frame: Any, out: Path) -> None:
    """Write a frame as CSV or Parquet, whole or not at all."""
    with writing(out) as draft:
        if out.suffix.lower() == ".parquet":
            frame.to_parquet(draft, index=False)
        else:
            frame.to_csv(draft, index=False)


def write_text(out: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with writing(out) as draft:
        draft.write_text(text, encoding="utf-8")


@contextmanager
def writing(out: Path) -> Iterator[Path]:
    """Yield a draft that takes the place of `out` when all of it is written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(out) as draft:
            yield draft
    except OSError as error:
        raise InputError(
            f"'{out}' cannot be written: {error.strerror}.",
            "A folder with room is needed.",
            "Name another place.",
        ) from None


def finite(value: Any) -> Any:
    """Return plain data in which numbers that JSON has no word for are null."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

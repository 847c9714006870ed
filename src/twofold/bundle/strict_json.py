"""JSON as it is meant: no NaN, no key twice, bounded in size and depth; and one canonical form of it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from twofold.bundle.damage import damaged


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def parse(text: bytes, what: str) -> Any:
    """Read JSON strictly.

    Parameters
    ----------
    text : bytes
        UTF-8, already bounded in size.
    what : str
        How the error calls it, for instance ``"manifest.json"``.

    Raises
    ------
    BundleError
        When it is no JSON, holds NaN or infinity, doubles a key, or is nested too deeply.

    Examples
    --------
    >>> parse(b'{"a": [1, 2.0]}', "example")
    {'a': [1, 2.0]}
    """
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise damaged(f"{what} is nested too deeply.") from None
    except ValueError as error:
        raise damaged(f"{what} cannot be read: {error}.", "It has to be valid JSON.") from None


def canonical(data: Any) -> bytes:
    r"""Return the one form of `data` that hashes and signatures are made of: sorted keys, no spaces, ASCII.

    Raises
    ------
    BundleError
        When it holds a number that JSON has no word for (``1e999``), or is nested too deeply.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": "é"})
    b'{"a":"\\u00e9","b":1.0}'
    """
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (ValueError, RecursionError) as error:
        raise damaged(f"A value of the manifest cannot be kept: {error}.") from None

"""Whether a value is what a dataclass declares for its field, down to the items of tuples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

_FITTING_KINDS = (
    (np.bool_, "b"),
    (np.integer, "iub"),
    (np.floating, "fiub"),
    (np.str_, "U"),
)
"""Declared scalar type -> kinds of arrays that may stand there."""


_HINTS: dict[type, dict[str, Any]] = {}


def field_hints(cls: type) -> dict[str, Any]:
    """Return the declared type of each field of a dataclass.

    Examples
    --------
    >>> from twofold.steps.linear import Linear
    >>> sorted(field_hints(Linear))
    ['bias', 'link', 'weights']
    """
    if cls not in _HINTS:
        hints = get_type_hints(cls)
        _HINTS[cls] = {item.name: hints[item.name] for item in fields(cls)}
    return _HINTS[cls]


@lru_cache(maxsize=256)
def _array_kinds(hint: Any) -> str:
    scalar = get_args(get_args(hint)[1])[0]
    for known, kinds in _FITTING_KINDS:
        if isinstance(scalar, type) and issubclass(scalar, known):
            return kinds
    return "biufU"


def matches(value: Any, hint: Any) -> bool:  # noqa: PLR0911 - one line for each form of type
    """Tell whether a value is of the declared type.

    An integer may stand for a float, never a boolean for a number; arrays are compared by the kind of
    their dtype, not by its width.

    Examples
    --------
    >>> matches((1, 2), tuple[int, ...]), matches((1, "a"), tuple[int, ...]), matches(True, int)
    (True, False, False)
    """
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(matches(value, option) for option in get_args(hint))
    if origin is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype.kind in _array_kinds(hint)
    if origin is tuple:
        return isinstance(value, tuple) and _items_match(value, get_args(hint))
    if origin is not None and issubclass(origin, Mapping):
        key_hint, value_hint = get_args(hint)
        return isinstance(value, Mapping) and all(
            matches(key, key_hint) and matches(item, value_hint) for key, item in value.items()
        )
    if hint in (int, float):
        return isinstance(value, (int, float) if hint is float else int) and not isinstance(value, bool)
    if hint is None:
        return isinstance(value, NoneType)
    return isinstance(value, hint)


def _items_match(values: tuple[Any, ...], hints: tuple[Any, ...]) -> bool:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return all(matches(value, hints[0]) for value in values)
    return len(values) == len(hints) and all(map(matches, values, hints))


def misfits(cls: type, values: Mapping[str, Any]) -> list[str]:
    """Return the names of those fields of a dataclass whose values are not as declared."""
    return [name for name, hint in field_hints(cls).items() if not matches(values[name], hint)]

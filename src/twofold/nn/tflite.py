"""Reading a TensorFlow Lite file: the tables of its flat buffer that describe a graph.

A flat buffer is read in place. A table begins with the distance back to its list of fields, which holds for
each field how far from the table's begin it lies, or 0 where it is left out. Numbers of fields and operators
are those of TensorFlow Lite's ``schema.fbs``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError

OPERATORS = {3: "CONV_2D", 17: "MAX_POOL_2D", 34: "PAD", 55: "MAXIMUM", 98: "LEAKY_RELU"}
TYPES = {0: "<f4", 2: "<i4"}
PADDINGS = ("SAME", "VALID")


@dataclass(frozen=True)
class Options:
    """The options of an operator; fields are numbered in the order of the schema."""

    data: bytes
    at: int

    def number(self, field: int, form: str = "<i", default: float = 0) -> Any:
        """Return a plain number, or `default` where the file leaves it out."""
        place = _field(self.data, self.at, field)
        return struct.unpack_from(form, self.data, place)[0] if place else default


@dataclass(frozen=True)
class Operator:
    """One node of a graph.

    Parameters
    ----------
    name : str
        As in the schema.
    inputs, outputs : tuple of int
        Numbers of tensors.
    options : Options
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True)
class TfliteGraph:
    """The first graph of a file.

    Parameters
    ----------
    operators : tuple of Operator
        In running order.
    constants : mapping of int to array
        Tensors that the file holds values of.
    inputs, outputs : tuple of int
    """

    operators: tuple[Operator, ...]
    constants: dict[int, NDArray[Any]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(data: bytes) -> TfliteGraph:
    """Return the graph of a file.

    Raises
    ------
    InputError
        When it is no such file, or holds an operator or type that is not known here.
    """
    if data[4:8] != b"TFL3":
        raise InputError("This is no TensorFlow Lite file.", "Such a file has 'TFL3' at its fifth byte.")
    try:
        return _graph(data)
    except (struct.error, IndexError, ValueError) as error:
        raise InputError(f"The TensorFlow Lite file is damaged ({error}).", "It has to be whole.") from None


def _graph(data: bytes) -> TfliteGraph:
    model = _u32(data, 0)
    codes = [_code(data, at) for at in _tables(data, model, 1)]
    buffers = _tables(data, model, 4)
    graph = _tables(data, model, 2)[0]
    constants = {}
    for number, tensor in enumerate(_tables(data, graph, 0)):
        options = Options(data, tensor)
        raw = _bytes(data, buffers[options.number(2, "<I")])
        if raw:
            kind = options.number(1, "<b")
            if kind in TYPES:
                shape = _integers(data, tensor, 0)
                constants[number] = np.frombuffer(raw, TYPES[kind]).reshape(shape)
    operators = tuple(
        Operator(
            codes[Options(data, at).number(0, "<I")],
            _integers(data, at, 1),
            _integers(data, at, 2),
            Options(data, _table(data, at, 4)),
        )
        for at in _tables(data, graph, 3)
    )
    return TfliteGraph(operators, constants, _integers(data, graph, 1), _integers(data, graph, 2))


def _code(data: bytes, at: int) -> str:
    options = Options(data, at)
    number = max(options.number(0, "<b"), options.number(3))
    return OPERATORS.get(number, f"operator {number}")


def _u32(data: bytes, at: int) -> int:
    """Follow the distance that stands at a place."""
    return int(at + struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, field: int) -> int:
    """Return where a field of a table lies, 0 where it is left out (or there is no table)."""
    if not table:
        return 0
    fields = table - struct.unpack_from("<i", data, table)[0]
    place = 4 + 2 * field
    if place >= struct.unpack_from("<H", data, fields)[0]:
        return 0
    inside = struct.unpack_from("<H", data, fields + place)[0]
    return table + inside if inside else 0


def _table(data: bytes, table: int, field: int) -> int:
    place = _field(data, table, field)
    return _u32(data, place) if place else 0


def _vector(data: bytes, table: int, field: int) -> tuple[int, int]:
    """Return where the items of a list begin, and how many there are."""
    at = _table(data, table, field)
    return (at + 4, struct.unpack_from("<I", data, at)[0]) if at else (0, 0)


def _tables(data: bytes, table: int, field: int) -> list[int]:
    begin, count = _vector(data, table, field)
    return [_u32(data, begin + 4 * place) for place in range(count)]


def _integers(data: bytes, table: int, field: int) -> tuple[int, ...]:
    begin, count = _vector(data, table, field)
    return struct.unpack_from(f"<{count}i", data, begin) if count else ()


def _bytes(data: bytes, table: int) -> bytes:
    begin, count = _vector(data, table, 0)
    return data[begin : begin + count]

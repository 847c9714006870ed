"""What an ONNX model may not hold, found without the onnx package.

A model is a protocol-buffer message; this walks its fields (numbers as in ``onnx.proto``) and looks at
those that could reach outside of the model: tensors kept in other files, and operators that are not
standard. Everything else is skipped, runs of numbers at the speed of a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from twofold.bundle.damage import damaged
from twofold.core.errors import BundleError

DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
"""Operator sets that onnxruntime itself implements by the standard."""
MAX_NESTING = 16
"""Graphs inside the branches and loops of graphs."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SHORT_STRINGS = b"|".join(b"\\x%02x[\\s\\S]{%d}" % (size, size) for size in range(32))
_NUMBERS = re.compile(rb"(?:=[\s\S]{4}|@[\x80-\xff]{0,9}+[\x00-\x7f]|J(?:" + _SHORT_STRINGS + rb"))++")
"""A run of ``floats`` (tag ``=``), ``ints`` (``@``) and short ``strings`` (``J``) of an attribute."""


class _Field(NamedTuple):
    """One field: its number, wire type, and where its content lies; `value` is that of a varint."""

    number: int
    wire: int
    start: int
    stop: int
    value: int


def _read_varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    value = shift = 0
    while at < stop and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise damaged("An ONNX model ends in the middle of a number.", "It has to be one whole message.")


def _fields(data: bytes, start: int, stop: int) -> Iterator[_Field]:
    at = start
    while at < stop:
        tag, at = _read_varint(data, at, stop)
        number, wire, value = tag >> 3, tag & 7, 0
        begin = at
        if wire == _VARINT:
            value, at = _read_varint(data, at, stop)
        elif wire == _BYTES:
            size, begin = _read_varint(data, at, stop)
            at = begin + size
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise damaged(f"An ONNX model holds a field of the wire type {wire}.")
        if at > stop or not 0 < number < 2**29:
            raise damaged("A field of an ONNX model leaves its message.", "It has to be one whole message.")
        yield _Field(number, wire, begin, at, value)


def _attribute_fields(data: bytes, start: int, stop: int) -> Iterator[_Field]:
    """Yield the fields of an attribute, without its numbers and short strings."""
    at = start
    while at < stop:
        run = _NUMBERS.match(data, at, stop)
        at = run.end() if run else at
        for field in _fields(data, at, stop):
            yield field
            at = field.stop
            if data[at : at + 1] in (b"=", b"@", b"J"):
                break


def check_onnx(data: bytes) -> None:
    """Refuse a model that reaches outside of itself.

    Parameters
    ----------
    data : bytes
        A serialised ``ModelProto``.

    Raises
    ------
    BundleError
        When tensors lie in other files, an operator is of another domain than ``ai.onnx`` and
        ``ai.onnx.ml``, the model holds functions of its own, or it is no ONNX model at all.
    """
    if data[4:8] == b"ORTM":
        raise _unsafe("a model in onnxruntime's own format", "Models are kept in the ONNX format.")
    graphs = 0
    for field in _fields(data, 0, len(data)):
        if field.number == 7:
            graphs += 1
        reader = _MODEL.get(field.number)
        if reader:
            reader(data, _message(field), 0)
    if not graphs:
        raise damaged("An ONNX model holds no graph.")


def _message(field: _Field) -> _Field:
    if field.wire != _BYTES:
        raise damaged(f"Field {field.number} of an ONNX model is not a message.")
    return field


def _unsafe(what: str, allowed: str) -> BundleError:
    return BundleError(
        f"The bundle holds {what}.",
        allowed,
        "Save the model again with everything inside and standard operators only; do not trust this one.",
    )


def _check_domain(data: bytes, field: _Field, _: int) -> None:
    domain = data[field.start : field.stop]
    if domain not in DOMAINS:
        raise _unsafe(
            f"an ONNX model with operators of the domain '{domain[:80].decode('utf-8', 'replace')}'",
            "Only ai.onnx and ai.onnx.ml are allowed.",
        )


def _refuse_functions(_data: bytes, _field: _Field, _depth: int) -> None:
    raise _unsafe("an ONNX model with functions of its own", "Only standard operators are allowed.")


def _check_location(_data: bytes, field: _Field, _: int) -> None:
    if field.number == 13 or field.value:
        raise _unsafe("an ONNX model whose weights lie in another file", "Weights have to be inside.")


_Reader = Callable[[bytes, _Field, int], None]


def _walk(readers: dict[int, _Reader], data: bytes, message: _Field, depth: int) -> None:
    for field in _fields(data, message.start, message.stop):
        reader = readers.get(field.number)
        if reader:
            reader(data, _message(field), depth)


def _check_opset(data: bytes, message: _Field, depth: int) -> None:
    _walk({1: _check_domain}, data, message, depth)


def _check_node(data: bytes, message: _Field, depth: int) -> None:
    _walk({5: _check_attribute, 7: _check_domain}, data, message, depth)


def _check_tensor(data: bytes, message: _Field, depth: int) -> None:
    for field in _fields(data, message.start, message.stop):
        if field.number in (13, 14):
            _check_location(data, field, depth)


def _check_sparse(data: bytes, message: _Field, depth: int) -> None:
    _walk({1: _check_tensor, 2: _check_tensor}, data, message, depth)


def _check_graph(data: bytes, message: _Field, depth: int) -> None:
    if depth > MAX_NESTING:
        raise damaged(f"An ONNX model nests graphs deeper than {MAX_NESTING} levels.")
    _walk({1: _check_node, 5: _check_tensor, 15: _check_sparse}, data, message, depth)


def _check_training(data: bytes, message: _Field, depth: int) -> None:
    _walk({1: _check_graph, 2: _check_graph}, data, message, depth)


def _check_attribute(data: bytes, message: _Field, depth: int) -> None:
    for field in _attribute_fields(data, message.start, message.stop):
        reader = _ATTRIBUTE.get(field.number)
        if reader:
            reader(data, _message(field), depth + 1)


_ATTRIBUTE: dict[int, _Reader] = {
    5: _check_tensor,
    6: _check_graph,
    10: _check_tensor,
    11: _check_graph,
    22: _check_sparse,
    23: _check_sparse,
}
_MODEL: dict[int, _Reader] = {
    7: _check_graph,
    8: _check_opset,
    20: _check_training,
    25: _refuse_functions,
}

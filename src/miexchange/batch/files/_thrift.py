"""Thrift's compact protocol, in which Parquet writes its footer and the headers of its pages.

A struct is a dict of its fields by number; each field is a pair of its type and its value. Bytes stand for a struct
that is written already.
"""

from __future__ import annotations

from typing import Any

__all__ = ["BINARY", "I32", "I64", "LIST", "STRUCT", "Struct", "read_struct", "varint", "write_struct", "zigzag"]

Struct = dict[int, tuple[int, Any]]
"""The fields of a struct; the value of a list is a pair of the type of its elements and these."""

_TRUE, _FALSE, _BYTE, _I16, I32, I64, _DOUBLE, BINARY, LIST, _SET, _MAP, STRUCT = range(1, 13)
_INTEGERS = {_I16, I32, I64}
_FIXED = {_BYTE: 1, _DOUBLE: 8}
_DEPTH = 12  # structs and lists within each other
_SHORT = 15  # the largest number that is written in half a byte, and the sign that a longer one follows


def read_struct(data: bytes, position: int, depth: int = 0) -> tuple[Struct, int]:
    """Read a struct, and return it with the position after it.

    Raises:
        IndexError: the data end before it does.
        KeyError: a field has a type that Parquet does not use.
        ValueError: it is nested too deeply.
    """
    fields: Struct = {}
    number = 0
    if depth > _DEPTH:
        raise ValueError(depth)
    while data[position]:
        kind, delta = data[position] & 15, data[position] >> 4
        position += 1
        if delta:
            number += delta
        else:
            number, position = _read_number(data, position)
        if kind in {_TRUE, _FALSE}:
            fields[number] = kind, None
        else:
            value, position = _read(kind, data, position, depth)
            fields[number] = kind, value
    return fields, position + 1


def _read(kind: int, data: bytes, position: int, depth: int) -> tuple[Any, int]:
    if kind in _INTEGERS:
        return _read_number(data, position)
    if kind == STRUCT:
        return read_struct(data, position, depth + 1)
    if kind == LIST:
        return _read_list(data, position, depth + 1)
    if kind == BINARY:
        length, position = _read_varint(data, position)
    else:
        length = _FIXED[kind]
    if position + length > len(data):
        raise IndexError(position)
    return data[position : position + length], position + length


def _read_list(data: bytes, position: int, depth: int) -> tuple[tuple[int, list[Any]], int]:
    kind, count = data[position] & 15, data[position] >> 4
    position += 1
    if count == _SHORT:
        count, position = _read_varint(data, position)
    if count > len(data):
        raise IndexError(count)
    found = []
    for _ in range(count):
        value, position = _read(_BYTE if kind in {_TRUE, _FALSE} else kind, data, position, depth)
        found.append(value)
    return (kind, found), position


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128 or shift > 63:  # noqa: PLR2004 - the highest bit says that more follow, up to 64 bits
            return value, position
        shift += 7


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    value, position = _read_varint(data, position)
    return (value >> 1) ^ -(value & 1), position


def write_struct(fields: Struct) -> bytes:
    """Write a struct."""
    out = bytearray()
    _write_struct(out, fields)
    return bytes(out)


def _write_struct(out: bytearray, fields: Struct) -> None:
    last = 0
    for number in sorted(fields):
        kind, value = fields[number]
        if number - last <= _SHORT:
            out.append((number - last) << 4 | kind)
        else:
            out.append(kind)
            out += varint(zigzag(number))
        last = number
        if kind not in {_TRUE, _FALSE}:
            _write(out, kind, value)
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in _INTEGERS:
        out += varint(zigzag(value))
    elif kind == STRUCT and isinstance(value, bytes):
        out += value
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind == LIST:
        of, values = value
        out.append(min(len(values), _SHORT) << 4 | of)
        if len(values) >= _SHORT:
            out += varint(len(values))
        for one in values:
            _write(out, of, one)
    else:
        if kind == BINARY:
            out += varint(len(value))
        out += value


def zigzag(value: int) -> int:
    """Return a signed number as an unsigned one, which is small if its amount is."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def varint(value: int) -> bytes:
    """Write an unsigned number, seven bits in a byte."""
    out = bytearray()
    while value > 127:  # noqa: PLR2004 - as above
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)

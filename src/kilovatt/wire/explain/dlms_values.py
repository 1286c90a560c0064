"""Parts that messages of DLMS are made of, byte by byte: numbers, names, values, parts of longer ones."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kilovatt.wire.explain.fields import ExplainedField, FieldValue
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import Array, MalformedError, OctetString, Structure, decode_from
from kilovatt.wire.protocols.dlms.values.stamps import STAMP_BYTES, decode_stamp

Fields: TypeAlias = Iterator[ExplainedField]


def field(cursor: Cursor, code: str, size: int, shown: Callable[[bytes], FieldValue] | None = None) -> ExplainedField:
    """Return a field of so many bytes: a number, the highest byte first, unless it is to be shown otherwise."""
    start = cursor.at
    taken = cursor.bytes_of(size)
    value: FieldValue = int.from_bytes(taken, "big") if shown is None else shown(taken)
    return ExplainedField(start=start, end=cursor.at, code=code, value=value)


def count(cursor: Cursor, code: str = "count") -> ExplainedField:
    """Return the number of things that follow; it is the value of the field."""
    start = cursor.at
    found = cursor.count(1)
    return ExplainedField(start=start, end=cursor.at, code=code, value=found)


def named(cursor: Cursor, what: str) -> Fields:
    """Return the class, the name, and the attribute or method of an object."""
    yield field(cursor, "class", 2)
    yield field(cursor, "name", 6, lambda taken: str(Obis(taken)))
    yield field(cursor, what, 1)


def selected(cursor: Cursor) -> Fields:
    """Return which part of an attribute is meant."""
    start = cursor.at
    if not cursor.flag("the mark of selective access"):
        yield ExplainedField(start=start, end=cursor.at, code="selection", value=0)
        return
    selector = cursor.byte()
    yield ExplainedField(start=start, end=cursor.at, code="selection", value=selector)
    yield from values(cursor)


def stamped(cursor: Cursor) -> ExplainedField:
    """Return when a message was made; None where it does not say."""
    start = cursor.at
    stamp = cursor.counted()
    return ExplainedField(start=start, end=cursor.at, code="push_stamp", value=stamp_text(stamp) or None)


def result(cursor: Cursor) -> Fields:
    """Return a value, or why there is none."""
    mark = field(cursor, "result_mark", 1)
    yield mark
    if mark.value:
        yield field(cursor, "result", 1)
    else:
        yield from values(cursor)


def part(cursor: Cursor) -> Fields:
    """Return a part of something longer."""
    start = cursor.at
    piece = cursor.counted()
    length_end = cursor.at - len(piece)
    yield ExplainedField(start=start, end=length_end, code="block_length", value=len(piece))
    if piece:
        yield ExplainedField(start=length_end, end=cursor.at, code="block_data", value=piece.hex(" "))


def values(cursor: Cursor, count: int = 1) -> Fields:
    """Return so many values, and the values within, each by itself and numbered from 1."""
    number = 0
    waiting = count
    while waiting:
        waiting -= 1
        start = cursor.at
        tag = cursor.byte()
        if tag in (Array.TAG, Structure.TAG):
            inner = cursor.count(1)
            waiting += inner
            code = "array" if tag == Array.TAG else "structure"
            yield ExplainedField(start=start, end=cursor.at, code=code, value=inner)
            continue
        value, cursor.at = decode_from(cursor.data, start)
        number += 1
        code, shown = _shown(value)
        yield ExplainedField(start=start, end=cursor.at, code=code, value=shown, number=number)


def stamp_text(stamp: bytes) -> str:
    """Return a date and time of twelve bytes as text; nothing for bytes that are none."""
    try:
        return decode_stamp(stamp).wall.isoformat(" ")
    except MalformedError:
        return ""


def hexed(taken: bytes) -> str:
    """Return bytes as one hexadecimal number."""
    return f"{taken.hex().upper()}h"


def spaced(taken: bytes) -> str:
    """Return bytes one by one."""
    return taken.hex(" ")


def _shown(value: object) -> tuple[str, FieldValue]:
    if isinstance(value, OctetString) and len(value) == STAMP_BYTES and (stamp := stamp_text(value)):
        return "stamp", stamp
    if isinstance(value, bytes):
        return "text", _text(bytes(value)) or value.hex(" ")
    if isinstance(value, bool) or value is None:
        return "value", value
    return "value", int(value) if isinstance(value, int) else str(value)


def _text(value: bytes) -> str:
    """Return bytes as text, without zeros at their end; nothing for bytes that are none."""
    try:
        text = value.rstrip(b"\x00").decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""

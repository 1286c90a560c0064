"""What a message of DLMS says, byte by byte: fields by their offsets in the message."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kilovatt.wire.explain.fields import ExplainedField, FieldValue
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import Array, MalformedError, OctetString, Structure, decode_from
from kilovatt.wire.protocols.dlms.values.stamps import STAMP_BYTES, decode_stamp

_Fields: TypeAlias = Iterator[ExplainedField]
_TAG_BYTES = 12
_AUTHENTICATED = 0x10
_GENERAL_GLOBAL = 0xDB
_NORMAL, _BLOCK = 1, 2
_CODES = {
    0x60: "association_request",
    0x61: "association_response",
    0xC0: "get_request",
    0xC4: "get_response",
    0xC1: "set_request",
    0xC5: "set_response",
    0xC3: "action_request",
    0xC7: "action_response",
    0x0F: "data_notification",
    0xD8: "exception",
}
_CIPHERED = frozenset({0x21, 0x28, 0xC8, 0xC9, 0xCB, 0xCC, 0xCD, 0xCF, 0xCA, _GENERAL_GLOBAL})


def message_code(message: bytes) -> str:
    """Return what a message is."""
    if message[0] in _CIPHERED:
        return "ciphered"
    return _CODES.get(message[0], "other_message")


def message_fields(message: bytes) -> tuple[list[ExplainedField], str | None]:
    """Return the fields of a message, which cover it, and a problem where it could not be followed to its end."""
    cursor, fields = Cursor(message), list[ExplainedField]()
    problem: str | None = None
    follow = _ciphered if message[0] in _CIPHERED else _FOLLOW.get(message[0], _nothing_more)
    try:
        fields.append(_field(cursor, "tag", 1, _hexed))
        for field in follow(cursor):
            # One by one: what was understood before an error stays.
            fields.append(field)
    except MalformedError:
        problem = "malformed"
    end = fields[-1].end
    if end < len(message):
        known = message_code(message) != "other_message"
        problem = problem or ("malformed" if known else None)
        fields.append(ExplainedField(start=end, end=len(message), code="data", value=message[end:].hex(" ")))
    return fields, problem


def _nothing_more(_cursor: Cursor) -> _Fields:
    yield from ()


def _field(cursor: Cursor, code: str, size: int, shown: Callable[[bytes], FieldValue] | None = None) -> ExplainedField:
    start = cursor.at
    taken = cursor.bytes_of(size)
    value: FieldValue = int.from_bytes(taken, "big") if shown is None else shown(taken)
    return ExplainedField(start=start, end=cursor.at, code=code, value=value)


def _named(cursor: Cursor, what: str) -> _Fields:
    yield _field(cursor, "class", 2)
    yield _field(cursor, "name", 6, lambda taken: str(Obis(taken)))
    yield _field(cursor, what, 1)


def _selected(cursor: Cursor) -> _Fields:
    start = cursor.at
    if not cursor.flag("the mark of selective access"):
        yield ExplainedField(start=start, end=cursor.at, code="selection", value=0)
        return
    selector = cursor.byte()
    yield ExplainedField(start=start, end=cursor.at, code="selection", value=selector)
    yield from values(cursor)


def _get_request(cursor: Cursor) -> _Fields:
    kind = _field(cursor, "kind", 1)
    yield kind
    yield _field(cursor, "invoke", 1, _hexed)
    if kind.value == _NORMAL:
        yield from _named(cursor, "attribute")
        yield from _selected(cursor)
    elif kind.value == _BLOCK:
        yield _field(cursor, "block", 4)


def _get_response(cursor: Cursor) -> _Fields:
    kind = _field(cursor, "kind", 1)
    yield kind
    yield _field(cursor, "invoke", 1, _hexed)
    if kind.value == _NORMAL:
        yield from _result(cursor)
    elif kind.value == _BLOCK:
        yield _field(cursor, "is_last", 1)
        yield _field(cursor, "block", 4)
        mark = _field(cursor, "result_mark", 1)
        yield mark
        if mark.value:
            yield _field(cursor, "result", 1)
        else:
            yield from _block(cursor)


def _result(cursor: Cursor) -> _Fields:
    mark = _field(cursor, "result_mark", 1)
    yield mark
    if mark.value:
        yield _field(cursor, "result", 1)
    else:
        yield from values(cursor)


def _block(cursor: Cursor) -> _Fields:
    start = cursor.at
    part = cursor.counted()
    length_end = cursor.at - len(part)
    yield ExplainedField(start=start, end=length_end, code="block_length", value=len(part))
    if part:
        yield ExplainedField(start=length_end, end=cursor.at, code="block_data", value=part.hex(" "))


def _set_request(cursor: Cursor) -> _Fields:
    kind = _field(cursor, "kind", 1)
    yield kind
    yield _field(cursor, "invoke", 1, _hexed)
    if kind.value == _NORMAL:
        yield from _named(cursor, "attribute")
        yield from _selected(cursor)
        yield from values(cursor)


def _set_response(cursor: Cursor) -> _Fields:
    kind = _field(cursor, "kind", 1)
    yield kind
    yield _field(cursor, "invoke", 1, _hexed)
    if kind.value == _NORMAL:
        yield _field(cursor, "result", 1)


def _action_request(cursor: Cursor) -> _Fields:
    kind = _field(cursor, "kind", 1)
    yield kind
    yield _field(cursor, "invoke", 1, _hexed)
    if kind.value == _NORMAL:
        yield from _named(cursor, "method")
        mark = _field(cursor, "parameter_mark", 1)
        yield mark
        if mark.value:
            yield from values(cursor)


def _action_response(cursor: Cursor) -> _Fields:
    kind = _field(cursor, "kind", 1)
    yield kind
    yield _field(cursor, "invoke", 1, _hexed)
    if kind.value == _NORMAL:
        yield _field(cursor, "result", 1)
        mark = _field(cursor, "parameter_mark", 1)
        yield mark
        if mark.value:
            yield from _result(cursor)


def _push(cursor: Cursor) -> _Fields:
    yield _field(cursor, "long_invoke", 4)
    start = cursor.at
    stamp = cursor.counted()
    yield ExplainedField(start=start, end=cursor.at, code="push_stamp", value=_stamp_text(stamp) or None)
    yield from values(cursor)


def _association(cursor: Cursor) -> _Fields:
    start = cursor.at
    content = cursor.counted()
    at = cursor.at - len(content)
    yield ExplainedField(start=start, end=at, code="length", value=len(content))
    cursor.at = at
    number = 0
    while cursor.at < len(cursor.data):
        number += 1
        start, tag = cursor.at, cursor.byte()
        body = cursor.counted()
        # A password stands in the field of proof: it is never shown.
        shown = None if tag == 0xAC else f"{tag:02X}h {body.hex(' ')}"
        yield ExplainedField(start=start, end=cursor.at, code="association_field", value=shown, number=number)


def _exception(cursor: Cursor) -> _Fields:
    yield _field(cursor, "result", 1)
    yield _field(cursor, "result", 1)


def _ciphered(cursor: Cursor) -> _Fields:
    if cursor.data[0] == _GENERAL_GLOBAL:
        start = cursor.at
        title = cursor.counted()
        yield ExplainedField(start=start, end=cursor.at, code="source", value=title.hex(" "))
    start = cursor.at
    content = cursor.counted()
    cursor.at -= len(content)
    yield ExplainedField(start=start, end=cursor.at, code="length", value=len(content))
    control = _field(cursor, "security_control", 1, _hexed)
    yield control
    yield _field(cursor, "invocation_counter", 4)
    authenticated = bool(cursor.data[control.start] & _AUTHENTICATED)
    left = len(cursor.data) - cursor.at
    tag = _TAG_BYTES if authenticated and left >= _TAG_BYTES else 0
    if left > tag:
        yield _field(cursor, "ciphertext", left - tag, lambda taken: taken.hex(" "))
    if tag:
        yield _field(cursor, "authentication_tag", tag, lambda taken: taken.hex(" "))


def values(cursor: Cursor) -> _Fields:
    """Return a value, and the values within, each by itself and numbered from 1."""
    number = 0
    waiting = 1
    while waiting:
        waiting -= 1
        start = cursor.at
        tag = cursor.byte()
        if tag in (Array.TAG, Structure.TAG):
            count = cursor.count(1)
            waiting += count
            code = "array" if tag == Array.TAG else "structure"
            yield ExplainedField(start=start, end=cursor.at, code=code, value=count)
            continue
        value, cursor.at = decode_from(cursor.data, start)
        number += 1
        code, shown = _shown(value)
        yield ExplainedField(start=start, end=cursor.at, code=code, value=shown, number=number)


def _shown(value: object) -> tuple[str, FieldValue]:
    if isinstance(value, OctetString) and len(value) == STAMP_BYTES and (stamp := _stamp_text(value)):
        return "stamp", stamp
    if isinstance(value, bytes):
        text = bytes(value).rstrip(b"\x00")
        return "text", text.decode() if text.isascii() and text.decode().isprintable() and text else value.hex(" ")
    if isinstance(value, bool) or value is None:
        return "value", value
    return "value", int(value) if isinstance(value, int) else str(value)


def _stamp_text(stamp: bytes) -> str:
    try:
        return decode_stamp(stamp).wall.isoformat(" ")
    except MalformedError:
        return ""


def _hexed(taken: bytes) -> str:
    return f"{taken.hex().upper()}h"


_FOLLOW: dict[int, Callable[[Cursor], _Fields]] = {
    0x60: _association,
    0x61: _association,
    0xC0: _get_request,
    0xC4: _get_response,
    0xC1: _set_request,
    0xC5: _set_response,
    0xC3: _action_request,
    0xC7: _action_response,
    0x0F: _push,
    0xD8: _exception,
}

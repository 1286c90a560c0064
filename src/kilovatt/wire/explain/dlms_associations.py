"""Associations of DLMS, field by field: who asks, as what, with which proof; what is offered and agreed upon."""

from collections.abc import Callable, Mapping

from kilovatt.wire.explain.dlms_values import Fields, field, hexed, spaced
from kilovatt.wire.explain.fields import ExplainedField, FieldValue
from kilovatt.wire.protocols.dlms.apdu.acse import AssociationResult, Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor

_OFFER = 0xBE
_OCTETS = 0x04
_LONG_TAG = b"\x1f"
_KNOWN_BITS = sum(Conformance)


def _enumerated(kinds: Callable[[int], Context | Mechanism | AssociationResult]) -> Callable[[bytes], FieldValue]:
    def shown(content: bytes) -> FieldValue:
        try:
            return kinds(content[-1]).name.lower()
        except (ValueError, IndexError):
            return spaced(content)

    return shown


def _inner(content: bytes) -> FieldValue:
    return spaced(content[2:])


def _hidden(_content: bytes) -> FieldValue:
    return None


def _last(content: bytes) -> FieldValue:
    return content[-1] if content else None


_FIELDS: Mapping[int, tuple[str, Callable[[bytes], FieldValue]]] = {
    0xA1: ("context", _enumerated(Context)),
    0xA2: ("association_result", _enumerated(AssociationResult)),
    0xA3: ("diagnostic", _last),
    0xA4: ("system_title", _inner),
    0xA6: ("system_title", _inner),
    0x88: ("proof_wanted", spaced),
    0x8A: ("proof_wanted", spaced),
    0x89: ("mechanism", _enumerated(Mechanism)),
    0x8B: ("mechanism", _enumerated(Mechanism)),
    # A password, or a challenge: it does not show which.
    0xAC: ("proof", _hidden),
    0xAA: ("challenge", _inner),
}


def associating(cursor: Cursor) -> Fields:
    """Follow what is asked, answered or released, behind its tag."""
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
        if tag == _OFFER:
            content_at = cursor.at - len(body)
            cursor.at += _is_one_short(cursor, body)
            yield from _offer(cursor.data, start, content_at, cursor.at)
            continue
        code, shown = _FIELDS.get(tag, ("association_field", lambda content, tag=tag: f"{tag:02X}h {spaced(content)}"))
        numbered = number if code == "association_field" else None
        yield ExplainedField(start=start, end=cursor.at, code=code, value=shown(body), number=numbered)


def _is_one_short(cursor: Cursor, body: bytes) -> bool:
    """Whether an agreement is counted as if the tag of its conformance bits had one byte, as older meters do."""
    return cursor.at == len(cursor.data) - 1 and body[:2] == b"\x04\x0d" and body[5:7] == b"\x5f" + _LONG_TAG


def _offer(data: bytes, start: int, content_at: int, end: int) -> Fields:
    inside = Cursor(data[:end], content_at)
    if inside.byte() != _OCTETS:
        yield ExplainedField(start=start, end=end, code="offer", value=spaced(data[content_at:end]))
        return
    size = len(inside.counted())
    inside.at -= size
    yield ExplainedField(start=start, end=inside.at, code="offer", value=size)
    follow = INITIATING.get(data[inside.at]) if size else None
    if follow is not None:
        yield field(inside, "tag", 1, hexed)
        yield from follow[1](inside)
    elif size:
        yield field(inside, "ciphered_offer", size, spaced)
    inside.end()


def _request(cursor: Cursor) -> Fields:
    start = cursor.at
    if cursor.flag("the mark of a dedicated key"):
        cursor.counted()
        yield ExplainedField(start=start, end=cursor.at, code="dedicated_key", value=None)
    else:
        yield ExplainedField(start=start, end=cursor.at, code="dedicated_key", value=False)
    for code in ("response_allowed", "quality"):
        yield from _optional(cursor, code)
    yield from _agreement(cursor)


def _response(cursor: Cursor) -> Fields:
    yield from _optional(cursor, "quality")
    yield from _agreement(cursor)
    yield field(cursor, "vaa_name", 2, hexed)


def _optional(cursor: Cursor, code: str) -> Fields:
    start = cursor.at
    value = cursor.byte() if cursor.flag("a mark") else None
    yield ExplainedField(start=start, end=cursor.at, code=code, value=value)


def _agreement(cursor: Cursor) -> Fields:
    yield field(cursor, "dlms_version", 1)
    # Some write the tag of the conformance bits as one byte.
    tag_bytes = 4 if cursor.data[cursor.at + 1 : cursor.at + 2] == _LONG_TAG else 3
    yield field(cursor, "conformance_tag", tag_bytes, hexed)
    yield field(cursor, "conformance", 3, _services)
    yield field(cursor, "message_bytes_max", 2)


def _services(bits: bytes) -> str:
    agreed = Conformance(int.from_bytes(bits, "big") & _KNOWN_BITS)
    return ", ".join(service.name.lower() for service in Conformance if service in agreed and service.name)


INITIATING: Mapping[int, tuple[str, Callable[[Cursor], Fields]]] = {
    0x01: ("initiate_request", _request),
    0x08: ("initiate_response", _response),
}
"""By the tag: the code of an offer or an agreement, and what follows it."""
ASSOCIATING: Mapping[int, tuple[str, Callable[[Cursor], Fields]]] = {
    0x60: ("association_request", associating),
    0x61: ("association_response", associating),
    0x62: ("release_request", associating),
    0x63: ("release_response", associating),
}

"""What a message of DLMS says, byte by byte: fields by their offsets in the message."""

from kilovatt.wire.explain.dlms_associations import ASSOCIATING, INITIATING
from kilovatt.wire.explain.dlms_services import SERVICES
from kilovatt.wire.explain.dlms_values import Fields, field, hexed, spaced, values
from kilovatt.wire.explain.fields import ExplainedField
from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    GENERAL_CIPHERING,
    GENERAL_DEDICATED,
    GENERAL_GLOBAL,
    GENERAL_SIGNING,
    SEALED_TAGS,
)
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.security.sealing import TAG_BYTES, Protection
from kilovatt.wire.protocols.dlms.values import MalformedError

_MESSAGES = {**SERVICES, **ASSOCIATING, **INITIATING}
_CONTROLS = (Protection.AUTHENTICATED, "authenticated"), (Protection.ENCRYPTED, "encrypted"), (0x40, "broadcast key")
_SUITE, _COMPRESSED = 0x0F, 0x80


def message_code(message: bytes) -> str:
    """Return what a message is."""
    if message[0] in SEALED_TAGS:
        return "ciphered"
    return _MESSAGES[message[0]][0] if message[0] in _MESSAGES else "other_message"


def message_fields(message: bytes) -> tuple[list[ExplainedField], str | None]:
    """Return the fields of a message, which cover it, and a problem where it could not be followed to its end."""
    cursor = Cursor(message)
    return _followed(cursor, _message(cursor), known=message_code(message) != "other_message")


def value_fields(data: bytes) -> tuple[list[ExplainedField], str | None]:
    """Return the fields of a value by itself, as it was put together of blocks."""
    cursor = Cursor(data)
    return _followed(cursor, values(cursor), known=True)


def _followed(cursor: Cursor, following: Fields, *, known: bool) -> tuple[list[ExplainedField], str | None]:
    fields, problem = list[ExplainedField](), None
    try:
        for found in following:
            # One by one: what was understood before an error stays.
            fields.append(found)
    except MalformedError:
        problem = "malformed"
    end = fields[-1].end if fields else 0
    if end < len(cursor.data):
        problem = problem or ("malformed" if known else None)
        fields.append(ExplainedField(start=end, end=len(cursor.data), code="data", value=spaced(cursor.data[end:])))
    return fields, problem


def _message(cursor: Cursor) -> Fields:
    tag = field(cursor, "tag", 1, hexed)
    yield tag
    first = cursor.data[0]
    if first in SEALED_TAGS:
        yield from _ciphered(cursor)
    elif first in _MESSAGES:
        yield from _MESSAGES[first][1](cursor)


def _ciphered(cursor: Cursor) -> Fields:
    tag = cursor.data[0]
    if tag in (GENERAL_GLOBAL, GENERAL_DEDICATED):
        yield _counted(cursor, "system_title")
    elif tag in (GENERAL_CIPHERING, GENERAL_SIGNING):
        for code in ("transaction", "system_title", "recipient", "general_stamp", "other_part"):
            yield _counted(cursor, code)
    if tag == GENERAL_SIGNING:
        yield _counted(cursor, "signed_content")
        yield _counted(cursor, "signature")
        return
    if tag == GENERAL_CIPHERING:
        yield from _key(cursor)
    yield from _sealed(cursor)


def _counted(cursor: Cursor, code: str) -> ExplainedField:
    start = cursor.at
    content = cursor.counted()
    return ExplainedField(start=start, end=cursor.at, code=code, value=spaced(content))


def _key(cursor: Cursor) -> Fields:
    mark = field(cursor, "key_mark", 1)
    yield mark
    if not mark.value:
        return
    kind = field(cursor, "key_kind", 1)
    yield kind
    yield _counted(cursor, "key_which") if kind.value == 2 else field(cursor, "key_which", 1)
    if kind.value in (1, 2):
        yield _counted(cursor, "key_given")


def _sealed(cursor: Cursor) -> Fields:
    start = cursor.at
    size = len(cursor.counted())
    cursor.at -= size
    yield ExplainedField(start=start, end=cursor.at, code="length", value=size)
    control = field(cursor, "security_control", 1, _control)
    yield control
    yield field(cursor, "invocation_counter", 4)
    authenticated = bool(cursor.data[control.start] & Protection.AUTHENTICATED)
    left = len(cursor.data) - cursor.at
    tag = TAG_BYTES if authenticated and left >= TAG_BYTES else 0
    if left > tag:
        is_ciphered = bool(cursor.data[control.start] & Protection.ENCRYPTED)
        yield field(cursor, "ciphertext" if is_ciphered else "plain_text", left - tag, spaced)
    if tag:
        yield field(cursor, "authentication_tag", tag, spaced)


def _control(taken: bytes) -> str:
    (control,) = taken
    said = [words for bit, words in _CONTROLS if control & bit]
    said += ["compressed"] if control & _COMPRESSED else []
    return f"{control:02X}h suite {control & _SUITE}" + "".join(f", {word}" for word in said)

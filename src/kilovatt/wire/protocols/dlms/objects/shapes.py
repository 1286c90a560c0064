"""Values as parts of a known shape: what is not of it is refused by the name of what was wanted."""

from typing import Final

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, MalformedError, Structure, encode
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

_NAME_BYTES: Final = 6


def refused(wanted: str, value: DlmsValue) -> MalformedError:
    """Return the error that says what was wanted and shows, as bytes, what is there instead."""
    try:
        shown = encode(value)
    except LocalProtocolError:
        # A plain int or tuple, from a model of objects and not from the wire.
        shown = b""
    return MalformedError(f"{wanted} is wanted", shown, 0)


def fields(value: DlmsValue, count: int, wanted: str) -> Structure:
    """Return a structure of so many fields. Raises MalformedError."""
    if not isinstance(value, Structure) or len(value) != count:
        raise refused(f"{wanted}, a structure of {count}", value)
    return value


def elements(value: DlmsValue, wanted: str) -> tuple[DlmsValue, ...]:
    """Return the elements of an array; null is an empty one, as some meters send it. Raises MalformedError."""
    if value is None:
        return ()
    if not isinstance(value, Array):
        raise refused(f"{wanted}, an array", value)
    return value


def integer(value: DlmsValue, wanted: str, lowest: int, highest: int) -> int:
    """Return an integer of any width as a plain one. Raises MalformedError beyond its limits and for a boolean."""
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise refused(f"{wanted}, {lowest} to {highest}", value)
    return int(value)


def octets(value: DlmsValue, wanted: str, size: int | None = None) -> bytes:
    """Return plain bytes, of a size where one is given. Raises MalformedError."""
    if not isinstance(value, bytes) or (size is not None and len(value) != size):
        raise refused(wanted if size is None else f"{wanted}, {size} bytes", value)
    return bytes(value)


def logical_name(value: DlmsValue, wanted: str) -> Obis:
    """Return a logical name. Raises MalformedError."""
    return Obis(octets(value, wanted, _NAME_BYTES))

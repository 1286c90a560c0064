"""Capture objects: which attributes a profile keeps (class 7, attribute 3) and a push carries (class 40, attribute 2).

Blue Book, 4.3.6 and 4.4.8. Since version 2 of class 40 an element has two fields more; a real Энергомера sends them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.shapes import elements, integer, logical_name, refused
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, Integer, LongUnsigned, OctetString, Structure

_FIELDS, _FIELDS_RESTRICTED = 4, 6


@dataclass(frozen=True, slots=True)
class CaptureObject:
    """An attribute of an object. `part`: 0 is the whole of it, else the number of its element or the rows to take."""

    class_id: int
    obis: Obis
    attribute: int
    part: int = 0

    def encode(self) -> Structure:
        """Return it as an element of a list of capture objects."""
        name = OctetString(self.obis)
        return Structure((LongUnsigned(self.class_id), name, Integer(self.attribute), LongUnsigned(self.part)))


@dataclass(frozen=True, slots=True)
class PushedObject:
    """An element of a push list."""

    captured: CaptureObject
    extension: "tuple[DlmsValue, DlmsValue] | None" = None
    """Restriction and columns as they came, of version 2 and later; None where an element has four fields."""

    def encode(self) -> Structure:
        """Return it as an element of a push list."""
        return Structure((*self.captured.encode(), *(self.extension or ())))


def decode_capture_object(value: DlmsValue) -> CaptureObject:
    """Return one capture object. Raises MalformedError."""
    return _captured(value, (_FIELDS,)).captured


def decode_capture_objects(value: DlmsValue) -> tuple[CaptureObject, ...]:
    """Return attribute 3 of a profile: its columns, in their order. Raises MalformedError."""
    return tuple(map(decode_capture_object, elements(value, "a list of capture objects")))


def encode_capture_objects(captured: Iterable[CaptureObject]) -> Array:
    """Return a list of capture objects as a value."""
    return Array(one.encode() for one in captured)


def decode_push_list(value: DlmsValue) -> tuple[PushedObject, ...]:
    """Return attribute 2 of a push set-up: what its messages carry, in their order. Raises MalformedError."""
    listed = elements(value, "a push list")
    return tuple(_captured(one, (_FIELDS, _FIELDS_RESTRICTED)) for one in listed)


def _captured(value: DlmsValue, widths: tuple[int, ...]) -> PushedObject:
    if not isinstance(value, Structure) or len(value) not in widths:
        raise refused("a capture object", value)
    captured = CaptureObject(
        integer(value[0], "a class", 0, 0xFFFF),
        logical_name(value[1], "a logical name"),
        integer(value[2], "an attribute", -128, 127),
        integer(value[3], "a part of an attribute", 0, 0xFFFF),
    )
    return PushedObject(captured, (value[4], value[5]) if len(value) == _FIELDS_RESTRICTED else None)

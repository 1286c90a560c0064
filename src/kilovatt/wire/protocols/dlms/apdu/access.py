"""What is asked for: an attribute or a method of an object, and which part of it (IEC 62056-5-3, 8.3)."""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DlmsValue, encode, encode_length

_CLASS_BYTES, _NAME_BYTES = 2, 6
DESCRIPTOR_BYTES = _CLASS_BYTES + _NAME_BYTES + 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Selective access: 1 is a range, 2 are entries (class 7)."""

    selector: int
    parameters: DlmsValue


@dataclass(frozen=True, slots=True)
class Descriptor:
    """An attribute or a method of an object, by class, logical name and number."""

    class_id: int
    obis: Obis
    number: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return self.class_id.to_bytes(_CLASS_BYTES, "big") + self.obis + self.number.to_bytes(1, "big", signed=True)


Selected: TypeAlias = tuple[tuple[Descriptor, Selection | None], ...]
"""Several attributes, of each perhaps a part only."""


def decode_descriptor(cursor: Cursor) -> Descriptor:
    """Return what a message names. Raises MalformedError."""
    class_id, obis = cursor.number(_CLASS_BYTES), Obis(cursor.bytes_of(_NAME_BYTES))
    return Descriptor(class_id, obis, int.from_bytes(cursor.bytes_of(1), "big", signed=True))


def encode_selection(selection: Selection | None) -> bytes:
    """Return selective access, or that there is none."""
    if selection is None:
        return b"\x00"
    return bytes((1, selection.selector)) + encode(selection.parameters)


def decode_selection(cursor: Cursor) -> Selection | None:
    """Return selective access, if there is. Raises MalformedError."""
    if not cursor.flag("the mark of selective access"):
        return None
    return Selection(cursor.byte(), cursor.value())


def encode_selected(attributes: Selected) -> bytes:
    """Return a list of attributes."""
    listed = b"".join(attribute.encode() + encode_selection(part) for attribute, part in attributes)
    return encode_length(len(attributes)) + listed


def decode_selected(cursor: Cursor) -> Selected:
    """Return a list of attributes. Raises MalformedError."""
    count = cursor.count(DESCRIPTOR_BYTES + 1)
    return tuple((decode_descriptor(cursor), decode_selection(cursor)) for _ in range(count))


def encode_descriptors(methods: tuple[Descriptor, ...]) -> bytes:
    """Return a list of methods."""
    return encode_length(len(methods)) + b"".join(method.encode() for method in methods)


def decode_descriptors(cursor: Cursor) -> tuple[Descriptor, ...]:
    """Return a list of methods. Raises MalformedError."""
    return tuple(decode_descriptor(cursor) for _ in range(cursor.count(DESCRIPTOR_BYTES)))

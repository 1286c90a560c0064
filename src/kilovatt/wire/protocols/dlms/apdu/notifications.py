"""What a meter says unasked: DataNotification (0Fh) and EventNotification (C2h)."""

from dataclasses import dataclass

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, decode_descriptor
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import DlmsValue, encode, encode_length

DATA, EVENT = 0x0F, 0xC2
_STAMP_BYTES = 12


@dataclass(frozen=True, slots=True)
class DataNotification:
    """Values that a meter pushes. `stamp` are the twelve bytes of its date, or none."""

    invoke: int
    stamp: bytes
    body: DlmsValue

    def encode(self) -> bytes:
        """Return it as bytes."""
        stamp = encode_length(len(self.stamp)) + self.stamp
        return bytes((DATA,)) + self.invoke.to_bytes(4, "big") + stamp + encode(self.body)


@dataclass(frozen=True, slots=True)
class EventNotification:
    """The new value of an attribute. `stamp` are the twelve bytes of its date, or None."""

    stamp: bytes | None
    attribute: Descriptor
    value: DlmsValue

    def encode(self) -> bytes:
        """Return it as bytes."""
        stamp = b"\x00" if self.stamp is None else b"\x01" + encode_length(len(self.stamp)) + self.stamp
        return bytes((EVENT,)) + stamp + self.attribute.encode() + encode(self.value)


def decode_data_notification(cursor: Cursor) -> DataNotification:
    """Return it, its tag already taken. Raises MalformedError."""
    made = DataNotification(cursor.number(4), cursor.counted(), cursor.value())
    cursor.end()
    return made


def decode_event_notification(cursor: Cursor) -> EventNotification:
    """Return it, its tag already taken. Raises MalformedError."""
    stamp = cursor.counted() if cursor.flag("the mark of a stamp") else None
    made = EventNotification(stamp, decode_descriptor(cursor), cursor.value())
    cursor.end()
    return made

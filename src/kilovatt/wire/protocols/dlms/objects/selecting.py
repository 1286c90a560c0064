"""Selective access to the buffer of a profile (class 7, attribute 2; Blue Book, 4.3.6.2.2): by range and by entries."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import (
    CaptureObject,
    decode_capture_object,
    decode_capture_objects,
    encode_capture_objects,
)
from kilovatt.wire.protocols.dlms.objects.shapes import fields, integer
from kilovatt.wire.protocols.dlms.values import DlmsValue, DoubleLongUnsigned, LongUnsigned, Structure

CLOCK_TIME: Final = CaptureObject(8, Obis.parse("0.0.1.0.0.255"), 2)
"""What rows are nearly always chosen by."""
_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class RangeSelection:
    """Rows whose restricting column lies from `first` to `last`, both included.

    `columns`: those wanted, in the meter's order; none named means all.
    """

    SELECTOR: ClassVar[int] = 1
    first: DlmsValue
    last: DlmsValue
    columns: tuple[CaptureObject, ...] = ()
    restricting: CaptureObject = field(default=CLOCK_TIME)

    def encode(self) -> Structure:
        """Return the parameters of selector 1."""
        return Structure((self.restricting.encode(), self.first, self.last, encode_capture_objects(self.columns)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySelection:
    """Rows by number from 1, and columns by number from 1; a last of 0 is the last there is."""

    SELECTOR: ClassVar[int] = 2
    first: int = 1
    last: int = 0
    first_column: int = 1
    last_column: int = 0

    def encode(self) -> Structure:
        """Return the parameters of selector 2."""
        rows = (DoubleLongUnsigned(self.first), DoubleLongUnsigned(self.last))
        return Structure((*rows, LongUnsigned(self.first_column), LongUnsigned(self.last_column)))


def decode_selection(selector: int, parameters: DlmsValue) -> RangeSelection | EntrySelection | None:
    """Return what a client selects; None for a selector that profiles do not have. Raises MalformedError."""
    if selector == RangeSelection.SELECTOR:
        restricting, first, last, columns = fields(parameters, _PARTS, "a range")
        return RangeSelection(first, last, decode_capture_objects(columns), decode_capture_object(restricting))
    if selector == EntrySelection.SELECTOR:
        first, last, first_column, last_column = fields(parameters, _PARTS, "a span of entries")
        return EntrySelection(
            first=integer(first, "a first entry", 0, 0xFFFFFFFF),
            last=integer(last, "a last entry", 0, 0xFFFFFFFF),
            first_column=integer(first_column, "a first column", 0, 0xFFFF),
            last_column=integer(last_column, "a last column", 0, 0xFFFF),
        )
    return None

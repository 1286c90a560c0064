"""What a simulated СПОДЭС meter pushes: its flags alone, as the standard has it, or as a real Энергомера does.

That one sends the list of what it carries first, then who it is, its flags and their filter, and the code of a journal
under a name of its maker's.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.spodes.event_code import Flags, Journal
from kilovatt.measure.metering.spodes.vocabulary import JOURNAL_OBIS
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject, PushedObject
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    LongUnsigned,
    OctetString,
    Structure,
)
from kilovatt.wire.protocols.dlms.values.stamps import DeviationSense, encode_stamp
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address
from kilovatt.wire.protocols.framing.hdlc.link import RESPONSE_LLC

_CALLING = bytes((0x02, 0xFD))
"""Logical device 1 of a meter that calls."""
_DATA, _PUSH, _VALUE = 1, 40, 2
_ALL_FLAGS = 0xFFFF
_NO_RESTRICTION: tuple[DlmsValue, DlmsValue] = (Structure((Enumerate(0), None)), Array(()))
_CARRIED = (
    (_PUSH, "0.0.25.9.0.255"),
    (_DATA, "0.0.42.0.0.255"),
    (_DATA, "0.0.96.1.0.255"),
    (_DATA, Flags.PUSH.value),
    (_DATA, "0.0.97.98.10.255"),
    (_DATA, "0.0.96.5.135.255"),
)


def flags_pushed(flags: int, *, at: datetime | None = None, zone: ZoneInfo | None = None, invoke: int = 1) -> bytes:
    """Return a message of flags alone (ГОСТ Р 58940-2020, table 9.5)."""
    stamp = b"" if at is None or zone is None else _stamp(at, zone)
    return DataNotification(invoke, stamp, Structure((DoubleLongUnsigned(flags),))).encode()


def alarm_pushed(
    *, device: str, serial: str, journal: Journal, code: int, flags: int, at: datetime, zone: ZoneInfo, invoke: int = 1
) -> bytes:
    """Return a message that says by a code what happened."""
    listed = Array(
        PushedObject(CaptureObject(class_id, Obis.parse(name), _VALUE), _NO_RESTRICTION).encode()
        for class_id, name in _CARRIED
    )
    body = Structure(
        (
            listed,
            OctetString(device.encode("ascii")),
            OctetString(serial.encode("ascii")),
            DoubleLongUnsigned(flags),
            DoubleLongUnsigned(_ALL_FLAGS),
            Structure((OctetString(Obis.parse(JOURNAL_OBIS[journal])), LongUnsigned(code))),
        )
    )
    return DataNotification(invoke, _stamp(at, zone), body).encode()


def framed(message: bytes, *, client: int = 16) -> bytes:
    """Return a message as a meter on a bus pushes it: in an unnumbered frame, from the address that calls."""
    return Frame(
        destination=client_address(client),
        source=_CALLING,
        kind=Kind.UI,
        final=True,
        information=RESPONSE_LLC + message,
    ).encode()


def _stamp(at: datetime, zone: ZoneInfo) -> bytes:
    return encode_stamp(at, zone, sense=DeviationSense.UTC_IS_LOCAL_PLUS_DEVIATION)

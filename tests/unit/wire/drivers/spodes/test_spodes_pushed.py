"""Pushes of СПОДЭС meters taken apart: a real Энергомера's, the standard's, and what is neither."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from called_in import PUSH
from kilovatt.measure.metering.pushes import ToldCode
from kilovatt.measure.metering.spodes.event_code import Journal
from kilovatt.wire.drivers.spodes.pushed import Pushed, read_push
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.association.pushes import pushed
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLong,
    DoubleLongUnsigned,
    Enumerate,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
    VisibleString,
)
from kilovatt.wire.protocols.dlms.values.stamps import encode_stamp
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.simulator.spodes.pushing import alarm_pushed, flags_pushed

MOSCOW = ZoneInfo("Europe/Moscow")
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
STAMP = OctetString(encode_stamp(AT, MOSCOW))


def name(obis: str) -> OctetString:
    return OctetString(Obis.parse(obis))


def said(*values: DlmsValue, stamp: bytes = b"") -> Pushed:
    return read_push(DataNotification(1, stamp, Structure(values)))


def listed(*objects: tuple[str, DlmsValue]) -> Pushed:
    """A push that begins with the list of what it carries."""
    names = ("0.0.25.9.0.255", *(obis for obis, _ in objects))
    carried = Array(CaptureObject(1, Obis.parse(obis), 2).encode() for obis in names)
    return said(carried, *(value for _, value in objects))


def codes(of: Pushed) -> list[tuple[Journal, int]]:
    return [(told.journal, told.number) for told in of.codes(MOSCOW)]


def test_a_real_meters_push_tells_who_it_is_its_flags_and_which_entry_of_which_journal() -> None:
    of = read_push(pushed(PUSH))
    assert (of.device, of.serial, of.flags) == ("EMR0222173608710", "012415173608710", 0x10)
    assert of.codes(MOSCOW) == (ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=3),)
    assert of.at(MOSCOW) == datetime(2022, 11, 3, 12, 38, 25, tzinfo=UTC)
    # A word of its maker's own is all that is left.
    assert (of.unread, of.is_understood) == (1, True)


def test_by_the_standard_a_push_is_its_flags_alone() -> None:
    alone = read_push(pushed(flags_pushed(0x8001, at=AT, zone=MOSCOW)))
    assert (alone.flags, alone.at(MOSCOW), alone.device) == (0x8001, AT, "")
    assert read_push(DataNotification(1, b"", LongUnsigned(2))).flags == 2
    assert read_push(pushed(flags_pushed(0))).is_understood


def test_a_simulated_meter_pushes_as_the_real_one() -> None:
    message = alarm_pushed(
        device="RIM0000041906467",
        serial="41906467",
        journal=Journal.SWITCHING,
        code=9,
        flags=0x80,
        at=AT,
        zone=MOSCOW,
    )
    of = read_push(pushed(message))
    assert (of.device, of.serial, of.flags, of.at(MOSCOW), of.unread) == (
        "RIM0000041906467",
        "41906467",
        0x80,
        AT,
        0,
    )
    assert codes(of) == [(Journal.SWITCHING, 9)]


def test_an_event_notification_names_its_object() -> None:
    def event(obis: str, value: DlmsValue, stamp: bytes | None = None) -> Pushed:
        return read_push(EventNotification(stamp, Descriptor(1, Obis.parse(obis), 2), value))

    flags = event("0.0.97.98.0.255", DoubleLong(5), bytes(STAMP))
    assert (flags.flags, flags.at(MOSCOW)) == (5, AT)
    assert codes(event("0.0.96.11.2.255", Unsigned(8))) == [(Journal.SWITCHING, 8)]
    assert event("0.0.96.11.2.255", STAMP).unread == 0
    assert event("0.0.96.11.2.255", VisibleString(b"x")).unread == 1
    assert event("0.0.97.98.0.255", DoubleLong(-5)).unread == 1
    assert event("0.0.97.98.0.255", Enumerate(1)).unread == 1


def test_rows_of_a_journal_bring_stamps_of_their_own() -> None:
    row = Structure((STAMP, Unsigned(1), DoubleLongUnsigned(77)))
    of = listed(("0.0.99.98.4.255", Array((row, row))))
    assert of.codes(MOSCOW) == (ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=1, at=AT),) * 2
    for broken in (Array((Structure((Unsigned(1),)),)), Array((Unsigned(1),)), Array(()), Unsigned(1)):
        assert listed(("0.0.99.98.4.255", broken)).unread == 1
    # Words of quality are no codes.
    assert listed(("0.0.99.98.9.255", Array((row,)))).unread == 1


@pytest.mark.parametrize("number", [DoubleLong(-1), DoubleLongUnsigned(0x1_0000)])
def test_a_number_that_no_code_can_have_is_none(number: DlmsValue) -> None:
    by_name = listed(("0.0.96.11.4.255", number))
    by_shape = said(Structure((name("0.0.99.98.4.255"), number)))
    in_rows = listed(("0.0.99.98.4.255", Array((Structure((STAMP, number)),))))
    assert [(codes(of), of.unread) for of in (by_name, by_shape, in_rows)] == [([], 1)] * 3


def test_a_journal_that_is_pushed_whole_is_cut() -> None:
    row = Structure((STAMP, Unsigned(1)))
    assert len(codes(listed(("0.0.99.98.4.255", Array([row] * 200))))) == 64


def test_what_says_nothing_of_events_is_known_all_the_same() -> None:
    of = listed(
        ("0.0.42.0.0.255", OctetString(b"KLV0000000041906")),
        ("0.0.96.1.0.255", DoubleLongUnsigned(41906)),
        ("0.0.1.0.0.255", STAMP),
        ("0.0.97.98.10.255", DoubleLongUnsigned(0xFFFF)),
    )
    assert (of.device, of.serial, of.at(MOSCOW), of.unread) == ("KLV0000000041906", "41906", AT, 0)
    assert of.is_understood
    assert listed(("0.0.96.1.0.255", None)).unread == 1
    assert listed(("0.0.1.0.0.255", None)).unread == 1
    assert listed(("1.0.1.8.0.255", DoubleLongUnsigned(5))).unread == 1


def test_without_a_list_shapes_tell_a_device_a_stamp_and_a_journal() -> None:
    journal = Structure((name("0.0.99.98.2.255"), LongUnsigned(9)))
    of = said(OctetString(b"RIM0000041906467\0"), STAMP, journal)
    assert (of.device, of.at(MOSCOW), codes(of), of.unread) == (
        "RIM0000041906467",
        AT,
        [(Journal.SWITCHING, 9)],
        0,
    )


@pytest.mark.parametrize(
    "value",
    [
        OctetString(b"hello"),
        OctetString(b"\xff" * 12),
        DoubleLongUnsigned(7),
        Structure((name("1.0.99.1.0.255"), LongUnsigned(9))),
        Structure((name("0.0.99.98.9.255"), LongUnsigned(9))),
        Structure((name("0.0.99.98.2.255"), None)),
        Structure((OctetString(b"short"), LongUnsigned(9))),
        Structure((LongUnsigned(1), LongUnsigned(9))),
        None,
    ],
)
def test_what_nobody_knows_is_left_and_said_so(value: DlmsValue) -> None:
    of = said(value, None)
    assert (of.is_understood, of.flags, codes(of)) == (False, None, [])
    assert of.unread == 2


def test_an_empty_push_says_nothing_and_a_list_of_another_length_is_none() -> None:
    assert said().is_understood
    carried = Array([CaptureObject(1, Obis.parse("0.0.97.98.0.255"), 2).encode()])
    assert said(carried, DoubleLongUnsigned(1), DoubleLongUnsigned(2)).unread == 3
    assert not read_push(DataNotification(1, b"", VisibleString(b"text"))).is_understood
    assert read_push(DataNotification(1, b"\xff" * 12, Unsigned(1))).stamp is None


def test_a_concentrator_tells_of_a_meter_behind_it() -> None:
    def told(*values: DlmsValue) -> Pushed:
        return listed(("0.0.96.50.0.255", Structure(values)))

    event = (OctetString(b"USP0000000000001"), OctetString(b"RIM41906467"), OctetString(b"m"), STAMP)
    of = told(*event, Unsigned(4), LongUnsigned(1))
    assert (of.device, of.serial) == ("USP0000000000001", "RIM41906467")
    assert of.codes(MOSCOW) == (ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=1, at=AT),)
    assert told(None, *event[1:], Unsigned(4), LongUnsigned(1)).device == ""
    assert told(*event, Unsigned(99), LongUnsigned(1)).unread == 1
    assert told(*event, Unsigned(4), None).unread == 1
    assert told(*event[:1], None, *event[2:], Unsigned(4), LongUnsigned(1)).unread == 1
    assert told(*event).unread == 1


@given(st.data())
def test_a_damaged_push_raises_nothing_but_errors_of_the_protocol(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(PUSH) - 1))
    damaged = PUSH[:at] + bytes((data.draw(st.integers(0, 255)),)) + PUSH[at + 1 :]
    try:
        of = read_push(pushed(damaged))
    except RemoteProtocolError:
        return
    assert of.unread <= 7

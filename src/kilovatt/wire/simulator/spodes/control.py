"""What can be set in a simulated СПОДЭС meter: clock (8), relay (70), limiter (71), tariff calendar (20), push (40)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    Integer,
    Long,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.journals import Journal
from kilovatt.wire.simulator.spodes.objects import CONFIGURATOR, PUBLIC, READER, CannotBeSetError, CosemObject
from kilovatt.wire.simulator.spodes.profiles import CLOCK, CLOCK_CLASS_ID
from kilovatt.wire.simulator.spodes.stamps import instant_of
from kilovatt.wire.simulator.spodes.works import Works

RELAY, LIMITER, CALENDAR, PUSH, DATA = 70, 71, 20, 40, 1
SHIFT_MAX = timedelta(seconds=900)
_STAMP_BYTES = 12
_OFF, _ON, _READY = 0, 1, 2
_MODE_REMOTE_AND_BY_HAND = 4
_POWER_OF_IMPORT = "1.0.1.7.0.255"
_ANY_YEAR = bytes.fromhex("ffffffffffffffffff8000ff")
_FLAGS = {
    EventKind.POWER_OFF: 1,
    EventKind.MAGNETIC_FIELD: 3,
    EventKind.TERMINAL_COVER_OPENED: 4,
    EventKind.CASE_OPENED: 5,
    EventKind.REPROGRAMMED: 13,
}
"""Bits of the flags that a push carries."""


@dataclass(slots=True)
class Settings:
    """What commands have set."""

    relay_state: int = _ON
    threshold_w: int = 15_000
    passive_days: DlmsValue = field(default_factory=lambda: Array(()))
    flags: int = 0


def control_objects(works: Works, settings: Settings, *, relay_obis: Obis) -> Iterator[CosemObject]:
    """Return the objects that take commands."""
    yield _clock(works)
    if works.plan.model.relay:
        yield _relay(works, settings, relay_obis)
        yield _limiter(works, settings)
    yield _calendar(works, settings)
    yield from _push(works, settings)


def _clock(works: Works) -> CosemObject:
    def set_time(value: DlmsValue, now: datetime) -> None:
        if not isinstance(value, bytes) or len(value) != _STAMP_BYTES:
            raise CannotBeSetError
        try:
            shown_at = instant_of(bytes(value), works.plan.zone)
        except ValueError as error:
            raise CannotBeSetError from error
        works.clockwork.step_to(shown_at, now)
        works.forget()
        works.journals.note(Journal.PROGRAMMING, journals.CLOCK_SET, now)

    def shift(value: DlmsValue, now: datetime) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or abs(timedelta(seconds=value)) > SHIFT_MAX:
            raise CannotBeSetError
        works.clockwork.step_to(works.clockwork.shown_at(now) + timedelta(seconds=value), now)
        works.forget()
        works.journals.note(Journal.PROGRAMMING, journals.CLOCK_CORRECTED, now)

    offset = works.plan.zone.utcoffset(datetime(2026, 1, 1)) or timedelta(0)  # noqa: DTZ001  # the zone is its own
    minutes = int(offset.total_seconds()) // 60
    return CosemObject(
        class_id=CLOCK_CLASS_ID,
        obis=CLOCK,
        attributes={
            2: works.stamp,
            3: lambda _: Long(minutes if works.stamps_ahead_of_utc else -minutes),
            4: lambda _: Unsigned(0),
            9: lambda _: Enumerate(1),
        },
        writes={2: set_time},
        methods={6: shift},
        readers=frozenset({PUBLIC, READER, CONFIGURATOR}),
        # A reader may shift the clock too (ГОСТ Р 58940-2020, the rights of client 32).
        actors=frozenset({READER, CONFIGURATOR}),
    )


def _relay(works: Works, settings: Settings, name: Obis) -> CosemObject:
    def disconnect(_: DlmsValue, now: datetime) -> None:
        settings.relay_state = _OFF
        works.switched.open_relay(now)
        works.forget()
        works.journals.note(Journal.SWITCHING, journals.REMOTE_OFF, now)

    def reconnect(_: DlmsValue, now: datetime) -> None:
        settings.relay_state = _ON
        works.switched.close_relay(now)
        works.forget()
        works.journals.note(Journal.SWITCHING, journals.REMOTE_ON, now)

    return CosemObject(
        class_id=RELAY,
        obis=name,
        attributes={
            2: lambda _: settings.relay_state == _ON,
            3: lambda _: Enumerate(settings.relay_state),
            4: lambda _: Enumerate(_MODE_REMOTE_AND_BY_HAND),
        },
        methods={1: disconnect, 2: reconnect},
    )


def _limiter(works: Works, settings: Settings) -> CosemObject:
    def set_threshold(value: DlmsValue, now: datetime) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise CannotBeSetError
        settings.threshold_w = int(value)
        works.journals.note(Journal.PROGRAMMING, journals.POWER_LIMIT_SET, now)

    watched = Structure((LongUnsigned(3), OctetString(bytes(Obis.parse(_POWER_OF_IMPORT))), Integer(2)))
    return CosemObject(
        class_id=LIMITER,
        obis=Obis.parse("0.0.17.0.0.255"),
        attributes={
            2: lambda _: watched,
            3: lambda _: DoubleLongUnsigned(settings.threshold_w),
            4: lambda _: DoubleLongUnsigned(settings.threshold_w),
            6: lambda _: DoubleLongUnsigned(60),
            7: lambda _: DoubleLongUnsigned(60),
        },
        writes={4: set_threshold},
    )


def _calendar(works: Works, settings: Settings) -> CosemObject:
    script = OctetString(bytes(Obis.parse("0.0.10.0.100.255")))

    def day(now: datetime) -> Structure:
        marks = works.plan.energy.tariff_table(now)
        switches = (
            Structure((OctetString(bytes((minute // 60, minute % 60, 0, 0))), script, LongUnsigned(tariff)))
            for minute, tariff in marks
        )
        return Structure((Unsigned(1), Array(switches)))

    def set_passive_days(value: DlmsValue, now: datetime) -> None:
        settings.passive_days = value
        works.journals.note(Journal.PROGRAMMING, 7, now)

    name, week = OctetString(b"1"), OctetString(b"1")
    return CosemObject(
        class_id=CALENDAR,
        obis=Obis.parse("0.0.13.0.0.255"),
        attributes={
            2: lambda _: name,
            3: lambda _: Array((Structure((name, OctetString(_ANY_YEAR), week)),)),
            4: lambda _: Array((Structure((week, *(Unsigned(1),) * 7)),)),
            5: lambda now: Array((day(now),)),
            9: lambda _: settings.passive_days,
        },
        writes={9: set_passive_days},
    )


def _push(works: Works, settings: Settings) -> Iterator[CosemObject]:
    flags, mask = Obis.parse("0.0.97.98.0.255"), Obis.parse("0.0.97.98.10.255")

    def raised(now: datetime) -> int:
        happened = (event for event in works.plan.past_events if event.began_at <= now and event.kind in _FLAGS)
        bits = settings.flags
        for event in happened:
            bits |= 1 << _FLAGS[event.kind]
        return bits

    yield CosemObject(class_id=DATA, obis=flags, attributes={2: lambda now: DoubleLongUnsigned(raised(now))})
    yield CosemObject(class_id=DATA, obis=mask, attributes={2: lambda _: DoubleLongUnsigned(0xFFFF)})
    pushed = Structure((LongUnsigned(DATA), OctetString(bytes(flags)), Integer(2), LongUnsigned(0)))
    yield CosemObject(
        class_id=PUSH,
        obis=Obis.parse("0.0.25.9.0.255"),
        attributes={
            2: lambda _: Array((pushed,)),
            3: lambda _: Structure((Enumerate(0), OctetString(b""), Enumerate(0))),
            4: lambda _: Array(()),
            5: lambda _: LongUnsigned(0),
            6: lambda _: Unsigned(3),
            7: lambda _: LongUnsigned(60),
        },
    )

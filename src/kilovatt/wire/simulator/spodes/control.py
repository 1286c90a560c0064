"""What can be set in a simulated СПОДЭС meter: clock (8), relay (70), limiter (71), tariff calendar (20), push (40)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject, PushedObject
from kilovatt.wire.protocols.dlms.objects.clock import SHIFT_S_MAX, ClockBase, ClockMethod
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    Long,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.protocols.dlms.values.stamps import decode_stamp
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.calendar import Calendar
from kilovatt.wire.simulator.spodes.journals import Journal
from kilovatt.wire.simulator.spodes.limiter import Limiter
from kilovatt.wire.simulator.spodes.objects import CONFIGURATOR, PUBLIC, READER, CannotBeSetError, CosemObject
from kilovatt.wire.simulator.spodes.profiles import CLOCK, CLOCK_CLASS_ID
from kilovatt.wire.simulator.spodes.relay import Relay
from kilovatt.wire.simulator.spodes.works import Works

PUSH, DATA = 40, 1
_FLAGS = {
    EventKind.POWER_OFF: 1,
    EventKind.MAGNETIC_FIELD: 3,
    EventKind.TERMINAL_COVER_OPENED: 4,
    EventKind.CASE_OPENED: 5,
    EventKind.REPROGRAMMED: 13,
}
"""Bits of the flags that a push carries."""


@dataclass(frozen=True, slots=True)
class Control:
    """What commands work on."""

    relay: Relay
    limiter: Limiter
    calendar: Calendar

    @classmethod
    def of(cls, works: Works) -> "Control":
        """Return the parts of a meter as it leaves the factory."""
        relay = Relay(works)
        return cls(relay, Limiter(works, relay), Calendar(works))

    def catch_up(self, now: datetime) -> None:
        """Do what the meter has done by itself since it was asked last."""
        self.calendar.catch_up(now)
        self.limiter.catch_up(now)


def control_objects(works: Works, control: Control, dialect: SpodesDialect) -> Iterator[CosemObject]:
    """Return the objects that take commands, and those of pushes."""
    yield _clock(works)
    if works.plan.model.relay:
        yield control.relay.as_object(Obis.parse(dialect.relay_obis))
        yield control.limiter.as_object(Obis.parse(dialect.limiter_obis))
    yield control.calendar.as_object()
    yield from _push(works)


def _clock(works: Works) -> CosemObject:
    def set_time(value: DlmsValue, now: datetime) -> None:
        try:
            shown_at = decode_stamp(bytes(value) if isinstance(value, bytes) else b"").instant(works.plan.zone)
        except MalformedError as error:
            raise CannotBeSetError from error
        works.clockwork.step_to(shown_at, now)
        works.forget()
        works.journals.note(Journal.PROGRAMMING, journals.CLOCK_SET, now)

    def shift(value: DlmsValue, now: datetime) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > SHIFT_S_MAX:
            raise CannotBeSetError
        works.clockwork.step_to(works.clockwork.shown_at(now) + timedelta(seconds=int(value)), now)
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
            9: lambda _: Enumerate(ClockBase.CRYSTAL),
        },
        writes={2: set_time},
        methods={ClockMethod.SHIFT_TIME: shift},
        readers=frozenset({PUBLIC, READER, CONFIGURATOR}),
        # A reader may shift the clock too (ГОСТ Р 58940-2020, the rights of client 32).
        actors=frozenset({READER, CONFIGURATOR}),
    )


def _push(works: Works) -> Iterator[CosemObject]:
    flags, mask = Obis.parse("0.0.97.98.0.255"), Obis.parse("0.0.97.98.10.255")

    def raised(now: datetime) -> int:
        happened = (event for event in works.plan.past_events if event.began_at <= now and event.kind in _FLAGS)
        bits = 0
        for event in happened:
            bits |= 1 << _FLAGS[event.kind]
        return bits

    yield CosemObject(class_id=DATA, obis=flags, attributes={2: lambda now: DoubleLongUnsigned(raised(now))})
    yield CosemObject(class_id=DATA, obis=mask, attributes={2: lambda _: DoubleLongUnsigned(0xFFFF)})
    pushed = PushedObject(CaptureObject(DATA, flags, 2)).encode()
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

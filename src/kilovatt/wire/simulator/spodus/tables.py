"""What a simulated concentrator knows of itself and its meters, as objects (СТО 34.01-5.1-013-2023, 8.5.10, 10).

Written by itself, as a public program has the columns: the driver's reading of them is judged by it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue.spodus import SpodusDialect
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DateTimeBytes,
    DlmsValue,
    Long,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.simulator.meter import SimulatedMeter
from kilovatt.wire.simulator.spodes.journals import Journal, Journals
from kilovatt.wire.simulator.spodes.stamps import stamp_of
from kilovatt.wire.simulator.spodus.management import CLOCK, DATA, SAP_ASSIGNMENT, Held, Table, TableRow

MANAGEMENT = 1
"""The logical device of its own."""
TIME_DELTA_S = 5
_CHANNEL = 1
_INTERFACE = b"PLC_1"
_MODEL, _FIRMWARE, _VERSION, _HARDWARE = b"KLV-USPD", b"2.0.1", b"01.00", b"1.0"
_YEAR = 2024
_CLOCK_NAME = Obis.parse("0.0.1.0.0.255")
_METER_NAME = Obis.parse("0.0.94.7.128.10")
_DONE, _NO_RESPONSE = 0, 6
_TASK = 1
_ROUND_AT = time(0, 10)
"""When it asks its meters each night, by local time."""
_EACH = timedelta(seconds=15)
_TRIES = 3
_OWN = (Journal.PROGRAMMING, Journal.ACCESS, Journal.SELF_DIAGNOSTICS)
_CONFIRMED = 2
_ROWS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Behind:
    """A meter behind a concentrator: the address of its direct channel, and whether it is reached.

    One that is not was heard last so many days ago; None: never.
    """

    address: int
    meter: SimulatedMeter
    is_reached: bool = True
    lost_days: int | None = 3

    @property
    def name(self) -> bytes:
        """The maker's letters and the serial number, as the list of meters has it."""
        plan = self.meter.plan
        flag = getattr(plan.model.dialect, "flag", "")
        return f"{flag}{plan.serial:08d}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the tables are made from."""

    serial: int
    zone: ZoneInfo
    dialect: SpodusDialect
    behind: Sequence[Behind]
    journals: Journals
    ahead: timedelta

    def stamp(self, at: datetime | None) -> DlmsValue:
        """Return what a clock in the zone shows at an instant; none for what has never been."""
        if at is None:
            return None
        octets = self.octets(at)
        return octets if self.dialect.stamps_are_octets else DateTimeBytes(octets)

    def octets(self, at: datetime) -> OctetString:
        """Return a stamp as meters write it."""
        return stamp_of(at, self.zone, ahead_of_utc=self.dialect.stamps_ahead_of_utc)

    def deviation_min(self, at: datetime) -> int:
        """Return the deviation of its zone in the sense of its stamps [min]."""
        minutes = (at.astimezone(self.zone).utcoffset() or timedelta(0)) // timedelta(minutes=1)
        return minutes if self.dialect.stamps_ahead_of_utc else -minutes

    def round_at(self, now: datetime) -> datetime:
        """Return when its latest nightly round began."""
        local = now.astimezone(self.zone)
        began = datetime.combine(local.date(), _ROUND_AT, self.zone).astimezone(UTC)
        return began if began <= now else began - timedelta(days=1)

    def heard_at(self, one: Behind, place: int, now: datetime) -> datetime | None:
        """Return when it last heard a meter."""
        at = self.round_at(now) + place * _EACH
        if one.is_reached:
            return at
        return None if one.lost_days is None else at - timedelta(days=one.lost_days)


def objects(known: Known) -> Iterator[Held]:
    """Return all that is no table: who it is, its clock, its logical devices, the lists of meters and channels."""
    name = OctetString(f"{known.dialect.flag}{known.serial:013d}".encode())
    yield _data("0.0.42.0.0.255", name, is_public=True)
    yield Held(
        class_id=CLOCK,
        obis=_CLOCK_NAME,
        attributes={
            2: lambda now: known.octets(now + known.ahead),
            3: lambda now: Long(known.deviation_min(now)),
            4: lambda _: Unsigned(0),
        },
        is_public=True,
    )
    for number, text in ((0, f"{known.serial:08d}".encode()), (1, _MODEL), (2, _FIRMWARE), (6, _VERSION)):
        yield _data(f"0.0.96.1.{number}.255", OctetString(text))
    yield _data("0.0.96.1.3.255", OctetString(b"Kilovatt"))
    yield _data("0.0.96.1.4.255", LongUnsigned(_YEAR))
    yield _data("0.0.0.2.1.255", OctetString(_HARDWARE))
    yield Held(class_id=SAP_ASSIGNMENT, obis=Obis.parse("0.0.41.0.0.255"), attributes={2: lambda _: _devices(known)})
    yield _data("0.0.94.7.128.255", Array(_listed(one) for one in known.behind))
    yield _data("0.0.94.7.129.255", Array(_direct(one) for one in known.behind))
    yield _data("0.0.94.7.141.255", Unsigned(TIME_DELTA_S))


def tables(known: Known) -> Iterator[Table]:
    """Return its tables and journals."""
    yield _table(
        "0.0.94.7.130.255",
        [Obis.parse(f"0.0.94.7.130.{number}") for number in (1, 2)],
        lambda _: [TableRow((Unsigned(_CHANNEL), OctetString(_INTERFACE)))],
    )
    yield _table(
        "0.0.94.7.134.255",
        [_METER_NAME, *(Obis.parse(f"0.0.94.7.134.{number}") for number in range(1, 12))],
        lambda now: [_status(known, one, place, now) for place, one in enumerate(known.behind)],
    )
    yield _table(
        "0.0.94.7.135.255",
        [
            Obis.parse("0.0.94.7.135.1"),
            _METER_NAME,
            *(Obis.parse(f"0.0.94.7.135.{number}") for number in (2, 3, 4, 5)),
        ],
        lambda now: [_task(known, one, place, now) for place, one in enumerate(known.behind)],
    )
    yield _table(
        "0.0.94.7.140.255",
        [_METER_NAME, *(Obis.parse(f"0.0.94.7.140.{number}") for number in range(2, 8))],
        lambda now: list(_events(known, now)),
    )
    for journal in _OWN:
        group = "96.11" if known.dialect.journals_named_as_codes else "99.98"
        yield Table(
            Obis.parse(f"0.0.{group}.{journal.value}.255"),
            ((CLOCK, _CLOCK_NAME), (DATA, Obis.parse(f"0.0.96.11.{journal.value}.255"))),
            _own(known, journal),
            256,
        )


def _data(name: str, value: DlmsValue, *, is_public: bool = False) -> Held:
    return Held(class_id=DATA, obis=Obis.parse(name), attributes={2: lambda _: value}, is_public=is_public)


def _table(name: str, columns: Sequence[Obis], rows: Callable[[datetime], Sequence[TableRow]]) -> Table:
    return Table(Obis.parse(name), tuple((DATA, column) for column in columns), rows, _ROWS_MAX)


def _devices(known: Known) -> Array:
    own = (MANAGEMENT, f"{known.dialect.flag}{known.serial:013d}".encode())
    meters = [(one.address, one.name) for one in known.behind] if known.dialect.lists_meters_as_devices else []
    return Array(Structure((LongUnsigned(address), OctetString(name))) for address, name in (own, *meters))


def _listed(one: Behind) -> Structure:
    plan = one.meter.plan
    channel = Structure((Unsigned(_CHANNEL), OctetString(plan.serial.to_bytes(4, "big"))))
    return Structure((OctetString(one.name), OctetString(plan.model.title.encode()), Array((channel,))))


def _direct(one: Behind) -> Structure:
    return Structure((LongUnsigned(one.address), OctetString(one.name), Unsigned(_CHANNEL)))


def _status(known: Known, one: Behind, place: int, now: datetime) -> TableRow:
    heard_at = known.heard_at(one, place, now)
    heard, tried = known.stamp(heard_at), known.stamp(known.round_at(now) + place * _EACH)
    plan = one.meter.plan
    clock = None if heard_at is None else known.stamp(heard_at + plan.clock_ahead)
    relay = (Unsigned(int(plan.model.relay)), Unsigned(0), Unsigned(0))
    period = LongUnsigned(plan.model.profile_step_s // 60)
    return TableRow((OctetString(one.name), heard, tried, *relay, clock, heard, heard, heard, heard, period))


def _task(known: Known, one: Behind, place: int, now: datetime) -> TableRow:
    started_at = known.round_at(now) + place * _EACH
    status, tries = (_DONE, 1) if one.is_reached else (_NO_RESPONSE, _TRIES)
    ended = known.stamp(started_at + tries * timedelta(seconds=4))
    name = OctetString(one.name)
    return TableRow((LongUnsigned(_TASK), name, known.stamp(started_at), Unsigned(status), ended, Unsigned(tries)))


def _events(known: Known, now: datetime) -> Iterator[TableRow]:
    happened = [
        (entry.at, journal, entry.code, one)
        for one in known.behind
        for journal in (Journal.EXTERNAL_INFLUENCE, Journal.SWITCHING)
        for entry in Journals(one.meter.plan.past_events).entries(journal, now)
    ]
    for at, journal, code, one in sorted(happened, key=lambda event: event[0]):
        model = OctetString(one.meter.plan.model.title.encode())
        told, shown = known.stamp(at + _EACH), known.stamp(at + one.meter.plan.clock_ahead)
        where = (Unsigned(journal.value), LongUnsigned(code), Unsigned(_CONFIRMED))
        yield TableRow((OctetString(one.name), model, told, shown, *where))


def _own(known: Known, journal: Journal) -> Callable[[datetime], Sequence[TableRow]]:
    return lambda now: [
        TableRow((known.octets(entry.at), LongUnsigned(entry.code)), entry.at)
        for entry in known.journals.entries(journal, now)
    ]

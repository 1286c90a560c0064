"""The tariff calendar of a simulated СПОДЭС meter (class 20): a table in use, and one in waiting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.limiter import ScriptChoice
from kilovatt.wire.protocols.dlms.objects.tariffs import (
    TARIFF_SCRIPTS,
    Day,
    Season,
    Switch,
    Week,
    decode_days,
    decode_seasons,
    decode_weeks,
    encode_table,
)
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, OctetString
from kilovatt.wire.protocols.dlms.values.patterns import DateTimePattern, TimePattern
from kilovatt.wire.protocols.dlms.values.stamps import decode_stamp
from kilovatt.wire.simulator.energy import TARIFFS, Marks
from kilovatt.wire.simulator.spodes import journals
from kilovatt.wire.simulator.spodes.journals import Journal
from kilovatt.wire.simulator.spodes.objects import CannotBeSetError, CosemObject, Writes
from kilovatt.wire.simulator.spodes.works import Works

GivenT = TypeVar("GivenT")
ReadT = TypeVar("ReadT")
CLASS_ID = 20
CALENDAR = Obis.parse("0.0.13.0.0.255")
_NEVER = DateTimePattern().encode()


@dataclass(frozen=True, slots=True)
class Table:
    """Seasons, weeks and days under a name."""

    name: bytes = b""
    seasons: tuple[Season, ...] = ()
    weeks: tuple[Week, ...] = ()
    days: tuple[Day, ...] = ()

    @classmethod
    def of_every_day(cls, marks: Marks) -> "Table":
        """Return a table in which each day is the same."""
        switches = (
            Switch(TimePattern(minute // 60, minute % 60, 0, 0), ScriptChoice(TARIFF_SCRIPTS, tariff))
            for minute, tariff in marks
        )
        season = Season(b"1", DateTimePattern(), b"1")
        return cls(b"1", (season,), (Week(b"1", (1,) * 7),), (Day(1, tuple(switches)),))

    def marks_on(self, day_on: date) -> Marks:
        """Return a day's switching marks. Raises LookupError, TypeError for a table that does not say them."""
        starts = sorted((one.start.date.month or 1, one.start.date.day or 1, one.week) for one in self.seasons)
        begun = [week for month, day, week in starts if (month, day) <= (day_on.month, day_on.day)]
        # Before its first season a year goes on in the last one.
        name = begun[-1] if begun else starts[-1][2]
        week = next(one for one in self.weeks if one.name == name)
        day = next(one for one in self.days if one.number == week.days[day_on.weekday()])
        marks = sorted((_minute(one.start), one.run.script) for one in day.switches)
        return tuple(marks) if marks[0][0] == 0 else ((0, marks[-1][1]), *marks)

    @property
    def is_whole(self) -> bool:
        """Whether it says for each day of a year which of this meter's tariffs counts."""
        try:
            return all(
                tariff in TARIFFS
                for month in range(1, 13)
                for weekday in range(7)
                for _, tariff in self.marks_on(date(2024, month, 1 + weekday))
            )
        except (LookupError, TypeError, StopIteration):
            return False

    def attributes(self) -> tuple[DlmsValue, DlmsValue, DlmsValue, DlmsValue]:
        """Return attributes 2 to 5, or 6 to 9."""
        tables = (encode_table(rows) for rows in (self.seasons, self.weeks, self.days))
        seasons, weeks, days = tables
        return OctetString(self.name), seasons, weeks, days


class Calendar:
    """The calendar of one meter. The meter's own table counts until another is activated."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self.passive = Table()
        self.activation = _NEVER
        self._active: Table | None = None

    def active(self, now: datetime) -> Table:
        """Return the table that counts."""
        return self._active or Table.of_every_day(self._works.plan.energy.tariff_table(now))

    def catch_up(self, now: datetime) -> None:
        """Activate the table in waiting if its time has come by the meter's clock."""
        if self.activation == _NEVER:
            return
        shown_at = decode_stamp(self.activation).instant(self._works.plan.zone)
        due_at = self._works.clockwork.true_instant(shown_at)
        if due_at <= now:
            self.activation = _NEVER
            if self.passive.is_whole:
                self._activate(due_at)

    def as_object(self) -> CosemObject:
        """Return the object that shows it."""
        return CosemObject(
            class_id=CLASS_ID,
            obis=CALENDAR,
            attributes={
                **{2 + place: self._shown(place, self.active) for place in range(4)},
                **{6 + place: self._shown(place, lambda _: self.passive) for place in range(4)},
                10: lambda _: OctetString(self.activation),
            },
            writes=dict(self._writes()),
            methods={1: self._activate_now},
        )

    def _shown(self, place: int, table: Callable[[datetime], Table]) -> Callable[[datetime], DlmsValue]:
        return lambda now: table(now).attributes()[place]

    def _writes(self) -> Iterator[tuple[int, Writes]]:
        def set_name(value: DlmsValue, _now: datetime) -> None:
            self.passive = replace(self.passive, name=_octets(value))

        def set_seasons(value: DlmsValue, now: datetime) -> None:
            self.passive = replace(self.passive, seasons=_read(decode_seasons, value))
            self._note(journals.SEASONS_SET, now)

        def set_weeks(value: DlmsValue, now: datetime) -> None:
            self.passive = replace(self.passive, weeks=_read(decode_weeks, value))
            self._note(journals.WEEKS_SET, now)

        def set_days(value: DlmsValue, now: datetime) -> None:
            self.passive = replace(self.passive, days=_read(decode_days, value))
            self._note(journals.DAYS_SET, now)

        def set_activation(value: DlmsValue, now: datetime) -> None:
            stamp = _octets(value)
            if stamp != _NEVER:
                _read(decode_stamp, stamp)
            self.activation = stamp
            self._note(journals.ACTIVATION_SET, now)

        yield from ((6, set_name), (7, set_seasons), (8, set_weeks), (9, set_days), (10, set_activation))

    def _activate_now(self, _: DlmsValue, now: datetime) -> None:
        if not self.passive.is_whole:
            raise CannotBeSetError
        self._activate(now)

    def _activate(self, at: datetime) -> None:
        self._active = self.passive
        self._works.tariffed.count_by(self.passive.marks_on, at)
        self._works.forget()
        self._note(journals.TABLE_ACTIVATED, at)

    def _note(self, code: int, at: datetime) -> None:
        self._works.journals.note(Journal.PROGRAMMING, code, at)


def _minute(start: TimePattern) -> int:
    if start.hour is None or start.minute is None:
        raise LookupError("a switching time without an hour or a minute")
    return start.hour * 60 + start.minute


def _octets(value: DlmsValue) -> bytes:
    if not isinstance(value, bytes):
        raise CannotBeSetError
    return bytes(value)


def _read(decode: Callable[[GivenT], ReadT], value: GivenT) -> ReadT:
    try:
        return decode(value)
    except MalformedError as error:
        raise CannotBeSetError from error

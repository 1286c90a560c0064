"""What a meter counts whose tariff table was changed: from then on, tariffs share what flows by the new one."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.simulator.energy import Marks
from kilovatt.wire.simulator.meter import EnergySource

MarksOn: TypeAlias = Callable[[date], Marks]
_REMEMBERED_MAX = 4096
_HOUR = 60


class TariffedEnergy:
    """An energy source behind a calendar. Days and minutes are those of the zone, not of a clock that is wrong."""

    def __init__(self, energy: EnergySource, zone: ZoneInfo) -> None:
        self._energy = energy
        self._zone = zone
        self._changes: list[tuple[datetime, MarksOn]] = []
        self._days: dict[tuple[int, Quantity, date], dict[int, int]] = {}

    def count_by(self, marks_on: MarksOn, at: datetime) -> None:
        """Count by other marks from an instant on; one before an earlier change counts from that one on."""
        self._changes.append((max([at, *(begun_at for begun_at, _ in self._changes)]), marks_on))

    @property
    def begins_at(self) -> datetime:
        """Where the curve begins."""
        return self._energy.begins_at

    def register_uwh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        """Return the register of a tariff (0 = total) at an instant [µWh or µvarh]."""
        if tariff == TOTAL_TARIFF or not self._changes or at <= self._changes[0][0]:
            return self._energy.register_uwh(quantity, tariff, at)
        register_uwh = self._energy.register_uwh(quantity, tariff, self._changes[0][0])
        ends = [begun_at for begun_at, _ in self._changes[1:]] + [at]
        for number, ended_at in enumerate(ends):
            register_uwh += self._counted(number, quantity, tariff, min(ended_at, at))
        return register_uwh

    def flowed_uwh(self, quantity: Quantity, since: datetime, until: datetime) -> int:
        """Return what flowed in a period [µWh or µvarh]."""
        return self._energy.flowed_uwh(quantity, since, until)

    def power_w(self, quantity: Quantity, at: datetime) -> int:
        """Return the power around an instant [W or var]."""
        return self._energy.power_w(quantity, at)

    def tariff_at(self, at: datetime) -> int:
        """Return which tariff counts at an instant."""
        local = at.astimezone(self._zone)
        return [tariff for mark, tariff in self.tariff_table(at) if mark <= local.hour * _HOUR + local.minute][-1]

    def tariff_table(self, at: datetime) -> Marks:
        """Return the day's switching marks."""
        changed = [marks_on for begun_at, marks_on in self._changes if begun_at <= at]
        return changed[-1](at.astimezone(self._zone).date()) if changed else self._energy.tariff_table(at)

    def _counted(self, number: int, quantity: Quantity, tariff: int, until: datetime) -> int:
        """Return what a tariff has counted by the marks of a change, from the change to an instant."""
        since, _ = self._changes[number]
        counted_uwh, day_on = 0, since.astimezone(self._zone).date()
        while (began_at := self._midnight(day_on)) < until:
            ended_at = self._midnight(day_on + timedelta(days=1))
            if since <= began_at and ended_at <= until:
                counted_uwh += self._whole_day(number, quantity, day_on).get(tariff, 0)
            else:
                spans = self._spans(number, day_on, max(began_at, since), min(ended_at, until))
                counted_uwh += sum(
                    self._energy.flowed_uwh(quantity, begun, ended) for begun, ended, which in spans if which == tariff
                )
            day_on += timedelta(days=1)
        return counted_uwh

    def _whole_day(self, number: int, quantity: Quantity, day_on: date) -> dict[int, int]:
        found = self._days.get((number, quantity, day_on))
        if found is None:
            if len(self._days) > _REMEMBERED_MAX:
                self._days.clear()
            found = self._days[number, quantity, day_on] = {}
            since, until = self._midnight(day_on), self._midnight(day_on + timedelta(days=1))
            for begun, ended, tariff in self._spans(number, day_on, since, until):
                found[tariff] = found.get(tariff, 0) + self._energy.flowed_uwh(quantity, begun, ended)
        return found

    def _spans(
        self, number: int, day_on: date, since: datetime, until: datetime
    ) -> Iterator[tuple[datetime, datetime, int]]:
        marks = self._changes[number][1](day_on)
        starts = [self._at_minute(day_on, minute) for minute, _ in marks]
        ends = self._midnight(day_on + timedelta(days=1))
        for (begun, ended), (_, tariff) in zip(pairwise([*starts, ends]), marks, strict=True):
            if max(begun, since) < min(ended, until):
                yield max(begun, since), min(ended, until), tariff

    def _midnight(self, day_on: date) -> datetime:
        return self._at_minute(day_on, 0)

    def _at_minute(self, day_on: date, minute: int) -> datetime:
        return datetime.combine(day_on, time(minute // _HOUR, minute % _HOUR), self._zone).astimezone(UTC)

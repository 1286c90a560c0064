"""The load profile of a simulated meter: a ring of hours, from which those wholly without supply are missing.

Counts are differences of floors of the running sum, so that no part of a count is lost between intervals.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.nzif.profile import (
    COUNT_MAX,
    LINE_SIZE,
    HourHeader,
    IntervalCounts,
    Pointer,
    counts_line,
    header_line,
    lines_of_hour,
)
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import PastEvent
from kilovatt.wire.simulator.nzif.clockwork import is_winter
from kilovatt.wire.simulator.nzif.counting import Counting

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_ERASED = b"\xff" * LINE_SIZE
_CACHED_MAX = 500
"""Hours are asked again when an answer was lost, seldom else; a town has hundreds of rings."""


class ProfileRing:
    """Hours by their number: whole hours since 2000, as the meter's clock shows them."""

    def __init__(
        self,
        counting: Counting,
        clockwork: Clockwork,
        *,
        begins_at: datetime,
        period_minutes: int,
        lines: int,
        outages: Sequence[PastEvent] = (),
    ) -> None:
        self._counting = counting
        self._clockwork = clockwork
        self.period_minutes = period_minutes
        self._step = timedelta(minutes=period_minutes)
        self._hour_size = LINE_SIZE * lines_of_hour(period_minutes)
        self._places = lines // lines_of_hour(period_minutes)
        self._outages = outages
        self._first = -((_EPOCH - clockwork.shown_at(begins_at)) // _HOUR)
        self._missing = self._hours_without_supply()
        self._whole: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """How many bytes of the memory are used; what is beyond cannot be read."""
        return self._places * self._hour_size

    def read(self, address: int, size: int, now: datetime) -> bytes | None:
        """Return so many bytes from an address on; None beyond the end."""
        if address + size > self.size:
            return None
        first, last = address // self._hour_size, (address + size - 1) // self._hour_size
        hours = b"".join(self._at_place(place, now) for place in range(first, last + 1))
        start = address - first * self._hour_size
        return hours[start : start + size]

    def find(self, day_on: date, hour: int | None, now: datetime) -> int | None:
        """Return the address of an hour, or of the first hour of a day, that the ring still has."""
        shown_at = self._clockwork.shown_at(self._clockwork.true_midnight(day_on))
        midnight = (shown_at - _EPOCH) // _HOUR
        newest = self._newest(now)
        for number in range(midnight, midnight + 25):
            header = self._header(number)
            is_wanted = header.day_on == day_on and hour in (None, header.hour)
            if is_wanted and self._exists(number) and newest - self._places < self._index(number) <= newest:
                return self._index(number) % self._places * self._hour_size
        return None

    def pointer(self, now: datetime) -> Pointer:
        """Return where it is being written: behind the intervals that have ended."""
        newest = self._newest(now)
        shown = self._clockwork.shown_at(now)
        ended = (shown - _EPOCH) % _HOUR // self._step
        address = newest % self._places * self._hour_size + (1 + ended) * LINE_SIZE
        return Pointer(
            is_full=newest >= self._places,
            stamp=self._clockwork.shows(now - (shown - _EPOCH) % self._step),
            address=address,
        )

    def _hours_without_supply(self) -> list[int]:
        missing: set[int] = set()
        for outage in self._outages:
            if outage.ended_at is not None:
                began, ended = (self._clockwork.shown_at(at) - _EPOCH for at in (outage.began_at, outage.ended_at))
                missing.update(range(-(-began // _HOUR), ended // _HOUR))
        return sorted(number for number in missing if number >= self._first)

    def _exists(self, number: int) -> bool:
        place = bisect_left(self._missing, number)
        return number >= self._first and self._missing[place : place + 1] != [number]

    def _index(self, number: int) -> int:
        """Return how many hours were written before an hour."""
        return number - self._first - bisect_left(self._missing, number)

    def _newest(self, now: datetime) -> int:
        current = (self._clockwork.shown_at(now) - _EPOCH) // _HOUR
        return self._index(current + 1) - 1

    def _number(self, index: int) -> int:
        """Return the hour before which so many were written."""
        number = self._first + index
        while (later := self._first + index + bisect_right(self._missing, number)) != number:
            number = later
        return number

    def _at_place(self, place: int, now: datetime) -> bytes:
        newest = self._newest(now)
        index = newest - (newest - place) % self._places
        if index < 0:
            return _ERASED * lines_of_hour(self.period_minutes)
        return self._written(self._number(index), now)

    def _written(self, number: int, now: datetime) -> bytes:
        found = self._whole.get(number)
        if found is not None:
            return found
        header = header_line(self._header(number))
        lines = [self._interval(number, part, now) for part in range(lines_of_hour(self.period_minutes) - 1)]
        written = header + b"".join(lines)
        if self._clockwork.true_instant(_EPOCH + (number + 1) * _HOUR) <= now:
            if len(self._whole) > _CACHED_MAX:
                self._whole.clear()
            self._whole[number] = written
        return written

    def _header(self, number: int) -> HourHeader:
        shown_at = _EPOCH + number * _HOUR
        local = shown_at.astimezone(self._clockwork.zone)
        return HourHeader(local.date(), local.hour, is_winter(self._clockwork, shown_at), self.period_minutes)

    def _interval(self, number: int, part: int, now: datetime) -> bytes:
        began_at = self._clockwork.true_instant(_EPOCH + number * _HOUR + part * self._step)
        ended_at = began_at + self._step
        if ended_at > now:
            return _ERASED
        return counts_line(
            IntervalCounts(
                a_plus=self._grown(Quantity.A_PLUS, began_at, ended_at),
                a_minus=self._grown(Quantity.A_MINUS, began_at, ended_at),
                r_plus=self._grown(Quantity.R_PLUS, began_at, ended_at),
                r_minus=self._grown(Quantity.R_MINUS, began_at, ended_at),
                is_incomplete=self._lacked_supply(began_at, ended_at),
            )
        )

    def _grown(self, quantity: Quantity, began_at: datetime, ended_at: datetime) -> int:
        before = self._counting.count(quantity, TOTAL_TARIFF, began_at) or 0
        after = self._counting.count(quantity, TOTAL_TARIFF, ended_at) or 0
        return min(after - before, COUNT_MAX)

    def _lacked_supply(self, began_at: datetime, ended_at: datetime) -> bool:
        return any(
            outage.began_at < ended_at and (outage.ended_at is None or outage.ended_at > began_at)
            for outage in self._outages
        )

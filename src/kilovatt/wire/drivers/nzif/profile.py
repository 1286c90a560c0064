"""The load profile of НЗиФ: the meter is asked where a day begins, and from there its hours are read in order.

An hour without supply is not there, and behind the newest hour stands the oldest: what a record says of itself
decides which half-hours it fills, and where it stands only how to find it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank, counted, shared
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError
from kilovatt.wire.drivers.nzif.talk import Talk, ask, ask_if_there
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.profile import (
    COUNT_MAX,
    LINE_SIZE,
    FindHour,
    HourHeader,
    IntervalCounts,
    ReadMemory,
    ReadMemoryIndexed,
    ReadSearch,
    SearchState,
    counts_from,
    header_from,
    lines_of_hour,
)

_POLLS_MAX = 200
"""A search takes seconds; an exchange, at 9600 baud, some twentieth of one."""
_ONE_DAY = timedelta(days=1)
_HOURS_OF_A_DAY = 24
_SPARE_HOURS = 48
"""How many more hours are read at most than a window has: hours may be there twice."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """Counts where they belong: the interval that begins at `starts_at`."""

    counts: IntervalCounts
    starts_at: datetime
    exchange: int
    is_doubtful: bool = False


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the intervals of consecutive local days; a day of which the ring has nothing brings nothing."""
    uwh_per_count = yield from talk.uwh_per_count()
    now_at = yield from talk.its_time()
    reader = _Reader(talk, days, now_at)
    yield from reader.walk()
    filled = [
        _meter_day(talk, day_on, slots, uwh_per_count=uwh_per_count, heard_at=reader.heard_at)
        for day_on in days
        if (slots := reader.slots_of(day_on))
    ]
    return Learnt(meter_days=tuple(filled))


@dataclass(frozen=True, slots=True)
class _Block:
    """What one answer brought: hours with their beginnings, where the next one may stand, how many had room."""

    hours: list[tuple[datetime, list[_Slot]]]
    next_address: int
    places: int


class _Reader:
    """What has been read of some days by now."""

    def __init__(self, talk: Talk, days: Sequence[date], now_at: datetime) -> None:
        self._talk = talk
        self._days = days
        self._now_at = now_at
        self._period_minutes = talk.model.profile_step_s // 60
        self._step = timedelta(minutes=self._period_minutes)
        self._hour_size = LINE_SIZE * lines_of_hour(self._period_minutes)
        self._ring_size = talk.dialect.profile_lines // lines_of_hour(self._period_minutes) * self._hour_size
        self._end_at = talk.midnight(days[-1] + _ONE_DAY)
        self._slots: dict[datetime, _Slot] = {}
        self.heard_at: datetime

    def slots_of(self, day_on: date) -> dict[datetime, _Slot]:
        """Return what is known of a day, by when it begins."""
        start_at, end_at = self._talk.midnight(day_on), self._talk.midnight(day_on + _ONE_DAY)
        return {at: slot for at, slot in self._slots.items() if start_at <= at < end_at}

    def walk(self) -> Conversation[None]:
        """Read forwards from where the first of the days is found to where the last one ends."""
        address = yield from self._beginning()
        newest_at: datetime | None = None
        left = len(self._days) * _HOURS_OF_A_DAY + _SPARE_HOURS
        while address is not None and left > 0:
            block = yield from self._block(address)
            for began_at, slots in block.hours:
                if began_at >= self._end_at or (newest_at is not None and began_at < newest_at - _ONE_DAY):
                    # Beyond the window, or beyond the newest hour, where the ring goes on with its oldest.
                    return
                newest_at = began_at if newest_at is None else max(began_at, newest_at)
                self._keep(slots)
            left -= block.places
            address = block.next_address if block.hours else None

    def _beginning(self) -> Conversation[int | None]:
        """Return where to begin: at the first hour of the first day that the ring has something of."""
        for day_on in self._days:
            if self._talk.midnight(day_on) > self._now_at:
                return None
            address = yield from self._search(day_on)
            if address is None:
                continue
            answer = yield from self._fetch(address)
            header = header_from(answer.value[:LINE_SIZE])
            if header is not None and header.day_on == day_on:
                yield from self._look_back(address, header)
                return address
        return None

    def _look_back(self, address: int, header: HourHeader) -> Conversation[None]:
        """Read what the ring has of a day before an hour that was found.

        That the search finds the first hour of a day is not told anywhere. Before the oldest hour of the ring stands
        the newest, and nothing where the ring has not gone round yet: hours of other days are left alone.
        """
        left = header.hour
        back = (address - left * self._hour_size) % self._ring_size
        while left > 0:
            block = yield from self._block(back, hours_max=left)
            for began_at, slots in block.hours:
                if began_at.astimezone(self._talk.meter.zone).date() == header.day_on:
                    self._keep(slots)
            left -= block.places
            back = block.next_address

    def _search(self, day_on: date) -> Conversation[int | None]:
        yield from ask(FindHour(day_on=day_on, hour=None, period_minutes=self._period_minutes))
        for _ in range(_POLLS_MAX):
            answer = yield from ask(ReadSearch())
            state, address = answer.value.state, answer.value.memory_address
            if state is SearchState.FOUND:
                if address % LINE_SIZE or address >= self._ring_size:
                    message = f"the hours of {day_on} were found at {address:04X}h, where no hour can stand"
                    raise MeterRefusedError(Outcome.REFUSED, message)
                return address
            if state is SearchState.NOT_FOUND:
                return None
            if state is not SearchState.SEARCHING:
                message = f"the meter cannot search its profile for {day_on}: {state.name} (state {state.value})"
                raise MeterRefusedError(Outcome.REFUSED, message)
        raise MeterRefusedError(Outcome.REFUSED, f"the meter still searches for {day_on} after {_POLLS_MAX} questions")

    def _fetch(self, address: int, *, hours_max: int = _HOURS_OF_A_DAY) -> Conversation[Answer[bytes]]:
        """Read as many whole hours as one answer brings, up to the end of the ring: beyond it nothing may be read."""
        hours = min(hours_max, self._talk.dialect.read_bytes_max // self._hour_size)
        size = min(hours * self._hour_size, self._ring_size - address)
        answer = None
        if self._talk.echoes_index:
            answer = yield from ask_if_there(ReadMemoryIndexed(self._talk.next_index(), address, size))
        if answer is None:
            # Older meters know only the request whose answers are all alike.
            self._talk.echoes_index = False
            answer = yield from ask(ReadMemory(address, size))
        self.heard_at = answer.heard_at
        return answer

    def _block(self, address: int, *, hours_max: int = _HOURS_OF_A_DAY) -> Conversation[_Block]:
        answer = yield from self._fetch(address, hours_max=hours_max)
        hours: list[tuple[datetime, list[_Slot]]] = []
        place = 0
        while place + self._hour_size <= len(answer.value):
            lines = [answer.value[at : at + LINE_SIZE] for at in range(place, place + self._hour_size, LINE_SIZE)]
            header = header_from(lines[0])
            if header is None or header.period_minutes != self._period_minutes:
                # An hour is known by its header: where it is none, the next line may be one.
                place += LINE_SIZE
                continue
            began_at = self._instant(header)
            hours.append((began_at, list(self._ended_slots(began_at, lines[1:], answer.exchange))))
            place += self._hour_size
        onward = address + place
        if self._ring_size - onward < self._hour_size:
            onward = 0
        return _Block(hours, next_address=onward, places=max(1, place // self._hour_size))

    def _instant(self, header: HourHeader) -> datetime:
        day_on = header.day_on
        time = WallTime(day_on.year, day_on.month, day_on.day, header.hour, 0, 0)
        return time.instant(self._talk.meter.zone, winter=header.is_winter)

    def _ended_slots(self, began_at: datetime, lines: Sequence[bytes], exchange: int) -> Iterator[_Slot]:
        for number, line in enumerate(lines):
            starts_at = began_at + number * self._step
            # The hour that runs has its header already, and behind it whatever was there before.
            if starts_at + self._step <= self._now_at:
                yield _Slot(counts_from(line), starts_at, exchange)

    def _keep(self, slots: Sequence[_Slot]) -> None:
        for slot in slots:
            known = self._slots.get(slot.starts_at)
            if known is None or known.counts == slot.counts:
                self._slots.setdefault(slot.starts_at, slot)
            else:
                # Two stories about one interval, as after the clock was put back: the later stands, and is doubtful.
                self._slots[slot.starts_at] = replace(slot, is_doubtful=True)


def _meter_day(
    talk: Talk, day_on: date, slots: dict[datetime, _Slot], *, uwh_per_count: int, heard_at: datetime
) -> MeterDay:
    starts_at, ends_at = talk.midnight(day_on), talk.midnight(day_on + _ONE_DAY)
    step = timedelta(seconds=talk.model.profile_step_s)
    places = [slots.get(starts_at + place * step) for place in range((ends_at - starts_at) // step)]

    def counts(quantity: Quantity) -> tuple[int, ...] | None:
        if quantity not in talk.model.quantities:
            return None
        return counted(0 if slot is None else getattr(slot.counts, quantity.value) for slot in places)

    return MeterDay(
        day_on=day_on,
        starts_at=starts_at,
        step_s=talk.model.profile_step_s,
        uwh_per_count=uwh_per_count,
        a_plus=counts(Quantity.A_PLUS) or (),
        a_minus=counts(Quantity.A_MINUS),
        r_plus=counts(Quantity.R_PLUS),
        r_minus=counts(Quantity.R_MINUS),
        qualities=shared(tuple(SlotRank.MISSING if slot is None else _quality(slot) for slot in places)),
        exchanges=shared(tuple(NO_EXCHANGE if slot is None else slot.exchange for slot in places)),
        heard_at=heard_at,
    )


def _quality(slot: _Slot) -> int:
    quality: int = SlotRank.ACTUAL
    if slot.counts.is_incomplete or slot.is_doubtful:
        quality |= SlotFlag.INCOMPLETE
    if slot.counts.a_plus == COUNT_MAX:
        quality |= SlotFlag.OVERFLOW
    if slot.is_doubtful:
        quality |= SlotFlag.CLOCK_DOUBTFUL
    return quality

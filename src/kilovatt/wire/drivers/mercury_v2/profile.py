"""The load profile of Mercury V2: a ring read backwards, whose records say themselves when they were.

Where a record stands says only about when it was: after a failure of the supply, records of an earlier round of the
ring stand in between, and after the clock was set, records are missing or there twice. So stamps alone decide which
slot a record fills, and positions only how to find it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError, ask
from kilovatt.wire.drivers.mercury_v2.talk import Talk, ask_if_known
from kilovatt.wire.protocols.mercury_v2.profile import (
    COUNT_MASKED,
    LARGE_RING_SIZE,
    RECORDS_MAX,
    RING_SIZE,
    RING_STEP,
    LatestRecord,
    ProfileRecord,
    ReadLatestRecord,
    ReadRecordAt,
    ReadRecords,
    ReadRecordsFrom,
    RingAddress,
)

UWH_PER_KWH = 1_000_000_000
PERIOD_MINUTES_MAX = 60
_SEEKS_MAX = 4
Records: TypeAlias = tuple[ProfileRecord, ...]
Fetch: TypeAlias = Callable[[int], Conversation[Answer[Records] | None]]
"""Reads up to 17 records, the last of them `offset` back from the newest of the ring, the oldest first; None beyond
the ring."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A record where it belongs: the interval that ends at `ends_at`."""

    record: ProfileRecord
    ends_at: datetime
    exchange: int
    is_doubtful: bool = False

    @property
    def step(self) -> timedelta:
        return timedelta(minutes=self.record.period_minutes)


@dataclass(frozen=True, slots=True)
class _Window:
    """The instants between which intervals are wanted."""

    start_at: datetime
    end_at: datetime


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the intervals of consecutive local days; a day of which the ring has nothing brings nothing."""
    variant = yield from talk.variant()
    constant = (variant.impulses_per_kwh if variant is not None else None) or talk.model.impulses_per_kwh
    if constant is None or (variant is not None and not variant.has_profile):
        return Learnt()
    window = _Window(talk.midnight(days[0]), talk.midnight(days[-1] + timedelta(days=1)))
    reader = _Reader(talk, window)
    yield from reader.walk((yield from _way_of_reading(talk)))
    filled = [
        _meter_day(talk, day_on, slots, uwh_per_count=UWH_PER_KWH // (2 * constant), heard_at=reader.heard_at)
        for day_on in days
        if (slots := reader.slots_of(talk.midnight(day_on), talk.midnight(day_on + timedelta(days=1))))
    ]
    return Learnt(meter_days=tuple(filled))


def _way_of_reading(talk: Talk) -> Conversation[Fetch]:
    if talk.way_of_reading is None:
        talk.way_of_reading = yield from _found_way_of_reading(talk)
    return talk.way_of_reading


def _found_way_of_reading(talk: Talk) -> Conversation[Fetch]:
    # One record is enough to hear whether it reads by offset at all; older firmware would be silent.
    if (yield from talk.is_newer()) and (yield from ask_if_known(ReadRecords(offset=0, count=1))) is not None:
        return _fetch_by_offset
    latest = yield from ask(ReadLatestRecord())
    address = yield from _address_of(latest.value)
    variant = yield from talk.variant()
    is_large = variant is not None and variant.has_large_memory
    return _fetch_by_address(address, LARGE_RING_SIZE if is_large else RING_SIZE)


def _fetch_by_offset(offset: int) -> Conversation[Answer[Records] | None]:
    answer = yield from ask_if_known(ReadRecords(offset=offset, count=RECORDS_MAX))
    return answer


def _fetch_by_address(latest: int, ring_size: int) -> Fetch:
    def fetch(offset: int) -> Conversation[Answer[Records] | None]:
        newest = (latest - offset * RING_STEP) % ring_size
        # Whether a reading of many goes on at the beginning of the ring is not established: there it is cut in two.
        count = min(RECORDS_MAX, newest // RING_STEP + 1)
        answer = yield from ask(ReadRecordsFrom(RingAddress(newest - (count - 1) * RING_STEP)))
        return Answer(answer.value[:count], answer.exchange, answer.heard_at)

    return fetch


def _address_of(latest: LatestRecord) -> Conversation[int]:
    """Return where the newest record stands: of what its address may mean, where a record with its stamp is."""
    for address in latest.possible_addresses:
        answer = yield from ask(ReadRecordAt(RingAddress(address)))
        if answer.value.stamp == latest.stamp:
            return address
    message = f"the newest record of the profile is not at any of {latest.possible_addresses}"
    raise MeterRefusedError(Outcome.REFUSED, message)


class _Reader:
    """What has been read of a window by now."""

    def __init__(self, talk: Talk, window: _Window) -> None:
        self._talk = talk
        self._window = window
        self._slots: dict[datetime, _Slot] = {}
        self.heard_at: datetime

    def slots_of(self, start_at: datetime, end_at: datetime) -> list[_Slot]:
        """Return what lies between two instants, the newest first."""
        inside = [slot for slot in self._slots.values() if start_at < slot.ends_at <= end_at]
        return sorted(inside, key=lambda slot: slot.ends_at, reverse=True)

    def walk(self, fetch: Fetch) -> Conversation[None]:
        """Read backwards from the end of the window to its beginning."""
        mark = yield from self._seek(fetch)
        while mark is not None and mark.expected_at(mark.next_offset) > self._window.start_at:
            block = yield from self._block(fetch, mark.next_offset)
            if not block:
                return
            inside = [it for it in block if self._window.start_at < it.ends_at <= mark.ends_at]
            # A block of another round of the ring alone says nothing of where we are: the old mark stands.
            newest = max(inside, key=lambda it: it.ends_at, default=mark)
            mark = replace(newest, next_offset=block[0].next_offset)

    def _seek(self, fetch: Fetch) -> Conversation["_Mark | None"]:
        """Find the end of the window, and read the block there."""
        step = timedelta(seconds=self._talk.model.profile_step_s)
        now_at = yield from self._talk.its_time()
        offset = max(0, (now_at - self._window.end_at) // step)
        newest: _Mark | None = None
        for _ in range(_SEEKS_MAX):
            block = yield from self._block(fetch, offset)
            if not block and offset == 0:
                return None
            newest = max(block, key=lambda it: it.ends_at, default=None)
            ahead = -offset if newest is None else -((self._window.end_at - newest.ends_at) // newest.step)
            if newest is not None and (ahead == 0 or (ahead < 0 and offset == 0) or 0 < ahead < RECORDS_MAX):
                return newest
            offset = max(0, offset + ahead)
        return newest

    def _block(self, fetch: Fetch, offset: int) -> Conversation[list["_Mark"]]:
        answer = yield from fetch(offset)
        marks: list[_Mark] = []
        if answer is None:
            return marks
        self.heard_at = answer.heard_at
        for back, record in enumerate(reversed(answer.value)):
            slot = _slot_of(self._talk, record, answer.exchange)
            if slot is not None:
                self._keep(slot)
                marks.append(_Mark(slot.ends_at, offset + back, slot.step, offset + len(answer.value)))
        return marks

    def _keep(self, slot: _Slot) -> None:
        known = self._slots.get(slot.ends_at)
        if known is None:
            self._slots[slot.ends_at] = slot
        elif known.record != slot.record:
            # Two stories about one interval, as after the clock was put back: the newer stands, and it is doubtful.
            self._slots[slot.ends_at] = replace(known, is_doubtful=True)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A record whose place and time are known, and where the reading goes on."""

    ends_at: datetime
    offset: int
    step: timedelta
    next_offset: int

    def expected_at(self, offset: int) -> datetime:
        """When the interval at an offset ends, if nothing is missing in between."""
        return self.ends_at - (offset - self.offset) * self.step


def _slot_of(talk: Talk, record: ProfileRecord, exchange: int) -> _Slot | None:
    if record.stamp is None or record.state.is_starting or record.a_plus is None:
        return None
    if not 1 <= record.period_minutes <= PERIOD_MINUTES_MAX:
        return None
    ends_at = record.stamp.instant(talk.meter.zone, winter=record.state.is_winter)
    step = timedelta(minutes=record.period_minutes)
    # An interval cut short by a failure or by setting the clock may be stamped within it.
    beyond = (ends_at - talk.midnight(record.stamp.day_on)) % step
    if beyond:
        ends_at += step - beyond
    return _Slot(record=record, ends_at=ends_at, exchange=exchange, is_doubtful=bool(beyond))


def _meter_day(talk: Talk, day_on: date, slots: Sequence[_Slot], *, uwh_per_count: int, heard_at: datetime) -> MeterDay:
    starts_at, ends_at = talk.midnight(day_on), talk.midnight(day_on + timedelta(days=1))
    step = slots[0].step
    by_place = {(slot.ends_at - starts_at) // step - 1: slot for slot in slots if slot.step == step}
    places = [by_place.get(place) for place in range(-((starts_at - ends_at) // step))]
    quantities = talk.model.quantities

    def counts(quantity: Quantity) -> tuple[int, ...] | None:
        told = [None if slot is None else getattr(slot.record, quantity.value) for slot in places]
        if quantity not in quantities or all(count is None for count in told):
            return None
        return tuple(count or 0 for count in told)

    return MeterDay(
        day_on=day_on,
        starts_at=starts_at,
        step_s=int(step.total_seconds()),
        uwh_per_count=uwh_per_count,
        a_plus=counts(Quantity.A_PLUS) or (),
        a_minus=counts(Quantity.A_MINUS),
        r_plus=counts(Quantity.R_PLUS),
        r_minus=counts(Quantity.R_MINUS),
        qualities=tuple(SlotRank.MISSING if slot is None else _quality(slot) for slot in places),
        exchanges=tuple(NO_EXCHANGE if slot is None else slot.exchange for slot in places),
        heard_at=heard_at,
    )


def _quality(slot: _Slot) -> int:
    quality: int = SlotRank.ACTUAL
    if slot.record.state.is_incomplete or slot.is_doubtful:
        quality |= SlotFlag.INCOMPLETE
    if slot.record.a_plus == COUNT_MASKED - 1:
        quality |= SlotFlag.OVERFLOW
    if slot.is_doubtful:
        quality |= SlotFlag.CLOCK_DOUBTFUL
    return quality

"""The load profile of Mercury V2: a ring read backwards, whose records say themselves when they were.

Where a record stands says only about when it was: after a failure of the supply, records of an earlier round of the
ring stand in between, and after the clock was set, records are missing or there twice. So stamps alone decide which
slot a record fills, and positions only how to find it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank, counted, shared
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError, ask
from kilovatt.wire.drivers.mercury_v2.talk import Talk, ask_if_known
from kilovatt.wire.drivers.midnights import midnight
from kilovatt.wire.protocols.mercury_v2.profile import (
    COUNT_MASKED,
    LARGE_RING_SIZE,
    RECORDS_MAX,
    RING_SIZE,
    RING_STEP,
    LatestRecord,
    ProfileRecords,
    ReadLatestRecord,
    ReadRecordAt,
    ReadRecords,
    ReadRecordsFrom,
    RingAddress,
    head_from,
)

UWH_PER_KWH = 1_000_000_000
PERIOD_MINUTES_MAX = 60
_SEEKS_MAX = 4
_ONE_DAY = timedelta(days=1)
_SECONDS_OF_A_MINUTE = 60
Fetch: TypeAlias = Callable[[int], Conversation[Answer[ProfileRecords] | None]]
"""Reads up to 17 records, the last of them `offset` back from the newest of the ring, the oldest first; None beyond
the ring."""


class _Place(NamedTuple):
    """Where a record belongs by what heads it: the interval that ends at an instant, its length, what is said of it."""

    ends_at: datetime
    minutes: int
    quality: int
    head: bytes


_Count: TypeAlias = int | None
_Slot: TypeAlias = tuple[_Place, _Count, _Count, _Count, _Count, int]
"""A record where it belongs: its place, its four counts, and the exchange that carried it. Flat: ten thousand sessions
may be at their half-hours at once."""


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
    window = _Window(talk.midnight(days[0]), talk.midnight(days[-1] + _ONE_DAY))
    reader = _Reader(talk, window)
    yield from reader.walk((yield from _way_of_reading(talk)))
    read = (reader.day(day_on, uwh_per_count=UWH_PER_KWH // (2 * constant)) for day_on in days)
    return Learnt(meter_days=tuple(day for day in read if day is not None))


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


def _fetch_by_offset(offset: int) -> Conversation[Answer[ProfileRecords] | None]:
    answer = yield from ask_if_known(ReadRecords(offset=offset, count=RECORDS_MAX))
    return answer


def _fetch_by_address(latest: int, ring_size: int) -> Fetch:
    def fetch(offset: int) -> Conversation[Answer[ProfileRecords] | None]:
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

    def day(self, day_on: date, *, uwh_per_count: int) -> MeterDay | None:
        """Return what has been read of a local day; None where that is nothing.

        The newest record of the day decides how long its slots are.
        """
        starts_at, ends_at = self._talk.midnight(day_on), self._talk.midnight(day_on + _ONE_DAY)
        newest_at = max((at for at in self._slots if starts_at < at <= ends_at), default=None)
        if newest_at is None:
            return None
        minutes = self._slots[newest_at][0].minutes
        slots = [self._slots.get(at, _MISSING) for at in _ends_of_slots(starts_at, ends_at, minutes)]
        known = [slot if slot[0].minutes == minutes else _MISSING for slot in slots]
        places, a_plus, a_minus, r_plus, r_minus, exchanges = zip(*known, strict=True)
        measured = self._talk.model.quantities
        return MeterDay(
            day_on=day_on,
            starts_at=starts_at,
            step_s=minutes * _SECONDS_OF_A_MINUTE,
            uwh_per_count=uwh_per_count,
            a_plus=_counts(a_plus) or (),
            a_minus=_counts(a_minus) if Quantity.A_MINUS in measured else None,
            r_plus=_counts(r_plus) if Quantity.R_PLUS in measured else None,
            r_minus=_counts(r_minus) if Quantity.R_MINUS in measured else None,
            qualities=shared(_qualities(places, a_plus)),
            exchanges=shared(exchanges),
            heard_at=self.heard_at,
        )

    def walk(self, fetch: Fetch) -> Conversation[None]:
        """Read backwards from the end of the window to its beginning."""
        mark = yield from self._seek(fetch)
        while mark is not None and mark.expected_at(mark.next_offset) > self._window.start_at:
            block = yield from self._block(fetch, mark.next_offset)
            if not block:
                return
            inside = [it for it in block if self._window.start_at < it[0] <= mark.ends_at]
            # A block of another round of the ring alone says nothing of where we are: the old mark stands.
            newest = max(inside, key=_BY_TIME, default=mark)
            mark = _Mark(*newest[:3], next_offset=block[0][3])

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
            newest = _Mark(*max(block, key=_BY_TIME)) if block else None
            ahead = -offset if newest is None else -((self._window.end_at - newest.ends_at) // newest.step)
            if newest is not None and (ahead == 0 or (ahead < 0 and offset == 0) or 0 < ahead < RECORDS_MAX):
                return newest
            offset = max(0, offset + ahead)
        return newest

    def _block(self, fetch: Fetch, offset: int) -> Conversation[list["_Seen"]]:
        """Read a block of records, the newest `offset` back; return where each was, the newest first."""
        answer = yield from fetch(offset)
        seen: list[_Seen] = []
        if answer is None:
            return seen
        self.heard_at = answer.heard_at
        records, slots = answer.value, self._slots
        placed = _placed(records.heads, self._talk.meter.zone)
        told = zip(records.a_plus, records.a_minus, records.r_plus, records.r_minus, strict=True)
        next_offset = offset + len(records)
        if placed.ends and None not in records.a_plus and slots.keys().isdisjoint(placed.ends):
            # As nearly always: each in an interval of its own, of which nothing else is known.
            columns = (records.a_plus, records.a_minus, records.r_plus, records.r_minus)
            slots.update(zip(placed.ends, zip(placed.distinct, *columns, repeat(answer.exchange)), strict=True))
            newest_first = zip(reversed(placed.distinct), range(offset, next_offset), strict=True)
            return [(place.ends_at, back, place.minutes, next_offset) for place, back in newest_first]
        for back, (place, counts) in enumerate(zip(reversed(placed.places), reversed(list(told)), strict=True), offset):
            if place is None or counts[0] is None:
                continue
            known = slots.get(place.ends_at)
            if known is None:
                slots[place.ends_at] = (place, *counts, answer.exchange)
            elif (known[0].head, known[1:-1]) != (place.head, counts):
                # Two stories about one interval, as after the clock was put back: the newer stands, and is doubtful.
                slots[place.ends_at] = (known[0]._replace(quality=known[0].quality | _DOUBT), *known[1:])
            seen.append((place.ends_at, back, place.minutes, next_offset))
        return seen


_Seen: TypeAlias = tuple[datetime, int, int, int]
"""What a mark has, of each record that was read."""
_BY_TIME: Callable[[_Seen], datetime] = itemgetter(0)


class _Mark(NamedTuple):
    """A record whose place and time are known, and where the reading goes on."""

    ends_at: datetime
    offset: int
    minutes: int
    next_offset: int

    @property
    def step(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def expected_at(self, offset: int) -> datetime:
        """When the interval at an offset ends, if nothing is missing in between."""
        return self.ends_at - (offset - self.offset) * self.step


_COUNT_AT_TOP = COUNT_MASKED - 1
_DOUBT = SlotFlag.INCOMPLETE | SlotFlag.CLOCK_DOUBTFUL
_NOWHERE = _Place(datetime.min.replace(tzinfo=UTC), 0, SlotRank.MISSING, b"")
_MISSING: _Slot = (_NOWHERE, None, None, None, None, NO_EXCHANGE)


class _Placed(NamedTuple):
    """Where records in a row belong: None for one that says nothing.

    `distinct` are their places, and `ends` the ends of these, where each says something of an interval of its own;
    nothing otherwise.
    """

    places: tuple[_Place | None, ...]
    distinct: tuple[_Place, ...]
    ends: tuple[datetime, ...]


@lru_cache(maxsize=512)
def _placed(heads: tuple[bytes, ...], zone: ZoneInfo) -> _Placed:
    """Return where records belong. Kept: all meters of a town stamp the same half-hours."""
    places = tuple(_place_of(head, zone) for head in heads)
    by_end = {place.ends_at: place for place in places if place is not None}
    return _Placed(places, *((tuple(by_end.values()), tuple(by_end)) if len(by_end) == len(heads) else ((), ())))


def _place_of(head: bytes, zone: ZoneInfo) -> _Place | None:
    state, stamp, minutes = head_from(head)
    if stamp is None or state.is_starting or not 1 <= minutes <= PERIOD_MINUTES_MAX:
        return None
    ends_at = stamp.instant(zone, winter=state.is_winter)
    step = timedelta(minutes=minutes)
    # An interval cut short by a failure or by setting the clock may be stamped within it.
    beyond = (ends_at - midnight(stamp.day_on, zone)) % step
    quality: int = SlotRank.ACTUAL | (SlotFlag.INCOMPLETE if state.is_incomplete else 0)
    if beyond:
        return _Place(ends_at + step - beyond, minutes, quality | _DOUBT, head)
    return _Place(ends_at, minutes, quality, head)


@lru_cache(maxsize=256)
def _ends_of_slots(starts_at: datetime, ends_at: datetime, minutes: int) -> tuple[datetime, ...]:
    """Return when the slots of a day end; the last may end beyond it."""
    step = timedelta(minutes=minutes)
    return tuple(starts_at + step * number for number in range(1, -((starts_at - ends_at) // step) + 1))


def _counts(told: tuple[int | None, ...]) -> tuple[int, ...] | None:
    """Return the counts of a quantity, 0 where none was told; None where none was at all."""
    return None if told.count(None) == len(told) else counted([count or 0 for count in told])


def _qualities(places: Sequence[_Place], a_plus: Sequence[_Count]) -> tuple[int, ...]:
    qualities = [place.quality for place in places]
    if _COUNT_AT_TOP in a_plus:
        at_top = zip(qualities, a_plus, strict=True)
        qualities = [it | SlotFlag.OVERFLOW if count == _COUNT_AT_TOP else it for it, count in at_top]
    return tuple(qualities)

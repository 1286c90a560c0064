"""Profiles of СПОДЭС meters: any buffer by its own columns, and the load profile as meter-days.

Which columns a profile has, and in which order, its attribute 3 says; makers differ, so it is read first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotRank, counted, shared
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, ask, ask_or_refusal, refused
from kilovatt.wire.drivers.cosem.alike import columns_in, scalers_in
from kilovatt.wire.drivers.cosem.talk import (
    CLOCK_CLASS,
    PROFILE,
    Talk,
)
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.objects.selecting import EntrySelection, RangeSelection
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit
from kilovatt.wire.protocols.dlms.values import MalformedError, OctetString
from kilovatt.wire.protocols.dlms.values.rows import Rows, decode_rows
from kilovatt.wire.protocols.dlms.values.stamps import encode_stamp, instants_and_order
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

LOAD = Obis.parse("1.0.99.1.0.255")
_BUFFER, _COLUMNS, _PERIOD, _IN_USE = 2, 3, 4, 7
_SCALERS_OF = {
    Obis.parse("1.0.98.1.0.255"): Obis.parse("1.0.94.7.1.255"),
    Obis.parse("1.0.98.2.0.255"): Obis.parse("1.0.94.7.2.255"),
    LOAD: Obis.parse("1.0.94.7.4.255"),
}
_ELECTRICITY, _OF_INTERVAL = 1, 29
_ONE_DAY = timedelta(days=1)
_MISSING: int = SlotRank.MISSING
_ACTUAL: int = SlotRank.ACTUAL
_QUANTITIES = {1: Quantity.A_PLUS, 2: Quantity.A_MINUS, 3: Quantity.R_PLUS, 4: Quantity.R_MINUS}
_ENTRIES_AT_ONCE = 400
_ENTRIES_AT_ONCE_MIN = 4
_COUNT_MAX = (1 << 31) - 1
"""A meter-day holds no larger counts; a meter that shows one shows nonsense, and the interval is missing."""
_UWH_POWER = 6
"""A watt-hour is 10⁶ µWh."""
_POWER_MAX = 6
"""No meter counts in more than megawatt-hours."""


@dataclass(slots=True)
class Column:
    """One column of a buffer: what it captures, and its value in each row.

    Not frozen: a session makes hundreds, and those that are take four times as long to make.
    """

    captured: CaptureObject
    values: list[Any]

    @property
    def class_id(self) -> int:
        """The class of the object that is captured."""
        return self.captured.class_id

    @property
    def obis(self) -> Obis:
        """The name of the object that is captured."""
        return self.captured.obis


@dataclass(slots=True)
class Buffer:
    """Rows of a profile: when each was captured [UTC], its other columns, and the exchange that carried them."""

    stamps: list[datetime]
    columns: tuple[Column, ...]
    scalers: dict[Obis, ScalerUnit]
    answer: Answer[Any]


def read_buffer(
    talk: Talk,
    profile: Obis,
    *,
    since: datetime,
    until: datetime,
    with_scalers: bool = True,
    is_journal: bool = False,
    spacing: timedelta | None = None,
) -> Conversation[Buffer | None]:
    """Read the rows of a profile captured in [since, until]; None where the meter has no such profile.

    `spacing` is the least time between two rows where that is known: by it, a meter that takes no ranges is asked for
    no more entries than are likely to be wanted.
    Rows twice or out of order are sorted; of two with one stamp the later counts, but in a journal, where several
    things may happen in one second, only rows that say the same are one. Raises MeterRefusedError where it is there
    and refused, MalformedError where rows are not what the columns say.
    """
    captured = yield from _captured(talk, profile)
    if captured is None:
        return None
    at_once = _entries_since(talk, since, spacing)
    answer = yield from _rows(talk, profile, since, until, at_once)
    scalers = (yield from _scalers(talk, profile)) if with_scalers else {}
    rows: Rows = answer.value
    if rows.count and len(rows.columns) != len(captured):
        words = f"rows of {len(rows.columns)} columns, and {len(captured)} are captured"
        raise MalformedError(words, b"", 0)
    clock_at = _clock_place(captured)
    stamps, is_rising = _stamps(talk, rows.columns[clock_at]) if rows.count else ([], False)
    kept: list[Any] = stamps
    values: Sequence[list[Any]] = rows.columns
    # As nearly all meters send them: each later than the one before.
    if is_rising:
        first, end = bisect_left(kept, since), bisect_right(kept, until)
        if end - first < len(kept):
            kept, values = kept[first:end], [column[first:end] for column in values]
    else:
        latest = {
            (at, tuple(column[place] for column in rows.columns) if is_journal else ()): place
            for place, at in enumerate(stamps)
            if at is not None and since <= at <= until
        }
        places = sorted(latest, key=itemgetter(0))
        kept, order = [at for at, _ in places], [latest[one] for one in places]
        values = [[column[row] for row in order] for column in rows.columns] or [[] for _ in captured]
    columns = list(map(Column, captured, values))
    del columns[clock_at]
    return Buffer(kept, tuple(columns), scalers, answer)


def _clock_place(captured: Sequence[CaptureObject]) -> int:
    for place, one in enumerate(captured):
        if one.class_id == CLOCK_CLASS:
            return place
    raise MalformedError("a profile that does not capture its clock", b"", 0)


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read local days of the load profile, all in a row. An interval the meter has no row of is missing, not zero."""
    step = yield from read_step(talk)
    first, end = talk.midnight(days[0]), talk.midnight(days[-1] + _ONE_DAY)
    shift = step if talk.dialect.stamps_end_intervals else timedelta(0)
    buffer = yield from read_buffer(talk, LOAD, since=first + shift, until=end - step + shift, spacing=step)
    return Learnt() if buffer is None else (yield from days_of(talk, days, step, buffer))


def read_step(talk: Talk) -> Conversation[timedelta]:
    """Read the length of the load profile's intervals; the model's, where the meter does not tell."""
    period = yield from talk.value_of(PROFILE, LOAD, _PERIOD)
    step_s = int(period.value) if period is not None and isinstance(period.value, int) else 0
    return timedelta(seconds=step_s or talk.model.profile_step_s)


def days_of(talk: Talk, days: Sequence[date], step: timedelta, buffer: Buffer) -> Conversation[Learnt]:
    """Make local days of rows whose columns hold the energy of each interval (1.0.x.29.0)."""
    shift = step if talk.dialect.stamps_end_intervals else timedelta(0)
    counted = yield from _counted(talk, buffer)
    place_of = {at - shift: place for place, at in enumerate(buffer.stamps)}
    if Quantity.A_PLUS not in counted.values:
        return Learnt()
    made = _Days(talk, step, counted, place_of, buffer.answer)
    return Learnt(meter_days=tuple(made.day(day_on) for day_on in days))


@dataclass(frozen=True, slots=True)
class _Counted:
    uwh_per_count: int
    values: dict[Quantity, list[int | None]]


def _counted(talk: Talk, buffer: Buffer) -> Conversation[_Counted]:
    values: dict[Quantity, list[Any]] = {}
    powers: dict[Quantity, int] = {}
    for column in buffer.columns:
        quantity = _counted_by(column.obis)
        if quantity is None:
            continue
        scale = buffer.scalers.get(column.obis) or (yield from talk.scaler_of(column.obis))
        if scale is not None:
            values[quantity] = column.values
            powers[quantity] = scale.scaler
    finest = min(powers.values(), default=0)
    if not -_UWH_POWER <= finest <= max(powers.values(), default=0) <= _POWER_MAX:
        raise MalformedError(f"counts of 10^{finest} Wh in the load profile", b"", 0)
    counts = {of: _in_step(told, powers[of] - finest) for of, told in values.items()}
    return _Counted(10 ** (finest + _UWH_POWER), counts)


@lru_cache(maxsize=1024)
def _counted_by(obis: Obis) -> Quantity | None:
    """Return of what a column holds the energy of each interval; None for a column of anything else."""
    medium, _, group, kind, tariff, _ = obis
    return _QUANTITIES.get(group) if (medium, kind, tariff) == (_ELECTRICITY, _OF_INTERVAL, 0) else None


def _in_step(told: list[Any], power: int) -> list[int | None]:
    """Return counts in a step 10^power finer; None for what is no count."""
    # As nearly all columns are: counts, and nothing else.
    if not power and set(map(type, told)) == {int} and min(told) >= 0 and max(told) <= _COUNT_MAX:
        return told
    finer = [count * 10**power if _is_count(count) else None for count in told]
    return [count if _is_count(count) else None for count in finer]


@dataclass(frozen=True, slots=True)
class _Days:
    """What the days of one reading are made from: its counts, and the row of each interval by its beginning."""

    talk: Talk
    step: timedelta
    counted: _Counted
    place_of: dict[datetime, int]
    answer: Answer[Any]

    def day(self, day_on: date) -> MeterDay:
        starts_at = self.talk.midnight(day_on)
        slots = _beginnings(starts_at, self.talk.midnight(day_on + _ONE_DAY), self.step)
        active = self.counted.values[Quantity.A_PLUS]
        found = map(self.place_of.get, slots)
        places = [place if place is not None and active[place] is not None else None for place in found]
        exchange = self.answer.exchange
        return MeterDay(
            day_on=day_on,
            starts_at=starts_at,
            step_s=int(self.step.total_seconds()),
            uwh_per_count=self.counted.uwh_per_count,
            a_plus=self._counts(Quantity.A_PLUS, places) or (),
            a_minus=self._counts(Quantity.A_MINUS, places),
            r_plus=self._counts(Quantity.R_PLUS, places),
            r_minus=self._counts(Quantity.R_MINUS, places),
            qualities=shared(tuple([_MISSING if place is None else _ACTUAL for place in places])),
            exchanges=shared(tuple([NO_EXCHANGE if place is None else exchange for place in places])),
            heard_at=self.answer.heard_at,
        )

    def _counts(self, quantity: Quantity, places: list[int | None]) -> tuple[int, ...] | None:
        values = self.counted.values.get(quantity)
        if values is None or quantity not in self.talk.model.quantities:
            return None
        return counted([0 if place is None else values[place] or 0 for place in places])


@lru_cache(maxsize=256)
def _beginnings(starts_at: datetime, ends_at: datetime, step: timedelta) -> tuple[datetime, ...]:
    """Return when the intervals of a day begin."""
    return tuple(starts_at + slot * step for slot in range((ends_at - starts_at) // step))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _COUNT_MAX


def _stamps(talk: Talk, column: list[Any]) -> tuple[list[datetime | None], bool]:
    """Return when each row was captured, None for a row whose clock shows no date, and whether each is later."""
    return instants_and_order(column, talk.meter.zone)


def _captured(talk: Talk, profile: Obis) -> Conversation[tuple[CaptureObject, ...] | None]:
    known = talk.columns.get(profile)
    if known is None:
        answer = yield from talk.value_of(PROFILE, profile, _COLUMNS, bytes)
        if answer is None:
            return None
        known = talk.columns[profile] = columns_in(answer.value)
    return known


def _scalers(talk: Talk, profile: Obis) -> Conversation[dict[Obis, ScalerUnit]]:
    """Return scalers by column from the profile that collects them; empty where the meter has none."""
    name = _SCALERS_OF.get(profile)
    if name is None or not talk.dialect.has_scaler_profiles:
        return {}
    if profile not in talk.collected_scalers:
        talk.collected_scalers[profile] = {}
        captured = yield from _captured(talk, name)
        answer = (yield from talk.value_of(PROFILE, name, _BUFFER, bytes)) if captured else None
        if captured and answer is not None:
            scalers = zip(captured, scalers_in(answer.value), strict=False)
            talk.collected_scalers[profile] = {one.obis: scale for one, scale in scalers}
    return talk.collected_scalers[profile]


def _entries_since(talk: Talk, since: datetime, spacing: timedelta | None) -> int:
    """Return how many entries to ask for at once, so that the first of them are likely to reach back far enough."""
    clock = talk.clock_reading
    if clock is None or spacing is None:
        return _ENTRIES_AT_ONCE
    # One is of now, one more is written while it is asked.
    return min(max(_ENTRIES_AT_ONCE_MIN, (clock.taken_at - since) // spacing + 2), _ENTRIES_AT_ONCE)


def _rows(talk: Talk, profile: Obis, since: datetime, until: datetime, at_once: int) -> Conversation[Answer[Rows]]:
    buffer = Descriptor(PROFILE, profile, _BUFFER)
    if talk.dialect.takes_ranges:
        request = GetAttribute(buffer, _by_range(talk, since, until), decode_rows)
        answer = yield from ask_or_refusal(request)
        if not isinstance(answer.value, Refusal):
            return cast("Answer[Rows]", answer)
        if answer.value.reason is RefusalReason.CHANNEL_CLOSED:
            raise refused(request, answer.value)
    return (yield from _newest_entries(talk, profile, since, at_once))


def _newest_entries(talk: Talk, profile: Obis, since: datetime, at_once: int) -> Conversation[Answer[Rows]]:
    """Read from the newest entry on until the rows reach back far enough, wherever a meter has its newest."""
    in_use = yield from talk.value_of(PROFILE, profile, _IN_USE)
    total = int(in_use.value) if in_use is not None and isinstance(in_use.value, int) else 0
    pending = [(max(1, last - at_once + 1), last) for last in range(total, 0, -at_once)] or [(1, 0)]
    gathered: list[Rows] = []
    answer: Answer[Rows] | None = None
    while pending:
        answer = yield from _entries(profile, *pending.pop(0))
        ends = _first_and_last(talk, answer.value)
        if not gathered and pending and ends and ends[0] > ends[-1]:
            # The newest stand first: what came are the oldest. From the other end, then.
            pending = [(first, first + at_once - 1) for first in range(1, total + 1, at_once)]
        elif not answer.value.count or (ends and min(ends) <= since):
            pending = []
        gathered.insert(0, answer.value)
    assert answer is not None, "there is always something pending at first"
    return Answer(_joined(gathered), answer.exchange, answer.heard_at)


def _entries(profile: Obis, first: int, last: int) -> Conversation[Answer[Rows]]:
    request = GetAttribute(Descriptor(PROFILE, profile, _BUFFER), _by_entries(first, last), decode_rows)
    answer = yield from ask(request)
    rows: Rows = answer.value
    return Answer(rows, answer.exchange, answer.heard_at)


def _first_and_last(talk: Talk, rows: Rows) -> list[datetime]:
    """Return when the first and the last of some rows were captured, by the first column that holds stamps.

    Nothing where none holds any; where one of the two shows no date, all that do.
    """
    clocks = (column for column in rows.columns if column and isinstance(column[0], bytes) and len(column[0]) == 12)
    clock = next(clocks, [])
    ends, _ = _stamps(talk, clock[:: max(1, len(clock) - 1)])
    found = ends if None not in ends else _stamps(talk, clock)[0]
    return [at for at in found if at is not None]


def _joined(parts: list[Rows]) -> Rows:
    filled = [rows for rows in parts if rows.count]
    if not filled:
        return Rows(0, ())
    if len(filled) == 1:
        return filled[0]
    width = {len(rows.columns) for rows in filled}
    if len(width) != 1:
        raise MalformedError("rows of different widths in one profile", b"", 0)
    columns = zip(*(rows.columns for rows in filled), strict=True)
    joined = tuple([value for part in column for value in part] for column in columns)
    return Rows(sum(rows.count for rows in filled), joined)


def _by_range(talk: Talk, since: datetime, until: datetime) -> Selection:
    first, last = (OctetString(encode_stamp(at, talk.meter.zone)) for at in (since, until))
    return Selection(RangeSelection.SELECTOR, RangeSelection(first, last).encode())


def _by_entries(first: int, last: int) -> Selection:
    return Selection(EntrySelection.SELECTOR, EntrySelection(first=first, last=last).encode())

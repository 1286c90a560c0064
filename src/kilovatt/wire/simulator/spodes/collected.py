"""What a simulated СПОДЭС meter has collected: monthly, daily and load profiles, journals, and their scalers."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.quantities.periods import first_of_month, previous_month
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DlmsValue, DoubleLongUnsigned, LongUnsigned, Unsigned
from kilovatt.wire.simulator.spodes.energies import (
    GROUPS,
    REGISTER,
    TARIFFS,
    energy_name,
    energy_unit,
    quantities_of,
)
from kilovatt.wire.simulator.spodes.journals import DEPTHS, Journal
from kilovatt.wire.simulator.spodes.profiles import CLOCK, CLOCK_CLASS_ID, Column, Profile, Row
from kilovatt.wire.simulator.spodes.works import UWH_PER_WH, Works

MONTHLY, DAILY, LOAD = (Obis.parse(f"1.0.{name}.255") for name in ("98.1.0", "98.2.0", "99.1.0"))
_SCALERS_OF = {MONTHLY: "1.0.94.7.1.255", DAILY: "1.0.94.7.2.255", LOAD: "1.0.94.7.4.255"}
_MONTHS_KEPT, _DAYS_KEPT = 36, 36
_DAY_S = 86_400
_WORD_OF_QUALITY = Obis.parse("0.0.96.5.4.255")
_UPTIME = Obis.parse("0.0.96.8.0.255")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_POWERED_BEFORE = timedelta(days=400)
_DATA = 1


def profiles(works: Works) -> Iterator[Profile]:
    """Return every profile with its columns."""
    yield _monthly(works)
    yield _daily(works)
    if works.plan.model.has_profile:
        yield _load(works)
    for journal in Journal:
        yield _journal(works, journal)


def scaler_profile(works: Works, profile: Profile) -> Profile | None:
    """Return the profile that shows the scalers of another one's columns, if it has scalers."""
    name = _SCALERS_OF.get(profile.obis)
    if name is None:
        return None
    columns = tuple(_scaler_column(works, column) for column in profile.columns if column.class_id == REGISTER)
    begins_at = works.plan.energy.begins_at
    return Profile(Obis.parse(name), columns, lambda _: (Row(begins_at),), 0, 1)


def _clock_column(works: Works) -> Column:
    return Column(CLOCK_CLASS_ID, CLOCK, 2, lambda row: works.stamp(row.at))


def _energy_column(works: Works, quantity: Quantity, tariff: int) -> Column:
    return Column(
        REGISTER,
        energy_name(quantity, tariff),
        2,
        lambda row: DoubleLongUnsigned(works.register_wh(quantity, tariff, row.at)),
    )


def _scaler_column(works: Works, column: Column) -> Column:
    group = bytes(column.obis)[2]
    quantity = next(quantity for quantity in quantities_of(works) if GROUPS[quantity] == group)
    return Column(REGISTER, column.obis, 3, lambda _: energy_unit(quantity))


def _monthly(works: Works) -> Profile:
    columns = [_energy_column(works, Quantity.A_PLUS, tariff) for tariff in TARIFFS]
    for quantity in quantities_of(works)[1:]:
        columns += [_energy_column(works, quantity, tariff) for tariff in TARIFFS]
    return Profile(MONTHLY, (_clock_column(works), *columns), lambda now: _month_starts(works, now), 0, _MONTHS_KEPT)


def _daily(works: Works) -> Profile:
    # Of the daily profile's active energy the tariffs come first and the total last.
    columns = [_energy_column(works, Quantity.A_PLUS, tariff) for tariff in (*TARIFFS[1:], TOTAL_TARIFF)]
    columns += [_energy_column(works, quantity, TOTAL_TARIFF) for quantity in quantities_of(works)[1:]]
    return Profile(DAILY, (_clock_column(works), *columns), lambda now: _day_starts(works, now), _DAY_S, _DAYS_KEPT)


def _load(works: Works) -> Profile:
    model = works.plan.model
    assert model.uwh_per_count == UWH_PER_WH, "the scaler of the profile is that of the registers"
    capacity = model.profile_depth_days * _DAY_S // model.profile_step_s
    columns = tuple(
        Column(REGISTER, Obis.parse(f"1.0.{GROUPS[quantity]}.29.0.255"), 2, _increment(works, quantity))
        for quantity in quantities_of(works)
    )
    ends = _IntervalEnds(works, capacity)
    return Profile(LOAD, (_clock_column(works), *columns), ends.until, model.profile_step_s, capacity)


def _journal(works: Works, journal: Journal) -> Profile:
    columns: tuple[Column, ...] = (
        _clock_column(works),
        Column(_DATA, _WORD_OF_QUALITY if journal is Journal.QUALITY else _code_of(journal), 2, _told_code),
        Column(_DATA, _UPTIME, 2, lambda row: DoubleLongUnsigned(_uptime_s(works, row.at))),
    )
    if journal is Journal.PROGRAMMING:
        columns += (Column(_DATA, Obis.parse("0.0.96.12.4.255"), 2, lambda _: LongUnsigned(1)),)
    name = Obis.parse(f"0.0.99.98.{journal}.255")
    return Profile(name, columns, lambda now: works.journals.entries(journal, now), 0, DEPTHS[journal])


def _code_of(journal: Journal) -> Obis:
    return Obis.parse(f"0.0.96.11.{journal}.255")


def _told_code(row: Row) -> DlmsValue:
    return Unsigned(row.code)


def _increment(works: Works, quantity: Quantity) -> Callable[[Row], DlmsValue]:
    step = timedelta(seconds=works.plan.model.profile_step_s)

    # Where an interval begins, the one before it ended, and that one was asked for just now.
    register_wh = lru_cache(maxsize=2)(lambda at: works.register_wh(quantity, TOTAL_TARIFF, at))

    def grown(row: Row) -> DlmsValue:
        began_at = works.clockwork.true_instant(works.clockwork.shown_at(row.at) - step)
        before, after = register_wh(began_at), register_wh(row.at)
        return DoubleLongUnsigned(max(0, after - before))

    return grown


def _uptime_s(works: Works, at: datetime) -> int:
    return int((at - works.plan.energy.begins_at + _POWERED_BEFORE).total_seconds())


def _month_starts(works: Works, now: datetime) -> list[Row]:
    first_on, starts = first_of_month(works.clockwork.today(now)), list[Row]()
    while len(starts) < _MONTHS_KEPT and works.clockwork.true_midnight(first_on) >= works.plan.energy.begins_at:
        starts.append(Row(works.clockwork.true_midnight(first_on)))
        first_on = previous_month(first_on)
    return starts[::-1]


def _day_starts(works: Works, now: datetime) -> list[Row]:
    today = works.clockwork.today(now)
    days: list[date] = [today - timedelta(days=back) for back in reversed(range(_DAYS_KEPT))]
    midnights = (works.clockwork.true_midnight(day_on) for day_on in days)
    return [Row(at) for at in midnights if at >= works.plan.energy.begins_at]


class _IntervalEnds:
    """When the intervals of a load profile ended; reckoned once an interval, though each request asks for it."""

    def __init__(self, works: Works, capacity: int) -> None:
        self._works = works
        self._capacity = capacity
        self._known: tuple[tuple[datetime, int], list[Row]] | None = None

    def until(self, now: datetime) -> list[Row]:
        """Return the intervals that are kept, the oldest first."""
        clockwork = self._works.clockwork
        step = timedelta(seconds=self._works.plan.model.profile_step_s)
        newest = _EPOCH + (clockwork.shown_at(now) - _EPOCH) // step * step
        key = (newest, clockwork.moves)
        if self._known is None or self._known[0] != key:
            self._known = (key, self._ends(newest, step))
        return self._known[1]

    def _ends(self, newest: datetime, step: timedelta) -> list[Row]:
        begins_at = self._works.plan.energy.begins_at
        borders = [self._works.clockwork.true_instant(newest - back * step) for back in range(self._capacity, -1, -1)]
        return [Row(end) for begin, end in pairwise(borders) if begin >= begins_at and end > begin]

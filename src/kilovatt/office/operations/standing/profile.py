"""Energy of an account over time, for charts: half-hours of a day, days of a month, months.

Half-hours and days are summed from intervals, months from registers as bills are. What was measured and what was
estimated are kept apart, and what is missing is None or counted, never a zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from kilovatt.measure.consumption import slot_energies_wh, zone_energies
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.merge import StoredMeterDay
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, RANK_MASK, SlotRank
from kilovatt.measure.zones import Zone, ZoneScheme, zone_at
from kilovatt.office.operations.billing.metered import spans_of_points
from kilovatt.office.operations.keeping import history
from kilovatt.office.operations.keeping.evidence import FrameKey
from kilovatt.office.records.models import Account, Installation
from kilovatt.quantities.periods import Period, days_from, first_of_month, local_midnight, next_month, previous_month

MONTHS_SHOWN = 12
_DAYS_BEFORE = 7
"""A day is compared with the same weekday of the week before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One interval of a day. `energy_wh` is None where nothing is known; `frame` leads to what carried it."""

    starts_at: datetime
    zone: Zone
    energy_wh: int | None
    is_estimated: bool
    earlier_wh: int | None
    frame: FrameKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayProfile:
    """The intervals of a local day; none when the meter told nothing of it."""

    on: date
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Energy of a day or a month by zone [Wh], estimated energy apart. `missing` intervals are in none of them.

    `is_known` is False where there is nothing to show.
    """

    first_on: date
    measured_wh: Mapping[Zone, int]
    estimated_wh: Mapping[Zone, int]
    missing: int
    is_known: bool


def day_profile(account: Account, scheme: ZoneScheme, on: date) -> DayProfile:
    """Return the intervals of a day beside those of the same day a week before."""
    earlier_on = on - timedelta(days=_DAYS_BEFORE)
    zone = ZoneInfo(account.point.zone_name)
    # What was used before the account was opened is someone else's.
    days = _days(account, [earlier_on, on] if earlier_on >= account.opened_on else [on])
    before = _slots(days.get(earlier_on, []), scheme, zone, {})
    earlier = {_clock(slot.starts_at, zone): slot.energy_wh for slot in before}
    return DayProfile(on=on, slots=tuple(_slots(days[on], scheme, zone, earlier)))


def days_profile(account: Account, scheme: ZoneScheme, first_on: date, until_on: date) -> tuple[Stretch, ...]:
    """Return the energy of each day from `first_on` to before `until_on`."""
    zone = ZoneInfo(account.point.zone_name)
    wanted = days_from(first_on, until_on - timedelta(days=1))
    return tuple(_stretch(on, tuple(_slots(days, scheme, zone, {}))) for on, days in _days(account, wanted).items())


def months_profile(
    account: Account, schemes: Mapping[date, ZoneScheme], *, now: datetime, shown: int = MONTHS_SHOWN
) -> tuple[Stretch, ...]:
    """Return the energy of each whole month since the account was opened, from registers as a bill counts it.

    `schemes` has the zones of each month by its first day.
    """
    zone = ZoneInfo(account.point.zone_name)
    months = _months(account, now.astimezone(zone).date(), shown)
    return tuple(_month(account, schemes[first_on], first_on, zone) for first_on in months if first_on in schemes)


def months_of(account: Account, *, now: datetime, shown: int = MONTHS_SHOWN) -> tuple[date, ...]:
    """Return the first days of the whole months of an account, the oldest first."""
    return _months(account, now.astimezone(ZoneInfo(account.point.zone_name)).date(), shown)


def _months(account: Account, today_on: date, shown: int) -> tuple[date, ...]:
    months: list[date] = []
    first_on = previous_month(first_of_month(today_on))
    while len(months) < shown and first_on >= first_of_month(account.opened_on):
        months.append(first_on)
        first_on = previous_month(first_on)
    return tuple(reversed(months))


def _month(account: Account, scheme: ZoneScheme, first_on: date, zone: ZoneInfo) -> Stretch:
    period = Period(local_midnight(first_on, zone), local_midnight(next_month(first_on), zone))
    spans = spans_of_points([account.point_id], period)[account.point_id]
    energies = zone_energies(spans, scheme=scheme, period=period)
    known = {energy.zone: energy.energy_wh for energy in energies if energy.energy_wh is not None}
    whole = len(known) == len(energies) and bool(known)
    return Stretch(first_on=first_on, measured_wh=known if whole else {}, estimated_wh={}, missing=0, is_known=whole)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A meter-day with the installation it was heard of."""

    stored: StoredMeterDay
    installation: Installation


def _days(account: Account, ons: Sequence[date]) -> dict[date, list[_Heard]]:
    zone = ZoneInfo(account.point.zone_name)
    found: dict[date, list[_Heard]] = {on: [] for on in ons}
    if not ons:
        return found
    since, until = local_midnight(min(ons), zone), local_midnight(max(ons) + timedelta(days=1), zone)
    stood = Installation.objects.filter(
        Q(removed_at=None) | Q(removed_at__gt=since), point_id=account.point_id, installed_at__lt=until
    ).select_related("meter")
    installations = [one for one in stood if model_by_key(one.meter.model_key).has_profile]
    if not installations:
        return found
    heard = history.meter_days([one.meter_id for one in installations], min(ons), max(ons) + timedelta(days=1))
    for installation in installations:
        for stored in heard[installation.meter_id]:
            if stored.day.day_on in found:
                found[stored.day.day_on].append(_Heard(stored, installation))
    return found


def _slots(
    heard: Iterable[_Heard], scheme: ZoneScheme, zone: ZoneInfo, earlier: Mapping[str, int | None]
) -> Iterable[Slot]:
    for one in heard:
        day, stands = one.stored.day, one.installation
        energies = slot_energies_wh(day, ratio=stands.ratio)
        for place, energy_wh in enumerate(energies):
            starts_at = day.starts_at + timedelta(seconds=day.step_s * place)
            if starts_at < stands.installed_at or (stands.removed_at is not None and starts_at >= stands.removed_at):
                continue
            yield Slot(
                starts_at=starts_at,
                zone=zone_at(scheme, starts_at, zone),
                energy_wh=energy_wh,
                is_estimated=day.qualities[place] & RANK_MASK == SlotRank.ESTIMATED,
                earlier_wh=earlier.get(_clock(starts_at, zone)),
                frame=_frame(one.stored, place),
            )


def _frame(stored: StoredMeterDay, place: int) -> FrameKey | None:
    session_id = stored.origin(place).session_id
    exchange = stored.day.exchanges[place]
    return None if session_id is None or exchange == NO_EXCHANGE else FrameKey(session_id, exchange)


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _stretch(on: date, slots: Sequence[Slot]) -> Stretch:
    measured: dict[Zone, int] = {}
    estimated: dict[Zone, int] = {}
    for slot in slots:
        if slot.energy_wh is not None:
            sums = estimated if slot.is_estimated else measured
            sums[slot.zone] = sums.get(slot.zone, 0) + slot.energy_wh
    missing = sum(slot.energy_wh is None for slot in slots)
    return Stretch(
        first_on=on,
        measured_wh=measured,
        estimated_wh=estimated,
        missing=missing,
        is_known=bool(slots) and missing < len(slots),
    )

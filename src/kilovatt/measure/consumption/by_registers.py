"""Energy by zone of a period from registers: differences per tariff, times the ratio, meter after meter."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from kilovatt.measure.consumption.registers import (
    Gap,
    InstallationSpan,
    Leg,
    MissingRegister,
    NoMeter,
    RegisterAt,
    RegisterWentDown,
    TariffWithoutZone,
    ZoneEnergy,
    ZoneNotCounted,
)
from kilovatt.measure.consumption.rollover import register_difference
from kilovatt.measure.metering.registers import TOTAL_TARIFF
from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.quantities.periods import Period

TARIFFS = (1, 2, 3, 4)


def zone_energies(spans: Sequence[InstallationSpan], *, scheme: ZoneScheme, period: Period) -> tuple[ZoneEnergy, ...]:
    """Return the energy of each zone of the scheme in a period, in the order of a bill.

    A meter that was exchanged within the period gives two legs per tariff. What is not known is a gap of its zone,
    never a zero and never an exception. Spans outside the period are left out; time before the first and after the
    last is not asked for, time between two is a gap. For one zone the meter's total register is used where it is
    known at both ends, else the sum of its tariffs. Raises ValueError for spans that overlap.
    """
    standing = sorted((span for span in spans if _overlap(span, period)), key=lambda span: span.since)
    everywhere = (*_time_without_meter(standing, period), *_tariffs_without_zone(standing, scheme))
    return tuple(_zone_energy(zone, standing, period, everywhere) for zone in scheme.zones)


def _zone_energy(
    zone: Zone, spans: Sequence[InstallationSpan], period: Period, everywhere: tuple[Gap, ...]
) -> ZoneEnergy:
    found = [part for span in spans for part in _parts(zone, span, period)]
    legs = tuple(part for part in found if isinstance(part, Leg))
    gaps = (*everywhere, *(part for part in found if not isinstance(part, Leg)))
    energy_wh = None if gaps else sum(leg.energy_wh for leg in legs)
    return ZoneEnergy(zone=zone, energy_wh=energy_wh, legs=legs, gaps=gaps)


def _parts(zone: Zone, span: InstallationSpan, period: Period) -> Iterator[Leg | Gap]:
    tariffs = _tariffs_of(zone, span)
    if not tariffs:
        yield ZoneNotCounted(meter_id=span.meter_id, zone=zone)
    for tariff in tariffs:
        start, end = span.starts.get(tariff), span.ends.get(tariff)
        if start is None:
            yield MissingRegister(meter_id=span.meter_id, tariff=tariff, at=_begins_at(span, period))
        if end is None:
            yield MissingRegister(meter_id=span.meter_id, tariff=tariff, at=_ends_at(span, period))
        if start is not None and end is not None:
            yield _leg(span, tariff, start, end)


def _leg(span: InstallationSpan, tariff: int, start: RegisterAt, end: RegisterAt) -> Leg | Gap:
    if end.taken_at < start.taken_at:
        raise ValueError(f"the end register is of {end.taken_at}, before the start register of {start.taken_at}")
    counted = register_difference(start_wh=start.value_wh, end_wh=end.value_wh, limit_wh=span.register_limit_wh)
    if counted is None:
        return RegisterWentDown(meter_id=span.meter_id, tariff=tariff, start=start, end=end)
    return Leg(
        meter_id=span.meter_id,
        tariff=tariff,
        ratio=span.ratio,
        start=start,
        end=end,
        energy_wh=counted.energy_wh * span.ratio,
        rolled_over=counted.rolled_over,
    )


def _tariffs_of(zone: Zone, span: InstallationSpan) -> tuple[int, ...]:
    if zone is not Zone.TOTAL:
        return tuple(sorted(tariff for tariff, counted in span.zone_of_tariff.items() if zone.includes(counted)))
    if TOTAL_TARIFF in span.starts and TOTAL_TARIFF in span.ends:
        return (TOTAL_TARIFF,)
    # V1 keeps no total; the tariffs it does not use it does not show.
    return tuple(tariff for tariff in TARIFFS if tariff in span.starts or tariff in span.ends) or (TOTAL_TARIFF,)


def _tariffs_without_zone(spans: Sequence[InstallationSpan], scheme: ZoneScheme) -> Iterator[Gap]:
    if scheme is ZoneScheme.ONE:
        return
    for span in spans:
        counted = {tariff for zone in scheme.zones for tariff in _tariffs_of(zone, span)}
        for tariff in sorted(set(TARIFFS) - counted):
            end = span.ends.get(tariff)
            if end is not None and end.value_wh != _value_wh(span.starts, tariff):
                yield TariffWithoutZone(meter_id=span.meter_id, tariff=tariff, end=end)


def _value_wh(registers: Mapping[int, RegisterAt], tariff: int) -> int:
    # A tariff that a meter did not show at the start was not in use: it stood at zero.
    register = registers.get(tariff)
    return 0 if register is None else register.value_wh


def _time_without_meter(spans: Sequence[InstallationSpan], period: Period) -> Iterator[Gap]:
    if not spans:
        yield NoMeter(since=period.start, until=period.end)
    for earlier, later in pairwise(spans):
        removed_at = _ends_at(earlier, period)
        if later.since < removed_at:
            raise ValueError(f"meters {earlier.meter_id} and {later.meter_id} stood at one point at {later.since}")
        if later.since > removed_at:
            yield NoMeter(since=removed_at, until=later.since)


def _overlap(span: InstallationSpan, period: Period) -> bool:
    return span.since < period.end and (span.until is None or span.until > period.start)


def _begins_at(span: InstallationSpan, period: Period) -> datetime:
    return max(span.since, period.start)


def _ends_at(span: InstallationSpan, period: Period) -> datetime:
    return period.end if span.until is None else min(span.until, period.end)

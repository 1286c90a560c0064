"""The running month of an account: energy and cost so far, from the newest registers and those at its first midnight.

It is a running figure, not a bill: no line of it is rounded into the ledger, and the month goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kilovatt.measure.consumption import Gap, InstallationSpan, ZoneEnergy, zone_energies
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.zones import Zone, ZoneScheme, zone_at
from kilovatt.money.billing import Unbillable, ZoneUse, draft_bill
from kilovatt.money.tariffs import NoPriceError, PlanSlice, TariffPlan
from kilovatt.office.operations.billing.metered import spans_of_points
from kilovatt.office.operations.billing.tariff_plans import plans_on_record
from kilovatt.office.records.models import Account, LatestRegister
from kilovatt.quantities.periods import Period, local_date, local_midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningZone:
    """Energy of a zone in the month so far, the ratio in it."""

    zone: Zone
    energy_wh: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMonth:
    """The month so far, until `until_at`. Where it is not known, `gaps` say why and `zones` is empty."""

    first_on: date
    until_at: datetime
    zones: tuple[RunningZone, ...]
    energy_wh: int
    amount_kopecks: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneNow:
    """The zone that counts now and its price."""

    zone: Zone
    until_at: datetime | None
    price_microrub_per_kwh: int


def plan_of(account: Account, on: date, plans: Mapping[str, TariffPlan]) -> TariffPlan | None:
    """Return the plan an account is on, or None."""
    row = account.plans.filter(valid_from__lte=on).select_related("plan").order_by("-valid_from").first()
    return None if row is None else plans.get(row.plan.code)


def plans() -> dict[str, TariffPlan]:
    """Return the plans on record."""
    return plans_on_record()


def zone_now(plan: TariffPlan, *, now: datetime, zone: ZoneInfo) -> ZoneNow | None:
    """Return the zone that counts now, until when, and its price; None where no price is known."""
    today_on = local_date(now, zone)
    try:
        version = plan.version_on(today_on)
    except NoPriceError:
        return None
    current = zone_at(plan.scheme, now, zone)
    prices = {price.zone: price.price_microrub_per_kwh for price in version.prices}
    return ZoneNow(
        zone=current, until_at=_switches_at(plan.scheme, current, now, zone), price_microrub_per_kwh=prices[current]
    )


def _switches_at(scheme: ZoneScheme, current: Zone, now: datetime, zone: ZoneInfo) -> datetime | None:
    if scheme is ZoneScheme.ONE:
        return None
    at = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    for _ in range(48):
        at += timedelta(minutes=30)
        if zone_at(scheme, at, zone) is not current:
            return at
    return None


def running_month(account: Account, plan: TariffPlan, *, now: datetime) -> RunningMonth | None:
    """Return the month so far; None when nothing of it has been read yet, or no price is known."""
    zone = ZoneInfo(account.point.zone_name)
    today_on = local_date(now, zone)
    first_on = max(today_on.replace(day=1), account.opened_on)
    until_at = _newest_at(account, now)
    if until_at is None or until_at <= local_midnight(first_on, zone):
        return None
    try:
        slices = plan.versions_within(first_on, local_date(until_at, zone) + timedelta(days=1))
    except NoPriceError:
        return None
    uses: list[ZoneUse] = []
    gaps: list[Gap] = []
    # A reading of the very midnight at which prices change ends the piece before and begins nothing yet.
    for piece in (one for one in slices if local_midnight(one.first_on, zone) < until_at):
        for energy in _energies(account, plan, _period(piece, zone, until_at)):
            uses.append(ZoneUse(energy.zone, energy.energy_wh, piece.first_on, piece.until_on))
            gaps += energy.gaps
    drafted = draft_bill(plan, uses)
    if isinstance(drafted, Unbillable):
        return RunningMonth(
            first_on=first_on, until_at=until_at, zones=(), energy_wh=0, amount_kopecks=0, gaps=tuple(gaps)
        )
    zones = tuple(
        RunningZone(
            zone=zone_of_plan,
            energy_wh=sum(line.energy_wh for line in drafted.lines if line.zone is zone_of_plan),
            amount_kopecks=sum(line.amount_kopecks for line in drafted.lines if line.zone is zone_of_plan),
        )
        for zone_of_plan in dict.fromkeys(line.zone for line in drafted.lines)
    )
    return RunningMonth(
        first_on=first_on,
        until_at=until_at,
        zones=zones,
        energy_wh=sum(one.energy_wh for one in zones),
        amount_kopecks=drafted.amount_kopecks,
        gaps=(),
    )


def _energies(account: Account, plan: TariffPlan, period: Period) -> tuple[ZoneEnergy, ...]:
    spans = tuple(_counted(span) for span in spans_of_points([account.point_id], period)[account.point_id])
    return zone_energies(spans, scheme=plan.scheme, period=period)


def _counted(span: InstallationSpan) -> InstallationSpan:
    """Leave out tariffs without a zone that stand at zero: they never counted, whatever was read of them before."""
    ends = {tariff: at for tariff, at in span.ends.items() if tariff in span.zone_of_tariff or at.value_wh}
    return replace(span, ends=ends)


def _period(piece: PlanSlice, zone: ZoneInfo, until_at: datetime) -> Period:
    return Period(local_midnight(piece.first_on, zone), min(local_midnight(piece.until_on, zone), until_at))


def _newest_at(account: Account, now: datetime) -> datetime | None:
    standing = LatestRegister.objects.filter(
        meter__installations__point_id=account.point_id,
        meter__installations__removed_at=None,
        quantity=Quantity.A_PLUS,
        taken_at__lte=now + timedelta(minutes=5),
    )
    return standing.order_by("-taken_at").values_list("taken_at", flat=True).first()

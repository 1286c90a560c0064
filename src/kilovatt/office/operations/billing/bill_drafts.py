"""What accounts would be billed for a month: energy by zone from registers, at the prices of their plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from kilovatt.measure.consumption import Gap, InstallationSpan, Leg, zone_energies
from kilovatt.measure.zones import Zone
from kilovatt.money.billing import BillDraft, Unbillable, UnbillableReason, ZoneUse, draft_bill
from kilovatt.money.tariffs import NoPriceError, PlanSlice, TariffPlan
from kilovatt.office.operations.billing.metered import spans_of_points
from kilovatt.office.records.models import Account
from kilovatt.quantities.periods import Period, local_midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """A bill in the making, or why there can be none, with the readings each line stands on."""

    account: Account
    plan_code: str
    result: BillDraft | Unbillable
    legs: Mapping[tuple[Zone, date], tuple[Leg, ...]]
    """By the zone and first day of a line."""
    gaps: tuple[Gap, ...]


def drafts(
    accounts: Sequence[Account], *, month_on: date, until_on: date, plans: Mapping[str, TariffPlan]
) -> list[AccountDraft]:
    """Return what each account would be billed for a month; registers are looked up for all of them at once."""
    spans = _Spans(sorted({account.point_id for account in accounts}))
    return [_draft(account, month_on, until_on, plans, spans) for account in accounts]


class _Spans:
    """The installations of some points, looked up once for each period that is asked for."""

    def __init__(self, point_ids: Sequence[int]) -> None:
        self._point_ids = point_ids
        self._known: dict[Period, Mapping[int, tuple[InstallationSpan, ...]]] = {}

    def of(self, point_id: int, period: Period) -> tuple[InstallationSpan, ...]:
        if period not in self._known:
            self._known[period] = spans_of_points(self._point_ids, period)
        return self._known[period][point_id]


def _draft(
    account: Account, month_on: date, until_on: date, plans: Mapping[str, TariffPlan], spans: _Spans
) -> AccountDraft:
    first_on = max(month_on, account.opened_on)
    until_on = min(until_on, account.closed_on or until_on)
    plan = _plan_of(account, first_on, plans)
    if plan is None:
        return _without_price(account, "", first_on)
    try:
        slices = plan.versions_within(first_on, until_on)
    except NoPriceError:
        return _without_price(account, plan.code, first_on)
    uses: list[ZoneUse] = []
    legs: dict[tuple[Zone, date], tuple[Leg, ...]] = {}
    gaps: list[Gap] = []
    for piece in slices:
        period = _period(account, piece)
        for energy in zone_energies(spans.of(account.point_id, period), scheme=plan.scheme, period=period):
            uses.append(ZoneUse(energy.zone, energy.energy_wh, piece.first_on, piece.until_on))
            legs[energy.zone, piece.first_on] = energy.legs
            gaps += energy.gaps
    return AccountDraft(
        account=account, plan_code=plan.code, result=draft_bill(plan, uses), legs=legs, gaps=tuple(dict.fromkeys(gaps))
    )


def _plan_of(account: Account, on: date, plans: Mapping[str, TariffPlan]) -> TariffPlan | None:
    # In the order of their first days: the last that has begun holds.
    in_force = [row.plan.code for row in account.plans.all() if row.valid_from <= on]
    return plans.get(in_force[-1]) if in_force else None


def _without_price(account: Account, plan_code: str, first_on: date) -> AccountDraft:
    result = Unbillable(UnbillableReason.NO_PRICE, {"plan": plan_code, "first_on": first_on.isoformat()})
    return AccountDraft(account=account, plan_code=plan_code, result=result, legs={}, gaps=())


def _period(account: Account, piece: PlanSlice) -> Period:
    zone = ZoneInfo(account.point.zone_name)
    return Period(local_midnight(piece.first_on, zone), local_midnight(piece.until_on, zone))

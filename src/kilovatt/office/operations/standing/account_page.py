"""What an owner is told of an account at once: what is owed, the bills, the newest readings, how the meter stands."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.measure.zones import Zone
from kilovatt.office.operations.billing.balances import owed_kopecks
from kilovatt.office.operations.standing.meter_file import MeterEventLine, newest_events
from kilovatt.office.records.models import Account, Bill, Installation, LatestRegister, MeterStanding, Unbilled
from kilovatt.quantities.periods import local_date

EVENTS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedBill:
    """A bill in the list of an account."""

    number: str
    first_on: date
    until_on: date
    amount_kopecks: int
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestReading:
    """The newest value [Wh] of one tariff, at the meter's terminals, and the exchange that carried it."""

    tariff: int
    zone: Zone | None
    value_wh: int
    taken_at: datetime
    heard_at: datetime
    session_id: UUID | None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingMeter:
    """The meter at the place now, and what flowed when it was last asked."""

    meter_id: int
    model: MeterModel
    serial: str
    ratio: int
    power_w: int | None
    voltage_mv: int | None
    relay_closed: bool | None
    instant_at: datetime | None
    read_at: datetime | None
    silent_since_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """An account, at a glance. `due_on` is None when nothing is owed."""

    number: str
    place: str
    address: str
    owner: str
    organisation: str
    phone: str
    zone: ZoneInfo
    opened_on: date
    closed_on: date | None
    owed_kopecks: int
    due_on: date | None
    bills: tuple[IssuedBill, ...]
    unbilled_reason: str
    meter: StandingMeter | None
    readings: tuple[NewestReading, ...]
    events: tuple[MeterEventLine, ...]


def account_page(account: Account) -> AccountPage:
    """Return what an account's page says first."""
    zone = ZoneInfo(account.point.zone_name)
    owed = owed_kopecks(account)
    bills = tuple(
        IssuedBill(
            number=row.number,
            first_on=row.period_first_on,
            until_on=row.period_until_on,
            amount_kopecks=row.amount_kopecks,
            due_on=row.due_on,
        )
        for row in Bill.objects.filter(account=account).exclude(issued_at=None).order_by("-period_first_on")
    )
    unbilled = Unbilled.objects.filter(account=account).order_by("-period_first_on").first()
    installation = _installation(account)
    return AccountPage(
        number=account.number,
        place=account.point.name,
        address=account.point.address,
        owner=account.person.full_name,
        organisation=account.organisation.name,
        phone=account.organisation.phone,
        zone=zone,
        opened_on=account.opened_on,
        closed_on=account.closed_on,
        owed_kopecks=owed,
        due_on=bills[0].due_on if bills and owed > 0 else None,
        bills=bills,
        unbilled_reason=unbilled.reason if unbilled is not None else "",
        meter=None if installation is None else _meter(installation),
        readings=() if installation is None else _readings(installation, zone),
        events=() if installation is None else _events(account, installation, zone),
    )


def _installation(account: Account) -> Installation | None:
    if account.closed_on is not None:
        # What the meter shows after the account was closed is someone else's.
        return None
    standing = Installation.objects.filter(point_id=account.point_id, removed_at=None)
    return standing.select_related("meter").prefetch_related("tariff_maps").first()


def _meter(installation: Installation) -> StandingMeter:
    standing = MeterStanding.objects.filter(meter_id=installation.meter_id).first()
    return StandingMeter(
        meter_id=installation.meter_id,
        model=model_by_key(installation.meter.model_key),
        serial=installation.meter.serial,
        ratio=installation.ratio,
        power_w=standing.power_w if standing else None,
        voltage_mv=standing.voltage_mv if standing else None,
        relay_closed=standing.relay_closed if standing else None,
        instant_at=standing.instant_at if standing else None,
        read_at=standing.last_read_at if standing else None,
        silent_since_at=standing.silent_since_at if standing else None,
    )


def _readings(installation: Installation, zone: ZoneInfo) -> tuple[NewestReading, ...]:
    rows = list(
        LatestRegister.objects.filter(meter_id=installation.meter_id, quantity=Quantity.A_PLUS).order_by("tariff")
    )
    newest_on = local_date(max((row.taken_at for row in rows), default=installation.installed_at), zone)
    in_force = [row for row in installation.tariff_maps.all() if row.valid_from <= newest_on]
    latest = max((row.valid_from for row in in_force), default=None)
    zones = {row.tariff: Zone(row.zone) for row in in_force if row.valid_from == latest}
    return tuple(
        NewestReading(
            tariff=row.tariff,
            zone=zones.get(row.tariff),
            value_wh=row.value,
            taken_at=row.taken_at,
            heard_at=row.heard_at,
            session_id=row.session_id,
            exchange=row.exchange,
        )
        for row in rows
        if row.value or row.tariff in zones or row.tariff == TOTAL_TARIFF
    )


def _events(account: Account, installation: Installation, zone: ZoneInfo) -> tuple[MeterEventLine, ...]:
    told = newest_events([installation.meter_id], limit=EVENTS_SHOWN)
    return tuple(event for event in told if local_date(event.noticed.began_at, zone) >= account.opened_on)

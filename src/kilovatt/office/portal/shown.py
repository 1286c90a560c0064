"""What the owner's pages show, as texts: figures, days and instants as people write them."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.measure.metering.registers import TOTAL_TARIFF
from kilovatt.office.documents.figures import (
    NO_BREAK_SPACE,
    Language,
    date_text,
    instant_text,
    kwh_text,
    language_of,
    month_text,
    period_text,
    price_text,
    roubles_text,
    time_text,
    zone_text,
)
from kilovatt.office.operations.billing.running_month import RunningMonth, ZoneNow
from kilovatt.office.operations.standing.account_page import AccountPage, IssuedBill, NewestReading, StandingMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBill:
    """A bill in the list."""

    number: str
    period: str
    amount: str
    due_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReading:
    """A newest reading and the way to its frame."""

    zone: str
    zone_name: str
    value: str
    taken_at: str
    frame_time: str
    session_id: UUID | None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownZone:
    """A zone of the running month."""

    zone: str
    name: str
    energy: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMonth:
    """The month so far."""

    title: str
    energy: str
    amount: str
    until: str
    zones: tuple[ShownZone, ...]
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNow:
    """What counts and what flowed when the meter was last asked."""

    zone: str
    zone_name: str
    until: str
    price: str
    power: str
    voltage: str
    asked_at: str
    relay: str


def shown_bill(bill: IssuedBill) -> ShownBill:
    """Return a bill of the list as texts."""
    language = speech()
    return ShownBill(
        number=bill.number,
        period=period_text(bill.first_on, bill.until_on, language),
        amount=roubles_text(bill.amount_kopecks, language),
        due_on=date_text(bill.due_on, language),
    )


def shown_reading(reading: NewestReading, page: AccountPage) -> ShownReading:
    """Return a newest reading as texts."""
    language = speech()
    if reading.tariff == TOTAL_TARIFF:
        name = _("total")
    elif reading.zone is None:
        name = _("tariff {n}").format(n=reading.tariff)
    else:
        name = zone_text(reading.zone, language)
    return ShownReading(
        zone=reading.zone.value if reading.zone is not None and reading.tariff != TOTAL_TARIFF else "",
        zone_name=name,
        value=kwh_text(reading.value_wh, language, decimals=3),
        taken_at=instant_text(reading.taken_at, page.zone, language),
        frame_time=f"{reading.heard_at.astimezone(page.zone):%H:%M:%S}",
        session_id=reading.session_id,
        exchange=reading.exchange,
    )


def shown_month(month: RunningMonth, page: AccountPage) -> ShownMonth:
    """Return the month so far as texts."""
    language = speech()
    title = month_text(month.first_on, language)
    return ShownMonth(
        title=title[:1].upper() + title[1:],
        energy=kwh_text(month.energy_wh, language),
        amount=roubles_text(month.amount_kopecks, language),
        until=instant_text(month.until_at, page.zone, language),
        zones=tuple(
            ShownZone(
                zone=one.zone.value,
                name=zone_text(one.zone, language),
                energy=kwh_text(one.energy_wh, language),
                amount=roubles_text(one.amount_kopecks, language),
            )
            for one in month.zones
        ),
        is_known=not month.gaps,
    )


def shown_now(counting: ZoneNow | None, page: AccountPage) -> ShownNow | None:
    """Return what counts now as texts; None where there is no meter."""
    if page.meter is None:
        return None
    language = speech()
    meter = page.meter
    until_at = counting.until_at if counting is not None else None
    return ShownNow(
        zone=counting.zone.value if counting is not None else "",
        zone_name=zone_text(counting.zone, language) if counting is not None else "",
        until=time_text(until_at, page.zone) if until_at is not None else "",
        price=in_roubles(price_text(counting.price_microrub_per_kwh, language), language)
        if counting is not None
        else "",
        power="" if meter.power_w is None else _("{power} W").format(power=meter.power_w * meter.ratio),
        voltage=_voltage(meter, language),
        asked_at="" if meter.instant_at is None else instant_text(meter.instant_at, page.zone, language),
        relay=_relay(meter),
    )


def silence(page: AccountPage) -> str:
    """Return a sentence when the meter is not heard; empty otherwise. The owner has nothing to do about it."""
    meter = page.meter
    if meter is None or meter.silent_since_at is None:
        return ""
    since = instant_text(meter.silent_since_at, page.zone, speech())
    return _(
        "The meter has not been heard since {since}. {organisation} sees it; nothing is lost: "
        "it remembers, and what is missing is filled in when it answers."
    ).format(since=since, organisation=page.organisation)


def in_roubles(figure: str, language: Language) -> str:
    """Return a figure with the currency's sign where the language has it."""
    return f"₽{figure}" if language == "en" else f"{figure}{NO_BREAK_SPACE}₽"


def speech() -> Language:
    """Return the language of the page."""
    return language_of(get_language())


def _voltage(meter: StandingMeter, language: Language) -> str:
    if meter.voltage_mv is None:
        return ""
    decivolts = (meter.voltage_mv + 50) // 100
    point = "." if language == "en" else ","
    return _("{voltage} V").format(voltage=f"{decivolts // 10}{point}{decivolts % 10}")


def _relay(meter: StandingMeter) -> str:
    if meter.relay_closed is None:
        return ""
    return _("Supply is on") if meter.relay_closed else _("Supply is switched off at the meter")

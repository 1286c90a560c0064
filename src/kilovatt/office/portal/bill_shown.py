"""The lines of a bill as texts, with the arithmetic that leads from readings to kopecks."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from kilovatt.measure.metering.meter_days import Source
from kilovatt.office.documents.figures import (
    Language,
    instant_text,
    kwh_text,
    period_text,
    price_text,
    roubles_text,
    short_date_text,
    zone_text,
)
from kilovatt.office.operations.billing.bill_file import BilledLeg, BilledLine
from kilovatt.office.portal.shown import in_roubles, speech
from kilovatt.office.records.models import Bill

_MICROROUBLES_PER_KOPECK = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLeg:
    """Two readings and what lies between them."""

    meter: str
    tariff: int
    start: str
    start_at: str
    start_source: str
    start_session: UUID | None
    start_exchange: int | None
    end: str
    end_at: str
    end_source: str
    end_session: UUID | None
    end_exchange: int | None
    difference: str
    ratio: int
    energy: str
    rolled_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """A line of a bill. `exact` is energy times price before rounding; `is_rounded_so` when that gives the amount."""

    position: int
    zone: str
    zone_name: str
    period: str
    energy: str
    energy_exact: str
    price: str
    price_signed: str
    price_from: str
    price_source: str
    amount: str
    exact: str
    is_rounded_so: bool
    legs: tuple[ShownLeg, ...]


def shown_line(line: BilledLine, bill: Bill) -> ShownLine:
    """Return a line as texts."""
    language = speech()
    zone = ZoneInfo(bill.account.point.zone_name)
    rounded = (line.exact_microrub + _MICROROUBLES_PER_KOPECK // 2) // _MICROROUBLES_PER_KOPECK
    return ShownLine(
        position=line.position,
        zone=line.zone.value,
        zone_name=zone_text(line.zone, language),
        period=period_text(line.first_on, line.until_on, language),
        energy=kwh_text(line.energy_wh, language),
        energy_exact=kwh_text(line.energy_wh, language, decimals=3),
        price=price_text(line.price_microrub_per_kwh, language),
        price_from=short_date_text(line.price_valid_from, language),
        price_source=line.price_source,
        amount=roubles_text(line.amount_kopecks, language),
        exact=in_roubles(price_text(line.exact_microrub, language), language),
        price_signed=in_roubles(price_text(line.price_microrub_per_kwh, language), language),
        is_rounded_so=rounded == line.amount_kopecks,
        legs=tuple(_leg(leg, zone, language) for leg in line.legs),
    )


def _leg(leg: BilledLeg, zone: ZoneInfo, language: Language) -> ShownLeg:
    return ShownLeg(
        meter=f"{leg.model.title} № {leg.serial}",
        tariff=leg.tariff,
        start=kwh_text(leg.start.value_wh, language, decimals=3),
        start_at=instant_text(leg.start.taken_at, zone, language),
        start_source=source_text(leg.start.source),
        start_session=leg.start.session_id,
        start_exchange=leg.start.exchange,
        end=kwh_text(leg.end.value_wh, language, decimals=3),
        end_at=instant_text(leg.end.taken_at, zone, language),
        end_source=source_text(leg.end.source),
        end_session=leg.end.session_id,
        end_exchange=leg.end.exchange,
        difference=kwh_text(leg.difference_wh, language, decimals=3),
        ratio=leg.ratio,
        energy=kwh_text(leg.energy_wh, language, decimals=3),
        rolled_over=leg.rolled_over,
    )


def source_text(source: str) -> str:
    """Return where a reading came from."""
    return {
        Source.METER: _("read from the meter"),
        Source.FILE: _("from a file"),
        Source.PERSON: _("told by a person"),
        Source.ESTIMATE: _("estimated"),
        Source.EDITED: _("read from the meter, its time corrected by a person"),
    }[Source(source)]

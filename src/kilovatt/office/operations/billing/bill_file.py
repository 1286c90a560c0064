"""An issued bill taken apart: its lines, the readings each stands on, and what each reading adds."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from kilovatt.measure.consumption import register_difference
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.zones import Zone
from kilovatt.office.records.models import Bill, BillLine, BillLineLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledReading:
    """A register [Wh] a line stands on, with the way to its frame."""

    value_wh: int
    taken_at: datetime
    source: str
    digest: str
    session_id: UUID | None
    exchange: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLeg:
    """Two readings of one tariff of one meter. `difference_wh` is at its terminals, `energy_wh` has the ratio in it."""

    model: MeterModel
    serial: str
    tariff: int
    ratio: int
    start: BilledReading
    end: BilledReading
    difference_wh: int
    energy_wh: int
    rolled_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLine:
    """One priced line with its legs."""

    position: int
    zone: Zone
    first_on: date
    until_on: date
    energy_wh: int
    price_microrub_per_kwh: int
    price_valid_from: date
    price_source: str
    amount_kopecks: int
    legs: tuple[BilledLeg, ...]

    @property
    def exact_microrub(self) -> int:
        """Energy times price before rounding, in whole millionths of a rouble (what is finer is cut off)."""
        return self.energy_wh * self.price_microrub_per_kwh // 1000


def billed_lines(bill: Bill) -> tuple[BilledLine, ...]:
    """Return the lines of a bill in their order."""
    return tuple(_line(row) for row in bill.lines.prefetch_related("legs__meter").order_by("position"))


def _line(row: BillLine) -> BilledLine:
    return BilledLine(
        position=row.position,
        zone=Zone(row.zone),
        first_on=row.first_on,
        until_on=row.until_on,
        energy_wh=row.energy_wh,
        price_microrub_per_kwh=row.price_microrub_per_kwh,
        price_valid_from=row.price_valid_from,
        price_source=row.price_source,
        amount_kopecks=row.amount_kopecks,
        legs=tuple(_leg(leg) for leg in sorted(row.legs.all(), key=lambda leg: (leg.start_taken_at, leg.tariff))),
    )


def _leg(row: BillLineLeg) -> BilledLeg:
    model = model_by_key(row.meter.model_key)
    counted = register_difference(
        start_wh=row.start_value_wh, end_wh=row.end_value_wh, limit_wh=model.register_limit_wh
    )
    assert counted is not None, "a bill is never issued over a register that went down"
    return BilledLeg(
        model=model,
        serial=row.meter.serial,
        tariff=row.tariff,
        ratio=row.ratio,
        start=BilledReading(
            value_wh=row.start_value_wh,
            taken_at=row.start_taken_at,
            source=row.start_source,
            digest=bytes(row.start_digest).hex(),
            session_id=row.start_session,
            exchange=row.start_exchange,
        ),
        end=BilledReading(
            value_wh=row.end_value_wh,
            taken_at=row.end_taken_at,
            source=row.end_source,
            digest=bytes(row.end_digest).hex(),
            session_id=row.end_session,
            exchange=row.end_exchange,
        ),
        difference_wh=counted.energy_wh,
        energy_wh=counted.energy_wh * row.ratio,
        rolled_over=counted.rolled_over,
    )

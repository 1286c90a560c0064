"""A small association on record, and sessions as the head-end would report them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotRank
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import ClockReading, Exchange, Learnt, SessionReport
from kilovatt.measure.zones import Zone
from kilovatt.office.operations.registration import (
    OrganisationFacts,
    PlaceFacts,
    register_line,
    register_organisation,
    register_places,
)
from kilovatt.office.records.models import Meter, Organisation, TariffPlan
from kilovatt.quantities.periods import local_midnight

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
_SESSIONS = UUID("5f0b3c8e-5d2c-4b52-9a4b-1f6f0c2f9a10")


def place(number: int, **changes: object) -> PlaceFacts:
    facts: dict[str, object] = {
        "account_number": f"{number:06d}",
        "person_name": f"Иванова Мария {number}",
        "point_name": f"участок {number}",
        "address": f"СНТ «Ромашка», участок {number}",
        "model_key": "mercury-234-artm-01-pob-r",
        "serial": f"{41_000_000 + number}",
        "meter_address": number,
        "meter_password": "111111",
        "line_name": "линия 1",
        "plan_code": "two",
        "zone_of_tariff": {1: Zone.DAY, 2: Zone.NIGHT},
        "since_on": date(2026, 9, 1),
    }
    return PlaceFacts(**(facts | changes))  # type: ignore[arg-type]  # facts are named as the fields are


def put_association_on_record() -> Organisation:
    """Two places with a three-phase meter each, on one line."""
    organisation = register_organisation(OrganisationFacts(code="romashka", name="СНТ «Ромашка»", kind="association"))
    TariffPlan.objects.create(code="two", title_en="Two zones", title_ru="Две зоны", scheme="two")
    register_line(organisation, name="линия 1", url="tcp://127.0.0.1:4001", answer_timeout_ms=1000, quiet_ms=100)
    register_places(organisation, [place(1), place(2)])
    return organisation


def register(
    value: int, *, tariff: int = 1, on: date | None = None, at: datetime = NOW, exchange: int = 3
) -> RegisterReading:
    moment = RegisterMoment.NOW if on is None else RegisterMoment.MONTH_START
    return RegisterReading(
        quantity=Quantity.A_PLUS,
        tariff=tariff,
        value=value,
        moment=moment,
        taken_at=at if on is None else local_midnight(on, MOSCOW),
        heard_at=at,
        exchange=exchange,
    )


def meter_day(on: date, counts: Sequence[int | None], *, heard_at: datetime = NOW, exchange: int = 9) -> MeterDay:
    return MeterDay(
        day_on=on,
        starts_at=local_midnight(on, MOSCOW),
        step_s=1800,
        uwh_per_count=500_000,
        a_plus=tuple(count or 0 for count in counts),
        a_minus=None,
        r_plus=tuple(0 for _ in counts),
        r_minus=None,
        qualities=tuple(SlotRank.MISSING if count is None else SlotRank.ACTUAL for count in counts),
        exchanges=tuple(NO_EXCHANGE if count is None else exchange for count in counts),
        heard_at=heard_at,
    )


def cover_opened(began_at: datetime, ended_at: datetime | None = None) -> MeterEvent:
    return MeterEvent(
        kind=EventKind.TERMINAL_COVER_OPENED, began_at=began_at, ended_at=ended_at, detail="", exchange=20
    )


def clock(*, ahead: timedelta = timedelta(0), at: datetime = NOW) -> ClockReading:
    return ClockReading(taken_at=at + ahead, heard_at=at, exchange=1)


def report_of(
    meter: Meter, learnt: Learnt, *, name: str = "first", at: datetime = NOW, outcome: Outcome = Outcome.OK
) -> SessionReport:
    exchanges = tuple(
        Exchange(
            number=number,
            request=bytes([1, 5, number]),
            answer=bytes([1, number]),
            sent_at=at,
            took_ms=12,
            tries=1,
        )
        for number in sorted(learnt.exchanges)
    )
    return SessionReport(
        session_id=uuid5(_SESSIONS, f"{meter.pk}/{name}"),
        meter_id=meter.pk,
        language="mercury-v2",
        started_at=at,
        ended_at=at + timedelta(seconds=1),
        outcome=outcome,
        failed_part=None,
        detail="",
        learnt=learnt,
        exchanges=exchanges,
        exchanges_made=len(exchanges),
        retries=0,
    )

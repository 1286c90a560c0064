"""An association whose pages are looked at: two places with bills and frames, and who may see what."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from uuid import UUID

import fastcrc
from django.test import Client
from pytest_django import Settings

from kilovatt.measure.metering.meter_days import SlotRank
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money.tariffs import PriceVersion, TariffPlan, ZonePrice
from kilovatt.office.operations.billing.billing import bill_last_month
from kilovatt.office.operations.billing.tariff_plans import publish_plan
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import (
    OrganisationFacts,
    register_operator,
    register_organisation,
    register_owner,
)
from kilovatt.office.records.models import Meter, Organisation, User
from on_record import NOW, cover_opened, meter_day, put_association_on_record, register, report_of

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
YESTERDAY = date(2026, 11, 23)
A_WEEK_BEFORE = date(2026, 11, 16)
DAY_END_WH, NIGHT_END_WH = 1_100_250, 609_140


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Who is there. The owner sees place 1, the neighbour place 2, the operator both, the stranger works elsewhere."""

    association: Organisation
    meter: Meter
    owner: User
    neighbour: User
    operator: User
    stranger: User
    session_id: UUID
    bill: str = "000001-202610"
    neighbours_bill: str = "000002-202610"


def live_at(settings: Settings, at: datetime) -> None:
    """Let the site live at an instant."""
    settings.CLOCK_AHEAD = at - datetime.now(UTC)  # noqa: TID251  what the clock is set against


def put_town_on_record() -> Town:
    """Put everything on record, read both meters, and bill October."""
    association = put_association_on_record()
    prices = (ZonePrice(Zone.DAY, 8_980_000), ZonePrice(Zone.NIGHT, 3_710_000))
    version = PriceVersion(valid_from=date(2026, 1, 1), valid_until=None, prices=prices, source="a worked example")
    publish_plan(TariffPlan("two", ZoneScheme.TWO, (version,)), title_en="Two zones", title_ru="Две зоны")
    meter, other = (Meter.objects.get(serial=serial) for serial in ("41000001", "41000002"))
    report = real_frames(report_of(meter, learnt()))
    accept(report, now=NOW)
    accept(real_frames(report_of(other, learnt())), now=NOW)
    bill_last_month(now=NOW)
    elsewhere = register_organisation(OrganisationFacts(code="vasilek", name="СНТ «Василёк»", kind="association"))
    return Town(
        association=association,
        meter=meter,
        owner=register_owner(association, username="000001", password="one-1111-x", account_numbers=["000001"]),
        neighbour=register_owner(association, username="000002", password="two-2222-x", account_numbers=["000002"]),
        operator=register_operator(association, username="operator", password="op-33333-x"),
        stranger=register_operator(elsewhere, username="stranger", password="st-44444-x"),
        session_id=report.session_id,
    )


def learnt() -> Learnt:
    """Two months' ends, the registers now, two days of half-hours, and a cover that was opened."""
    whole = meter_day(A_WEEK_BEFORE, [200] * 48)
    # 00:00–07:00 measured, an hour estimated, an hour missing, the rest measured: 0.5 Wh a count.
    counts: list[int | None] = [100] * 14 + [300] * 2 + [None] * 2 + [400] * 30
    day = meter_day(YESTERDAY, counts)
    qualities = tuple(SlotRank.ESTIMATED if place in {14, 15} else rank for place, rank in enumerate(day.qualities))
    began_at = datetime(2026, 11, 22, 14, 25, tzinfo=UTC)
    return Learnt(
        registers=(
            register(1_000_000, tariff=1, on=OCTOBER, exchange=3),
            register(500_000, tariff=2, on=OCTOBER, exchange=4),
            register(DAY_END_WH, tariff=1, on=NOVEMBER, exchange=5),
            register(NIGHT_END_WH, tariff=2, on=NOVEMBER, exchange=6),
            register(1_150_250, tariff=1, exchange=7),
            register(629_140, tariff=2, exchange=8),
            register(1_779_390, tariff=0, exchange=9),
        ),
        meter_days=(whole, replace(day, qualities=qualities)),
        events=(cover_opened(began_at, began_at + timedelta(minutes=12)),),
    )


def framed(text: str) -> bytes:
    """Return the bytes of a frame with its checksum."""
    body = bytes.fromhex(text)
    return body + fastcrc.crc16.modbus(body).to_bytes(2, "little")


def real_frames(report: SessionReport) -> SessionReport:
    """Put the frames of Mercury V2 that carry the registers into a report."""
    registers = {reading.exchange: reading for reading in report.learnt.registers}
    exchanges = []
    for exchange in report.exchanges:
        reading = registers.get(exchange.number)
        if reading is None:
            exchanges.append(exchange)
            continue
        # Month 10 or 11 as it stood at its start; the two words of a register, the lower byte of each first.
        array = {OCTOBER.month: "BA", NOVEMBER.month: "BB"}.get((reading.taken_at + timedelta(hours=3)).month, "00")
        array = "00" if reading.taken_at == NOW else array
        high, low = divmod(reading.value, 1 << 16)
        energy = high.to_bytes(2, "little").hex() + low.to_bytes(2, "little").hex()
        request = framed(f"01 05 {array} {reading.tariff:02x}")
        answer = framed(f"01 {energy} FFFFFFFF 67006008 FFFFFFFF")
        exchanges.append(replace(exchange, request=request, answer=answer))
    return replace(report, exchanges=tuple(exchanges))


class Words(HTMLParser):
    """What a person reads on a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._skips = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skips += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._skips -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._skips and data.strip():
            self.said.append(" ".join(data.split()))


def words(client: Client, page: str, language: str = "en") -> str:
    """Return what a person reads on a page."""
    response = client.get(page, headers={"accept-language": language})
    assert response.status_code == 200, page
    return " ".join(Words(response.content.decode()).said)

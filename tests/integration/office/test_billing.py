"""A month is billed from the registers at its ends, once; what cannot be billed is said."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.registers import RegisterReading
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money.tariffs import PriceVersion, TariffPlan, ZonePrice
from kilovatt.office.operations.billing import balances
from kilovatt.office.operations.billing.billing import bill_last_month, bill_month
from kilovatt.office.operations.billing.tariff_plans import publish_plan
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_places
from kilovatt.office.records.models import (
    Account,
    AccountPlan,
    Bill,
    BillLineLeg,
    Installation,
    Meter,
    Organisation,
    Transfer,
    Unbilled,
)
from kilovatt.quantities.periods import local_midnight
from on_record import MOSCOW, NOW, place, register, report_of

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)


def version(valid_from: date, valid_until: date | None, day: int, night: int) -> PriceVersion:
    prices = (ZonePrice(Zone.DAY, day), ZonePrice(Zone.NIGHT, night))
    return PriceVersion(valid_from=valid_from, valid_until=valid_until, prices=prices, source="a worked example")


@pytest.fixture(autouse=True)
def priced(association: Organisation) -> None:
    versions = (version(date(2026, 1, 1), OCTOBER, 8_160_000, 3_370_000), version(OCTOBER, None, 8_980_000, 3_710_000))
    publish_plan(TariffPlan("two", ZoneScheme.TWO, versions), title_en="Two zones", title_ru="Две зоны")


def frozen(month_on: date, *, day: int, night: int) -> tuple[RegisterReading, ...]:
    return (register(day, tariff=1, on=month_on, exchange=5), register(night, tariff=2, on=month_on, exchange=6))


def read(meter: Meter, *registers: RegisterReading, name: str = "first") -> None:
    accept(report_of(meter, Learnt(registers=registers), name=name), now=NOW)


def amounts(bill: Bill) -> list[tuple[str, int, int]]:
    return [(line.zone, line.energy_wh, line.amount_kopecks) for line in bill.lines.all()]


def test_a_month_is_billed_from_the_registers_at_its_ends(meter: Meter, association: Organisation) -> None:
    read(meter, *frozen(OCTOBER, day=1_000_000, night=500_000), *frozen(NOVEMBER, day=1_100_250, night=609_140))
    bill_last_month(now=NOW)
    bill = Bill.objects.get(account__number="000001")
    # 100.250 kWh × 8.98 ₽ = 900.245 ₽ → 900.25 (half up); 109.140 kWh × 3.71 ₽ = 404.9094 ₽ → 404.91
    assert amounts(bill) == [("day", 100_250, 90_025), ("night", 109_140, 40_491)]
    assert (bill.amount_kopecks, bill.due_on, bill.period_first_on) == (130_516, date(2026, 11, 15), OCTOBER)
    assert bill.issued_at == NOW
    assert balances.owed_kopecks(bill.account) == 130_516
    assert sum(balances.balances_kopecks(association).values()) == 0


def test_a_line_names_its_two_readings_and_their_frames(meter: Meter) -> None:
    read(meter, *frozen(OCTOBER, day=0, night=0), *frozen(NOVEMBER, day=1_000, night=2_000))
    bill_last_month(now=NOW)
    leg = BillLineLeg.objects.get(line__zone="night")
    assert (leg.tariff, leg.start_value_wh, leg.end_value_wh, leg.end_exchange) == (2, 0, 2_000, 6)
    assert leg.end_taken_at == local_midnight(NOVEMBER, MOSCOW)


def test_the_prices_are_those_of_the_month_that_is_billed(meter: Meter, association: Organisation) -> None:
    read(meter, *frozen(SEPTEMBER, day=0, night=0), *frozen(OCTOBER, day=1_000, night=1_000))
    bill_month(association, SEPTEMBER, now=NOW)
    assert amounts(Bill.objects.get()) == [("day", 1_000, 816), ("night", 1_000, 337)]


def test_billing_again_makes_no_second_bill_and_no_second_transfer(meter: Meter) -> None:
    read(meter, *frozen(OCTOBER, day=0, night=0), *frozen(NOVEMBER, day=1_000, night=2_000))
    bill_last_month(now=NOW)
    bill_last_month(now=NOW + timedelta(days=1))
    assert (Bill.objects.count(), Transfer.objects.count()) == (1, 2)


def test_what_cannot_be_billed_is_said_with_what_is_missing(meter: Meter) -> None:
    read(meter, *frozen(OCTOBER, day=0, night=0), frozen(NOVEMBER, day=1_000, night=2_000)[0])
    bill_last_month(now=NOW)
    missing = Unbilled.objects.get(account__number="000001")
    assert (Bill.objects.count(), missing.reason) == (0, "missing_register")
    assert missing.detail["gaps"] == [
        {"reason": "missing_register", "meter_id": meter.pk, "tariff": 2, "at": "2026-10-31T21:00:00+00:00"}
    ]


def test_once_the_missing_register_comes_the_bill_is_made_and_the_reason_goes(meter: Meter) -> None:
    ends = frozen(NOVEMBER, day=1_000, night=2_000)
    read(meter, *frozen(OCTOBER, day=0, night=0), ends[0])
    bill_last_month(now=NOW)
    read(meter, ends[1], name="second")
    bill_last_month(now=NOW)
    assert Bill.objects.get().amount_kopecks == 898 + 742
    assert not Unbilled.objects.filter(account__number="000001").exists()


def test_a_register_that_went_down_is_not_billed(meter: Meter) -> None:
    read(meter, *frozen(OCTOBER, day=5_000, night=0), *frozen(NOVEMBER, day=1_000, night=2_000))
    bill_last_month(now=NOW)
    assert Unbilled.objects.get(account__number="000001").reason == "register_went_down"


def test_the_transformer_ratio_multiplies_what_the_meter_counted(meter: Meter) -> None:
    Installation.objects.filter(meter=meter).update(ratio=20)
    read(meter, *frozen(OCTOBER, day=0, night=0), *frozen(NOVEMBER, day=1_001, night=2_002))
    bill_last_month(now=NOW)
    assert [(zone, energy_wh) for zone, energy_wh, _ in amounts(Bill.objects.get())] == [
        ("day", 20_020),
        ("night", 40_040),
    ]


def test_a_meter_exchanged_within_the_month_is_billed_with_the_one_that_came(
    meter: Meter, association: Organisation
) -> None:
    exchanged_at = datetime(2026, 10, 14, 21, 0, tzinfo=UTC)
    installation = Installation.objects.get(meter=meter)
    Installation.objects.filter(pk=installation.pk).update(removed_at=exchanged_at)
    new = Meter.objects.create(model_key=meter.model_key, serial="49000001", address=99, line=meter.line)
    after = Installation.objects.create(point=installation.point, meter=new, installed_at=exchanged_at)
    for tariff_map in installation.tariff_maps.all():
        after.tariff_maps.create(valid_from=date(2026, 10, 15), tariff=tariff_map.tariff, zone=tariff_map.zone)
    exchange_on = date(2026, 10, 15)
    read(meter, *frozen(OCTOBER, day=100_000, night=50_000), *frozen(exchange_on, day=140_000, night=60_000))
    read(new, *frozen(exchange_on, day=7_000, night=3_000), *frozen(NOVEMBER, day=17_000, night=8_000))
    bill_last_month(now=NOW)
    assert amounts(Bill.objects.get()) == [("day", 50_000, 44_900), ("night", 15_000, 5_565)]
    assert BillLineLeg.objects.filter(line__zone="day").count() == 2


def test_a_price_that_changes_within_the_month_needs_the_registers_of_that_day(
    meter: Meter, association: Organisation
) -> None:
    mid_on = date(2026, 10, 15)
    versions = (version(date(2026, 1, 1), mid_on, 1_000_000, 1_000_000), version(mid_on, None, 2_000_000, 2_000_000))
    plan = publish_plan(TariffPlan("mid", ZoneScheme.TWO, versions), title_en="Mid", title_ru="Середина")
    AccountPlan.objects.create(account=Account.objects.get(number="000001"), plan=plan, valid_from=OCTOBER)
    read(meter, *frozen(OCTOBER, day=0, night=0), *frozen(NOVEMBER, day=30_000, night=3_000))
    bill_last_month(now=NOW)
    assert Unbilled.objects.get(account__number="000001").reason == "missing_register"
    read(meter, *frozen(mid_on, day=10_000, night=1_000), name="second")
    bill_last_month(now=NOW)
    assert amounts(Bill.objects.get()) == [
        ("day", 10_000, 1_000),
        ("day", 20_000, 4_000),
        ("night", 1_000, 100),
        ("night", 2_000, 400),
    ]


def test_an_account_opened_within_the_month_is_billed_from_its_first_day(association: Organisation) -> None:
    opened_on = date(2026, 10, 20)
    register_places(association, [place(3, since_on=opened_on)])
    meter = Meter.objects.get(serial="41000003")
    read(meter, *frozen(opened_on, day=0, night=0), *frozen(NOVEMBER, day=1_000, night=0))
    bill_last_month(now=NOW)
    line = Bill.objects.get(account__number="000003").lines.get(zone="day")
    assert (line.first_on, line.energy_wh) == (opened_on, 1_000)


def test_without_a_plan_there_is_no_bill(meter: Meter) -> None:
    AccountPlan.objects.all().delete()
    bill_last_month(now=NOW)
    assert Unbilled.objects.get(account__number="000001").reason == "no_price"


def test_a_closed_account_is_not_billed(meter: Meter) -> None:
    Account.objects.update(closed_on=SEPTEMBER)
    bill_last_month(now=NOW)
    assert not Unbilled.objects.exists()


def test_a_bill_of_nothing_moves_no_money(meter: Meter) -> None:
    read(meter, *frozen(OCTOBER, day=5, night=5), *frozen(NOVEMBER, day=5, night=5))
    bill_last_month(now=NOW)
    assert (Bill.objects.get().amount_kopecks, Transfer.objects.count()) == (0, 0)


def test_the_zone_of_the_place_decides_when_its_month_begins(meter: Meter, association: Organisation) -> None:
    novosibirsk = ZoneInfo("Asia/Novosibirsk")
    meter.installations.get().point.__class__.objects.update(zone_name=novosibirsk.key)
    read(meter, *frozen(OCTOBER, day=0, night=0), *frozen(NOVEMBER, day=1_000, night=0))
    bill_last_month(now=NOW)
    assert Unbilled.objects.get(account__number="000001").reason == "missing_register"

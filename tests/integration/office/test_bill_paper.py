"""The paper says what the ledger says: what was owed, what came in until the issue, and what is to be paid."""

from datetime import date, datetime, timedelta

import pytest

from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money import ledger
from kilovatt.money.tariffs import PriceVersion, TariffPlan, ZonePrice
from kilovatt.office.documents import BillDocument
from kilovatt.office.operations.billing import balances
from kilovatt.office.operations.billing.bill_paper import bill_document
from kilovatt.office.operations.billing.billing import bill_month, transfer_row
from kilovatt.office.operations.billing.tariff_plans import publish_plan
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_vat
from kilovatt.office.records.models import Account, Bill, Meter, Organisation, VatStatus
from on_record import NOW, register, report_of

AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
DAY = timedelta(days=1)
BEFORE = NOW - 30 * DAY


@pytest.fixture(autouse=True)
def read(association: Organisation, meter: Meter) -> None:
    """Three months' ends of the first account's meter: each month takes 100 kWh by day for 898 roubles."""
    prices = (ZonePrice(Zone.DAY, 8_980_000), ZonePrice(Zone.NIGHT, 3_710_000))
    version = PriceVersion(valid_from=date(2026, 1, 1), valid_until=None, prices=prices, source="a worked example")
    publish_plan(TariffPlan("two", ZoneScheme.TWO, (version,)), title_en="Two zones", title_ru="Две зоны")
    Account.objects.filter(number="000001").update(opened_on=AUGUST)
    ends = ((SEPTEMBER, 100_000), (OCTOBER, 200_000), (NOVEMBER, 300_000))
    registers = tuple(
        register(wh, tariff=tariff, on=on) for on, day_wh in ends for tariff, wh in ((1, day_wh), (2, 500_000))
    )
    accept(report_of(meter, Learnt(registers=registers)), now=NOW)


@pytest.fixture
def account() -> Account:
    return Account.objects.get(number="000001")


def pays(account: Account, kopecks: int, *, on: date, at: datetime, reference: str) -> ledger.Transfer:
    paid = ledger.transfer_of_payment(
        organisation_id=account.organisation_id,
        account_id=account.pk,
        reference=reference,
        amount_kopecks=kopecks,
        paid_on=on,
        recorded_at=at,
    )
    transfer_row(paid).save(force_insert=True)
    return paid


def paper(number: str) -> BillDocument:
    return bill_document(Bill.objects.get(number=number), check_url="https://example.org/")


def came_in(document: BillDocument) -> list[tuple[date, int]]:
    return [(one.paid_on, one.amount_kopecks) for one in document.statement.payments]


def test_payments_until_the_issue_are_told_with_their_days(association: Organisation, account: Account) -> None:
    bill_month(association, SEPTEMBER, now=BEFORE)
    pays(account, 50_000, on=date(2026, 10, 20), at=BEFORE + DAY, reference="1")
    pays(account, 30_000, on=date(2026, 11, 3), at=NOW - DAY, reference="2")
    bill_month(association, OCTOBER, now=NOW)
    pays(account, 70_000, on=date(2026, 11, 25), at=NOW + DAY, reference="3")
    october = paper("000001-202610")
    assert october.statement.opening_kopecks == 89_800
    assert came_in(october) == [(date(2026, 10, 20), 50_000), (date(2026, 11, 3), 30_000)]
    # 898.00 before, 800.00 paid, 898.00 charged.
    assert october.balance_kopecks == 99_600
    assert paper("000001-202609").balance_kopecks == 89_800
    assert balances.owed_kopecks(account) == 29_600


def test_a_payment_that_was_taken_back_does_not_count(association: Organisation, account: Account) -> None:
    bill_month(association, SEPTEMBER, now=BEFORE)
    wrong = pays(account, 50_000, on=date(2026, 10, 20), at=BEFORE + DAY, reference="1")
    back = ledger.reverse(wrong, happened_on=date(2026, 10, 22), recorded_at=BEFORE + 2 * DAY)
    transfer_row(back).save(force_insert=True)
    bill_month(association, OCTOBER, now=NOW)
    october = paper("000001-202610")
    assert came_in(october) == []
    assert october.balance_kopecks == balances.owed_kopecks(account) == 179_600


def test_two_months_issued_at_one_instant_follow_one_another(association: Organisation, account: Account) -> None:
    pays(account, 10_000, on=date(2026, 9, 20), at=BEFORE, reference="1")
    bill_month(association, OCTOBER, now=NOW)
    bill_month(association, SEPTEMBER, now=NOW)
    september, october = paper("000001-202609"), paper("000001-202610")
    assert (september.statement.opening_kopecks, came_in(september)) == (0, [(date(2026, 9, 20), 10_000)])
    assert (october.statement.opening_kopecks, came_in(october)) == (september.balance_kopecks, [])
    assert october.balance_kopecks == balances.owed_kopecks(account)


def test_another_accounts_payment_is_not_on_the_bill(association: Organisation, account: Account) -> None:
    bill_month(association, OCTOBER, now=NOW)
    pays(Account.objects.get(number="000002"), 5_000, on=OCTOBER, at=BEFORE, reference="1")
    assert came_in(paper("000001-202610")) == []


@pytest.mark.parametrize(("kind", "percent"), [(Organisation.Kind.ASSOCIATION, None), (Organisation.Kind.RETAILER, 22)])
def test_unless_it_is_said_an_association_has_no_vat_and_a_retailer_has(
    association: Organisation, kind: Organisation.Kind, percent: int | None
) -> None:
    Organisation.objects.filter(pk=association.pk).update(kind=kind)
    bill_month(association, OCTOBER, now=NOW)
    assert paper("000001-202610").vat_percent == percent


@pytest.mark.parametrize(
    ("rate", "percent"),
    [
        (VatStatus.Rate.GENERAL, 22),
        (VatStatus.Rate.FIVE, 5),
        (VatStatus.Rate.SEVEN, 7),
        (VatStatus.Rate.NONE, None),
    ],
)
def test_the_tax_is_that_of_the_month_that_is_billed(
    association: Organisation, rate: VatStatus.Rate, percent: int | None
) -> None:
    register_vat(association, valid_from=OCTOBER, rate=rate)
    register_vat(association, valid_from=NOVEMBER, rate=VatStatus.Rate.GENERAL)
    bill_month(association, SEPTEMBER, now=NOW)
    bill_month(association, OCTOBER, now=NOW)
    assert (paper("000001-202609").vat_percent, paper("000001-202610").vat_percent) == (None, percent)

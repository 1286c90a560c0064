"""The database itself refuses to change what must not change, on SQLite and on PostgreSQL."""

from datetime import date
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.records.guards import GUARDS, check_guards, raise_guards, standing_guards
from kilovatt.office.records.models import (
    Account,
    Bill,
    BillLine,
    BillLineLeg,
    IntakeFrame,
    IntakeRegister,
    IntakeSample,
    Meter,
    Organisation,
    Transfer,
)
from on_record import NOW, register, report_of


@pytest.fixture
def transfer(association: Organisation) -> Transfer:
    return Transfer.objects.create(
        transfer_id=uuid4(),
        organisation=association,
        debit_account="customer:1",
        credit_account="revenue:energy",
        amount_kopecks=100,
        code="charge",
        cause="bill 1, line 1",
        happened_on=date(2026, 11, 1),
        recorded_at=NOW,
    )


@pytest.fixture
def bill(association: Organisation, meter: Meter) -> Bill:
    bill = Bill.objects.create(
        account=Account.objects.get(number="000001"),
        number="000001-1",
        plan_code="two",
        period_first_on=date(2026, 10, 1),
        period_until_on=date(2026, 11, 1),
        amount_kopecks=100,
        due_on=date(2026, 11, 15),
    )
    line = BillLine.objects.create(
        bill=bill,
        position=1,
        zone="night",
        first_on=date(2026, 10, 1),
        until_on=date(2026, 11, 1),
        energy_wh=1_000,
        price_microrub_per_kwh=1_000_000,
        price_valid_from=date(2026, 10, 1),
        price_source="test",
        amount_kopecks=100,
    )
    BillLineLeg.objects.create(
        line=line,
        meter=meter,
        tariff=2,
        ratio=1,
        start_value_wh=0,
        start_taken_at=NOW,
        start_source="meter",
        start_digest=b"a",
        end_value_wh=1_000,
        end_taken_at=NOW,
        end_source="meter",
        end_digest=b"b",
    )
    return bill


def refused(attempt: object) -> str:
    assert callable(attempt)
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        attempt()
    return str(caught.value)


def test_a_transfer_is_neither_edited_nor_deleted(transfer: Transfer) -> None:
    same = Transfer.objects.filter(pk=transfer.pk)
    assert "reversed, never edited" in refused(lambda: same.update(amount_kopecks=1))
    assert "reversed, never deleted" in refused(same.delete)


def test_a_draft_bill_may_be_deleted_with_all_that_hangs_on_it(bill: Bill) -> None:
    bill.delete()
    assert (Bill.objects.count(), BillLine.objects.count(), BillLineLeg.objects.count()) == (0, 0, 0)


def test_an_issued_bill_its_lines_and_readings_are_never_changed(bill: Bill) -> None:
    Bill.objects.update(issued_at=NOW)
    assert "issued bill is never changed" in refused(lambda: Bill.objects.update(amount_kopecks=1))
    assert "line of an issued bill" in refused(lambda: BillLine.objects.update(energy_wh=1))
    assert "readings of an issued bill" in refused(lambda: BillLineLeg.objects.update(end_value_wh=1))
    assert "issued bill" in refused(bill.delete)
    assert "line of an issued bill" in refused(lambda: BillLine.objects.all()._raw_delete("default"))
    assert "readings of an issued bill" in refused(lambda: BillLineLeg.objects.all().delete())


def test_an_accepted_value_is_not_changed_and_leaves_only_with_its_batch(meter: Meter) -> None:
    instant = InstantValues(taken_at=NOW, power_w=1, voltages_mv=(231_400,), exchange=30)
    accept(report_of(meter, Learnt(instant=instant, registers=(register(1),))), now=NOW)
    assert "accepted value is never changed" in refused(lambda: IntakeRegister.objects.update(value=2))
    assert "accepted value is never changed" in refused(lambda: IntakeFrame.objects.update(answer=b""))
    assert "accepted value is never changed" in refused(lambda: IntakeSample.objects.update(power_w=2))
    assert "only with its batch" in refused(lambda: IntakeRegister.objects.all().delete())
    assert "only with its batch" in refused(lambda: IntakeSample.objects.all().delete())


def test_every_guard_stands_after_a_migration(db: None) -> None:
    assert standing_guards(connection) >= {guard.name for guard in GUARDS}
    assert list(check_guards(databases=["default"])) == []


def test_a_missing_guard_is_noticed_and_raised_again(db: None) -> None:
    on_table = " ON records_transfer" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER transfer_kept{on_table}")
    (complaint,) = check_guards(databases=["default"])
    assert "transfer_kept" in complaint.msg
    raise_guards()
    assert list(check_guards(databases=["default"])) == []

"""An issued bill as the document people are handed: the rows it is kept in, turned into values for paper."""

from datetime import date
from typing import assert_never
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.zones import Zone
from kilovatt.money.billing import vat_percent
from kilovatt.money.ledger import TransferCode, billed_by, customer
from kilovatt.office.documents import (
    AccountStatement,
    BillDocument,
    BillDocumentLine,
    Movement,
    MovementKind,
    Payee,
    RegisterPair,
    account_statement,
)
from kilovatt.office.records.models import Bill, BillLine, BillLineLeg, Organisation, Transfer, VatStatus
from kilovatt.quantities.periods import local_date


def bill_document(bill: Bill, *, check_url: str) -> BillDocument:
    """Return an issued bill for paper. `check_url` opens its way down to the frames."""
    account = bill.account
    zone = ZoneInfo(account.point.zone_name)
    assert bill.issued_at is not None, "only an issued bill is printed"
    lines = tuple(_line(line) for line in bill.lines.prefetch_related("legs__meter").order_by("position"))
    return BillDocument(
        number=bill.number,
        account_number=account.number,
        customer_name=account.person.full_name,
        address=account.point.address or account.point.name,
        payee=_payee(account.organisation),
        issued_on=local_date(bill.issued_at, zone),
        first_on=bill.period_first_on,
        until_on=bill.period_until_on,
        due_on=bill.due_on,
        lines=lines,
        amount_kopecks=bill.amount_kopecks,
        statement=_statement(bill),
        vat_percent=_vat_percent(account.organisation, bill.period_first_on),
        check_url=check_url,
        zone=zone,
    )


def _line(line: BillLine) -> BillDocumentLine:
    return BillDocumentLine(
        zone=Zone(line.zone),
        first_on=line.first_on,
        until_on=line.until_on,
        registers=tuple(_pair(leg) for leg in line.legs.all()),
        energy_wh=line.energy_wh,
        price_microrub_per_kwh=line.price_microrub_per_kwh,
        price_valid_from=line.price_valid_from,
        price_source=line.price_source,
        amount_kopecks=line.amount_kopecks,
    )


def _pair(leg: BillLineLeg) -> RegisterPair:
    return RegisterPair(
        meter=f"{model_by_key(leg.meter.model_key).title} № {leg.meter.serial}",
        start_wh=leg.start_value_wh,
        start_at=leg.start_taken_at,
        end_wh=leg.end_value_wh,
        end_at=leg.end_taken_at,
        ratio=leg.ratio,
    )


def _payee(organisation: Organisation) -> Payee:
    return Payee(
        name=organisation.name,
        inn=organisation.inn,
        bank_name=organisation.bank_name,
        bic=organisation.bic,
        settlement_account=organisation.settlement_account,
        correspondent_account=organisation.correspondent_account,
        phone=organisation.phone,
    )


def _vat_percent(organisation: Organisation, on: date) -> int | None:
    """The rate [%] that the organisation's amounts contain on a day, None where they contain none."""
    set_on = organisation.vat_statuses.filter(valid_from__lte=on).order_by("-valid_from").first()
    if set_on is None:
        # Associations mostly pass the grid's price on to their members and sell nothing.
        sells = organisation.kind != Organisation.Kind.ASSOCIATION
        rate = VatStatus.Rate.GENERAL if sells else VatStatus.Rate.NONE
    else:
        rate = VatStatus.Rate(set_on.rate)
    match rate:
        case VatStatus.Rate.GENERAL:
            return vat_percent(on)
        case VatStatus.Rate.FIVE:
            return 5
        case VatStatus.Rate.SEVEN:
            return 7
        case VatStatus.Rate.NONE:
            return None
        case never:
            assert_never(never)


def _statement(bill: Bill) -> AccountStatement:
    """What happened on the account from the bill before this one until this one was issued."""
    assert bill.issued_at is not None, "only an issued bill is printed"
    others = Bill.objects.filter(account=bill.account_id, issued_at__lte=bill.issued_at).exclude(pk=bill.pk)
    # Bills of several months may be issued at one instant: the month puts them in order.
    after = others.filter(issued_at=bill.issued_at, period_first_on__gt=bill.period_first_on)
    later = set(after.values_list("number", flat=True))
    earlier = [one.issued_at for one in others if one.number not in later and one.issued_at is not None]
    movements = (_movement(row, bill) for row in _transfers(bill))
    return account_statement(
        (one for one in movements if one.bill_number not in later),
        bill_number=bill.number,
        opened_at=max(earlier, default=None),
        closed_at=bill.issued_at,
    )


def _transfers(bill: Bill) -> QuerySet[Transfer]:
    name = str(customer(bill.account_id))
    mine = Transfer.objects.filter(organisation=bill.account.organisation, recorded_at__lte=bill.issued_at)
    return mine.filter(Q(debit_account=name) | Q(credit_account=name))


def _movement(row: Transfer, bill: Bill) -> Movement:
    raises = row.debit_account == str(customer(bill.account_id))
    return Movement(
        movement_id=row.transfer_id,
        kind=MovementKind(row.code),
        amount_kopecks=row.amount_kopecks if raises else -row.amount_kopecks,
        happened_on=row.happened_on,
        recorded_at=row.recorded_at,
        bill_number=billed_by(row.cause) if row.code == TransferCode.CHARGE else None,
        takes_back=row.reverses_id,
    )

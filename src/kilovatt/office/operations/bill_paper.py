"""An issued bill as the document people are handed: the rows it is kept in, turned into values for paper."""

from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.zones import Zone
from kilovatt.money.billing import vat_percent
from kilovatt.money.ledger import TransferCode, customer
from kilovatt.office.documents import BillDocument, BillDocumentLine, Payee, RegisterPair
from kilovatt.office.records.models import Bill, BillLine, BillLineLeg, Organisation, Transfer
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
        owed_before_kopecks=_charged_before_kopecks(bill),
        paid_kopecks=_paid_kopecks(bill),
        vat_percent=vat_percent(bill.period_first_on),
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


def _charged_before_kopecks(bill: Bill) -> int:
    earlier = Bill.objects.filter(account=bill.account, period_first_on__lt=bill.period_first_on)
    return int(earlier.aggregate(sum=Sum("amount_kopecks"))["sum"] or 0) - _paid_until_kopecks(bill)


def _paid_until_kopecks(bill: Bill) -> int:
    payments = _payments(bill).filter(happened_on__lt=bill.period_first_on)
    return int(payments.aggregate(sum=Sum("amount_kopecks"))["sum"] or 0)


def _paid_kopecks(bill: Bill) -> int:
    within = _payments(bill).filter(happened_on__gte=bill.period_first_on, happened_on__lt=bill.period_until_on)
    return int(within.aggregate(sum=Sum("amount_kopecks"))["sum"] or 0)


def _payments(bill: Bill) -> QuerySet[Transfer]:
    mine = Transfer.objects.filter(organisation=bill.account.organisation, code=TransferCode.PAYMENT)
    return mine.filter(credit_account=str(customer(bill.account_id)))

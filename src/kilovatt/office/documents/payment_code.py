"""The code that a bank's app scans from a bill, or why there is none."""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

import segno

from kilovatt.money.billing import PaymentDetails, PaymentQrError, payment_qr_text
from kilovatt.office.documents.bill_document import BillDocument
from kilovatt.office.documents.figures import month_text

_QUIET_MODULES = 4
"""White around the symbol, by ISO/IEC 18004."""


class NoPaymentCode(StrEnum):
    """Why a bill has no code. The bill says it in words."""

    NOTHING_TO_PAY = "nothing_to_pay"
    PAYEE_INCOMPLETE = "payee_incomplete"
    """The organisation's bank details are missing, too long for the standard, or such that no bank would take them."""


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """The text of the code (ГОСТ Р 56042-2014)."""

    text: str

    def svg(self) -> str:
        """Return the QR symbol as a picture one unit a module, quiet zone included."""
        picture = BytesIO()
        # The eighth byte of the text says UTF-8 by itself: an ECI header would only confuse banks' scanners.
        symbol = segno.make_qr(self.text, error="m", encoding="utf-8", eci=False)
        symbol.save(picture, kind="svg", xmldecl=False, border=_QUIET_MODULES)
        return picture.getvalue().decode()


def payment_code(bill: BillDocument) -> PaymentCode | NoPaymentCode:
    """Return the code that pays a bill, for what is to be paid now, or why there is none."""
    if not bill.to_pay_kopecks:
        return NoPaymentCode.NOTHING_TO_PAY
    payee = bill.payee
    try:
        details = PaymentDetails(
            name=payee.name,
            personal_acc=payee.settlement_account,
            bank_name=payee.bank_name,
            bic=payee.bic,
            corresp_acc=payee.correspondent_account,
            sum_kopecks=bill.to_pay_kopecks,
            payee_inn=payee.inn,
            payee_kpp=payee.kpp or None,
            pers_acc=bill.account_number,
            month_first_on=bill.first_on,
            # The bank reads it, whatever the language of the page.
            purpose=f"Электроэнергия за {month_text(bill.first_on, 'ru')}, л/с {bill.account_number}",
            bill_number=bill.number,
        )
        return PaymentCode(payment_qr_text(details))
    except PaymentQrError:
        return NoPaymentCode.PAYEE_INCOMPLETE

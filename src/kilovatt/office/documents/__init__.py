"""Documents that people are handed: a bill as PDF with its payment code. Values in, bytes out; no database."""

from kilovatt.office.documents.account_statement import (
    AccountStatement,
    Movement,
    MovementKind,
    PaymentReceived,
    account_statement,
)
from kilovatt.office.documents.bill_document import BillDocument, BillDocumentLine, Payee, RegisterPair
from kilovatt.office.documents.bill_pdf import bill_pdf
from kilovatt.office.documents.figures import Language, language_of
from kilovatt.office.documents.payment_code import NoPaymentCode, PaymentCode, payment_code

__all__ = [
    "AccountStatement",
    "BillDocument",
    "BillDocumentLine",
    "Language",
    "Movement",
    "MovementKind",
    "NoPaymentCode",
    "Payee",
    "PaymentCode",
    "PaymentReceived",
    "RegisterPair",
    "account_statement",
    "bill_pdf",
    "language_of",
    "payment_code",
]

"""Bills: energy by zone becomes priced lines, a sum, days to pay by, and a code a bank's app can scan."""

from kilovatt.money.billing.bills import BillDraft, BillLine, Unbillable, UnbillableReason, ZoneUse, draft_bill
from kilovatt.money.billing.calendar import (
    PAYMENT_RULES,
    NoPaymentRuleError,
    PaymentDays,
    PaymentRule,
    payment_days,
)
from kilovatt.money.billing.payment_qr import PaymentDetails, PaymentQrError, payment_qr_text
from kilovatt.money.billing.vat import VAT_RULES, NoVatRuleError, VatRule, vat_contained_kopecks, vat_percent

__all__ = [
    "PAYMENT_RULES",
    "VAT_RULES",
    "BillDraft",
    "BillLine",
    "NoPaymentRuleError",
    "NoVatRuleError",
    "PaymentDays",
    "PaymentDetails",
    "PaymentQrError",
    "PaymentRule",
    "Unbillable",
    "UnbillableReason",
    "VatRule",
    "ZoneUse",
    "draft_bill",
    "payment_days",
    "payment_qr_text",
    "vat_contained_kopecks",
    "vat_percent",
]

"""The ledger: money moves from one account to another, with its cause; balanced by construction, never edited."""

from kilovatt.money.ledger.accounts import BANK, CASH, AccountKind, LedgerAccount, customer, revenue
from kilovatt.money.ledger.balances import balances
from kilovatt.money.ledger.causes import bill_line_cause, billed_by, payment_cause, reversal_cause
from kilovatt.money.ledger.transfers import (
    CausesClashError,
    LedgerError,
    PricedLine,
    Transfer,
    TransferCode,
    reverse,
    transfer_id_of,
    transfer_of_payment,
    transfers_of_bill,
)

__all__ = [
    "BANK",
    "CASH",
    "AccountKind",
    "CausesClashError",
    "LedgerAccount",
    "LedgerError",
    "PricedLine",
    "Transfer",
    "TransferCode",
    "balances",
    "bill_line_cause",
    "billed_by",
    "customer",
    "payment_cause",
    "revenue",
    "reversal_cause",
    "reverse",
    "transfer_id_of",
    "transfer_of_payment",
    "transfers_of_bill",
]

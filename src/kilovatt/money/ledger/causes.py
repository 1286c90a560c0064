"""Why money moved, as one line of text: the document, and the line in it. A transfer's identity comes from it."""

from uuid import UUID

CAUSE_LENGTH_MAX = 120
_BILL = "bill"


def bill_line_cause(bill_number: str, position: int) -> str:
    """Return the cause of a bill line's transfer; lines count from 1."""
    return f"{_BILL}:{bill_number}/{position}"


def billed_by(cause: str) -> str | None:
    """Return the number of the bill whose line caused a transfer, None for another cause."""
    kind, _, of = cause.partition(":")
    number, slash, position = of.rpartition("/")
    return number if kind == _BILL and slash and position.isdecimal() else None


def payment_cause(reference: str) -> str:
    """Return the cause of a payment's transfer, by the reference it came with (bank, acquirer, cash desk)."""
    return f"payment:{reference}"


def reversal_cause(transfer_id: UUID) -> str:
    """Return the cause of the transfer that takes another back: there is one for each, so it is done once."""
    return f"reversal:{transfer_id}"

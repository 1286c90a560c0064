"""Transfers: money moved once, from one ledger account to another, for one cause.

A transfer's id comes from its organisation and cause, so the same bill booked twice, or by two workers at once, is the
same transfer. What was wrong is reversed, never edited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID, uuid5

from kilovatt.measure.zones import Zone
from kilovatt.money.ledger.accounts import BANK, LedgerAccount, customer, revenue
from kilovatt.money.ledger.causes import CAUSE_LENGTH_MAX, bill_line_cause, payment_cause, reversal_cause

# Never changed: ids of transfers already booked come from it.
_NAMESPACE = UUID("0222abe2-7300-437c-93da-07a0253e016c")
_NO_OFFSET = timedelta(0)


class LedgerError(ValueError):
    """A transfer cannot be booked as asked."""


class CausesClashError(LedgerError):
    """One cause moved money twice, and differently."""


class TransferCode(StrEnum):
    """What kind of movement a transfer is. The names stand in the database."""

    CHARGE = "charge"
    PAYMENT = "payment"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """`amount_kopecks` moved to `debit_account` from `credit_account`: a debit raises a balance, a credit lowers it.

    `happened_on` is the day it belongs to, `recorded_at` the instant [UTC] it was booked. Raises LedgerError for an
    amount that is not positive, an account on both sides, a cause that is empty or longer than 120 characters, an
    instant that is not in UTC, and a reversal that doesn't say what it takes back.
    """

    transfer_id: UUID
    organisation_id: int
    debit_account: LedgerAccount
    credit_account: LedgerAccount
    amount_kopecks: int
    code: TransferCode
    cause: str
    happened_on: date
    recorded_at: datetime
    reverses: UUID | None = None

    def __post_init__(self) -> None:
        if self.amount_kopecks <= 0:
            raise LedgerError(f"A transfer moves something: got {self.amount_kopecks} kopecks for {self.cause!r}.")
        if self.debit_account == self.credit_account:
            raise LedgerError(f"A transfer has two sides: got {self.debit_account} on both for {self.cause!r}.")
        if not 0 < len(self.cause) <= CAUSE_LENGTH_MAX:
            raise LedgerError(f"A cause has 1–{CAUSE_LENGTH_MAX} characters: got {len(self.cause)}: {self.cause!r}.")
        if self.recorded_at.utcoffset() != _NO_OFFSET:
            raise LedgerError(f"A transfer is recorded at an instant in UTC: got {self.recorded_at.isoformat()}.")
        if (self.reverses is not None) != (self.code is TransferCode.REVERSAL):
            raise LedgerError(f"A reversal, and nothing else, names the transfer it takes back: {self.cause!r}.")


class PricedLine(Protocol):
    """What the ledger needs of a bill's line."""

    @property
    def zone(self) -> Zone: ...
    @property
    def amount_kopecks(self) -> int: ...


def transfer_id_of(organisation_id: int, cause: str) -> UUID:
    """Return the id of the transfer that a cause makes in an organisation's books: always the same."""
    return uuid5(_NAMESPACE, f"{organisation_id}\n{cause}")


def transfers_of_bill(
    *,
    organisation_id: int,
    account_id: int,
    bill_number: str,
    lines: Sequence[PricedLine],
    happened_on: date,
    recorded_at: datetime,
) -> tuple[Transfer, ...]:
    """Return one charge per line of a bill: the customer owes, the zone's revenue earns. A line of 0 ₽ moves nothing.

    Lines count from 1 in the order given. Raises LedgerError.
    """
    causes = [bill_line_cause(bill_number, position) for position in range(1, len(lines) + 1)]
    return tuple(
        Transfer(
            transfer_id=transfer_id_of(organisation_id, cause),
            organisation_id=organisation_id,
            debit_account=customer(account_id),
            credit_account=revenue(line.zone.value),
            amount_kopecks=line.amount_kopecks,
            code=TransferCode.CHARGE,
            cause=cause,
            happened_on=happened_on,
            recorded_at=recorded_at,
        )
        for cause, line in zip(causes, lines, strict=True)
        if line.amount_kopecks
    )


def transfer_of_payment(
    *,
    organisation_id: int,
    account_id: int,
    reference: str,
    amount_kopecks: int,
    paid_on: date,
    recorded_at: datetime,
    into: LedgerAccount = BANK,
) -> Transfer:
    """Return the transfer of a payment: money comes in, the customer owes less. Raises LedgerError.

    `reference` is what the payer's side calls this payment; the same reference is the same payment.
    """
    cause = payment_cause(reference)
    return Transfer(
        transfer_id=transfer_id_of(organisation_id, cause),
        organisation_id=organisation_id,
        debit_account=into,
        credit_account=customer(account_id),
        amount_kopecks=amount_kopecks,
        code=TransferCode.PAYMENT,
        cause=cause,
        happened_on=paid_on,
        recorded_at=recorded_at,
    )


def reverse(transfer: Transfer, *, happened_on: date, recorded_at: datetime) -> Transfer:
    """Return the transfer that takes another back whole.

    Raises LedgerError for a reversal: what it took back is booked anew, under a cause of its own.
    """
    if transfer.code is TransferCode.REVERSAL:
        raise LedgerError(f"A reversal is not reversed: book {transfer.cause!r} anew under a cause of its own.")
    cause = reversal_cause(transfer.transfer_id)
    return Transfer(
        transfer_id=transfer_id_of(transfer.organisation_id, cause),
        organisation_id=transfer.organisation_id,
        debit_account=transfer.credit_account,
        credit_account=transfer.debit_account,
        amount_kopecks=transfer.amount_kopecks,
        code=TransferCode.REVERSAL,
        cause=cause,
        happened_on=happened_on,
        recorded_at=recorded_at,
        reverses=transfer.transfer_id,
    )

"""What happened on an account between two bills, so that a bill can be checked against the one before it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class MovementKind(StrEnum):
    """What changed what an account owes."""

    CHARGE = "charge"
    PAYMENT = "payment"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The account owes `amount_kopecks` more (negative: less), known since `recorded_at` [UTC].

    `bill_number` is the bill that charged it, `takes_back` the movement that a reversal undoes.
    """

    movement_id: UUID
    kind: MovementKind
    amount_kopecks: int
    happened_on: date
    recorded_at: datetime
    bill_number: str | None = None
    takes_back: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived:
    """Money that came on a day; negative: a payment of before the last bill that was taken back on it."""

    paid_on: date
    amount_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """What a bill begins from and what came in since; with the bill's own charge it is what the account owes.

    `corrections_kopecks` is everything that is neither this bill nor a payment: charges taken back, charged by hand.
    """

    opening_kopecks: int = 0
    payments: tuple[PaymentReceived, ...] = ()
    corrections_kopecks: int = 0

    @property
    def paid_kopecks(self) -> int:
        """What came in, less what was taken back."""
        return sum(payment.amount_kopecks for payment in self.payments)

    @property
    def before_the_charge_kopecks(self) -> int:
        """What is owed without the bill's own charge."""
        return self.opening_kopecks + self.corrections_kopecks - self.paid_kopecks


def account_statement(
    movements: Iterable[Movement], *, bill_number: str, opened_at: datetime | None, closed_at: datetime
) -> AccountStatement:
    """Return what happened on an account after `opened_at` (None: since its beginning) up to `closed_at`, included.

    The charges of `bill_number` are not in it. A payment and its reversal within that time are as if they had never
    been: neither is told. What was recorded later is not known yet.
    """
    known = [one for one in movements if one.recorded_at <= closed_at and one.bill_number != bill_number]
    before = [one for one in known if opened_at is not None and one.recorded_at <= opened_at]
    since = [one for one in known if opened_at is None or one.recorded_at > opened_at]
    payments = {one.movement_id: one for one in known if one.kind is MovementKind.PAYMENT}
    of_payments = [one for one in since if one.movement_id in payments or one.takes_back in payments]
    taken_back = {one.takes_back for one in of_payments if one.takes_back is not None}
    cancelled = taken_back & {one.movement_id for one in of_payments}
    told = [one for one in of_payments if one.movement_id not in cancelled and one.takes_back not in cancelled]
    return AccountStatement(
        opening_kopecks=sum(one.amount_kopecks for one in before),
        payments=tuple(
            PaymentReceived(paid_on=one.happened_on, amount_kopecks=-one.amount_kopecks)
            for one in sorted(told, key=lambda one: (one.happened_on, one.recorded_at, one.movement_id))
        ),
        corrections_kopecks=sum(one.amount_kopecks for one in since if one not in of_payments),
    )

"""A command from its request to its proof: which states it goes through, and what a visit to the meter makes of it.

    requested → approved → claimed → sent → confirmed
                                          → unknown → confirmed | failed

An order that was sent is never sent again: from then on the meter is only read back, until it tells. Whoever wants the
command once more gives a new order.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from kilovatt.measure.metering.commands import Command

READ_BACKS_MAX = 12
"""A meter that has been asked so often and does not tell leaves its order unknown for good."""
READ_BACK_FIRST = timedelta(seconds=30)
READ_BACK_LAST = timedelta(hours=6)
NOT_SO_MAX = 3
"""A meter that was found so often as it had been has not done what it was told."""


class OrderState(StrEnum):
    """Where a command is on its way. The names are stable: they stand in the database."""

    REQUESTED = "requested"
    APPROVED = "approved"
    CLAIMED = "claimed"
    """A head-end has it in hand, and nothing has been sent."""
    SENT = "sent"
    """It is being sent, or was: whether the meter heard it is not known yet."""
    UNKNOWN = "unknown"
    """It was sent, and nothing has told since what came of it."""
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    """Nobody could send it in its time."""
    DECLINED = "declined"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self in _OVER

    @property
    def awaits_proof(self) -> bool:
        """Whether the meter is to be read back."""
        return self in {OrderState.SENT, OrderState.UNKNOWN}


_OVER = frozenset({OrderState.CONFIRMED, OrderState.FAILED, OrderState.EXPIRED, OrderState.DECLINED})


class VisitResult(StrEnum):
    """What a visit brought of an order."""

    HELD_BACK = "held_back"
    """It was not to be sent at that moment: another visit has it, or its hour is not now. Nothing was sent."""

    NOT_SENT = "not_sent"
    """Nothing that changes the meter left us, and the reason will not pass by itself."""
    NOT_REACHED = "not_reached"
    """The meter could not be visited; nothing was sent."""
    REFUSED = "refused"
    """The meter answered no."""
    CONFIRMED = "confirmed"
    NOT_SO = "not_so"
    """The meter was read back and is not in the state that was commanded."""
    CANNOT_TELL = "cannot_tell"
    """The meter was read back, and what it shows proves nothing."""
    NO_PROOF = "no_proof"
    """It was sent, and the meter could not be read back."""


class OrderPart(StrEnum):
    """What an exchange was for, of those that an order was brought with. The names stand in the database."""

    ASKED = "asked"
    """What had to be known before."""
    TOLD = "told"
    """What changes the meter."""
    READ_BACK = "read_back"


@dataclass(frozen=True, slots=True)
class OrderExchange:
    """An exchange of a session that belongs to an order."""

    part: OrderPart
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command for a visit; `to_send` is false when only its proof is still wanted."""

    order_id: UUID
    command: Command
    to_send: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """What a visit brought of an order. `shown` is what the meter showed, `detail` why it is not confirmed.

    `carried` are the exchanges it took, also those that nothing came back to.
    """

    order_id: UUID
    result: VisitResult
    shown: str = ""
    detail: str = ""
    carried: tuple[OrderExchange, ...] = ()

    @property
    def exchanges(self) -> frozenset[int]:
        """The numbers of its exchanges."""
        return frozenset(one.number for one in self.carried)


class LeftOut(StrEnum):
    """Why a row of a list became no order. The names are stable: they stand in the database."""

    UNKNOWN = "unknown"
    """No meter of the organisation has that serial number, and no open account that number."""
    AMBIGUOUS = "ambiguous"
    TWICE = "twice"
    NOT_TAKEN = "not_taken"
    """Its model cannot be told that."""
    NO_LINE = "no_line"
    UNDER_WAY = "under_way"
    """It is being told something already."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands after a visit, and when the meter is to be visited again (None: no more)."""

    state: OrderState
    read_back_in: timedelta | None = None


def standing_after(
    state: OrderState, result: VisitResult, *, visits: int, not_so: int, opens_the_meter: bool = False
) -> Standing:
    """Return where an order stands after a visit; after one that held it back, ask `standing_held_back`.

    `visits` counts those to read back, `not_so` those that found the meter as it had been, this one included. Of an
    order that had not been sent before a visit that did not reach the meter nothing has changed: it is approved.
    `opens_the_meter`: it changes what the meter is opened with, so the meter is read back until it tells: given up,
    nobody would know how to open it.
    """
    if result is VisitResult.CONFIRMED:
        return Standing(OrderState.CONFIRMED)
    if result in {VisitResult.NOT_SENT, VisitResult.REFUSED}:
        return Standing(OrderState.FAILED)
    if result is VisitResult.NOT_REACHED and not state.awaits_proof:
        return Standing(OrderState.APPROVED, _wait(visits))
    if result is VisitResult.NOT_SO and not_so >= NOT_SO_MAX:
        return Standing(OrderState.FAILED)
    if visits >= READ_BACKS_MAX and not opens_the_meter:
        return Standing(OrderState.UNKNOWN)
    return Standing(OrderState.UNKNOWN, _wait(visits))


def standing_held_back(state: OrderState) -> Standing | None:
    """Return where an order stands that a visit held back; None where it is as it was.

    One that another visit has sent meanwhile is that visit's: nothing here ends it.
    """
    return Standing(OrderState.APPROVED, READ_BACK_FIRST) if state is OrderState.CLAIMED else None


def _wait(visits: int) -> timedelta:
    return min(READ_BACK_FIRST * (1 << min(max(visits - 1, 0), 16)), READ_BACK_LAST)

"""An order brought to a meter within an opened session: told once, then read back.

Whoever gave the order is told before anything that changes the meter is sent (`announce`), and waits for nothing:
when this process dies in between, the order counts as sent and is only read back.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from kilovatt.measure.metering.commands import NotSentReason, Proof
from kilovatt.measure.metering.orders import Order, OrderExchange, OrderPart, OrderReport, VisitResult
from kilovatt.wire.drivers.conversation import (
    Answer,
    CommandingDriver,
    CommandNotSentError,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    ResultT,
    SendOnce,
)
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import Clock
from kilovatt.wire.headend.record import ExchangeFailedError, SessionRecord
from kilovatt.wire.protocols.framing.connection import Connection, LocalProtocolError, RemoteProtocolError

_PROVEN = {
    Proof.CONFIRMED: VisitResult.CONFIRMED,
    Proof.NOT_SO: VisitResult.NOT_SO,
    Proof.CANNOT_TELL: VisitResult.CANNOT_TELL,
}
_BROKEN_OFF = (
    ExchangeFailedError,
    NoRouteError,
    RemoteProtocolError,
    LocalProtocolError,
    ValueError,
    ArithmeticError,
    LookupError,
)
"""What ends an exchange without an answer that makes sense."""
Announce = Callable[[], Awaitable[None]]
"""Notes that an order is being sent. Raises WithdrawnError when it may not be."""

_log = logging.getLogger(__name__)


class WithdrawnError(Exception):
    """The order may not be sent any more: withdrawn, expired, or another process has it."""


async def announced() -> None:
    """Note nothing: for a command that nobody keeps books of."""


@dataclass(frozen=True, slots=True)
class Errander:
    """Who brings orders to one meter in one session."""

    driver: CommandingDriver
    meter: MeterAddress
    carrier: Carrier
    connection: Connection
    record: SessionRecord
    clock: Clock
    carried: list[OrderExchange] = field(default_factory=list)
    """The exchanges it took so far."""

    async def bring(self, order: Order, announce: Announce) -> OrderReport:
        """Bring an order and return what came of it; nothing is sent twice, and a failure is in the report."""
        if order.to_send:
            try:
                await announce()
            except WithdrawnError as error:
                return self._report(order, VisitResult.HELD_BACK, detail=str(error))
            ended = await self._told(order)
            if isinstance(ended, OrderReport):
                return ended
            return await self._read_back(order, because=ended)
        return await self._read_back(order)

    async def _told(self, order: Order) -> OrderReport | str:
        """Tell the meter; return how the order ended, or why (perhaps for nothing that went wrong) it is read back."""
        conversation = self.driver.command(self.meter, order.command, now=self.clock.now())
        try:
            await self._carry(conversation, OrderPart.ASKED)
        except CommandNotSentError as error:
            return self._report(order, VisitResult.NOT_SENT, detail=f"{error.reason}: {error}")
        except MeterRefusedError as error:
            if sum(one.part is OrderPart.TOLD for one in self.carried) <= 1:
                return self._report(order, VisitResult.REFUSED, detail=str(error))
            # It has taken what it was told before: half a command is no refusal.
            _log.warning("order %s was refused half-way: %s; the meter is read back", order.order_id, error)
            return f"refused half-way: {error}"
        except _BROKEN_OFF as error:
            # It may have been heard: from here on only the meter can tell.
            _log.warning("order %s: %s; the meter is read back", order.order_id, error)
        return ""

    async def _read_back(self, order: Order, *, because: str = "") -> OrderReport:
        if not self.carrier.is_open:
            return self._report(order, VisitResult.NO_PROOF, detail="the line was lost")
        try:
            proof = await self._carry(self.driver.read_back(self.meter, order.command), OrderPart.READ_BACK)
        except (MeterRefusedError, *_BROKEN_OFF) as error:
            return self._report(order, VisitResult.NO_PROOF, detail=str(error))
        return self._report(order, _PROVEN[proof.proof], shown=proof.shown, detail=because)

    async def _carry(self, conversation: Conversation[ResultT], part: OrderPart) -> ResultT:
        return await self.carrier.carry(self._noted(conversation, part), self.connection, self.record)

    def _noted(self, conversation: Conversation[ResultT], part: OrderPart) -> Conversation[ResultT]:
        """Carry a conversation on and note which exchanges it takes, and for what."""
        answer: Answer[Any] | None = None
        while True:
            try:
                request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            except StopIteration as stop:
                result: ResultT = stop.value
                return result
            # It is counted when it has been asked for.
            number = self.record.exchanges_made + 1
            self.carried.append(OrderExchange(OrderPart.TOLD if isinstance(request, SendOnce) else part, number))
            answer = yield request

    def _report(self, order: Order, result: VisitResult, *, shown: str = "", detail: str = "") -> OrderReport:
        return _report(order, result, shown=shown, detail=detail, carried=tuple(self.carried))


def not_reached(order: Order, because: str) -> OrderReport:
    """Return the report of an order whose meter could not be opened."""
    return _report(order, VisitResult.NOT_REACHED, detail=because)


def doubted(report: OrderReport) -> OrderReport:
    """Return a report whose proof may have been the answer to something else."""
    if report.result not in _PROVEN.values():
        return report
    return replace(report, result=VisitResult.NO_PROOF, shown="", detail="answers may have been taken for each other")


def not_taken(order: Order) -> OrderReport:
    """Return the report of an order for a meter whose family takes none."""
    return _report(order, VisitResult.NOT_SENT, detail="not_taken: no command is known for this family of meters")


def another_meter(order: Order, because: str) -> OrderReport:
    """Return the report of an order whose meter turned out to be another one: whoever gave it did not mean this."""
    return _report(order, VisitResult.NOT_SENT, detail=f"{NotSentReason.ANOTHER_METER}: {because}")


def not_opened(order: Order, because: str) -> OrderReport:
    """Return the report of an order whose meter cannot be opened as far as it needs: what is on record does not do."""
    return _report(order, VisitResult.NOT_SENT, detail=f"{NotSentReason.ANOTHER_ROLE}: {because}")


def still_opens_with_old(order: Order) -> OrderReport:
    """Return the report of a new password or key that a meter has not taken: a session was opened with the old one."""
    return _report(order, VisitResult.NOT_SO, shown="session=opened_with_old")


def _report(
    order: Order,
    result: VisitResult,
    *,
    shown: str = "",
    detail: str = "",
    carried: tuple[OrderExchange, ...] = (),
) -> OrderReport:
    return OrderReport(order_id=order.order_id, result=result, shown=shown, detail=detail, carried=carried)

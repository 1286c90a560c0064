"""An order brought to a meter within an opened session: told once, then read back.

Whoever gave the order is told before anything that changes the meter is sent (`announce`), and waits for nothing:
when this process dies in between, the order counts as sent and is only read back.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from kilovatt.measure.metering.commands import Proof
from kilovatt.measure.metering.orders import Order, OrderReport, VisitResult
from kilovatt.wire.drivers.conversation import (
    CommandingDriver,
    CommandNotSentError,
    MeterAddress,
    MeterRefusedError,
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

    async def bring(self, order: Order, announce: Announce) -> OrderReport:
        """Bring an order and return what came of it; nothing is sent twice, and a failure is in the report."""
        if order.to_send:
            try:
                await announce()
            except WithdrawnError as error:
                return _report(order, VisitResult.NOT_SENT, detail=str(error))
            ended = await self._told(order)
            if ended is not None:
                return ended
        return await self._read_back(order)

    async def _told(self, order: Order) -> OrderReport | None:
        """Tell the meter; return how the order ended, None when it is to be read back."""
        conversation = self.driver.command(self.meter, order.command, now=self.clock.now())
        try:
            await self.carrier.carry(conversation, self.connection, self.record)
        except CommandNotSentError as error:
            return _report(order, VisitResult.NOT_SENT, detail=f"{error.reason}: {error}")
        except MeterRefusedError as error:
            return _report(order, VisitResult.REFUSED, detail=str(error))
        except _BROKEN_OFF as error:
            # It may have been heard: from here on only the meter can tell.
            _log.warning("order %s: %s; the meter is read back", order.order_id, error)
        return None

    async def _read_back(self, order: Order) -> OrderReport:
        if not self.carrier.is_open:
            return _report(order, VisitResult.NO_PROOF, detail="the line was lost")
        try:
            conversation = self.driver.read_back(self.meter, order.command)
            proof = await self.carrier.carry(conversation, self.connection, self.record)
        except (MeterRefusedError, *_BROKEN_OFF) as error:
            return _report(order, VisitResult.NO_PROOF, detail=str(error))
        return _report(order, _PROVEN[proof.proof], shown=proof.shown)


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


def _report(order: Order, result: VisitResult, *, shown: str = "", detail: str = "") -> OrderReport:
    return OrderReport(order_id=order.order_id, result=result, shown=shown, detail=detail)

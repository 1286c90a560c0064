"""A session: one meter opened and read part by part, and a report whatever happens."""

import logging
import os
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from kilovatt.measure.metering.orders import Order, OrderReport
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.wire.drivers.conversation import (
    CommandingDriver,
    Conversation,
    Driver,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ResultT,
)
from kilovatt.wire.drivers.spodus.driver import concentrator_of, hear_concentrator
from kilovatt.wire.headend.carrier import Carrier, Follow
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import Clock
from kilovatt.wire.headend.commanding import (
    Announce,
    Errander,
    announced,
    another_meter,
    doubted,
    not_opened,
    not_reached,
    not_taken,
    still_opens_with_old,
)
from kilovatt.wire.headend.correlation import in_hand
from kilovatt.wire.headend.record import ExchangeFailedError, SessionRecord
from kilovatt.wire.protocols.framing.connection import Connection, LocalProtocolError, RemoteProtocolError

NOISY_PARTS_MAX = 2
"""So many parts lost to noise end a session: the line is not fit to be read now."""
_GO_ON_AFTER = frozenset({Outcome.NOISE, Outcome.REFUSED, Outcome.ACCESS_DENIED})
_LINE_LOST = frozenset({Outcome.NO_ROUTE, Outcome.MODEM_OFFLINE})
_TRY_AGAIN_AFTER = frozenset({Outcome.CHANNEL_CLOSED, *_LINE_LOST})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """A meter to read: which, where, and what of it."""

    meter_id: int
    address: MeterAddress
    task: ReadingTask
    order: Order | None = None
    """What to tell the meter, before it is read."""
    announce: Announce = announced
    before: MeterAddress | None = None
    """How the meter is opened if it has not taken the new password or keys of `address`."""


@dataclass(frozen=True, slots=True)
class _Failure:
    part: SessionPart
    outcome: Outcome
    detail: str
    serial_is_another: bool = False
    is_ours: bool = False
    """Whether what is on record does not do to speak to the meter at all: no visit will."""


@dataclass(slots=True)
class _Gain:
    """What parts from this one on brought, and whether it still hangs on a quiet end."""

    part: SessionPart
    learnt: Learnt
    doubtful: bool


def read_meter(errand: Errand, carrier: Carrier, clock: Clock, driver: Driver) -> Coroutine[Any, Any, SessionReport]:
    """Read a meter over a line and return what came of it; faults of lines and meters are in the report.

    The parts of the task come one after another, and a part that fails takes none before it along. Silence,
    an echo or another meter's answer end the session, since nobody is there; after noise (twice at most) and
    after a refusal the other parts are tried. A channel the meter had closed, or a line that was lost, is
    opened once more and the part repeated.
    """
    started_at = clock.now()
    return _Session(errand, carrier, new_session_id(started_at), driver, clock, started_at).read()


def unreached(errand: Errand, clock: Clock, because: str, outcome: Outcome = Outcome.NO_ROUTE) -> SessionReport:
    """Return the report of a meter whose line cannot be opened."""
    now = clock.now()
    return SessionReport(
        session_id=new_session_id(now),
        meter_id=errand.meter_id,
        language=errand.address.model.language.value,
        started_at=now,
        ended_at=now,
        outcome=outcome,
        failed_part=SessionPart.OPENING,
        detail=because,
        learnt=Learnt(),
        exchanges=(),
        exchanges_made=0,
        retries=0,
        order=None if errand.order is None else not_reached(errand.order, because),
    )


def new_session_id(at: datetime) -> UUID:
    """Return a new UUID of version 7 (RFC 9562, 5.7): sessions sort by their beginning."""
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    chance = int.from_bytes(os.urandom(10))
    return UUID(int=milliseconds << 80 | 7 << 76 | (chance >> 68) << 64 | 0b10 << 62 | chance & (1 << 62) - 1)


@dataclass(slots=True)
class _Session:
    errand: Errand
    carrier: Carrier
    session_id: UUID
    driver: Driver
    clock: Clock
    started_at: datetime
    connection: Connection = field(init=False)
    record: SessionRecord = field(default_factory=SessionRecord)
    gains: list[_Gain] = field(default_factory=list)
    failures: list[_Failure] = field(default_factory=list)
    second_chances: frozenset[Outcome] = _TRY_AGAIN_AFTER
    order: OrderReport | None = None
    part: SessionPart = SessionPart.OPENING
    """What is asked now."""
    index: int = 0
    """The place of that part in the task."""
    planned: Iterator[tuple[int, PlannedPart]] = field(init=False)
    """The parts that are still to be asked for, with their places."""
    is_opened_with_old: bool = False

    async def read(self) -> SessionReport:
        with in_hand(self.session_id):
            if await self._opened():
                await self._read_parts()
            await self._end()
            return self.report()

    async def _end(self) -> None:
        if self.errand.order is not None and self.order is None:
            self.order = self._not_brought(self.errand.order)
        if self.record.doubtful and not await self.carrier.stays_quiet():
            self._take_back()
        if self.carrier.is_open and not self._is_over():
            await self._take_leave()
        if self.record.misplaced:
            self._take_all_back()

    async def _opened(self) -> bool:
        """Open the line if it is not, and the meter's channel."""
        try:
            # Afresh, since the one before may still await an answer that was lost with the line.
            self.connection = self.driver.connection(self.errand.address)
            await self.carrier.open()
        except (LocalProtocolError, NoRouteError) as error:
            why = error.outcome if isinstance(error, NoRouteError) else Outcome.NO_ROUTE
            is_ours = isinstance(error, LocalProtocolError)
            self._failed(_Failure(SessionPart.OPENING, why, str(error), is_ours=is_ours))
            return False
        self.part = SessionPart.OPENING
        outcome = await self._carried(self.driver.opening(self.errand.address))
        if isinstance(outcome, _Failure) and self._has_another_chance(outcome):
            return await self._opened()
        if isinstance(outcome, _Failure) and self.errand.before is not None and outcome.outcome not in _LINE_LOST:
            # What it has taken is not known: the old ones tell as much as the new ones.
            self.errand = replace(self.errand, address=self.errand.before, before=None)
            self.is_opened_with_old = True
            return await self._opened()
        if isinstance(outcome, _Failure):
            self._failed(outcome)
            return False
        self.carrier.concentrator_is_silent = False
        return True

    async def _bring_order(self) -> bool:
        """Bring the order if there is one that was not brought yet; return whether the session can go on.

        Nothing is told to a meter that has not said who it is.
        """
        order = self.errand.order
        if order is None or self.order is not None or self.failures:
            return True
        self.order = await self._brought(order)
        return self.carrier.is_open or await self._opened()

    def _not_brought(self, order: Order) -> OrderReport:
        first = self.failures[0]
        if first.serial_is_another and order.to_send:
            return another_meter(order, first.detail)
        if first.is_ours and order.to_send:
            return not_opened(order, first.detail)
        return not_reached(order, first.detail)

    async def _brought(self, order: Order) -> OrderReport:
        if self.is_opened_with_old:
            return still_opens_with_old(order)
        if not isinstance(self.driver, CommandingDriver):
            return not_taken(order)
        errander = Errander(self.driver, self.errand.address, self.carrier, self.connection, self.record, self.clock)
        return await errander.bring(order, self.errand.announce)

    async def _read_parts(self) -> None:
        self.planned = enumerate(self._parts())
        follow = self._gain_and_go_on
        while (part := self._next_part()) is not None:
            if part.part is not SessionPart.IDENTITY and not await self._bring_order():
                return
            outcome = await self._carried(part.conversation, follow)
            if isinstance(outcome, _Failure) and self._has_another_chance(outcome):
                index, asked = self.index, self.part
                if not await self._opened():
                    return
                # A conversation runs once: the same part is asked for anew.
                again = next(islice(self._parts(), index, None))
                self.index, self.part = index, asked
                outcome = await self._carried(again.conversation, follow)
            if isinstance(outcome, _Failure):
                self._failed(outcome)
                if self._is_over():
                    return
        await self._bring_order()

    def _next_part(self) -> PlannedPart | None:
        following = next(self.planned, None)
        if following is None:
            return None
        self.index, part = following
        self.part = part.part
        return part

    def _gain_and_go_on(self, learnt: Learnt) -> Conversation[Learnt] | None:
        """Keep what a part brought; return what is asked next in the same turn, without waking the session for it."""
        if self.gains and self.gains[-1].doubtful == self.record.doubtful:
            # What stands and falls together is kept as one: ten thousand sessions wait to be handed over.
            self.gains[-1].learnt += learnt
        else:
            self.gains.append(_Gain(self.part, learnt, self.record.doubtful))
        if self.errand.order is not None and self.order is None:
            # It goes before the next part.
            return None
        part = self._next_part()
        return None if part is None else part.conversation

    def _parts(self) -> Iterator[PlannedPart]:
        return self.driver.parts(self.errand.address, self.errand.task)

    async def _take_leave(self) -> None:
        self.part = SessionPart.OPENING
        outcome = await self._carried(self.driver.closing(self.errand.address))
        if isinstance(outcome, _Failure):
            # Everything is read; a meter that does not take leave closes its channel by itself.
            _log.debug("no farewell: %s", outcome.detail, extra={"session": str(self.session_id)})

    async def _carried(self, conversation: Conversation[ResultT], follow: Follow | None = None) -> ResultT | _Failure:
        """Carry a conversation and what follows it; a failure is that of the part in hand."""
        try:
            return await self.carrier.carry(conversation, self.connection, self.record, follow)
        except ExchangeFailedError as error:
            return await self._named(_Failure(self.part, error.outcome, str(error)))
        except NoRouteError as error:
            return _Failure(self.part, error.outcome, str(error))
        except MeterRefusedError as error:
            return _Failure(self.part, error.outcome, str(error), error.outcome is Outcome.ANOTHER_METER)
        except LocalProtocolError as error:
            return _Failure(self.part, Outcome.REFUSED, f"cannot be asked: {error}")
        except RemoteProtocolError as error:
            # What came was whole on the line, and its conversation found no sense in it.
            return _Failure(self.part, Outcome.NOISE, str(error))
        except (ValueError, ArithmeticError, LookupError) as error:
            # A meter that says what cannot be must not stop the night of all the others.
            _log.exception("an answer could not be understood", extra={"session": str(self.session_id)})
            return _Failure(self.part, Outcome.NOISE, f"the answer makes no sense: {type(error).__name__}: {error}")

    async def _named(self, failure: _Failure) -> _Failure:
        """Return a failure by its name: where a meter behind a concentrator is silent, the concentrator is asked."""
        concentrator = concentrator_of(self.errand.address)
        if failure.outcome is not Outcome.SILENCE or concentrator is None:
            return failure
        both = replace(failure, outcome=Outcome.CONCENTRATOR_SILENT)
        if self.carrier.concentrator_is_silent and not self.record.answered:
            # It costs as long as a meter that keeps silent: of all those behind it, once is enough.
            return both
        try:
            await self.carrier.carry(hear_concentrator(), concentrator, SessionRecord())
        except (ExchangeFailedError, RemoteProtocolError):
            self.carrier.concentrator_is_silent = True
            return both
        except NoRouteError:
            return failure
        self.carrier.concentrator_is_silent = False
        return _Failure(failure.part, Outcome.METER_UNREACHED, f"its concentrator answers; {failure.detail}")

    def _has_another_chance(self, failure: _Failure) -> bool:
        if failure.outcome not in self.second_chances:
            return False
        self.second_chances -= {failure.outcome}
        return True

    def _failed(self, failure: _Failure) -> None:
        self.failures.append(failure)
        if failure.serial_is_another:
            # Whatever was read is another meter's.
            self.gains.clear()

    def _is_over(self) -> bool:
        if not self.failures:
            return False
        noisy = sum(failure.outcome is Outcome.NOISE for failure in self.failures)
        return self.failures[-1].outcome not in _GO_ON_AFTER or noisy >= NOISY_PARTS_MAX

    def _take_back(self) -> None:
        if self.order is not None:
            self.order = doubted(self.order)
        doubtful = [gain for gain in self.gains if gain.doubtful]
        if not doubtful:
            return
        self.gains = [gain for gain in self.gains if not gain.doubtful]
        if self.carrier.is_open:
            words = "an answer came too late and those after it may have been taken for each other"
            self.failures.insert(0, _Failure(doubtful[0].part, Outcome.NOISE, words))
        elif all(failure.outcome not in _LINE_LOST for failure in self.failures):
            words = "the line was lost before it had shown that no answer was late"
            self.failures.insert(0, _Failure(doubtful[0].part, Outcome.NO_ROUTE, words))

    def _take_all_back(self) -> None:
        """Believe nothing of a session in which an answer came in the place of another: those around it look alike."""
        if self.order is not None:
            self.order = doubted(self.order)
        if self.gains:
            words = "an answer came in the place of another, and others may have been taken for each other"
            self.failures.insert(0, _Failure(self.gains[0].part, Outcome.NOISE, words))
            self.gains.clear()

    def report(self) -> SessionReport:
        learnt = Learnt()
        for gain in self.gains:
            learnt += gain.learnt
        first = self.failures[0] if self.failures else None
        remark = "the line echoes requests; their echoes were taken away" if self.carrier.echo.echoes else ""
        report = SessionReport(
            session_id=self.session_id,
            meter_id=self.errand.meter_id,
            language=self.errand.address.model.language.value,
            started_at=self.started_at,
            ended_at=self.clock.now(),
            outcome=first.outcome if first else Outcome.OK,
            failed_part=first.part if first else None,
            detail=first.detail if first else remark,
            learnt=learnt,
            exchanges=tuple(self.record.kept(learnt.exchanges | (self.order.exchanges if self.order else frozenset()))),
            exchanges_made=self.record.exchanges_made,
            retries=self.record.retries,
            order=self.order,
            asked_days=() if first else self.errand.task.profile_days,
        )
        _tell(report, self.carrier.spec.line_id)
        return report


def _tell(report: SessionReport, line_id: int) -> None:
    _log.info(
        "session %s: meter %s on line %s ended %s",
        report.session_id,
        report.meter_id,
        line_id,
        report.outcome.value,
        extra={
            "session": str(report.session_id),
            "meter": report.meter_id,
            "line": line_id,
            "outcome": report.outcome.value,
            "failed_part": report.failed_part and report.failed_part.value,
            "detail": report.detail,
            "exchanges": report.exchanges_made,
            "retries": report.retries,
        },
    )

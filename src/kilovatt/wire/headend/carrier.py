"""The carrier: takes any conversation over one line, one exchange at a time.

It works in the callbacks of its channel: an answer is understood and the next request sent without waking a task, and
there is one alarm per line. What a line owes after a try in vain (`debts`) rules when the next request may go.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import Answer, Conversation, ResultT, SendOnce
from kilovatt.wire.headend.alarm import Alarm
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.clock import Clock
from kilovatt.wire.headend.debts import Debts, resembles
from kilovatt.wire.headend.echoes import EchoFilter
from kilovatt.wire.headend.kept_line import KeptLine, OpenChannel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.phase import Phase
from kilovatt.wire.headend.record import ExchangeFailedError, SessionRecord, Traffic, given_up
from kilovatt.wire.headend.tries import Tries
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Connection,
    Event,
    LineFault,
    LineSpeed,
    NumbersAnswers,
    Outgoing,
    RemoteProtocolError,
    Request,
)

LONGEST_ANSWER_S = 15.0
"""An answer that takes longer from first to last byte is none: 255 bytes at 300 baud take 9.4 s."""
LONGEST_UNREST_S = 10.0
"""A line that babbles for so long when it should be quiet is given up."""
_ONLY_ECHO = "only the request itself came back"
_ANY_SPEED = LineSpeed(0)
"""Which speed the line goes at now is not known."""

Follow = Callable[[Any], Conversation[Any] | None]
"""Takes what a conversation returned and says which is carried next over the same connection, None for no more."""


class Carrier(KeptLine):
    """One line being talked over."""

    # Ten thousand of them at once: so many attributes outgrow a shared dictionary.
    __slots__ = (
        "_alarm", "_came", "_clock", "_connection", "_conversation", "_damaged", "_done", "_first_sent", "_follow",
        "_goes_once", "_heard", "_loop", "_outgoing", "_patience", "_phase", "_record", "_request", "_sent",
        "_sent_at", "_settles_by", "_speed", "_tries", "concentrator_is_silent", "debts", "echo", "traffic",
    )  # fmt: skip

    def __init__(self, spec: LineSpec, clock: Clock, open_channel: OpenChannel) -> None:
        super().__init__(spec, open_channel)
        self.debts = Debts()
        self.echo = EchoFilter()
        self.traffic = Traffic()
        self.concentrator_is_silent = False
        """Whether a concentrator before the meters was asked in vain, and none of them has answered since."""
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._phase = Phase.IDLE
        self._alarm = Alarm(self._due)
        # What is being carried.
        self._conversation: Conversation[Any]
        self._follow: Follow | None = None
        self._connection: Connection
        self._record = SessionRecord()
        self._done: asyncio.Future[Any]
        # The exchange in hand.
        self._request: Request[Any]
        self._goes_once = False
        self._outgoing = Outgoing(b"")
        self._tries = self._came = 0
        self._patience = Tries()
        self._damaged: list[bytes] = []
        self._first_sent = self._sent = self._settles_by = 0.0
        self._heard = -self._rest_s
        self._speed: LineSpeed | None = None
        self._sent_at: datetime

    def _opened(self, channel: Channel) -> None:
        channel.on_bytes, channel.on_lost = self._hear, self._lost
        self._speed, self._quiet_s = None, self.spec.quiet_s

    def _closing(self) -> None:
        self._alarm.stop()

    async def carry(
        self,
        conversation: Conversation[ResultT],
        connection: Connection,
        record: SessionRecord,
        follow: Follow | None = None,
    ) -> ResultT:
        """Carry a conversation to its end, and those that follow it; return what the last of them returns.

        The line must be open. Raises ExchangeFailedError when an exchange failed for good, and whatever the
        conversation itself raises (MeterRefusedError). Nothing is ever thrown into a conversation.
        """
        idle = self._phase is Phase.IDLE
        assert idle, "one conversation at a time on a line"
        self._conversation = conversation
        self._follow = follow
        self._connection = connection
        self._record = record
        self._done = self._loop.create_future()
        try:
            if self.is_open:
                self._advance(None)
            else:
                self._fail(self.lost())
            result: ResultT = await self._done
            return result
        finally:
            # Also when the session is cancelled in the middle of an exchange.
            if self._phase is not Phase.IDLE:
                self._owe(max(1, self._tries))
                self._phase = Phase.IDLE
            self._follow = None
            self._conversation.close()

    async def stays_quiet(self) -> bool:
        """Listen as long as a last answer may take; tell whether nothing came that nobody had asked for.

        What came unasked since the session's record began counts too, and a line that is lost proves nothing.
        """
        if not self.is_open:
            return False
        self._done = self._loop.create_future()
        self._phase = Phase.LISTENING
        self._alarm.set(self._sent + self.spec.answer_timeout_s)
        try:
            await self._done
        except NoRouteError:
            return False
        finally:
            self._phase = Phase.IDLE
        return not self._record.unasked

    # ── The conversation ────────────────────────────────────────────────────────────────────────────────────────────

    def _advance(self, answer: Answer[Any] | None) -> None:
        try:
            request = self._conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as stop:
            self._over(stop.value)
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, it belongs to the one who awaits the conversation
            self._fail(error)
            return
        self._goes_once = isinstance(request, SendOnce)
        self._request = request.request if isinstance(request, SendOnce) else request
        self._tries = 0
        if not self._patience.is_fresh:
            self._patience.begin()
        self._record.exchanges_made += 1
        if answer is None or self._rest_s or self.debts.until > self._heard:
            self._send_when_settled(self._heard + self._rest_s)
        else:
            self._sent_at = answer.heard_at
            self._settled()

    def _over(self, result: object) -> None:
        """Go on with what follows a conversation that has come to its end."""
        try:
            following = None if self._follow is None else self._follow(result)
        except Exception as error:  # noqa: BLE001  # as above
            self._fail(error)
            return
        if following is None:
            self._finish(result)
        else:
            self._conversation = following
            self._advance(None)

    def _finish(self, result: object) -> None:
        self._phase = Phase.IDLE
        if not self._done.done():
            self._done.set_result(result)

    def _fail(self, error: Exception) -> None:
        self._phase = Phase.IDLE
        if not self._done.done():
            self._done.set_exception(error)

    # ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _send_when_settled(self, not_before: float) -> None:
        until = max(self.debts.until, not_before)
        if until <= self._loop.time():
            self._sent_at = self._clock.now()
            self._settled()
            return
        self._phase = Phase.SETTLING
        self._settles_by = until + LONGEST_UNREST_S
        self._alarm.set(until)

    def _settled(self) -> None:
        if self._tries == 0:
            self._damaged = []
            if self.debts.owed:
                self._record.doubtful = True
                self.debts.owed = 0
        try:
            outgoing = self._connection.send(self._request)
        except Exception as error:  # noqa: BLE001  # a request that cannot be framed is its conversation's affair
            self._fail(error)
            return
        self._tries += 1
        self._came = 0
        self._outgoing = outgoing
        self.echo.expect(outgoing.data)
        self._phase = Phase.AWAITING
        self._write(outgoing)
        if self._tries == 1:
            self._first_sent = self._sent
        if not outgoing.awaits_answer:
            self.debts.until = max(self.debts.until, self._sent + self.spec.quiet_s)
            self._heard = self._sent
            self._answered(Answered(None, b""))

    def _write(self, outgoing: Outgoing) -> None:
        channel = self._channel
        assert channel is not None
        self._sent = now = self._loop.time()
        self.traffic.sent += len(outgoing.data)
        self._alarm.set(now + self._timeout_s)
        if outgoing.speed is not self._speed and outgoing.speed != self._speed:
            self._speed = outgoing.speed
            self._quiet_s = self.spec.quiet_at(outgoing.speed)
            channel.go_at(outgoing.speed)
        channel.say(outgoing)
        if outgoing.answer_speed is not None:
            self._speed = _ANY_SPEED
            channel.go_at(outgoing.answer_speed, once_sent=True)

    # ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, data: bytes) -> None:
        self.traffic.heard += len(data)
        if self._phase is not Phase.AWAITING:
            self._overhear(data)
            return
        self._heard = self._loop.time()
        if self.echo.undecided:
            data = self.echo.pass_on(data)
            if not data:
                self._wait_for_more()
                return
        self._came += len(data)
        try:
            event = self._connection.receive(data)
        except RemoteProtocolError as fault:
            self._try_failed(fault)
            return
        if isinstance(event, Answered):
            self._answered(event)
        elif event is None:
            self._wait_for_more()
        else:
            self._happened(event)

    def _happened(self, event: Event) -> None:
        if isinstance(event, Answered):
            self._answered(event)
        else:
            self._patience.gain()
            self.echo.expect(event.outgoing.data)
            self._write(event.outgoing)

    def _answered(self, answered: Answered) -> None:
        record = self._record
        number = record.exchanges_made
        data = answered.data
        if len(data) != self._came:
            # Two answers in one piece: which of them is ours, nothing tells.
            self._try_failed(RemoteProtocolError(LineFault.NOISE, "more came back than one answer", data))
            return
        record.answered += 1
        took_s = self._heard - self._sent
        record.evidence.note(number, self._outgoing, data, self._sent_at, took_s=took_s, tries=self._tries)
        if self.echo.echoes is None:
            self.echo.echoes = False
        if self._tries > 1:
            self._retried(data)
        self._advance(Answer(answered.value, number, self._clock.now()))

    def _retried(self, answer: bytes) -> None:
        """The right answer came, and so may those to the other tries."""
        self._record.retries += self._tries - 1
        explained = sum(resembles(burst, answer) for burst in self._damaged)
        self._doubt_again(strange=explained < len(self._damaged))
        if not isinstance(self._connection, NumbersAnswers) and not self.echo.echoes and not self._record.doubtful:
            # A part is what a line leaves of an answer; a damaged echo comes before it. Where one answer never came,
            # this may be that one: then what was heard since is taken back, and no more.
            strange = (burst for burst in self._damaged if not resembles(burst, answer))
            self._record.misplaced |= any(burst not in answer for burst in strange)
        owed = self._tries - 1 - explained
        if owed > 0:
            self._owe(owed, answer)

    def _doubt_again(self, *, strange: bool) -> None:
        if isinstance(self._connection, NumbersAnswers):
            return
        # Where one answer never came, what is no answer to this request may be the answer to the one before.
        self._record.unasked |= strange and self._record.doubtful

    def _owe(self, owed: int, answer: bytes = b"") -> None:
        if isinstance(self._connection, NumbersAnswers):
            # A late answer is known by its number: nothing need be waited for.
            return
        until = self._sent + self._timeout_s + self.spec.late_s
        self.debts.owe(owed, since=self._first_sent, until=until, answer=answer)

    def _wait_for_more(self) -> None:
        if self.echo.is_whole and self.echo.echoes is not False:
            # The echo comes at once, the answer when the meter has thought.
            return
        # Where only late answers came, the right one has its whole time still.
        only_late = isinstance(self._connection, NumbersAnswers) and self._connection.awaits_beginning
        until = self._sent + self._timeout_s if only_late else self._heard + self._quiet_s
        self._alarm.set(min(until, self._sent + self._timeout_s + LONGEST_ANSWER_S))

    def _overhear(self, data: bytes) -> None:
        now = self._loop.time()
        if self._phase is Phase.SETTLING and self._tries:
            # The rest of what a try brought.
            self._damaged[-1:] = [b"".join(self._damaged[-1:]) + data]
        elif not self.debts.owed:
            self._record.unasked = True
        self.debts.receive(data, now=now, quiet_s=self.spec.quiet_s)
        if self._phase is Phase.SETTLING:
            if now > self._settles_by:
                message = f"the line does not fall silent, {LONGEST_UNREST_S:g} s long"
                self._fail(ExchangeFailedError(Outcome.NOISE, message))
            else:
                self._alarm.set(self.debts.until)

    def _due(self) -> None:
        if self._phase is Phase.AWAITING:
            self._fell_silent()
        elif self._phase is Phase.SETTLING:
            self._sent_at = self._clock.now()
            self._settled()
        elif self._phase is Phase.LISTENING:
            self._finish(None)

    def _fell_silent(self) -> None:
        only_echo = self.echo.is_whole and self.echo.echoes is not False
        held = self.echo.release()
        if only_echo and self.echo.echoes:
            held = b""
        self._came += len(held)
        try:
            event = self._connection.receive(held) if held else None
            event = event or self._connection.quiet()
        except RemoteProtocolError as fault:
            self._try_failed(RemoteProtocolError(LineFault.ECHO, _ONLY_ECHO, b"") if only_echo else fault)
        else:
            self._happened(event)

    def _try_failed(self, fault: RemoteProtocolError) -> None:
        if fault.data:
            self._damaged.append(fault.data)
        if self.echo.echoes is False and fault.fault is LineFault.ECHO:
            self.echo.echoes = None
        there = self._record.answered > 0
        is_last = self._patience.are_over(fault.fault, made=self._tries, allowed=self.spec.tries, is_there=there)
        if is_last or self._goes_once:
            self._record.retries += self._tries - 1
            self._doubt_again(strange=bool(self._damaged))
            self._owe(max(1, self._tries))
            self._note_unanswered()
            tries, damaged = self._tries, self._damaged
            self._fail(given_up(self._request, fault, tries=tries, damaged=damaged, outgoing=self._outgoing))
        else:
            # What came may not be over yet: a request sent into it would collide.
            self._send_when_settled(self._heard + self.spec.quiet_s)

    def _lost(self, because: str) -> None:
        del because
        if self._phase is not Phase.IDLE:
            self._owe(max(1, self._tries))
            if self._tries:
                self._note_unanswered()
            self._fail(self.lost())

    def _note_unanswered(self) -> None:
        """Keep what was sent in vain for whoever asks whether it was sent."""
        # A damaged echo of a password is still a password.
        came = b"" if self._outgoing.secret_spans or not self._damaged else self._damaged[-1]
        heard_s = max(0.0, self._heard - self._sent) if came else 0.0
        number = self._record.exchanges_made
        self._record.evidence.note(number, self._outgoing, came, self._sent_at, took_s=heard_s, tries=self._tries)

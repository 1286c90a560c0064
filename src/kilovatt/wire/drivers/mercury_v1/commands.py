"""What Mercury V1 meters are told to do, and how it is proved: relay and clock.

Source: Incotex, "Система команд счетчиков М206", 28.03.2017: 71h and 86h 01h (relay), 02h (clock). There is no
password: some firmware takes writes under a jumper only and is silent otherwise, which only reading back tells from a
lost answer. The maker calls the state of the relay one "without guarantee": whether power flows is looked at besides.
Not here: the power limit (what watches it, 0Fh, is not described), and tables of tariffs (a write for each month and
kind of day, 96 in all: broken off, nobody knows which holds).
"""

from datetime import timedelta

from kilovatt.measure.metering.commands import (
    CloseRelay,
    Command,
    NotSentReason,
    OpenRelay,
    Proof,
    ReadBack,
    SetClock,
)
from kilovatt.wire.drivers.conversation import CommandNotSentError, Conversation, MeterAddress, ask, tell
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.parameters import RELAY_CLOSED, RELAY_OPEN, ReadRelayState
from kilovatt.wire.protocols.mercury_v1.requests import ReadClock, ReadRelayMode
from kilovatt.wire.protocols.mercury_v1.writes import RelayMode, SetRelayMode
from kilovatt.wire.protocols.mercury_v1.writes import SetClock as WriteClock

_DAYS_OF_A_WEEK = 7
_TOLERANCE_S = 5
_HALF_A_SECOND = timedelta(milliseconds=500)


def carry_out(meter: MeterAddress, command: Command) -> Conversation[None]:
    """Tell the meter, once what must be known is. Raises CommandNotSentError."""
    if command.kind not in meter.model.commands:
        raise _not_taken(meter, command)
    match command:
        case OpenRelay() | CloseRelay():
            # A meter that keeps silent here would do so to the command, and nothing was sent then.
            yield from ask(ReadRelayMode())
            mode = RelayMode.OFF if isinstance(command, OpenRelay) else RelayMode.ON
            yield from tell(SetRelayMode(mode))
        case SetClock():
            answer = yield from ask(ReadClock())
            local = (answer.heard_at + command.ahead + _HALF_A_SECOND).astimezone(meter.zone)
            yield from tell(WriteClock(local.isoweekday() % _DAYS_OF_A_WEEK, WallTime.of(local, meter.zone)))
        case _:
            raise _not_taken(meter, command)


def prove(meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
    """Read what proves a command."""
    match command:
        case OpenRelay() | CloseRelay():
            return (yield from _prove_switched(command))
        case SetClock():
            return (yield from _prove_clock(meter, command))
        case _:
            return ReadBack(proof=Proof.CANNOT_TELL)


def _prove_switched(command: OpenRelay | CloseRelay) -> Conversation[ReadBack]:
    answer = yield from ask(ReadRelayState())
    if answer.value not in {RELAY_CLOSED, RELAY_OPEN}:
        return ReadBack(proof=Proof.CANNOT_TELL, shown=f"relay={answer.value:02X}h", exchange=answer.exchange)
    is_closed = answer.value == RELAY_CLOSED
    is_so = is_closed == isinstance(command, CloseRelay)
    return ReadBack(
        proof=Proof.CONFIRMED if is_so else Proof.NOT_SO,
        shown=f"closed={str(is_closed).lower()}",
        exchange=answer.exchange,
    )


def _prove_clock(meter: MeterAddress, command: SetClock) -> Conversation[ReadBack]:
    answer = yield from ask(ReadClock())
    if answer.value.time is None:
        return ReadBack(proof=Proof.NOT_SO, shown="clock=never_set", exchange=answer.exchange)
    ahead_s = (answer.value.time.instant(meter.zone) - answer.heard_at).total_seconds()
    is_so = abs(ahead_s - command.ahead.total_seconds()) <= _TOLERANCE_S
    return ReadBack(
        proof=Proof.CONFIRMED if is_so else Proof.NOT_SO, shown=f"ahead_s={ahead_s:.0f}", exchange=answer.exchange
    )


def _not_taken(meter: MeterAddress, command: Command) -> CommandNotSentError:
    return CommandNotSentError(NotSentReason.NOT_TAKEN, f"a {meter.model.key} does not take {command.kind}")

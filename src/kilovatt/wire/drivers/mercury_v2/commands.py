"""What Mercury V2 meters are told to do, and how it is proved: relay, power limit, clock, tariffs (requests 03h).

All but a correction of the clock needs the second access level. A correction is slewed, not stepped: it takes as long
as it is, and a meter takes one a day.
"""

from datetime import datetime, timedelta
from typing import Any, assert_never

from kilovatt.measure.metering.commands import (
    CloseRelay,
    Command,
    CommandKind,
    NotSentReason,
    OpenRelay,
    Proof,
    ReadBack,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
)
from kilovatt.wire.drivers.conversation import Answer, CommandNotSentError, Conversation, MeterAddress, ask, tell
from kilovatt.wire.drivers.mercury_v2 import schedule
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import writes
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.parameters import (
    LOAD_IS_OFF,
    LOAD_OFF_BY_COMMAND,
    POWER_LIMIT_CONTROLLED,
    ReadLoadControl,
    ReadPowerLimit,
)

_COMMANDING_LEVEL = 2
_LIMIT_MAX_MW = 0xFFFFFF * 10
_MW_PER_W = 1000
_SHIFT_S_MAX = 240
_TOLERANCE_S = 5
_HALF_A_SECOND = timedelta(milliseconds=500)


def carry_out(meter: MeterAddress, command: Command) -> Conversation[None]:
    """Tell the meter, once what must be known is. Raises CommandNotSentError, MeterRefusedError."""
    _check(meter, command)
    match command:
        case OpenRelay() | CloseRelay():
            yield from tell(writes.SwitchLoad(is_off=isinstance(command, OpenRelay)))
        case SetPowerLimit():
            yield from _limit(command)
        case SetTariffTable():
            yield from schedule.set_table(command)
        case SetClock():
            answer = yield from ask(ReadClock())
            yield from tell(writes.SetClock(_shown_at(answer.heard_at + command.ahead, meter)))
        case ShiftClock():
            yield from _shift(meter, command)
        case _:
            raise _not_taken(meter, command)


def prove(meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
    """Read what proves a command. Raises MeterRefusedError."""
    match command:
        case OpenRelay() | CloseRelay():
            return (yield from _prove_switched(command))
        case SetPowerLimit():
            return (yield from _prove_limit(command))
        case SetTariffTable():
            return (yield from schedule.prove_table(command))
        case SetClock() | ShiftClock():
            return (yield from _prove_clock(meter, command))
        case _:
            return ReadBack(proof=Proof.CANNOT_TELL)


def _check(meter: MeterAddress, command: Command) -> None:
    if command.kind not in meter.model.commands:
        raise _not_taken(meter, command)
    if command.kind is not CommandKind.SHIFT_CLOCK and meter.access_level < _COMMANDING_LEVEL:
        words = f"{command.kind} needs access level {_COMMANDING_LEVEL}"
        raise CommandNotSentError(NotSentReason.ANOTHER_ROLE, words)


def _not_taken(meter: MeterAddress, command: Command) -> CommandNotSentError:
    return CommandNotSentError(NotSentReason.NOT_TAKEN, f"a {meter.model.key} does not take {command.kind}")


def _prove_switched(command: OpenRelay | CloseRelay) -> Conversation[ReadBack]:
    answer = yield from ask(ReadLoadControl())
    is_off, by_command = LOAD_IS_OFF in answer.value, LOAD_OFF_BY_COMMAND in answer.value
    match command:
        case OpenRelay():
            is_so = is_off and by_command
        case CloseRelay():
            is_so = not is_off and not by_command
        case _:
            assert_never(command)
    return _told(f"off={is_off},by_command={by_command}".lower(), answer, is_so=is_so)


def _limit(command: SetPowerLimit) -> Conversation[None]:
    limit_mw = command.power_w * _MW_PER_W
    if limit_mw > _LIMIT_MAX_MW:
        words = f"a limit is {_LIMIT_MAX_MW // _MW_PER_W} W at most, and {command.power_w} W are wanted"
        raise CommandNotSentError(NotSentReason.BAD_VALUE, words)
    yield from tell(writes.SetPowerLimit(limit_mw))
    # A limit that nobody watches is none.
    yield from tell(writes.ControlPowerLimit(is_on=True))


def _prove_limit(command: SetPowerLimit) -> Conversation[ReadBack]:
    limit = yield from ask(ReadPowerLimit())
    answer = yield from ask(ReadLoadControl())
    watched = POWER_LIMIT_CONTROLLED in answer.value
    shown = f"limit_mw={limit.value},watched={str(watched).lower()}"
    return _told(shown, answer, is_so=watched and limit.value == command.power_w * _MW_PER_W)


def _shift(meter: MeterAddress, command: ShiftClock) -> Conversation[None]:
    if abs(command.seconds) > _SHIFT_S_MAX:
        words = f"a clock is corrected by {_SHIFT_S_MAX} s at most, and {command.seconds} s are wanted: set it"
        raise CommandNotSentError(NotSentReason.SHIFT_TOO_LARGE, words)
    answer = yield from ask(ReadClock())
    shown_at = _instant(meter, answer)
    ahead_s = (shown_at - answer.heard_at).total_seconds()
    if command.ahead_s is not None and abs(ahead_s - command.ahead_s) > _tolerance_s(command):
        words = f"the clock is ahead by {ahead_s:.0f} s, and it was by {command.ahead_s} s: it may have been moved"
        raise CommandNotSentError(NotSentReason.CLOCK_ELSEWHERE, words)
    before, after = (at.astimezone(meter.zone) for at in (shown_at, shown_at + timedelta(seconds=command.seconds)))
    if before.date() != after.date():
        # Only a time of day is sent: what a meter makes of one across midnight is not established.
        raise CommandNotSentError(NotSentReason.BAD_VALUE, "a correction across midnight: wait some minutes")
    yield from tell(writes.CorrectClock(after.time()))


def _prove_clock(meter: MeterAddress, command: SetClock | ShiftClock) -> Conversation[ReadBack]:
    answer = yield from ask(ReadClock())
    ahead_s = (_instant(meter, answer) - answer.heard_at).total_seconds()
    shown = f"ahead_s={ahead_s:.0f}"
    if isinstance(command, SetClock):
        return _told(shown, answer, is_so=abs(ahead_s - command.ahead.total_seconds()) <= _TOLERANCE_S)
    if command.ahead_s is None:
        return ReadBack(proof=Proof.CANNOT_TELL, shown=shown, exchange=answer.exchange)
    tolerance_s, moved_s = _tolerance_s(command), ahead_s - command.ahead_s
    is_under_way = tolerance_s < abs(moved_s) < abs(command.seconds) - tolerance_s
    if is_under_way and (moved_s > 0) == (command.seconds > 0):
        return ReadBack(proof=Proof.CANNOT_TELL, shown=f"{shown},slewing=true", exchange=answer.exchange)
    return _told(shown, answer, is_so=abs(moved_s - command.seconds) <= tolerance_s)


def _tolerance_s(command: ShiftClock) -> float:
    # Before and after must not look alike.
    return min(_TOLERANCE_S, max(1.0, abs(command.seconds) / 2))


def _instant(meter: MeterAddress, answer: Answer[MeterClock]) -> datetime:
    return answer.value.time.instant(meter.zone, winter=answer.value.is_winter)


def _shown_at(at: datetime, meter: MeterAddress) -> MeterClock:
    local = (at + _HALF_A_SECOND).astimezone(meter.zone)
    return MeterClock(weekday=local.isoweekday(), time=WallTime.of(local, meter.zone), is_winter=not local.dst())


def _told(shown: str, answer: Answer[Any], *, is_so: bool) -> ReadBack:
    return ReadBack(proof=Proof.CONFIRMED if is_so else Proof.NOT_SO, shown=shown, exchange=answer.exchange)

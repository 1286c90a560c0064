"""What СПОДЭС meters are told to do, and how it is proved: relay, limiter and clock; calendar and access by themselves.

ГОСТ Р 58940-2020; classes by the Blue Book. A configurator may do all of it, a reader may shift the clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.commands import (
    ChangeKeys,
    ChangePassword,
    CloseRelay,
    Command,
    CommandKind,
    NotSentReason,
    OpenRelay,
    PermitRelay,
    Proof,
    ReadBack,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
)
from kilovatt.wire.drivers.conversation import Answer, CommandNotSentError, Conversation, MeterAddress, ask, tell
from kilovatt.wire.drivers.cosem.opening import is_configurator
from kilovatt.wire.drivers.cosem.talk import CLOCK, RELAY, deviation_sense
from kilovatt.wire.drivers.spodes import access, calendar
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.clock import SHIFT_S_MAX, ClockMethod
from kilovatt.wire.protocols.dlms.objects.limiter import decode_monitored_value
from kilovatt.wire.protocols.dlms.objects.relay import (
    ControlState,
    RelayMethod,
    decode_control_mode,
    decode_control_state,
    decode_output_state,
)
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit, Unit, decode_scaler_unit
from kilovatt.wire.protocols.dlms.values import Integer, Long, MalformedError, OctetString
from kilovatt.wire.protocols.dlms.values.stamps import decode_stamp, encode_stamp
from kilovatt.wire.protocols.dlms.values.types import FixedInteger

LIMITER, DEMAND_REGISTER = 71, 5
_OUTPUT_STATE, _CONTROL_STATE, _CONTROL_MODE = 2, 3, 4
_MONITORED, _ACTIVE_THRESHOLD, _THRESHOLD = 2, 3, 4
_TOLERANCE_S = 5
"""A clock has whole seconds, and an answer takes its time."""
_HALF_A_SECOND = timedelta(milliseconds=500)


def carry_out(meter: MeterAddress, dialect: SpodesDialect, command: Command, *, now: datetime) -> Conversation[None]:
    """Tell the meter, once what must be known is. Raises CommandNotSentError, MeterRefusedError."""
    _check(meter, command)
    try:
        match command:
            case OpenRelay() | CloseRelay() | PermitRelay():
                yield from _switch(dialect, command)
            case SetPowerLimit():
                yield from _limit(dialect, command)
            case SetTariffTable():
                yield from calendar.set_table(meter, dialect, command, now=now)
            case SetClock() | ShiftClock():
                yield from _move_clock(meter, dialect, command)
            case ChangePassword() | ChangeKeys():
                yield from access.change(meter, dialect, command)
            case _:
                assert_never(command)
    except MalformedError as error:
        raise CommandNotSentError(NotSentReason.UNCLEAR, str(error)) from error


def prove(meter: MeterAddress, dialect: SpodesDialect, command: Command) -> Conversation[ReadBack]:
    """Read what proves a command. Raises MeterRefusedError; what makes no sense tells nothing."""
    try:
        match command:
            case OpenRelay() | CloseRelay() | PermitRelay():
                return (yield from _prove_switched(dialect, command))
            case SetPowerLimit():
                return (yield from _prove_limit(dialect, command))
            case SetTariffTable():
                return (yield from calendar.prove_table(meter, command))
            case SetClock() | ShiftClock():
                return (yield from _prove_clock(meter, command))
            case ChangePassword() | ChangeKeys():
                return (yield from access.prove(meter, command))
            case _:
                assert_never(command)
    except MalformedError:
        return ReadBack(proof=Proof.CANNOT_TELL)


def _check(meter: MeterAddress, command: Command) -> None:
    if command.kind not in meter.model.commands:
        raise _not_taken(meter, command)
    if command.kind is not CommandKind.SHIFT_CLOCK and not is_configurator(meter):
        raise CommandNotSentError(NotSentReason.ANOTHER_ROLE, f"{command.kind} needs a configurator's session")


def _not_taken(meter: MeterAddress, command: Command) -> CommandNotSentError:
    return CommandNotSentError(NotSentReason.NOT_TAKEN, f"a {meter.model.key} does not take {command.kind}")


# ── The relay (class 70) ────────────────────────────────────────────────────────────────────────────────────────────


def _switch(dialect: SpodesDialect, command: OpenRelay | CloseRelay | PermitRelay) -> Conversation[None]:
    name = Obis.parse(dialect.relay_obis)
    answer = yield from ask(GetAttribute(Descriptor(RELAY, name, _CONTROL_MODE)))
    mode = decode_control_mode(answer.value)
    allows = {
        OpenRelay: mode.opens_remotely,
        CloseRelay: mode.closes_remotely,
        # Where a command closes it, there is nothing left to permit.
        PermitRelay: mode.opens_remotely and not mode.closes_remotely,
    }
    if not allows[type(command)]:
        words = f"the relay is in control mode {mode.number}, which forbids {command.kind}"
        raise CommandNotSentError(NotSentReason.RELAY_MODE, words)
    method = RelayMethod.DISCONNECT if isinstance(command, OpenRelay) else RelayMethod.RECONNECT
    yield from tell(RunMethod(Descriptor(RELAY, name, method), Integer(0)))


def _prove_switched(dialect: SpodesDialect, command: OpenRelay | CloseRelay | PermitRelay) -> Conversation[ReadBack]:
    name = Obis.parse(dialect.relay_obis)
    answer = yield from ask(GetAttribute(Descriptor(RELAY, name, _OUTPUT_STATE)))
    is_closed = decode_output_state(answer.value)
    answer = yield from ask(GetAttribute(Descriptor(RELAY, name, _CONTROL_STATE)))
    state = decode_control_state(answer.value)
    match command:
        case OpenRelay():
            is_so = state is ControlState.DISCONNECTED and not is_closed
        case CloseRelay():
            is_so = state is ControlState.CONNECTED and is_closed
        case PermitRelay():
            # Perhaps the consumer has made use of it already.
            is_so = state is not ControlState.DISCONNECTED
        case _:
            assert_never(command)
    return _told(is_so, f"state={state.name.lower()},closed={str(is_closed).lower()}", answer)


# ── The limiter (class 71) ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Threshold:
    """A threshold as it stands, in the scale of what is watched, and that scale."""

    answer: Answer[object]
    scale: ScalerUnit

    @property
    def count(self) -> FixedInteger:
        if not isinstance(self.answer.value, FixedInteger):
            raise MalformedError("a threshold is wanted", b"", 0)
        return self.answer.value


def _limit(dialect: SpodesDialect, command: SetPowerLimit) -> Conversation[None]:
    threshold = yield from _threshold(dialect, _THRESHOLD)
    count = _in_scale(command.power_w, threshold.scale)
    width = type(threshold.count)
    if count is None or count > width.HIGHEST:
        words = f"{command.power_w} W cannot be written as this meter counts power"
        raise CommandNotSentError(NotSentReason.BAD_VALUE, words)
    name = Obis.parse(dialect.limiter_obis)
    yield from tell(SetAttribute(Descriptor(LIMITER, name, _THRESHOLD), width(count)))


def _prove_limit(dialect: SpodesDialect, command: SetPowerLimit) -> Conversation[ReadBack]:
    normal = yield from _threshold(dialect, _THRESHOLD)
    active = yield from _threshold(dialect, _ACTIVE_THRESHOLD)
    counted = _in_scale(command.power_w, normal.scale)
    shown = f"normal={int(normal.count)},active={int(active.count)},scaler={normal.scale.scaler}"
    return _told(normal.count == counted, shown, active.answer)


def _threshold(dialect: SpodesDialect, attribute: int) -> Conversation[_Threshold]:
    """Read a threshold, and of what it is one: it counts in the scale of the value that is watched."""
    name = Obis.parse(dialect.limiter_obis)
    watched = yield from ask(GetAttribute(Descriptor(LIMITER, name, _MONITORED)))
    monitored = decode_monitored_value(watched.value)
    scaler_at = 4 if monitored.class_id == DEMAND_REGISTER else 3
    unit = yield from ask(GetAttribute(Descriptor(monitored.class_id, monitored.obis, scaler_at)))
    scale = decode_scaler_unit(unit.value)
    if scale.unit != Unit.WATT:
        raise MalformedError(f"a limiter of watts is wanted, and this one watches unit {scale.unit}", b"", 0)
    answer = yield from ask(GetAttribute(Descriptor(LIMITER, name, attribute)))
    return _Threshold(answer, scale)


def _in_scale(power_w: int, scale: ScalerUnit) -> int | None:
    if scale.scaler <= 0:
        return power_w * int(10**-scale.scaler)
    whole, rest = divmod(power_w, 10**scale.scaler)
    return None if rest else int(whole)


# ── The clock (class 8) ─────────────────────────────────────────────────────────────────────────────────────────────


def _move_clock(meter: MeterAddress, dialect: SpodesDialect, command: SetClock | ShiftClock) -> Conversation[None]:
    if isinstance(command, SetClock):
        yield from _set_clock(meter, dialect, command)
    else:
        yield from _shift_clock(meter, command)


def _set_clock(meter: MeterAddress, dialect: SpodesDialect, command: SetClock) -> Conversation[None]:
    # What is asked tells when: by now some time may have passed.
    answer = yield from ask(GetAttribute(CLOCK))
    to = answer.heard_at + command.ahead + _HALF_A_SECOND
    tell_time = SetAttribute(CLOCK, OctetString(encode_stamp(to, meter.zone, sense=deviation_sense(dialect))))
    yield from tell(tell_time)


def _shift_clock(meter: MeterAddress, command: ShiftClock) -> Conversation[None]:
    if abs(command.seconds) > SHIFT_S_MAX:
        words = f"a clock is shifted by {SHIFT_S_MAX} s at most, and {command.seconds} s are wanted: set it"
        raise CommandNotSentError(NotSentReason.SHIFT_TOO_LARGE, words)
    answer = yield from ask(GetAttribute(CLOCK))
    ahead_s = _ahead_s(meter, answer)
    if command.ahead_s is not None and abs(ahead_s - command.ahead_s) > _tolerance_s(command):
        words = f"the clock is ahead by {ahead_s:.0f} s, and it was by {command.ahead_s} s: it may have been moved"
        raise CommandNotSentError(NotSentReason.CLOCK_ELSEWHERE, words)
    yield from tell(RunMethod(Descriptor(CLOCK.class_id, CLOCK.obis, ClockMethod.SHIFT_TIME), Long(command.seconds)))


def _prove_clock(meter: MeterAddress, command: SetClock | ShiftClock) -> Conversation[ReadBack]:
    aim_s: float | None
    if isinstance(command, SetClock):
        aim_s, tolerance_s = command.ahead.total_seconds(), float(_TOLERANCE_S)
    else:
        aim_s = None if command.ahead_s is None else command.ahead_s + command.seconds
        tolerance_s = _tolerance_s(command)
    answer = yield from ask(GetAttribute(CLOCK))
    ahead_s = _ahead_s(meter, answer)
    shown = f"ahead_s={ahead_s:.0f}"
    if aim_s is None:
        return ReadBack(proof=Proof.CANNOT_TELL, shown=shown, exchange=answer.exchange)
    return _told(abs(ahead_s - aim_s) <= tolerance_s, shown, answer)


def _ahead_s(meter: MeterAddress, answer: Answer[object]) -> float:
    shown = decode_stamp(answer.value if isinstance(answer.value, bytes) else b"")
    return (shown.instant(meter.zone) - answer.heard_at).total_seconds()


def _tolerance_s(command: ShiftClock) -> float:
    # Before and after must not look alike.
    return min(_TOLERANCE_S, max(1.0, abs(command.seconds) / 2))


def _told(is_so: bool, shown: str, answer: Answer[object]) -> ReadBack:  # noqa: FBT001  # what was found
    return ReadBack(proof=Proof.CONFIRMED if is_so else Proof.NOT_SO, shown=shown, exchange=answer.exchange)
